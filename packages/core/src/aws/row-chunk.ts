import type { AttributeValue, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { QueryCommand } from '@aws-sdk/client-dynamodb';
import { chunkPartitions, partitionKeyOf } from '../identity.ts';
import type { RowStatus, RowStore, StoredRow } from '../ports/row-store.ts';
import { waitForAll } from '../wait-for-all.ts';
import { statusIn, toDatedRow, toStoredRow } from './row-item.ts';
import { callTable } from './table-error.ts';

/** Rows of one page of one partition: sixteen pages are in memory at once, each of at most 1 MB. */
const pageRowsMax = 250;

/** What is left to read of one of a chunk's partitions. */
type Partition = {
  readonly key: string;
  rows: StoredRow[];
  next: Record<string, AttributeValue> | undefined;
  isRead: boolean;
};

/** Row numbers go round over the partitions, so these are the keys of any chunk's rows. */
const keysOf = (jobId: string, chunk: number): string[] =>
  Array.from({ length: chunkPartitions }, (_, row) => partitionKeyOf(jobId, chunk, row));

const namesOf = (attributes: readonly string[]): Record<string, string> =>
  Object.fromEntries(['pk', ...attributes].map((name) => [`#${name}`, name]));

const rowAttributes = ['row', 'line', 'status', 'data', 'result', 'error'];

/** Reading and counting a chunk: consistent Queries over its partitions, all of them at once; and looking at one of its rows. */
export const createChunkReads = (
  client: DynamoDBClient,
  table: string,
): Pick<RowStore, 'countChunk' | 'readChunk' | 'getRow'> => {
  const query = (
    key: string,
    attributes: readonly string[],
    next: Record<string, AttributeValue> | undefined,
    limit: number | undefined,
  ) =>
    callTable(
      'reading a chunk',
      client.send(
        new QueryCommand({
          TableName: table,
          ConsistentRead: true,
          KeyConditionExpression: '#pk = :pk',
          ProjectionExpression: attributes.map((name) => `#${name}`).join(', '),
          ExpressionAttributeNames: namesOf(attributes),
          ExpressionAttributeValues: { ':pk': { S: key } },
          ExclusiveStartKey: next,
          Limit: limit,
        }),
      ),
    );

  /** Reads on until there are rows, or none are left. */
  const fill = async (partition: Partition): Promise<void> => {
    while (partition.rows.length === 0 && !partition.isRead) {
      const page = await query(partition.key, rowAttributes, partition.next, pageRowsMax);
      partition.rows = (page.Items ?? []).map(toStoredRow);
      partition.next = page.LastEvaluatedKey;
      partition.isRead = partition.next === undefined;
    }
  };

  return {
    /**
     * Asks for every row's status and counts here: a Query does not group, one Query per status would read the chunk three
     * times. It costs a read unit per 4 KB of rows, whatever is asked of them.
     */
    async countChunk(jobId, chunk) {
      const counts: Record<RowStatus, number> = { PENDING: 0, DONE: 0, FAILED: 0 };
      let pendingRow: number | undefined;
      const countPartition = async (key: string): Promise<void> => {
        let next: Record<string, AttributeValue> | undefined;
        do {
          const page = await query(key, ['row', 'status'], next, undefined);
          for (const item of page.Items ?? []) {
            const status = statusIn(item);
            counts[status]++;
            if (status === 'PENDING') pendingRow ??= Number(item['row']?.N);
          }
          next = page.LastEvaluatedKey;
        } while (next !== undefined);
      };
      await waitForAll(keysOf(jobId, chunk).map(countPartition));
      return pendingRow === undefined ? counts : { ...counts, pendingRow };
    },

    /** By Query too: a function that reads rows needs leave for nothing else. */
    async getRow(jobId, chunk, row) {
      const { Items } = await callTable(
        'looking at a row',
        client.send(
          new QueryCommand({
            TableName: table,
            ConsistentRead: true,
            KeyConditionExpression: '#pk = :pk AND #row = :row',
            ExpressionAttributeNames: { '#pk': 'pk', '#row': 'row' },
            ExpressionAttributeValues: { ':pk': { S: partitionKeyOf(jobId, chunk, row) }, ':row': { N: String(row) } },
          }),
        ),
      );
      const [item] = Items ?? [];
      return item === undefined ? undefined : toDatedRow(item);
    },

    async *readChunk(jobId, chunk) {
      let partitions = keysOf(jobId, chunk).map(
        (key): Partition => ({ key, rows: [], next: undefined, isRead: false }),
      );
      for (;;) {
        await waitForAll(partitions.map(fill));
        partitions = partitions.filter(({ rows }) => rows.length > 0);
        if (partitions.length === 0) return;
        // What a partition has not shown yet comes after the last row that it has.
        const known = Math.min(
          ...partitions.map(({ rows, isRead }) => (isRead ? Number.POSITIVE_INFINITY : (rows.at(-1)?.row ?? 0))),
        );
        const page: StoredRow[] = [];
        for (const partition of partitions) {
          const beyond = partition.rows.findIndex(({ row }) => row > known);
          page.push(...partition.rows.splice(0, beyond < 0 ? partition.rows.length : beyond));
        }
        yield page.sort((a, b) => a.row - b.row);
      }
    },
  };
};
