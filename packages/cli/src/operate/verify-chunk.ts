import { SluiceError } from '@sluice/core/errors';
import type { ChunkRecord } from '@sluice/core/ports/job-store';
import { readRejectLines } from '@sluice/core/rejected-rows';
import type { ChunkMarks } from './chunk-marks.ts';
import type { Operator } from './operator.ts';
import type { GapKind, GapList, MarkReason } from './row-gaps.ts';
import { createGapList } from './row-gaps.ts';

/** A count of the ledger's that is not what was counted. */
export type Difference = {
  readonly chunk: number;
  readonly of: 'accepted' | 'rejected' | 'done' | 'failed' | 'closed';
  readonly counted: number;
  readonly ledger: number;
};

/** What became of the rows of a chunk, counted from the table and its reject object. */
export type ChunkFound = {
  readonly rejected: number;
  readonly done: number;
  readonly failed: number;
  readonly dead: number;
  readonly gaps: GapList;
  readonly differences: readonly Difference[];
  /** Its reject object is gone, or has lines that nobody can read. */
  readonly rejects: 'whole' | 'gone' | 'broken';
};

export type VerifyChunkPorts = Pick<Operator, 'objects' | 'rows' | 'clock' | 'stack'>;

// What is known of a row, in a byte of its chunk's map.
const isStored = 1;
const isFinal = 2;
const isRejected = 4;
const isDoubled = 8;

/** The number of the row that a line of a reject object tells of; undefined for a line that is none. */
const rowOf = (line: string): number | undefined => {
  try {
    const { row } = JSON.parse(line) as { readonly row?: unknown };
    return typeof row === 'number' ? row : undefined;
  } catch {
    return undefined;
  }
};

type Kept = Pick<ChunkFound, 'rejected' | 'rejects'>;

const readRejects = async (
  { cleaned }: ChunkRecord,
  { stack, ...ports }: VerifyChunkPorts,
  signal: AbortSignal,
  note: (row: number) => boolean,
): Promise<Kept> => {
  let rejected = 0;
  let rejects: ChunkFound['rejects'] = 'whole';
  if (cleaned?.rejects === undefined) return { rejected, rejects };
  try {
    for await (const line of readRejectLines(ports, stack.workBucket, cleaned.rejects)) {
      signal.throwIfAborted();
      const row = rowOf(line);
      if (row === undefined) rejects = 'broken';
      else if (note(row)) rejected++;
    }
  } catch (thrown) {
    if (!(thrown instanceof SluiceError) || thrown.code !== 'OBJECT_CHANGED') throw thrown;
    rejects = 'gone';
  }
  return { rejected, rejects };
};

/**
 * Reads every row of a chunk from the table, and every line of its reject object: together they must be the rows that were planned, each
 * once. Holds a byte for each row. `onRows` is told of rows that were read from the table.
 */
export const verifyChunk = async (
  jobId: string,
  chunk: ChunkRecord,
  marks: ChunkMarks,
  ports: VerifyChunkPorts,
  signal: AbortSignal,
  onRows: (rows: number) => void,
): Promise<ChunkFound> => {
  const { firstRow, rows, cleaned, closed, chunk: number } = chunk;
  const map = new Uint8Array(rows);
  const gaps = createGapList();

  const add = (kind: GapKind, row: number, reason?: MarkReason): void => gaps.add(kind, row, number, reason);

  /** False for a row that is none of the chunk's. */
  const note = (row: number, what: number): boolean => {
    const found = map[row - firstRow];
    if (found === undefined) add('stray', row);
    else map[row - firstRow] = found | what | (found === 0 ? 0 : isDoubled);
    return found !== undefined;
  };

  const { rejected, rejects } = await readRejects(chunk, ports, signal, (row) => note(row, isRejected));
  const counts = { PENDING: 0, DONE: 0, FAILED: 0 };
  for await (const page of ports.rows.readChunk(jobId, number)) {
    signal.throwIfAborted();
    for (const { row, status } of page) {
      if (note(row, status === 'PENDING' ? isStored : isStored | isFinal)) counts[status]++;
    }
    onRows(page.length);
  }

  let dead = 0;
  // A mark on the chunk speaks for rows that were never sent; once its counts are in, it has been mended.
  const whole = cleaned === undefined ? marks.whole : undefined;
  for (let index = 0; index < rows; index++) {
    const found = map[index] ?? 0;
    const row = firstRow + index;
    if ((found & isDoubled) !== 0) add('doubled', row);
    if ((found & (isFinal | isRejected)) !== 0) continue;
    const reason = marks.of(row) ?? whole;
    if (reason !== undefined) {
      dead++;
      add('dead', row, reason);
    } else if ((found & isStored) !== 0) add('pending', row);
    else add(rejects === 'whole' ? 'missing' : 'unknown', row);
  }

  const { PENDING, DONE: done, FAILED: failed } = counts;
  const compared: readonly (readonly [Difference['of'], number, number | undefined])[] = [
    rejects === 'whole'
      ? ['rejected', rejected, cleaned?.rejected]
      : // Nobody can tell which rows were rejected, but once all others are final, how many.
        ['rejected', rejected + gaps.rows.unknown, closed === undefined ? undefined : cleaned?.rejected],
    // What is on its way to the table is no difference.
    ['accepted', PENDING + done + failed, closed === undefined ? undefined : cleaned?.accepted],
    ['done', done, closed?.done],
    ['failed', failed, closed?.failed],
  ];
  const differences = compared.flatMap(([of, counted, ledger]) =>
    ledger === undefined || ledger === counted ? [] : [{ chunk: number, of, counted, ledger }],
  );
  return { rejected, done, failed, dead, gaps, differences, rejects };
};
