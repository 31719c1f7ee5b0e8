import { createHash } from 'node:crypto';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, paginateListObjectsV2, S3Client, waitUntilBucketExists } from '@aws-sdk/client-s3';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { QueueName } from '@sluice/core/ports/queue';
import type { StageName } from '@sluice/core/wiring';
import { credentials, region } from './emulator.ts';

/** What Terraform says it has made. */
export type Outputs = {
  readonly inbox_bucket: string;
  readonly work_bucket: string;
  readonly rows_table: string;
  readonly jobs_table: string;
  readonly queue_urls: Readonly<Record<QueueName, string>>;
  readonly dead_letter_queue_urls: Readonly<Record<QueueName, string>>;
  readonly function_names: Readonly<Record<StageName, string>>;
  /** JSON. */
  readonly completion_pattern: string;
};

/** The SDK's own clients, with its own settings: nothing of the product's stands between the check and the services. */
export type Cloud = { readonly s3: S3Client; readonly sqs: SQSClient; readonly dynamoDb: DynamoDBClient };

export const openCloud = (endpoint: string): Cloud => {
  const options = { endpoint, region, credentials };
  return {
    s3: new S3Client({ ...options, forcePathStyle: true }),
    sqs: new SQSClient(options),
    dynamoDb: new DynamoDBClient(options),
  };
};

export const waitForBucket = async ({ s3 }: Cloud, bucket: string, abortSignal: AbortSignal): Promise<void> => {
  await waitUntilBucketExists(
    { client: s3, maxWaitTime: 60, minDelay: 1, maxDelay: 1, abortSignal },
    { Bucket: bucket },
  );
};

export type Item = Readonly<Record<string, AttributeValue>>;

/** Every item of a table, read consistently. */
export const readTable = async ({ dynamoDb }: Cloud, table: string): Promise<Item[]> => {
  const items: Item[] = [];
  for await (const page of paginateScan({ client: dynamoDb }, { TableName: table, ConsistentRead: true })) {
    items.push(...(page.Items ?? []));
  }
  return items;
};

/** The same for the same items, in whatever order they come. */
export const checksumOf = (items: readonly Item[]): string => {
  const texts = items.map((item) => JSON.stringify(Object.entries(item).toSorted(([a], [b]) => (a < b ? -1 : 1))));
  return createHash('sha256').update(texts.toSorted().join('\n')).digest('hex');
};

/** The bytes of every object under a prefix, by key. */
export const readObjects = async ({ s3 }: Cloud, bucket: string, prefix: string): Promise<Map<string, Buffer>> => {
  const objects = new Map<string, Buffer>();
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket: bucket, Prefix: prefix })) {
    for (const { Key = '' } of page.Contents ?? []) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
      objects.set(Key, Buffer.from((await Body?.transformToByteArray()) ?? []));
    }
  }
  return objects;
};

export type Message = { readonly body: string; readonly receiptHandle: string };

/** Longer than it takes to look at a dead-letter queue. */
const lookSeconds = 60;

/** Takes every message that lies in a queue; nobody else gets them for a while. */
export const takeMessages = async ({ sqs }: Cloud, url: string): Promise<Message[]> => {
  const taken: Message[] = [];
  for (;;) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: url,
        MaxNumberOfMessages: 10,
        VisibilityTimeout: lookSeconds,
        // Not as long as the queue says: what lies there, lies there.
        WaitTimeSeconds: 0,
      }),
    );
    if (Messages.length === 0) return taken;
    taken.push(...Messages.map(({ Body = '', ReceiptHandle = '' }) => ({ body: Body, receiptHandle: ReceiptHandle })));
  }
};

/** The bodies that lie in a dead-letter queue; they stay there. */
export const lookInto = async (cloud: Cloud, url: string): Promise<string[]> => {
  const messages = await takeMessages(cloud, url);
  for (const { receiptHandle } of messages) {
    const change = { QueueUrl: url, ReceiptHandle: receiptHandle, VisibilityTimeout: 0 };
    await cloud.sqs.send(new ChangeMessageVisibilityCommand(change));
  }
  return messages.map(({ body }) => body);
};

/** Takes everything out of a queue. */
export const drain = async (cloud: Cloud, url: string): Promise<string[]> => {
  const messages = await takeMessages(cloud, url);
  for (const { receiptHandle } of messages) {
    await cloud.sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: receiptHandle }));
  }
  return messages.map(({ body }) => body);
};

export const sendMessage = async ({ sqs }: Cloud, url: string, body: string): Promise<void> => {
  await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: body }));
};

const counts = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
] as const;

/** Messages that lie in a queue, wait for their time, or are being worked on. */
export const countMessages = async ({ sqs }: Cloud, url: string): Promise<number> => {
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: [...counts] }),
  );
  return counts.reduce((sum, name) => sum + Number(Attributes[name] ?? 0), 0);
};
