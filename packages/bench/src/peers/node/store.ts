import { ConditionalCheckFailedException, type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { SQSEvent } from 'aws-lambda';
import { marshallItem } from './attribute-value.ts';
import { itemOf, type RowMessage } from './row-message.ts';

/** Each row with a PutItem of its own, unless it is there. */
export const createStore =
  (client: DynamoDBClient, table: string) =>
  async ({ Records }: SQSEvent): Promise<number> => {
    const store = async (body: string): Promise<void> => {
      const item = itemOf(JSON.parse(body) as RowMessage, new Date().toISOString());
      try {
        await client.send(
          new PutItemCommand({
            TableName: table,
            Item: marshallItem(item),
            ConditionExpression: 'attribute_not_exists(id)',
          }),
        );
      } catch (thrown) {
        // A message that came twice.
        if (!(thrown instanceof ConditionalCheckFailedException)) throw thrown;
      }
    };
    await Promise.all(Records.map(({ body }) => store(body)));
    return Records.length;
  };
