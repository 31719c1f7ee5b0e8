import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCloudWatchClient } from './clients.ts';
import { createOldestAge } from './oldest-age.ts';
import { type ScriptedEndpoint, scriptedAccess, startScriptedEndpoint } from './scripted-endpoint.ts';

/** Seconds since the epoch. */
const now = 1_700_000_000;

let endpoint: ScriptedEndpoint;
let datapoints: readonly { readonly Timestamp?: number; readonly Maximum?: number }[];
beforeEach(async () => {
  endpoint = await startScriptedEndpoint({
    monitoring: () => ({ status: 200, body: JSON.stringify({ Label: 'age', Datapoints: datapoints }) }),
  });
});
afterEach(() => endpoint.close());

const ask = () =>
  createOldestAge(createCloudWatchClient({ ...scriptedAccess, endpoint: endpoint.url }), 'sluice-test-rows', {
    now: () => now * 1000,
  })();

describe('the age of a queue’s oldest message', () => {
  it('is that of the newest report and the time since', async () => {
    datapoints = [
      { Timestamp: now - 240, Maximum: 500 },
      { Timestamp: now - 120, Maximum: 30 },
      { Timestamp: now - 180, Maximum: 400 },
    ];
    expect(await ask()).toBe(150);
  });

  it('is asked by the queue’s name over the last ten minutes', async () => {
    datapoints = [];
    await ask();
    expect(endpoint.requests.map(({ operation }) => operation)).toEqual(['GetMetricStatistics']);
    expect(JSON.parse(endpoint.requests[0]?.body.toString() ?? '')).toEqual({
      Namespace: 'AWS/SQS',
      MetricName: 'ApproximateAgeOfOldestMessage',
      Dimensions: [{ Name: 'QueueName', Value: 'sluice-test-rows' }],
      StartTime: now - 600,
      EndTime: now,
      Period: 60,
      Statistics: ['Maximum'],
    });
  });

  it.each([
    ['there is no report', []],
    ['a report says nothing', [{ Timestamp: now - 60 }, { Maximum: 5 }]],
  ])('has no bound when %s', async (_, given) => {
    datapoints = given;
    expect(await ask()).toBe(Number.POSITIVE_INFINITY);
  });

  it('is not below what was reported when the clocks differ', async () => {
    datapoints = [{ Timestamp: now + 30, Maximum: 7 }];
    expect(await ask()).toBe(7);
  });

  it('throws what is transient when it may not be asked', async () => {
    endpoint.script({
      when: () => true,
      instead: { status: 403, body: JSON.stringify({ __type: 'AccessDeniedException', message: 'not you' }) },
    });
    await expect(ask()).rejects.toMatchObject({
      name: 'SluiceError',
      code: 'UNKNOWN',
      message: 'expected GetMetricStatistics to succeed, found AccessDeniedException with status 403',
    });
  });
});
