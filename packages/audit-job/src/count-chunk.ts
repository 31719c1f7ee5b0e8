import type { Ledger } from '@sluice/core/ledger';
import { balance, isClosable, ledgerOfClosed } from '@sluice/core/ledger';
import type { ChunkRecord, DeadMark, JobStore } from '@sluice/core/ports/job-store';
import type { RowStore } from '@sluice/core/ports/row-store';

type CountPorts = {
  readonly rows: Pick<RowStore, 'countChunk' | 'readChunk'>;
  readonly jobs: Pick<JobStore, 'closeChunk'>;
};

/** A chunk's rows by where they stand, whether it is closed, and whether it was closed just now. */
export type ChunkCount = { readonly ledger: Ledger; readonly isClosed: boolean; readonly isNewlyClosed: boolean };

/** Row numbers of the marks that count: those whose row is not final. */
const liveMarks = async (
  jobId: string,
  chunk: ChunkRecord,
  marked: ReadonlySet<number>,
  rows: CountPorts['rows'],
): Promise<ReadonlySet<number>> => {
  if (marked.size === 0) return marked;
  const live = new Set(marked);
  for await (const page of rows.readChunk(jobId, chunk.chunk)) {
    for (const { row, status } of page) if (status !== 'PENDING') live.delete(row);
  }
  return live;
};

/** The rows of a chunk that were given up: row by row, or, when the chunk itself is marked, all that are not accounted for. */
export type DeadRows = { readonly rows: ReadonlySet<number>; readonly whole: boolean };

export const deadRowsOf = async (
  jobId: string,
  chunk: ChunkRecord,
  marks: readonly DeadMark[],
  rows: CountPorts['rows'],
): Promise<DeadRows> => {
  const marked = new Set(marks.flatMap(({ row }) => (row === undefined ? [] : [row])));
  // A mark on the chunk speaks for rows that were never sent; once its counts are in, it has been mended.
  const whole = chunk.cleaned === undefined && marks.some(({ row }) => row === undefined);
  return { rows: await liveMarks(jobId, chunk, marked, rows), whole };
};

/**
 * Counts a chunk. One that is closed is never counted again; one whose counts are in and whose accepted rows are all final
 * is counted once more, by Query, and closed.
 */
export const countChunk = async (
  jobId: string,
  chunk: ChunkRecord,
  marks: readonly DeadMark[],
  ports: CountPorts,
): Promise<ChunkCount> => {
  const closed = ledgerOfClosed(chunk);
  if (closed !== undefined) return { ledger: closed, isClosed: true, isNewlyClosed: false };
  const { DONE: done, FAILED: failed } = await ports.rows.countChunk(jobId, chunk.chunk);
  const counted = { rows: chunk.rows, rejected: chunk.cleaned?.rejected ?? 0, done, failed };
  if (isClosable(chunk, { done, failed })) {
    const isNewlyClosed = await ports.jobs.closeChunk(jobId, chunk.chunk, { done, failed });
    return { ledger: balance({ ...counted, dead: 0 }), isClosed: true, isNewlyClosed };
  }
  const dead = await deadRowsOf(jobId, chunk, marks, ports.rows);
  const ledger = balance({ ...counted, dead: dead.rows.size });
  return {
    ledger: dead.whole && ledger.open > 0 ? { ...ledger, dead: ledger.dead + ledger.open, open: 0 } : ledger,
    isClosed: false,
    isNewlyClosed: false,
  };
};
