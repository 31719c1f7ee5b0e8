import type { OutcomeTuple, RowTuple } from '../messages.ts';

/** DynamoDB: statements of one BatchExecuteStatement call. Source: BatchExecuteStatement API reference. */
export const statementsMax = 25;

/** DynamoDB: bytes of one BatchExecuteStatement call. */
export const callBytesMax = 1024 * 1024;

export type RowStatus = 'PENDING' | 'DONE' | 'FAILED';

/**
 * What became of one row of a call.
 * `same`: the row stood there already with the same content, a success. `different`: it stands there with other content,
 * which stays (an integrity alarm). `throttled`: nothing happened, try again later. `refused`: the service will never
 * take it. `failed`: unknown; it may or may not have taken effect.
 */
export type InsertOutcome = 'inserted' | 'same' | 'different' | 'throttled' | 'refused' | 'failed';
/** As above; `missing`: there is no such row. */
export type FinishOutcome = 'finished' | 'same' | 'different' | 'missing' | 'throttled' | 'refused' | 'failed';

export type RowCounts = Readonly<Record<RowStatus, number>> & { readonly pendingRow?: number };

/** A row as the table holds it. `data` is the JSON text of its values in column order; `result` is JSON text. */
export type StoredRow = {
  readonly row: number;
  readonly line: number;
  readonly status: RowStatus;
  readonly data: string;
  readonly result?: string;
  readonly error?: { readonly code: string; readonly message: string };
};

/** A row with its times, in milliseconds since the Unix epoch. */
export type DatedRow = StoredRow & { readonly createdAt: number; readonly finishedAt?: number };

/** `removed`: it is gone, and so is one that was not there. The others as above. */
export type RemoveOutcome = 'removed' | 'throttled' | 'failed';

/**
 * The rows table. Writes are conditional per row: an insert never overwrites, a finish only moves PENDING forward.
 * At most 25 rows and 1 MiB a call, all keys distinct; more, or a key twice, throws SluiceError SERVICE_REFUSED.
 * Outcomes stand in the order of the call.
 */
export type RowStore = {
  /**
   * With `writtenOff` the rows are FAILED from the start, with this error, and no stage ever works on them. What `same` says is
   * that the row stands there, whatever its status: one that was PENDING stays so.
   */
  insert(
    jobId: string,
    rows: readonly RowTuple[],
    writtenOff?: { readonly code: string; readonly message: string },
  ): Promise<readonly InsertOutcome[]>;
  finish(jobId: string, outcomes: readonly OutcomeTuple[]): Promise<readonly FinishOutcome[]>;
  /** How many rows of a chunk stand in each status, read consistently, and one of those that are PENDING. */
  countChunk(jobId: string, chunk: number): Promise<RowCounts>;
  /** One row, read consistently; undefined where there is none. */
  getRow(jobId: string, chunk: number, row: number): Promise<DatedRow | undefined>;
  /** The rows of a chunk in row order, in pages. */
  readChunk(jobId: string, chunk: number): AsyncIterable<readonly StoredRow[]>;
  /** Deletes rows of a chunk, whatever their status; no stage hears of it. At most 25 a call, all distinct. */
  remove(jobId: string, chunk: number, rows: readonly number[]): Promise<readonly RemoveOutcome[]>;
};
