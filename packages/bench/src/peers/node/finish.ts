import { ConditionalCheckFailedException, type DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { SQSEvent } from 'aws-lambda';
import { marshall } from './attribute-value.ts';
import { idOf, type OutcomeMessage } from './row-message.ts';

/** Each outcome with an UpdateItem of its own, as long as its row is pending. */
export const createFinish =
  (client: DynamoDBClient, table: string) =>
  async ({ Records }: SQSEvent): Promise<number> => {
    const finish = async (body: string): Promise<void> => {
      const outcome = JSON.parse(body) as OutcomeMessage;
      const isDone = outcome.status === 'DONE';
      try {
        await client.send(
          new UpdateItemCommand({
            TableName: table,
            Key: { id: { S: idOf(outcome) } },
            UpdateExpression: 'SET #status = :status, #outcome = :outcome, finishedAt = :now',
            ConditionExpression: '#status = :pending',
            ExpressionAttributeNames: { '#status': 'status', '#outcome': isDone ? 'result' : 'error' },
            ExpressionAttributeValues: {
              ':status': { S: outcome.status },
              ':outcome': marshall((isDone ? outcome.result : outcome.error) ?? null),
              ':now': { S: new Date().toISOString() },
              ':pending': { S: 'PENDING' },
            },
          }),
        );
      } catch (thrown) {
        // A message that came twice.
        if (!(thrown instanceof ConditionalCheckFailedException)) throw thrown;
      }
    };
    await Promise.all(Records.map(({ body }) => finish(body)));
    return Records.length;
  };
