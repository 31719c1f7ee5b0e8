import type { SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBStreamEvent } from 'aws-lambda';
import { unmarshallItem } from './attribute-value.ts';
import type { itemOf } from './row-message.ts';
import { batchesOf, sendBatch } from './send-batch.ts';

/** New rows of a table's stream, each as a message of its own. */
export const createRelay =
  (client: SQSClient, queueUrl: string) =>
  async ({ Records }: DynamoDBStreamEvent): Promise<number> => {
    const bodies: string[] = [];
    for (const { eventName, dynamodb } of Records) {
      if (eventName !== 'INSERT' || dynamodb?.NewImage === undefined) continue;
      const { jobId, row, line, status, data } = unmarshallItem(dynamodb.NewImage) as ReturnType<typeof itemOf>;
      if (status === 'PENDING') bodies.push(JSON.stringify({ jobId, row, line, data }));
    }
    await Promise.all([...batchesOf(bodies)].map((batch) => sendBatch(client, queueUrl, batch)));
    return bodies.length;
  };
