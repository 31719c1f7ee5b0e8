import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEventBridgeClient } from './clients.ts';
import { createScheduleState } from './schedule.ts';
import {
  type ScriptedEndpoint,
  type ScriptedReply,
  scriptedAccess,
  startScriptedEndpoint,
} from './scripted-endpoint.ts';

let endpoint: ScriptedEndpoint;
let reply: ScriptedReply;
beforeEach(async () => {
  endpoint = await startScriptedEndpoint({ events: () => reply });
});
afterEach(() => endpoint.close());

const ask = () =>
  createScheduleState(createEventBridgeClient({ ...scriptedAccess, endpoint: endpoint.url }))('sluice-test-sweep');

describe('the state of a schedule', () => {
  it('is what EventBridge says of the rule', async () => {
    reply = { status: 200, body: JSON.stringify({ Name: 'sluice-test-sweep', State: 'DISABLED' }) };
    expect(await ask()).toBe('DISABLED');
    expect(endpoint.requests.map(({ operation, body }) => [operation, body.toString()])).toEqual([
      ['DescribeRule', '{"Name":"sluice-test-sweep"}'],
    ]);
  });

  it('is none when there is no such rule', async () => {
    reply = { status: 400, body: JSON.stringify({ __type: 'ResourceNotFoundException', message: 'gone' }) };
    expect(await ask()).toBeUndefined();
  });

  it('throws what the service refused, without its words', async () => {
    reply = { status: 400, body: JSON.stringify({ __type: 'AccessDeniedException', message: 'not you' }) };
    await expect(ask()).rejects.toMatchObject({
      code: 'UNKNOWN',
      message: 'expected DescribeRule to succeed, found AccessDeniedException with status 400',
    });
  });
});
