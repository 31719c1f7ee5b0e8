import type { DeadMark } from '@sluice/core/ports/job-store';
import type { StoredRow } from '@sluice/core/ports/row-store';
import type { Operator } from '../operator.ts';
import type { Selection } from './select.ts';

/** Rows of a chunk up to which each is read for itself; with more, the whole chunk is. */
const singleReadsMax = 25;

/** A dead row: it has a mark, and is not final. `stored` when it got into the table. */
export type DeadRow = { readonly mark: DeadMark & RowPlace; readonly stored?: StoredRow };
type RowPlace = { readonly chunk: number; readonly row: number };

const isRowMark = (mark: DeadMark): mark is DeadMark & RowPlace => mark.chunk !== undefined && mark.row !== undefined;

/** The rows of one chunk that are in the table, of those that are asked for. */
const readStored = async (
  { rows }: Pick<Operator, 'rows'>,
  jobId: string,
  chunk: number,
  wanted: ReadonlySet<number>,
): Promise<ReadonlyMap<number, StoredRow>> => {
  const stored = new Map<number, StoredRow>();
  if (wanted.size <= singleReadsMax) {
    const found = await Promise.all([...wanted].map((row) => rows.getRow(jobId, chunk, row)));
    for (const row of found) if (row !== undefined) stored.set(row.row, row);
    return stored;
  }
  for await (const page of rows.readChunk(jobId, chunk)) {
    for (const row of page) if (wanted.has(row.row)) stored.set(row.row, row);
  }
  return stored;
};

/**
 * The dead rows of a job that are selected and have no letter among `withLetter`, chunk by chunk: their letter expired, or there
 * was none since trying again could not have mended them. Memory holds the marked rows of one chunk.
 */
export async function* findDeadRows(
  operator: Pick<Operator, 'jobs' | 'rows'>,
  jobId: string,
  { codes, rows }: Pick<Selection, 'codes' | 'rows'>,
  withLetter: ReadonlySet<number>,
): AsyncGenerator<{ readonly chunk: number; readonly dead: readonly DeadRow[] }> {
  const isWanted = (mark: DeadMark): mark is DeadMark & RowPlace =>
    isRowMark(mark) &&
    !withLetter.has(mark.row) &&
    (codes === undefined || codes.has(mark.code)) &&
    (rows === undefined || (mark.row >= rows[0] && mark.row <= rows[1]));

  const look = async (marks: readonly (DeadMark & RowPlace)[], chunk: number) => {
    const stored = await readStored(operator, jobId, chunk, new Set(marks.map(({ row }) => row)));
    const dead = marks.flatMap((mark): DeadRow[] => {
      const found = stored.get(mark.row);
      if (found === undefined) return [{ mark }];
      return found.status === 'PENDING' ? [{ mark, stored: found }] : [];
    });
    return { chunk, dead };
  };

  let waiting: (DeadMark & RowPlace)[] = [];
  for await (const page of operator.jobs.listMarks(jobId)) {
    for (const mark of page) {
      if (!isWanted(mark)) continue;
      const [first] = waiting;
      if (first !== undefined && first.chunk !== mark.chunk) {
        yield await look(waiting, first.chunk);
        waiting = [];
      }
      waiting.push(mark);
    }
  }
  const [first] = waiting;
  if (first !== undefined) yield await look(waiting, first.chunk);
}

/** Chunks of a job that were given up before they were cleaned, and the rows that are dead with them. */
export type GivenUp = { readonly chunks: number; readonly rows: number };

/**
 * The chunks that were given up, are selected, and have no letter among `withLetter`. Their rows are not known one by one: they can be
 * sent again, by a repair, and not be written off.
 */
export const countGivenUp = async (
  { jobs }: Pick<Operator, 'jobs'>,
  jobId: string,
  { codes, rows }: Pick<Selection, 'codes' | 'rows'>,
  withLetter: ReadonlySet<number>,
): Promise<GivenUp> => {
  const marked = new Set<number>();
  for await (const page of jobs.listMarks(jobId)) {
    for (const { chunk, row, code } of page) {
      if (chunk === undefined || row !== undefined || withLetter.has(chunk)) continue;
      if (codes === undefined || codes.has(code)) marked.add(chunk);
    }
  }
  const count = { chunks: 0, rows: 0 };
  if (marked.size === 0) return count;
  for await (const page of jobs.listChunks(jobId)) {
    for (const { chunk, cleaned, firstRow, rows: planned } of page) {
      // Once its counts are in, it has been mended.
      if (!marked.has(chunk) || cleaned !== undefined) continue;
      if (rows !== undefined && (firstRow > rows[1] || firstRow + planned - 1 < rows[0])) continue;
      count.chunks++;
      count.rows += planned;
    }
  }
  return count;
};
