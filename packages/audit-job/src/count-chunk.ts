import type { Ledger } from '@sluice/core/ledger';
import { balance, isClosable, ledgerOfClosed } from '@sluice/core/ledger';
import type { ChunkRecord, DeadMark, JobStore } from '@sluice/core/ports/job-store';
import type { RowStore } from '@sluice/core/ports/row-store';

type CountPorts = {
  readonly rows: Pick<RowStore, 'countChunk' | 'readChunk'>;
  readonly jobs: Pick<JobStore, 'closeChunk'>;
};

/** A chunk's rows by where they stand. `isCounted`: its rows were read for it. */
export type ChunkCount = {
  readonly ledger: Ledger;
  readonly isClosed: boolean;
  readonly isNewlyClosed: boolean;
  readonly isCounted: boolean;
};

/** Rows that have a mark of their own. */
export const markedRowsOf = (marks: readonly DeadMark[]): ReadonlySet<number> =>
  new Set(marks.flatMap(({ row }) => (row === undefined ? [] : [row])));

/**
 * True when the chunk itself was given up: all its rows that are not accounted for are dead then. The mark speaks for rows that
 * were never sent; once the chunk's counts are in, it has been mended.
 */
export const isGivenUp = ({ cleaned }: ChunkRecord, marks: readonly DeadMark[]): boolean =>
  cleaned === undefined && marks.some(({ row }) => row === undefined);

/** Rows that are final, and marked ones that are not. With marks every row is looked at, which costs no more than to count it. */
const countRows = async (
  jobId: string,
  chunk: number,
  marked: ReadonlySet<number>,
  rows: CountPorts['rows'],
): Promise<{ readonly done: number; readonly failed: number; readonly dead: number }> => {
  if (marked.size === 0) {
    const { DONE: done, FAILED: failed } = await rows.countChunk(jobId, chunk);
    return { done, failed, dead: 0 };
  }
  const counted = { PENDING: 0, DONE: 0, FAILED: 0 };
  let dead = marked.size;
  for await (const page of rows.readChunk(jobId, chunk)) {
    for (const { row, status } of page) {
      counted[status]++;
      if (status !== 'PENDING' && marked.has(row)) dead--;
    }
  }
  return { done: counted.DONE, failed: counted.FAILED, dead };
};

/**
 * Counts a chunk. One that is closed is never counted again, one whose counts are not in yet cannot be closed and is not worth
 * counting. One whose counts are in and whose accepted rows are all final is closed.
 */
export const countChunk = async (
  jobId: string,
  chunk: ChunkRecord,
  marks: readonly DeadMark[],
  ports: CountPorts,
): Promise<ChunkCount> => {
  const closed = ledgerOfClosed(chunk);
  if (closed !== undefined) return { ledger: closed, isClosed: true, isNewlyClosed: false, isCounted: false };
  const { rows, cleaned } = chunk;
  if (cleaned === undefined) {
    const dead = isGivenUp(chunk, marks) ? rows : 0;
    const ledger = balance({ rows, rejected: 0, done: 0, failed: 0, dead });
    return { ledger, isClosed: false, isNewlyClosed: false, isCounted: false };
  }
  const { done, failed, dead } = await countRows(jobId, chunk.chunk, markedRowsOf(marks), ports.rows);
  const counted = { rows, rejected: cleaned.rejected, done, failed };
  if (isClosable(chunk, { done, failed })) {
    const isNewlyClosed = await ports.jobs.closeChunk(jobId, chunk.chunk, { done, failed });
    return { ledger: balance({ ...counted, dead: 0 }), isClosed: true, isNewlyClosed, isCounted: true };
  }
  return { ledger: balance({ ...counted, dead }), isClosed: false, isNewlyClosed: false, isCounted: true };
};
