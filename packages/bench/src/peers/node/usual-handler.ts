import { Logger } from '@aws-lambda-powertools/logger';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { z } from 'zod';

// A function as it is usually written: stores what comes in messages, one PutItem each, and passes it on, one message each. It is the
// peer of our functions' cold starts; what it does with an event is measured elsewhere.

const environment = z.object({ ROWS_TABLE: z.string(), WORK_QUEUE_URL: z.url() }).parse(process.env);
const message = z.object({ id: z.string(), data: z.record(z.string(), z.string().nullable()) });

const logger = new Logger({ serviceName: 'store-rows' });
const dynamodb = new DynamoDBClient({});
const sqs = new SQSClient({});

const store = async (body: string): Promise<void> => {
  const { id, data } = message.parse(JSON.parse(body));
  const Item = { id: { S: id }, data: { S: JSON.stringify(data) }, status: { S: 'PENDING' } };
  await dynamodb.send(
    new PutItemCommand({
      TableName: environment.ROWS_TABLE,
      Item,
      ConditionExpression: 'attribute_not_exists(id)',
    }),
  );
  await sqs.send(new SendMessageCommand({ QueueUrl: environment.WORK_QUEUE_URL, MessageBody: body }));
};

export const handler = async ({ Records }: SQSEvent): Promise<SQSBatchResponse> => {
  const settled = await Promise.allSettled(Records.map(({ body }) => store(body)));
  const batchItemFailures = Records.filter((_, index) => settled[index]?.status === 'rejected').map(
    ({ messageId }) => ({ itemIdentifier: messageId }),
  );
  logger.info('stored', { rows: Records.length, failed: batchItemFailures.length });
  return { batchItemFailures };
};
