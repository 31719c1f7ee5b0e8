import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { deadLettersContract } from '../ports/dead-letters.contract.ts';
import type { DeadLetter } from '../ports/dead-letters.ts';
import { setUpDeadLetters } from './contract-set-up.ts';
import {
  type ScriptedEndpoint,
  type ScriptedRequest,
  scriptedAccess,
  startScriptedEndpoint,
} from './scripted-endpoint.ts';
import { createScriptedSqs, sqsError } from './scripted-sqs.ts';

const secret = 'the content of a row';
const is =
  (...operations: readonly string[]) =>
  ({ operation }: ScriptedRequest): boolean =>
    operations.includes(operation);

let endpoint: ScriptedEndpoint;
let now = 1_700_000_000_000;
const setUp = () => setUpDeadLetters({ ...scriptedAccess, endpoint: endpoint.url });
beforeAll(async () => {
  endpoint = await startScriptedEndpoint({ sqs: createScriptedSqs(() => now) });
});
afterAll(() => endpoint.close());

deadLettersContract('AWS dead letters over the scripted endpoint', setUp);

describe('AWS dead letters', () => {
  let made: Awaited<ReturnType<typeof setUpDeadLetters>>;
  beforeEach(async () => {
    // The client's waits between its tries are drawn up to a second.
    vi.spyOn(Math, 'random').mockReturnValue(0);
    made = await setUp();
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await made.close();
  });

  const received = async (...bodies: readonly string[]): Promise<readonly DeadLetter[]> => {
    await made.put(...bodies);
    return made.letters.receive(60);
  };
  const handlesOf = (letters: readonly DeadLetter[]): string[] => letters.map(({ receiptHandle }) => receiptHandle);
  const lastRequest = (): unknown => JSON.parse(endpoint.requests.at(-1)?.body.toString() ?? '');
  const answer = (body: object) => ({
    status: 200,
    headers: { 'content-type': 'application/x-amz-json-1.0' },
    body: JSON.stringify(body),
  });

  it('are received ten at once after a short wait, hidden for as long as it was said, with when they were sent', async () => {
    const [letter] = await received('a');
    expect(lastRequest()).toEqual({
      QueueUrl: made.url,
      MaxNumberOfMessages: 10,
      VisibilityTimeout: 60,
      WaitTimeSeconds: 1,
      MessageSystemAttributeNames: ['SentTimestamp'],
    });
    expect(letter?.sentAt).toBe(now);
    now += 59_999;
    expect(await made.letters.receive(60)).toEqual([]);
    now += 1;
    expect(await made.letters.receive(60)).toMatchObject([{ body: 'a', sentAt: letter?.sentAt }]);
  });

  it('throw for a message without a time', async () => {
    endpoint.script({
      when: is('ReceiveMessage'),
      instead: answer({ Messages: [{ MessageId: 'a', ReceiptHandle: 'b' }] }),
    });
    await expect(made.letters.receive(1)).rejects.toMatchObject({ code: 'UNKNOWN' });
  });

  it('are confirmed to be removed by the entry', async () => {
    const handles = handlesOf(await received('a', 'b', 'c'));
    endpoint.script({
      when: is('DeleteMessageBatch'),
      instead: answer({
        Successful: [{ Id: '2' }],
        Failed: [{ Id: '0', Code: 'InternalError', SenderFault: false, Message: secret }],
      }),
    });
    // The one that the answer leaves out is not confirmed either.
    expect(await made.letters.remove(handles)).toEqual([false, false, true]);
    endpoint.script({ when: is('DeleteMessageBatch'), instead: answer({}) });
    expect(await made.letters.remove(handles)).toEqual([false, false, false]);
    expect(await made.letters.count()).toBe(3);
  });

  it('throw when one could not be shown again that could have been', async () => {
    const handles = handlesOf(await received('a'));
    const Failed = [{ Id: '0', Code: 'InternalError', SenderFault: false, Message: secret }];
    endpoint.script({ when: is('ChangeMessageVisibilityBatch'), instead: answer({ Failed }) });
    await expect(made.letters.release(handles)).rejects.toMatchObject({
      code: 'UNKNOWN',
      message: 'expected every message to be shown again, found InternalError of one',
    });
  });

  it('are refused in calls of more than ten, and nothing is sent', async () => {
    const handles = Array.from({ length: 11 }, (_, index) => `${index}`);
    const before = endpoint.requests.length;
    await expect(made.letters.remove(handles)).rejects.toMatchObject({ code: 'SERVICE_REFUSED' });
    await expect(made.letters.release(handles)).rejects.toMatchObject({ code: 'SERVICE_REFUSED' });
    expect(endpoint.requests).toHaveLength(before);
  });

  it('are counted without those that wait for a first time', async () => {
    await received('a', 'b');
    await made.put('c');
    expect(await made.letters.count()).toBe(3);
    endpoint.script({ when: is('GetQueueAttributes'), instead: answer({}) });
    await expect(made.letters.count()).rejects.toMatchObject({ code: 'UNKNOWN' });
  });

  it.each([
    ['RequestThrottled', 'THROTTLED'],
    ['AccessDenied', 'UNKNOWN'],
    ['QueueDoesNotExist', 'UNKNOWN'],
    ['InvalidParameterValue', 'SERVICE_REFUSED'],
  ])('say %s of any call as %s, without what the service wrote', async (type, code) => {
    const handles = handlesOf(await received('a'));
    const calls: readonly (() => Promise<unknown>)[] = [
      () => made.letters.receive(1),
      () => made.letters.release(handles),
      () => made.letters.remove(handles),
      () => made.letters.count(),
    ];
    for (const call of calls) {
      // As often as the client tries.
      endpoint.script({
        when: () => true,
        times: type === 'RequestThrottled' ? 3 : 1,
        instead: sqsError(type, secret),
      });
      const thrown: unknown = await call().catch((error: unknown) => error);
      expect(thrown).toMatchObject({ name: 'SluiceError', code });
      expect(String(thrown)).not.toContain(secret);
    }
  });
});
