import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventsContract } from '../ports/events.contract.ts';
import type { JobEnded } from '../ports/events.ts';
import { createEventBridgeClient } from './clients.ts';
import { createAwsEvents } from './events.ts';
import type { ScriptedEndpoint } from './scripted-endpoint.ts';
import { scriptedAccess, startScriptedEndpoint } from './scripted-endpoint.ts';
import type { ScriptedEvents } from './scripted-events.ts';
import { createScriptedEvents } from './scripted-events.ts';

const secret = 'the name of a customer.csv';
const ended: JobEnded = {
  jobId: '0123456789abcdefghjkmnpqrs',
  state: 'COMPLETE',
  file: { bucket: 'inbox', key: secret, etag: 'etag-1' },
  rows: 1,
  rejected: 0,
  done: 1,
  failed: 0,
  at: 1_700_000_000_000,
};

let endpoint: ScriptedEndpoint;
let scripted: ScriptedEvents;
beforeAll(async () => {
  endpoint = await startScriptedEndpoint({ events: (request) => scripted.service(request) });
});
afterAll(() => endpoint.close());

const setUp = () => {
  scripted = createScriptedEvents();
  const client = createEventBridgeClient({ ...scriptedAccess, endpoint: endpoint.url });
  return { events: createAwsEvents(client), client };
};

eventsContract('the event bus over the scripted endpoint', async () => {
  const { events, client } = setUp();
  return {
    events,
    arrived: async () => scripted.taken.map(({ Detail }) => JSON.parse(Detail) as JobEnded),
    refuseNext: () => scripted.failNext('ThrottlingException'),
    close: async () => client.destroy(),
  };
});

describe('an event on the bus', () => {
  it('is of our source and type, at the time of the event', async () => {
    await setUp().events.send(ended);
    expect(scripted.taken).toEqual([
      { Source: 'sluice', DetailType: 'job completed', Time: ended.at / 1000, Detail: JSON.stringify(ended) },
    ]);
    const [request] = endpoint.requests.slice(-1);
    expect(
      Object.keys((JSON.parse(request?.body.toString() ?? '') as { Entries: object[] }).Entries[0] ?? {}),
    ).not.toContain('EventBusName');
  });

  it.each([
    ['InternalFailure', 'SEND_FAILED', false],
    ['MalformedDetail', 'SERVICE_REFUSED', true],
  ])('that fails with %s under a call that succeeds throws %s', async (code, expected, permanent) => {
    const { events } = setUp();
    scripted.failNext(code);
    const thrown: unknown = await events.send(ended).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ name: 'SluiceError', code: expected, permanent });
    expect(String(thrown)).toContain(code);
    expect(String(thrown)).not.toContain(secret);
  });

  it.each([
    ['without entries', '{"FailedEntryCount":0,"Entries":[]}'],
    ['without a count', '{"Entries":[{"EventId":"1"}]}'],
    ['without an id', '{"FailedEntryCount":0,"Entries":[{}]}'],
  ])('is not confirmed by an answer %s', async (_, body) => {
    endpoint.script({
      when: ({ service }) => service === 'events',
      instead: { status: 200, headers: { 'content-type': 'application/x-amz-json-1.1' }, body },
    });
    await expect(setUp().events.send(ended)).rejects.toMatchObject({ code: 'SEND_FAILED' });
  });

  it('that may not be sent is transient, and its text is not told', async () => {
    endpoint.script({
      when: ({ service }) => service === 'events',
      instead: {
        status: 400,
        headers: { 'content-type': 'application/x-amz-json-1.1' },
        body: JSON.stringify({ __type: 'AccessDeniedException', message: secret }),
      },
    });
    const thrown: unknown = await setUp()
      .events.send(ended)
      .catch((error: unknown) => error);
    expect(thrown).toMatchObject({ name: 'SluiceError', code: 'UNKNOWN', permanent: false });
    expect(String(thrown)).not.toContain(secret);
  });

  it('whose answer was lost is sent again', async () => {
    const { events } = setUp();
    endpoint.script({ when: ({ service }) => service === 'events', after: 'lose' });
    await events.send(ended);
    expect(scripted.taken).toHaveLength(2);
  });
});
