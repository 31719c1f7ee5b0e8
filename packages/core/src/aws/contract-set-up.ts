import { randomUUID } from 'node:crypto';
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  ListObjectsV2Command,
  type S3Client,
} from '@aws-sdk/client-s3';
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
} from '@aws-sdk/client-sqs';
import type { DeadLettersSetUp } from '../ports/dead-letters.contract.ts';
import type { ObjectStoreSetUp } from '../ports/object-store.contract.ts';
import type { QueueSetUp } from '../ports/queue.contract.ts';
import { messageBytesMax } from '../ports/queue.ts';
import type { ClientOptions } from './clients.ts';
import { createS3Client, createSqsClient } from './clients.ts';
import { createAwsDeadLetters } from './dead-letters.ts';
import { createAwsObjects } from './object-store.ts';
import { createAwsQueue } from './queue.ts';

// What the contract suites of queues and object store need of a service, over any endpoint: fresh resources, made through the SDK and
// removed afterwards. Serves the scripted endpoint and an emulator alike.

/** Longer than any test: what was received stays in flight. */
const visibilitySeconds = 600;
const receivedMax = 10;

/** A queue of its own, with the attributes that Terraform gives the pipeline's. The age of what lies in it is not asked for by the suite. */
export const setUpQueue = async (options: ClientOptions): Promise<QueueSetUp> => {
  const client = createSqsClient(options);
  const { QueueUrl = '' } = await client.send(
    new CreateQueueCommand({
      QueueName: `contract-${randomUUID()}`,
      Attributes: { VisibilityTimeout: `${visibilitySeconds}`, MaximumMessageSize: `${messageBytesMax}` },
    }),
  );
  return {
    queue: createAwsQueue(client, QueueUrl, async () => Number.POSITIVE_INFINITY),
    async receiveAll() {
      const received: { readonly body: string; readonly receiptHandle: string }[] = [];
      for (;;) {
        const { Messages = [] } = await client.send(
          new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: receivedMax, WaitTimeSeconds: 0 }),
        );
        if (Messages.length === 0) return received;
        received.push(
          ...Messages.map(({ Body = '', ReceiptHandle = '' }) => ({ body: Body, receiptHandle: ReceiptHandle })),
        );
      }
    },
    async close() {
      await client.send(new DeleteQueueCommand({ QueueUrl }));
      client.destroy();
    },
  };
};

/** A dead-letter queue of its own. */
export const setUpDeadLetters = async (
  options: ClientOptions,
): Promise<DeadLettersSetUp & { readonly url: string }> => {
  const client = createSqsClient(options);
  const { QueueUrl = '' } = await client.send(new CreateQueueCommand({ QueueName: `contract-${randomUUID()}` }));
  return {
    letters: createAwsDeadLetters(client, QueueUrl),
    url: QueueUrl,
    async put(...bodies) {
      for (let from = 0; from < bodies.length; from += receivedMax) {
        const Entries = bodies
          .slice(from, from + receivedMax)
          .map((MessageBody, index) => ({ Id: `${index}`, MessageBody }));
        await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
      }
    },
    async close() {
      await client.send(new DeleteQueueCommand({ QueueUrl }));
      client.destroy();
    },
  };
};

const removeBucket = async (client: S3Client, bucket: string): Promise<void> => {
  // A suite's test leaves a handful of objects: one page.
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
  for (const { Key = '' } of Contents) await client.send(new DeleteObjectCommand({ Bucket: bucket, Key }));
  await client.send(new DeleteBucketCommand({ Bucket: bucket }));
};

/** Two buckets of their own that keep one version each. (Where all are kept, a version outlives what is put after it.) */
export const setUpObjectStore = async (options: ClientOptions): Promise<ObjectStoreSetUp> => {
  const client = createS3Client(options);
  const bucket = `contract-${randomUUID()}`;
  const otherBucket = `contract-${randomUUID()}`;
  for (const Bucket of [bucket, otherBucket]) await client.send(new CreateBucketCommand({ Bucket }));
  return {
    store: createAwsObjects(client),
    bucket,
    otherBucket,
    async remove(ofBucket, key) {
      await client.send(new DeleteObjectCommand({ Bucket: ofBucket, Key: key }));
    },
    async close() {
      for (const made of [bucket, otherBucket]) await removeBucket(client, made);
      client.destroy();
    },
  };
};
