import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { GetQueueUrlCommand, SendMessageBatchCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { createS3Client, createSqsClient, createTableClient, createWriteClient } from '@sluice/core/aws/clients';
import { createAwsJobs } from '@sluice/core/aws/job-store';
import { createAwsObjects } from '@sluice/core/aws/object-store';
import { createAwsQueue } from '@sluice/core/aws/queue';
import { createAwsRows } from '@sluice/core/aws/row-store';
import type { RowTuple } from '@sluice/core/messages';
import type { Job } from '@sluice/core/ports/job-store';
import { realClock } from '@sluice/core/real-clock';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { noNullCounts } from './null-counts.ts';
import { type NullEndpoint, startNullEndpoint } from './start-null-endpoint.ts';

const jobId = '0123456789abcdefghjkmnpqrs';
const job: Job = {
  jobId,
  file: { bucket: 'inbox', key: 'a.csv', etag: 'e', bytes: 1 },
  profile: { prefix: '' },
  schemaHash: 'hash',
  codeVersion: 'version',
  rowsPerMessage: 0,
  repairs: 0,
  state: 'PLANNING',
  createdAt: 1,
  auditAt: 1,
};
const texts = ['plain', '"quoted" \\ and \n', 'gr\u00fc\u00dfe \u{1f600}', '{"Statement": "INSERT"}'];

let endpoint: NullEndpoint;
const access = () => ({
  endpoint: endpoint.url,
  region: 'us-east-1',
  credentials: { accessKeyId: 'null', secretAccessKey: 'null' },
});
const counted = async () => ({ ...noNullCounts(), ...(await endpoint.counts()) });

beforeAll(async () => {
  endpoint = await startNullEndpoint();
});
afterAll(() => endpoint.close());
beforeEach(() => endpoint.reset());

describe('its queues', () => {
  it('take batches, whose digests the SDK checks, and count messages and bytes', async () => {
    const queue = createAwsQueue(createSqsClient(access()), endpoint.queueUrl('rows'));
    const entries = texts.map((body, i) => ({ id: `${i}`, body }));
    expect(await queue.sendBatch(entries)).toEqual({ sent: ['0', '1', '2', '3'], failed: [] });
    await queue.sendBatch(entries.slice(0, 1));
    const bytes = Buffer.byteLength(texts.join('')) + 5;
    expect(await counted()).toEqual({ ...noNullCounts(), sqsRequests: 2, sqsMessages: 5, sqsBytes: bytes });
  });

  it('take single messages, and tell their URL by their name', async () => {
    const client = createSqsClient(access());
    const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: 'rows' }));
    expect(QueueUrl).toBe(endpoint.queueUrl('rows'));
    const { MessageId } = await client.send(new SendMessageCommand({ QueueUrl, MessageBody: texts[2] }));
    expect(MessageId).toMatch(/^[0-9a-f-]{36}$/);
    expect(await endpoint.counts()).toMatchObject({ sqsRequests: 2, sqsMessages: 1 });
  });

  it('answer for messages that are deleted or put off', async () => {
    const queue = createAwsQueue(createSqsClient(access()), endpoint.queueUrl('rows'));
    const answer = await queue.changeVisibilityBatch([{ id: 'a', receiptHandle: 'r', timeoutSeconds: 1 }]);
    expect(answer).toEqual({ sent: ['a'], failed: [] });
  });

  it('refuse what SQS would refuse, and do not count it', async () => {
    const client = createSqsClient(access());
    const send = (bodies: readonly string[], id = (i: number) => `${i}`) =>
      client.send(
        new SendMessageBatchCommand({
          QueueUrl: endpoint.queueUrl('rows'),
          Entries: bodies.map((MessageBody, i) => ({ Id: id(i), MessageBody })),
        }),
      );
    await expect(send(Array(11).fill('x'))).rejects.toThrow(
      expect.objectContaining({ name: expect.stringMatching(/TooManyEntries/) }),
    );
    await expect(send(['x', 'x'], () => 'same')).rejects.toThrow(
      expect.objectContaining({ name: expect.stringMatching(/NotDistinct/) }),
    );
    await expect(send(['x'.repeat(600_000), 'x'.repeat(600_000)])).rejects.toThrow(
      expect.objectContaining({ name: expect.stringMatching(/BatchRequestTooLong/) }),
    );
    expect(await counted()).toEqual(noNullCounts());
  });
});

describe('its table of rows', () => {
  const rowOf = (row: number): RowTuple => [0, row, row + 1, [texts[row % texts.length] ?? '', row]];
  const rows = Array.from({ length: 25 }, (_, i) => rowOf(i + 1));

  it('takes inserts and finishes of the row store, a statement per row', async () => {
    const store = createAwsRows(
      { reads: createTableClient(access()), writes: createWriteClient(access()) },
      'rows',
      realClock,
    );
    expect(await store.insert(jobId, rows)).toEqual(rows.map(() => 'inserted'));
    const outcomes = await store.finish(jobId, [
      [0, 1, 'DONE', { Statement: texts[3] }],
      [0, 2, 'FAILED', ['CODE', 'why']],
      [0, 3, 'DONE', null],
    ]);
    expect(outcomes).toEqual(['finished', 'finished', 'finished']);
    expect(await store.remove(jobId, 0, [1, 2])).toEqual(['removed', 'removed']);
    expect(await counted()).toEqual({ ...noNullCounts(), writes: 30, writeRequests: 3 });
  });

  it('takes single and batched writes of items', async () => {
    const client = createTableClient(access());
    const itemOf = (row: number) => ({ pk: { S: 'a' }, row: { N: `${row}` }, data: { S: '"PutRequest": {' } });
    await client.send(new PutItemCommand({ TableName: 'rows', Item: itemOf(1) }));
    await client.send(
      new UpdateItemCommand({
        TableName: 'rows',
        Key: { pk: { S: 'a' }, row: { N: '1' } },
        UpdateExpression: 'SET #s = :s',
        ConditionExpression: '#s = :p',
        ExpressionAttributeNames: { '#s': 'status' },
        ExpressionAttributeValues: { ':s': { S: 'DONE' }, ':p': { S: 'PENDING' } },
      }),
    );
    const RequestItems = { rows: [1, 2, 3].map((row) => ({ PutRequest: { Item: itemOf(row) } })) };
    const { UnprocessedItems } = await client.send(new BatchWriteItemCommand({ RequestItems }));
    expect(UnprocessedItems).toEqual({});
    expect(await counted()).toEqual({ ...noNullCounts(), writes: 5, writeRequests: 3 });
  });

  it('finds nothing, and counts what was asked for', async () => {
    const client = createTableClient(access());
    const Keys = [1, 2, 3].map((row) => ({ pk: { S: 'a' }, row: { N: `${row}` } }));
    const { Responses, UnprocessedKeys } = await client.send(
      new BatchGetItemCommand({ RequestItems: { rows: { Keys } } }),
    );
    expect([Responses, UnprocessedKeys]).toEqual([{ rows: [] }, {}]);
    const { Item } = await client.send(new GetItemCommand({ TableName: 'rows', Key: Keys[0] }));
    expect(Item).toBeUndefined();
    expect(await counted()).toEqual({ ...noNullCounts(), reads: 4 });
  });

  it('refuses more writes than a call may have', async () => {
    const client = createTableClient(access());
    const item = { pk: { S: 'a' }, row: { N: '1' } };
    const RequestItems = { rows: Array(26).fill({ PutRequest: { Item: item } }) };
    await expect(client.send(new BatchWriteItemCommand({ RequestItems }))).rejects.toThrow('1 to 25 writes');
    expect(await counted()).toEqual(noNullCounts());
  });
});

describe('its table of jobs', () => {
  it('keeps jobs, also over a reset', async () => {
    const jobs = createAwsJobs(createTableClient(access()), 'jobs');
    expect(await jobs.createJob(job)).toBe(true);
    await endpoint.reset();
    expect(await jobs.createJob(job)).toBe(false);
    expect(await jobs.getJob(jobId)).toEqual(job);
    expect(await counted()).toEqual({ ...noNullCounts(), otherTableRequests: 2 });
  });
});

describe('its buckets', () => {
  const content = Buffer.from(Array.from({ length: 1_000_000 }, (_, i) => i % 251));
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'null-endpoint-'));
    writeFileSync(join(folder, 'served'), content);
    await endpoint.serve('inbox', 'a folder/a+b.csv', join(folder, 'served'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('answer with the bytes of a range of a served file', async () => {
    const objects = createAwsObjects(createS3Client(access()));
    const head = await objects.head('inbox', 'a folder/a+b.csv');
    expect(head).toMatchObject({ bytes: content.length });
    const version = { bucket: 'inbox', key: 'a folder/a+b.csv', etag: head?.etag ?? '' };
    const pieces: Buffer[] = [];
    for await (const piece of objects.readRange(version, 1000, 700_001, new AbortController().signal)) {
      pieces.push(Buffer.from(piece));
    }
    expect(Buffer.concat(pieces).equals(content.subarray(1000, 700_001))).toBe(true);
    expect(await counted()).toEqual({ ...noNullCounts(), s3Gets: 1, s3Bytes: 699_001 });
  });

  it('answer with the whole file, its end, and nothing beyond it', async () => {
    const client = createS3Client(access());
    const get = async (Range?: string) => {
      const { Body, ContentRange } = await client.send(
        new GetObjectCommand({ Bucket: 'inbox', Key: 'a folder/a+b.csv', ...(Range === undefined ? {} : { Range }) }),
      );
      return [Buffer.from((await Body?.transformToByteArray()) ?? []).equals(content), ContentRange];
    };
    expect(await get()).toEqual([true, undefined]);
    expect(await get('bytes=-10')).toEqual([false, 'bytes 999990-999999/1000000']);
    await expect(get('bytes=1000000-')).rejects.toThrow(expect.objectContaining({ name: 'InvalidRange' }));
  });

  it('refuse another version of an object, and an object that is not there', async () => {
    const objects = createAwsObjects(createS3Client(access()));
    const version = { bucket: 'inbox', key: 'a folder/a+b.csv', etag: 'other' };
    const read = objects.readRange(version, 0, 10, new AbortController().signal)[Symbol.asyncIterator]();
    await expect(read.next()).rejects.toThrow(expect.objectContaining({ code: 'OBJECT_CHANGED' }));
    expect(await objects.head('inbox', 'none')).toBeUndefined();
    expect(await counted()).toEqual(noNullCounts());
  });

  it('take what is put', async () => {
    const objects = createAwsObjects(createS3Client(access()));
    expect(await objects.put('work', 'k', 'text')).toMatchObject({ bytes: 4 });
    expect(await counted()).toEqual({ ...noNullCounts(), s3Puts: 1 });
  });

  it('refuse to serve a file that is not there', async () => {
    await expect(endpoint.serve('inbox', 'x', join(folder, 'none'))).rejects.toThrow('ENOENT');
  });
});

it('tells its CPU, and ends', async () => {
  const other = await startNullEndpoint();
  expect(await other.cpuSeconds()).toBeGreaterThanOrEqual(0);
  await other.close();
  await expect(other.counts()).rejects.toThrow();
  await expect(fetch(other.url)).rejects.toThrow();
});
