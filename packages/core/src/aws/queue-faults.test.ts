import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Clock } from '../ports/clock.ts';
import type { QueueEntry } from '../ports/queue.ts';
import { sendAll } from '../send.ts';
import { type ClientOptions, createSqsClient } from './clients.ts';
import { setUpQueue } from './contract-set-up.ts';
import { createAwsQueue } from './queue.ts';
import {
  type ScriptedEndpoint,
  type ScriptedRequest,
  scriptedAccess,
  startScriptedEndpoint,
} from './scripted-endpoint.ts';
import { createScriptedSqs, sqsError } from './scripted-sqs.ts';

// What SQS and the network answer besides success: what the port makes of it, and what sending makes of that.

const secret = 'the content of a row';
const isSend = ({ operation }: ScriptedRequest): boolean => operation === 'SendMessageBatch';
const entriesOf = (...bodies: readonly string[]): QueueEntry[] =>
  bodies.map((body, index) => ({ id: `${index}`, body }));

let endpoint: ScriptedEndpoint;
let options: ClientOptions;
let made: Awaited<ReturnType<typeof setUpQueue>>;
let sleeps: number[];

const clock: Clock = {
  now: () => 0,
  async sleep(milliseconds) {
    sleeps.push(milliseconds);
  },
};

beforeEach(async () => {
  // The SDK's own tries follow each other at once.
  vi.spyOn(Math, 'random').mockReturnValue(0);
  sleeps = [];
  endpoint = await startScriptedEndpoint({ sqs: createScriptedSqs() });
  options = { ...scriptedAccess, endpoint: endpoint.url };
  made = await setUpQueue(options);
});
afterEach(async () => {
  await made.close();
  await endpoint.close();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

const sends = (): number => endpoint.requests.filter(isSend).length;
const receiveBodies = async (): Promise<string[]> => (await made.receiveAll()).map(({ body }) => body).sort();
const send = (...bodies: readonly string[]) =>
  sendAll(
    made.queue,
    bodies.map((body) => ({ body })),
    { clock, random: () => 0.5 },
  );

/** Answers for an entry's id as if the service had not taken it, whatever became of it. */
const failing =
  (id: string, failure: { readonly Code: string; readonly SenderFault: boolean }) =>
  (reply: { readonly status: number; readonly body?: string | Uint8Array }) => {
    const answer = JSON.parse(String(reply.body)) as { readonly Successful: readonly { readonly Id: string }[] };
    const Successful = answer.Successful.filter(({ Id }) => Id !== id);
    return { ...reply, body: JSON.stringify({ Successful, Failed: [{ Id: id, Message: secret, ...failure }] }) };
  };

describe('an entry that SQS fails in a batch', () => {
  const faults = { Code: 'InternalError', SenderFault: false };

  it('is named with its code, apart from those that were taken', async () => {
    endpoint.script({ when: isSend, after: failing('1', faults) });
    expect(await made.queue.sendBatch(entriesOf('a', 'b', 'c'))).toEqual({
      sent: ['0', '2'],
      failed: [{ id: '1', code: 'InternalError', senderFault: false }],
    });
  });

  it('is sent again alone when the fault was the service’s', async () => {
    endpoint.script({ when: isSend, after: failing('1', faults) });
    expect(await send('a', 'b', 'c')).toEqual([]);
    expect(sends()).toBe(2);
    // The scripted service had taken it all the same.
    expect(await receiveBodies()).toEqual(['a', 'b', 'b', 'c']);
  });

  it('is given up when the fault was the sender’s', async () => {
    endpoint.script({ when: isSend, after: failing('1', { Code: 'InvalidParameterValue', SenderFault: true }) });
    expect(await send('a', 'b', 'c')).toEqual([{ index: 1, code: 'InvalidParameterValue' }]);
    expect(sends()).toBe(1);
  });

  it('is given up after five batches', async () => {
    endpoint.script({ when: isSend, after: failing('0', faults), times: 5 });
    expect(await send('a')).toEqual([{ index: 0, code: 'InternalError' }]);
    expect(sleeps).toEqual([25, 50, 100, 200]);
  });

  it('is named too when a visibility was not changed', async () => {
    await made.queue.sendBatch(entriesOf('a'));
    const [message] = await made.receiveAll();
    endpoint.script({
      when: ({ operation }) => operation === 'ChangeMessageVisibilityBatch',
      after: failing('0', faults),
    });
    const entry = { id: '0', receiptHandle: message?.receiptHandle ?? '', timeoutSeconds: 0 };
    expect(await made.queue.changeVisibilityBatch([entry])).toEqual({
      sent: [],
      failed: [{ id: '0', code: 'InternalError', senderFault: false }],
    });
  });

  it('may leave members out of the answer', async () => {
    endpoint.script({ when: isSend, instead: { status: 200, body: '{}' } });
    expect(await made.queue.sendBatch(entriesOf('a'))).toEqual({ sent: [], failed: [] });
    endpoint.script({ when: isSend, instead: { status: 200, body: '{"Failed":[{"Id":"0"}]}' } });
    expect(await made.queue.sendBatch(entriesOf('a'))).toEqual({
      sent: [],
      failed: [{ id: '0', code: 'UNKNOWN', senderFault: false }],
    });
  });
});

describe('a call that SQS throttles', () => {
  const throttled = sqsError('RequestThrottled', secret, 403);

  it('is tried again by the SDK', async () => {
    endpoint.script({ when: isSend, instead: throttled, times: 2 });
    expect(await made.queue.sendBatch(entriesOf('a'))).toEqual({ sent: ['0'], failed: [] });
    expect(await receiveBodies()).toEqual(['a']);
  });

  it('throws THROTTLED after three tries, and has taken nothing', async () => {
    endpoint.script({ when: isSend, instead: throttled, times: 3 });
    await expect(made.queue.sendBatch(entriesOf('a'))).rejects.toMatchObject({
      name: 'SluiceError',
      code: 'THROTTLED',
      message: 'expected SendMessageBatch to succeed, found RequestThrottled with status 403',
    });
    expect(sends()).toBe(3);
    expect(await receiveBodies()).toEqual([]);
  });

  it('throws THROTTLED for the key of an encrypted queue, which the SDK does not try again', async () => {
    endpoint.script({ when: isSend, instead: sqsError('KmsThrottled', secret) });
    await expect(made.queue.sendBatch(entriesOf('a'))).rejects.toMatchObject({
      code: 'THROTTLED',
      message: 'expected SendMessageBatch to succeed, found KmsThrottled with status 400',
    });
  });

  it('is sent in the end when the throttling ends', async () => {
    endpoint.script({ when: isSend, instead: throttled, times: 7 });
    expect(await send('a', 'b')).toEqual([]);
    expect(sleeps).toEqual([25, 50]);
    expect(await receiveBodies()).toEqual(['a', 'b']);
  });

  it('leaves its messages unsent when the throttling does not end', async () => {
    endpoint.script({ when: isSend, instead: throttled, times: 15 });
    expect(await send('a', 'b')).toEqual([
      { index: 0, code: 'THROTTLED' },
      { index: 1, code: 'THROTTLED' },
    ]);
    expect(sends()).toBe(15);
  });
});

describe('a batch whose answer does not come', () => {
  const lost = { name: 'SluiceError', code: 'UNKNOWN', permanent: false };

  it('is sent again by the SDK, and makes duplicates', async () => {
    endpoint.script({ when: isSend, after: 'lose' });
    expect(await made.queue.sendBatch(entriesOf('a', 'b'))).toEqual({ sent: ['0', '1'], failed: [] });
    expect(await receiveBodies()).toEqual(['a', 'a', 'b', 'b']);
  });

  it('throws what is transient after three tries, though it was taken', async () => {
    endpoint.script({ when: isSend, after: 'lose', times: 3 });
    await expect(made.queue.sendBatch(entriesOf('a'))).rejects.toMatchObject({
      ...lost,
      message: 'expected SendMessageBatch to succeed, found TimeoutError ECONNRESET',
    });
    expect(await receiveBodies()).toEqual(['a', 'a', 'a']);
  });

  it('is confirmed in the end by sending again', async () => {
    endpoint.script({ when: isSend, after: 'lose', times: 4 });
    expect(await send('a')).toEqual([]);
    expect(sleeps).toEqual([25]);
    expect(await receiveBodies()).toEqual(['a', 'a', 'a', 'a', 'a']);
  });

  it('throws what is transient when it breaks off in the middle, three times', async () => {
    endpoint.script({ when: isSend, after: 'cut', times: 3 });
    await expect(made.queue.sendBatch(entriesOf('a'))).rejects.toMatchObject(lost);
    expect(sends()).toBe(3);
  });

  it('throws what is transient when it stalls behind its head, three times', async () => {
    const timeouts = { connectionMilliseconds: 2_000, answerMilliseconds: 5_000, silenceMilliseconds: 50 };
    const queue = createAwsQueue(createSqsClient({ ...options, timeouts }), 'url');
    endpoint.script({ when: isSend, after: 'stall', times: 3 });
    await expect(queue.sendBatch(entriesOf('a'))).rejects.toMatchObject({
      ...lost,
      message: expect.stringMatching(/^expected SendMessageBatch to succeed, found TimeoutError/),
    });
    expect(sends()).toBe(3);
  });

  it('throws when the MD5 of a body is another, though the batch was taken', async () => {
    const spoilt = (reply: { readonly status: number; readonly body?: string | Uint8Array }) => ({
      ...reply,
      body: String(reply.body).replace(/"MD5OfMessageBody":"../, '"MD5OfMessageBody":"zz'),
    });
    endpoint.script({ when: isSend, after: spoilt });
    await expect(made.queue.sendBatch(entriesOf('a', 'b'))).rejects.toMatchObject({
      ...lost,
      message: 'expected SendMessageBatch to succeed, found Error',
    });
    expect(sends()).toBe(1);
    endpoint.script({ when: isSend, after: spoilt });
    expect(await send('c')).toEqual([]);
    expect(await receiveBodies()).toEqual(['a', 'b', 'c', 'c']);
  });

  it('is tried again when something before SQS answers in HTML', async () => {
    endpoint.script({ when: isSend, instead: { status: 502, body: `<html>${secret}</html>` } });
    expect(await made.queue.sendBatch(entriesOf('a'))).toEqual({ sent: ['0'], failed: [] });
  });
});

describe('a queue that cannot be reached', () => {
  const call = (given: ClientOptions, url = 'http://sqs.invalid/000000000000/rows') =>
    createAwsQueue(createSqsClient(given), url).sendBatch(entriesOf(secret));

  it('throws what is transient when nobody listens', async () => {
    const gone = await startScriptedEndpoint({});
    await gone.close();
    await expect(call({ ...options, endpoint: gone.url })).rejects.toMatchObject({
      code: 'UNKNOWN',
      message: 'expected SendMessageBatch to succeed, found Error ECONNREFUSED',
    });
  });

  it('throws what is transient when there are no credentials, and asks nobody', async () => {
    const credentials = async () => {
      throw Object.assign(new Error(`could not load credentials: ${secret}`), { name: 'CredentialsProviderError' });
    };
    const before = endpoint.requests.length;
    await expect(call({ ...options, credentials })).rejects.toMatchObject({
      code: 'UNKNOWN',
      permanent: false,
      message: 'expected SendMessageBatch to succeed, found CredentialsProviderError',
    });
    expect(endpoint.requests).toHaveLength(before);
  });

  it.each(['AccessDenied', 'KmsAccessDenied'])(
    'throws what is transient on %s: no message is at fault',
    async (name) => {
      endpoint.script({ when: isSend, instead: sqsError(name, secret) });
      await expect(call(options)).rejects.toMatchObject({
        code: 'UNKNOWN',
        message: `expected SendMessageBatch to succeed, found ${name} with status 400`,
      });
    },
  );

  it('throws what is transient when there is no such queue', async () => {
    await expect(call(options)).rejects.toMatchObject({
      code: 'UNKNOWN',
      message: 'expected SendMessageBatch to succeed, found QueueDoesNotExist with status 400',
    });
  });

  it('is asked at the endpoint of the environment, whatever host its URL names', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL', endpoint.url);
    endpoint.script({ when: isSend, instead: { status: 200, body: '{"Successful":[]}' } });
    expect(await call({ ...scriptedAccess })).toEqual({ sent: [], failed: [] });
  });
});
