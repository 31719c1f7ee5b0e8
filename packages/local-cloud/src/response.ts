import type { DynamoDBRecord, SQSRecord } from 'aws-lambda';

// Lambda's contract for partial batch responses, for both kinds of mapping.
// Source: AWS, "Handling errors for an SQS event source in Lambda" and the same for DynamoDB streams.

/** Identifiers of the failed entries, or `all` when the whole batch counts as failed. */
const failedIdentifiers = (response: unknown): readonly unknown[] | 'all' => {
  if (response === null || response === undefined) return [];
  if (typeof response !== 'object') return 'all';
  const keys = Object.keys(response);
  if (keys.length === 0) return [];
  const failures = (response as { readonly batchItemFailures?: unknown }).batchItemFailures;
  if (!keys.includes('batchItemFailures')) return 'all';
  if (failures === null) return [];
  if (!Array.isArray(failures)) return 'all';
  return failures.map((failure: unknown) =>
    typeof failure === 'object' && failure !== null
      ? (failure as { readonly itemIdentifier?: unknown }).itemIdentifier
      : undefined,
  );
};

/** The records of a batch that are to be deleted: none when the response fails the whole batch. */
export const acknowledgedRecords = (records: readonly SQSRecord[], response: unknown): readonly SQSRecord[] => {
  const failed = failedIdentifiers(response);
  if (failed === 'all') return [];
  const ids = new Set(records.map(({ messageId }) => messageId));
  if (failed.some((id) => typeof id !== 'string' || !ids.has(id))) return [];
  const failedIds = new Set(failed);
  return records.filter(({ messageId }) => !failedIds.has(messageId));
};

/** Position of the first record that comes again; the number of records when all are done. */
export const streamCheckpoint = (records: readonly DynamoDBRecord[], response: unknown): number => {
  const failed = failedIdentifiers(response);
  if (failed === 'all') return 0;
  let lowest = records.length;
  for (const id of failed) {
    const position = records.findIndex((record) => record.dynamodb?.SequenceNumber === id);
    if (typeof id !== 'string' || id === '' || position < 0) return 0;
    lowest = Math.min(lowest, position);
  }
  return lowest;
};
