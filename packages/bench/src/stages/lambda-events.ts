import { createHash } from 'node:crypto';
import { partitionKeyOf } from '@sluice/core/identity';
import type { RowTuple } from '@sluice/core/messages';
import type { Context, DynamoDBRecord, DynamoDBStreamEvent, SQSEvent } from 'aws-lambda';

/** When everything was sent and created, in milliseconds since the Unix epoch. */
const sentAt = Date.UTC(2026, 0, 1);

const cut = <Part>(parts: readonly Part[], size: number): Part[][] =>
  Array.from({ length: Math.ceil(parts.length / size) }, (_, i) => parts.slice(i * size, (i + 1) * size));

/** Messages as a mapping delivers them, `batchSize` together, for the first time. */
export const toSqsEvents = (queue: string, bodies: readonly string[], batchSize: number): SQSEvent[] =>
  cut(
    bodies.map((body, index) => ({
      messageId: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
      // About as long as those of SQS.
      receiptHandle: String(index).padStart(400, 'A'),
      body,
      attributes: {
        ApproximateReceiveCount: '1',
        SentTimestamp: String(sentAt),
        SenderId: 'AROAEXAMPLE:sluice',
        ApproximateFirstReceiveTimestamp: String(sentAt + 10),
      },
      messageAttributes: {},
      md5OfBody: createHash('md5').update(body).digest('hex'),
      eventSource: 'aws:sqs',
      eventSourceARN: `arn:aws:sqs:us-east-1:000000000000:${queue}`,
      awsRegion: 'us-east-1',
    })),
    batchSize,
  ).map((Records) => ({ Records }));

const toStreamRecord = (jobId: string, [chunk, row, line, values]: RowTuple, position: number): DynamoDBRecord => {
  const keys = { pk: { S: partitionKeyOf(jobId, chunk, row) }, row: { N: String(row) } };
  const data = JSON.stringify(values);
  return {
    eventID: String(position).padStart(32, '0'),
    eventName: 'INSERT',
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: 'us-east-1',
    dynamodb: {
      ApproximateCreationDateTime: sentAt / 1000,
      Keys: keys,
      NewImage: {
        ...keys,
        line: { N: String(line) },
        status: { S: 'PENDING' },
        data: { S: data },
        created: { N: String(sentAt) },
      },
      SequenceNumber: String(position).padStart(21, '1'.padEnd(20, '0')),
      SizeBytes: Buffer.byteLength(data) + 100,
      StreamViewType: 'NEW_IMAGE',
    },
    eventSourceARN: 'arn:aws:dynamodb:us-east-1:000000000000:table/rows/stream/2026-01-01T00:00:00.000',
  };
};

/** New rows as the stream of their table delivers them, `batchSize` together. */
export const toStreamEvents = (jobId: string, rows: readonly RowTuple[], batchSize: number): DynamoDBStreamEvent[] =>
  cut(
    rows.map((row, position) => toStreamRecord(jobId, row, position)),
    batchSize,
  ).map((Records) => ({ Records }));

/** The context of an invocation that has this much time from now on. */
export const startContext = (functionName: string, timeoutSeconds: number, invocation: number): Context => {
  const endsAt = Date.now() + timeoutSeconds * 1000;
  return {
    awsRequestId: `00000000-0000-4000-8000-${String(invocation).padStart(12, '0')}`,
    functionName,
    functionVersion: '$LATEST',
    memoryLimitInMB: '1769',
    invokedFunctionArn: `arn:aws:lambda:us-east-1:000000000000:function:${functionName}`,
    logGroupName: functionName,
    logStreamName: functionName,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => endsAt - Date.now(),
    done: () => undefined,
    fail: () => undefined,
    succeed: () => undefined,
  };
};
