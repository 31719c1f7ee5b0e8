import type { Ledger } from '@sluice/core/ledger';
import { balance, isClosable, ledgerOfClosed } from '@sluice/core/ledger';
import type { ChunkRecord, DeadMark, JobStore, Witness } from '@sluice/core/ports/job-store';
import type { RowStore } from '@sluice/core/ports/row-store';

type CountPorts = {
  readonly rows: Pick<RowStore, 'countChunk' | 'readChunk' | 'getRow'>;
  readonly jobs: Pick<JobStore, 'closeChunk'>;
};

/** A chunk's rows by where they stand. `isCounted`: its rows were read for it. */
export type ChunkCount = {
  readonly ledger: Ledger;
  readonly isClosed: boolean;
  readonly isNewlyClosed: boolean;
  readonly isCounted: boolean;
  readonly witness?: Witness;
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

type Counted = { readonly done: number; readonly failed: number; readonly dead: number; readonly witness?: number };

/**
 * Rows that are final, and marked ones that are not; `witness` is a row that keeps the chunk as it was counted: one that is open,
 * or a dead one where none is. With marks every row is looked at, which costs no more than to count it.
 */
const countRows = async (
  jobId: string,
  { chunk, rows: planned, cleaned }: ChunkRecord,
  marked: ReadonlySet<number>,
  rows: CountPorts['rows'],
): Promise<Counted> => {
  if (marked.size === 0) {
    const { DONE: done, FAILED: failed, pendingRow } = await rows.countChunk(jobId, chunk);
    return { done, failed, dead: 0, ...(pendingRow === undefined ? {} : { witness: pendingRow }) };
  }
  const counted = { PENDING: 0, DONE: 0, FAILED: 0 };
  const dead = new Set(marked);
  let open: number | undefined;
  for await (const page of rows.readChunk(jobId, chunk)) {
    for (const { row, status } of page) {
      counted[status]++;
      if (status !== 'PENDING') dead.delete(row);
      else if (!marked.has(row)) open ??= row;
    }
  }
  const { DONE: done, FAILED: failed } = counted;
  const isOpen = planned - (cleaned?.rejected ?? 0) - done - failed > dead.size;
  const [witness] = isOpen ? [open] : dead;
  return { done, failed, dead: dead.size, ...(witness === undefined ? {} : { witness }) };
};

/** True while what was counted with the witness still says where the chunk stands, if not how far it has got. */
const holds = async (
  jobId: string,
  witness: Witness,
  marks: readonly DeadMark[],
  rows: CountPorts['rows'],
): Promise<boolean> => {
  const [chunk, row, marksThen] = witness;
  if (marks.length !== marksThen) return false;
  const found = await rows.getRow(jobId, chunk, row);
  return found === undefined || found.status === 'PENDING';
};

/**
 * Counts a chunk. One that is closed is never counted again, one whose counts are not in yet cannot be closed and is not worth
 * counting, nor is one whose witness is where it was. One whose counts are in and whose accepted rows are all final is closed.
 */
export const countChunk = async (
  jobId: string,
  chunk: ChunkRecord,
  marks: readonly DeadMark[],
  ports: CountPorts,
  before?: Witness,
): Promise<ChunkCount> => {
  const closed = ledgerOfClosed(chunk);
  const isOpen = { isClosed: false, isNewlyClosed: false };
  if (closed !== undefined) return { ledger: closed, isClosed: true, isNewlyClosed: false, isCounted: false };
  const { rows, cleaned } = chunk;
  if (cleaned === undefined) {
    const dead = isGivenUp(chunk, marks) ? rows : 0;
    return { ...isOpen, ledger: balance({ rows, rejected: 0, done: 0, failed: 0, dead }), isCounted: false };
  }
  const { rejected } = cleaned;
  if (before !== undefined && (await holds(jobId, before, marks, ports.rows))) {
    const [, , , done, failed, dead] = before;
    return { ...isOpen, ledger: balance({ rows, rejected, done, failed, dead }), isCounted: false, witness: before };
  }
  const { done, failed, dead, witness } = await countRows(jobId, chunk, markedRowsOf(marks), ports.rows);
  if (isClosable(chunk, { done, failed })) {
    const isNewlyClosed = await ports.jobs.closeChunk(jobId, chunk.chunk, { done, failed });
    const ledger = balance({ rows, rejected, done, failed, dead: 0 });
    return { ledger, isClosed: true, isNewlyClosed, isCounted: true };
  }
  const ledger = balance({ rows, rejected, done, failed, dead });
  const counted = { ...isOpen, ledger, isCounted: true };
  // What does not add up is looked at in full, each time.
  if (witness === undefined || ledger.open < 0) return counted;
  return { ...counted, witness: [chunk.chunk, witness, marks.length, done, failed, dead] };
};
