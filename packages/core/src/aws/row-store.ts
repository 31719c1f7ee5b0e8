import type { BatchStatementResponse, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BatchExecuteStatementCommand, BatchGetItemCommand, BatchWriteItemCommand } from '@aws-sdk/client-dynamodb';
import { SluiceError } from '../errors.ts';
import { partitionKeyOf } from '../identity.ts';
import type { OutcomeTuple, RowTuple } from '../messages.ts';
import type { Clock } from '../ports/clock.ts';
import type { FinishOutcome, InsertOutcome, RemoveOutcome, RowStore, StoredRow } from '../ports/row-store.ts';
import { callBytesMax, statementsMax } from '../ports/row-store.ts';
import { acceptPreparedBodies, prepareBody } from './prepared-body.ts';
import { createChunkReads } from './row-chunk.ts';
import type { Item } from './row-item.ts';
import { isSameOutcome, isSameRow, itemBytesMax, outcomeText, textIn } from './row-item.ts';
import { createRowStatements } from './row-statement.ts';
import { isThrottle, toTableError } from './table-error.ts';

/** Reads of keys that a BatchGetItem left unprocessed, the first included, and the wait before the second; it doubles. */
const readTriesMax = 5;
const readPauseMilliseconds = 50;

/** What one row's statement came to when it did not take effect, apart from what another row in its place is the reason for. */
type Failure = 'throttled' | 'refused' | 'failed';
type Key = { readonly pk: { readonly S: string }; readonly row: { readonly N: string } };
/** A row as it is read back: its item, none, or no answer. */
type Found = Item | 'absent' | 'throttled' | 'failed';

/** Codes of a BatchStatementError. Everything else is unknown, and so `failed`. Source: BatchStatementError API reference. */
const failureOf: Readonly<Record<string, Failure>> = {
  ThrottlingError: 'throttled',
  ProvisionedThroughputExceeded: 'throttled',
  RequestLimitExceeded: 'throttled',
  ValidationError: 'refused',
};

/** A table's name as it may stand between double quotes. Source: CreateTable API reference. */
const tableName = /^[A-Za-z0-9_.-]{3,255}$/;

const refuseCall = (expected: string, found: string): never => {
  throw new SluiceError('SERVICE_REFUSED', `expected ${expected} in a call, found ${found}`);
};

/** `weights` are bytes of the rows' texts. */
const checkCall = (
  tuples: readonly (readonly [chunk: number, row: number, ...unknown[]])[],
  weights: readonly number[],
): void => {
  if (tuples.length === 0 || tuples.length > statementsMax) {
    refuseCall(`1 to ${statementsMax} rows`, String(tuples.length));
  }
  let distinct = new Set(tuples.map(([, row]) => row)).size;
  // Only rows of two chunks can have a number in common.
  if (distinct !== tuples.length) distinct = new Set(tuples.map(([chunk, row]) => `${chunk}#${row}`)).size;
  if (distinct !== tuples.length) refuseCall(`${tuples.length} distinct rows`, String(distinct));
  const bytes = weights.reduce((sum, weight) => sum + weight, 0);
  if (bytes > callBytesMax) refuseCall(`at most ${callBytesMax} bytes`, String(bytes));
};

/**
 * The rows table in DynamoDB. Writes go through `writes`, whose retries are off so that pacing sees each throttle, with a
 * statement per row whose text never changes; reads go through `reads`.
 */
export const createAwsRows = (
  clients: { readonly reads: DynamoDBClient; readonly writes: DynamoDBClient },
  table: string,
  clock: Clock,
): RowStore => {
  if (!tableName.test(table)) {
    throw new SluiceError(
      'SERVICE_REFUSED',
      `expected the name of a table (3 to 255 letters, digits, _ . -), found ${JSON.stringify(table)}`,
    );
  }
  const statementOf = createRowStatements(table);
  acceptPreparedBodies(clients.writes);

  const keyOf = (jobId: string, [chunk, row]: readonly [number, number, ...unknown[]]): Key => ({
    pk: { S: partitionKeyOf(jobId, chunk, row) },
    row: { N: String(row) },
  });

  /** The answers in the order of the statements; undefined when the whole call was throttled. */
  const send = async (statements: readonly string[]): Promise<BatchStatementResponse[] | undefined> => {
    const command = new BatchExecuteStatementCommand({ Statements: [] });
    prepareBody(command.input, `{"Statements":[${statements.join(',')}]}`);
    try {
      const { Responses } = await clients.writes.send(command);
      return Responses ?? [];
    } catch (thrown) {
      if (isThrottle(thrown)) return undefined;
      throw toTableError('writing rows', thrown);
    }
  };

  /** The items of these rows as they stand now, in the order of the keys. */
  const readBack = async (keys: readonly Key[]): Promise<Found[]> => {
    const idOf = (pk: string | undefined, row: string | undefined): string => `${pk} ${row}`;
    const found = new Map<string, Item>();
    let waiting: Item[] = keys.map((key) => ({ ...key }));
    let reason: 'throttled' | 'failed' = 'throttled';
    try {
      for (let tries = 0; waiting.length > 0 && tries < readTriesMax; tries++) {
        if (tries > 0) await clock.sleep(readPauseMilliseconds * 2 ** (tries - 1));
        const { Responses, UnprocessedKeys } = await clients.reads.send(
          new BatchGetItemCommand({ RequestItems: { [table]: { Keys: waiting, ConsistentRead: true } } }),
        );
        for (const item of Responses?.[table] ?? []) found.set(idOf(textIn(item, 'pk'), item['row']?.N), item);
        waiting = UnprocessedKeys?.[table]?.Keys ?? [];
      }
    } catch (thrown) {
      if (!isThrottle(thrown)) reason = 'failed';
    }
    const unread = new Set(waiting.map(({ pk, row }) => idOf(pk?.S, row?.N)));
    return keys.map(({ pk, row }) => {
      const id = idOf(pk.S, row.N);
      return found.get(id) ?? (unread.has(id) ? reason : 'absent');
    });
  };

  /**
   * Sends the statements that there are, each as its JSON, and tells each row's outcome. `clashCode` is the error of a statement that met
   * another row in its place; what that comes to, `judge` says of the item there.
   */
  const write = async <Outcome extends string>(
    statements: readonly (string | undefined)[],
    success: Outcome,
    clashCode: 'DuplicateItem' | 'ConditionalCheckFailed',
    keyAt: (index: number) => Key,
    judge: (index: number, item: Item | 'absent') => Outcome | 'failed',
  ): Promise<(Outcome | Failure)[]> => {
    const outcomes = statements.map((): Outcome | Failure => 'refused');
    const sent: number[] = [];
    statements.forEach((statement, index) => {
      if (statement !== undefined) sent.push(index);
    });
    if (sent.length === 0) return outcomes;
    const answers = await send(statements.filter((statement) => statement !== undefined));
    const clashes: number[] = [];
    sent.forEach((index, i) => {
      const answer = answers?.[i];
      const error = answer?.Error;
      if (answers === undefined) outcomes[index] = 'throttled';
      else if (answer === undefined) outcomes[index] = 'failed';
      else if (error === undefined) outcomes[index] = success;
      else if (error.Code !== clashCode) outcomes[index] = failureOf[error.Code ?? ''] ?? 'failed';
      else if (error.Item?.['status'] !== undefined) outcomes[index] = judge(index, error.Item);
      else clashes.push(index);
    });
    if (clashes.length > 0) {
      const items = await readBack(clashes.map(keyAt));
      clashes.forEach((index, i) => {
        const item = items[i] ?? 'failed';
        outcomes[index] = item === 'throttled' || item === 'failed' ? item : judge(index, item);
      });
    }
    return outcomes;
  };

  const insert = async (
    jobId: string,
    rows: readonly RowTuple[],
    writtenOff?: StoredRow['error'],
  ): Promise<InsertOutcome[]> => {
    const texts = rows.map(([, , , values]) => JSON.stringify(values));
    const error = writtenOff === undefined ? undefined : JSON.stringify([writtenOff.code, writtenOff.message]);
    const weights = texts.map((text) => Buffer.byteLength(text) + Buffer.byteLength(error ?? ''));
    checkCall(rows, weights);
    const created = clock.now();
    const statements = rows.map((tuple, i): string | undefined => {
      // What cannot be an item is not sent with its neighbours, which the answer might be meant for too.
      if ((weights[i] ?? 0) > itemBytesMax) return undefined;
      return statementOf.insert(jobId, tuple, texts[i] ?? '', created, error);
    });
    return write<InsertOutcome>(
      statements,
      'inserted',
      'DuplicateItem',
      (index) => keyOf(jobId, rows[index] as RowTuple),
      (index, item) => {
        if (item === 'absent') return 'failed';
        return isSameRow(item, rows[index] as RowTuple, texts[index] ?? '') ? 'same' : 'different';
      },
    );
  };

  const finish = async (jobId: string, outcomes: readonly OutcomeTuple[]): Promise<FinishOutcome[]> => {
    const texts = outcomes.map(outcomeText);
    checkCall(
      outcomes,
      texts.map((text) => Buffer.byteLength(text ?? '')),
    );
    const finished = clock.now();
    const statements = outcomes.map((tuple, i) => statementOf.finish(jobId, tuple, texts[i], finished));
    return write<FinishOutcome>(
      statements,
      'finished',
      'ConditionalCheckFailed',
      (index) => keyOf(jobId, outcomes[index] as OutcomeTuple),
      (index, item) => {
        if (item === 'absent') return 'missing';
        // It came, or came to be final, between the two calls.
        if (textIn(item, 'status') === 'PENDING') return 'failed';
        return isSameOutcome(item, outcomes[index] as OutcomeTuple, texts[index]) ? 'same' : 'different';
      },
    );
  };

  /** By a batch of deletions, each for itself; those that it does not get to are throttled. */
  const remove = async (jobId: string, chunk: number, rows: readonly number[]): Promise<RemoveOutcome[]> => {
    const keys = rows.map((row) => keyOf(jobId, [chunk, row]));
    checkCall(
      rows.map((row) => [chunk, row]),
      [],
    );
    const requests = keys.map((key) => ({ DeleteRequest: { Key: { ...key } } }));
    try {
      const command = new BatchWriteItemCommand({ RequestItems: { [table]: requests } });
      const { UnprocessedItems } = await clients.writes.send(command);
      const left = new Set(UnprocessedItems?.[table]?.map(({ DeleteRequest }) => DeleteRequest?.Key?.['row']?.N));
      return keys.map(({ row }) => (left.has(row.N) ? 'throttled' : 'removed'));
    } catch (thrown) {
      if (isThrottle(thrown)) return rows.map(() => 'throttled');
      throw toTableError('removing rows', thrown);
    }
  };

  return { insert, finish, remove, ...createChunkReads(clients.reads, table) };
};
