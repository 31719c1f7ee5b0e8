import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSqsClient } from './clients.ts';
import {
  type ScriptedEndpoint,
  type ScriptedRequest,
  scriptedAccess,
  startScriptedEndpoint,
} from './scripted-endpoint.ts';
import { createScriptedSqs, sqsError } from './scripted-sqs.ts';

const isSend = ({ operation }: ScriptedRequest): boolean => operation === 'SendMessageBatch';

let endpoint: ScriptedEndpoint;
let queueUrl: string;

beforeEach(async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  const sqs = createScriptedSqs();
  endpoint = await startScriptedEndpoint({ sqs });
  queueUrl = 'http://sqs.invalid/000000000000/rows';
  const body = Buffer.from(JSON.stringify({ QueueName: 'rows' }));
  await sqs({
    service: 'sqs',
    operation: 'CreateQueue',
    method: 'POST',
    path: '/',
    query: new URLSearchParams(),
    headers: {},
    body,
  });
});
afterEach(async () => {
  await endpoint.close();
  vi.restoreAllMocks();
});

const inputs = (): unknown[] => endpoint.requests.filter(isSend).map(({ body }) => JSON.parse(body.toString()));
const inputOf = (...bodies: readonly string[]) => ({
  QueueUrl: queueUrl,
  Entries: bodies.map((body, index) => ({ Id: String(index), MessageBody: body, DelaySeconds: index })),
});

describe('a batch of messages', () => {
  it('arrives as it was given, each of many at once', async () => {
    const client = createSqsClient({ ...scriptedAccess, endpoint: endpoint.url });
    const batches = [inputOf('"é€\u{1f600}\\', 'b'), inputOf('c'), inputOf('d', 'e')];
    await Promise.all(batches.map((input) => client.send(new SendMessageBatchCommand(input))));
    expect(inputs()).toHaveLength(batches.length);
    expect(inputs()).toEqual(expect.arrayContaining(batches));
  });

  it('arrives whole when the SDK sends it again', async () => {
    endpoint.script({ when: isSend, instead: sqsError('InternalFailure', 'refused', 500) });
    const client = createSqsClient({ ...scriptedAccess, endpoint: endpoint.url });
    await client.send(new SendMessageBatchCommand(inputOf('a', 'b')));
    expect(inputs()).toEqual([inputOf('a', 'b'), inputOf('a', 'b')]);
  });

  it('fails when other messages arrived than were given', async () => {
    const client = createSqsClient({ ...scriptedAccess, endpoint: endpoint.url });
    client.middlewareStack.add(
      (next) => (args) => {
        Object.assign(args.request as object, { body: Buffer.from(JSON.stringify(inputOf('b'))) });
        return next(args);
      },
      { name: 'other', step: 'build', priority: 'low' },
    );
    await expect(client.send(new SendMessageBatchCommand(inputOf('a')))).rejects.toThrow('MD5');
  });
});
