import { createMarkReader } from '@sluice/audit-job/mark-reader';
import { SluiceError } from '@sluice/core/errors';
import type { Ledger } from '@sluice/core/ledger';
import { balance } from '@sluice/core/ledger';
import type { ChunkRecord, DeadMark, Job, JobStore } from '@sluice/core/ports/job-store';
import type { RowStore, StoredRow } from '@sluice/core/ports/row-store';
import { readRejectLines } from '@sluice/core/rejected-rows';
import type { SourcePorts } from '../read-source-rows.ts';
import { readSourceRows } from '../read-source-rows.ts';
import { chunksAtOnce } from './chunks-at-once.ts';
import type { Operator } from './operator.ts';
import { readAhead } from './read-ahead.ts';

type ChunkPorts = SourcePorts & { readonly rows: Pick<RowStore, 'readChunk'> };

/** Chunks whose rows are read while those of the one before them are worked on. */
const chunksAhead = chunksAtOnce - 1;
/** Characters of rows that are read ahead of each chunk. */
const charactersAhead = 4 * 1024 * 1024;

/** True when the table holds every accepted row of the chunk: they were counted when it was closed. */
const isWhole = ({ cleaned, closed }: ChunkRecord): boolean =>
  cleaned === undefined || (closed !== undefined && closed.done + closed.failed === cleaned.accepted);

/** What the source holds of a chunk from `first` on; nothing where the file has changed since: such rows can be counted, not shown. */
const readFrom = async (
  job: Job,
  chunk: ChunkRecord,
  first: number,
  ports: SourcePorts,
): Promise<readonly StoredRow[]> => {
  try {
    return await readSourceRows(job, chunk, [[first, chunk.firstRow + chunk.rows - 1]], ports);
  } catch (thrown) {
    if (thrown instanceof SluiceError && thrown.code === 'OBJECT_CHANGED') return [];
    throw thrown;
  }
};

/**
 * Accepted rows of a chunk in pages and in row order: those of the table, and between them, read from the source, those that are not
 * there. The chunk is read once, and the source only where a row is missing that is not among `rejectedOf`'s.
 */
export async function* readChunkRows(
  job: Job,
  chunk: ChunkRecord,
  rejectedOf: () => Promise<ReadonlySet<number>>,
  ports: ChunkPorts,
): AsyncGenerator<readonly StoredRow[]> {
  const stored = ports.rows.readChunk(job.jobId, chunk.chunk);
  if (isWhole(chunk)) {
    yield* stored;
    return;
  }
  let rejected: ReadonlySet<number> | undefined;
  let source: readonly StoredRow[] | undefined;
  let at = 0;
  const between = async (first: number, last: number): Promise<readonly StoredRow[]> => {
    if (first > last) return [];
    rejected ??= await rejectedOf();
    const known = rejected;
    let missing = first;
    while (missing <= last && known.has(missing)) missing++;
    if (missing > last) return [];
    source ??= await readFrom(job, chunk, missing, ports);
    while ((source[at]?.row ?? last) < missing) at++;
    const from = at;
    while ((source[at]?.row ?? Number.POSITIVE_INFINITY) <= last) at++;
    // Cleaned anew, a row may be accepted that the ledger has as rejected.
    return source.slice(from, at).filter(({ row }) => !known.has(row));
  };
  let next = chunk.firstRow;
  for await (const page of stored) {
    const rows: StoredRow[] = [];
    for (const row of page) {
      rows.push(...(await between(next, row.row - 1)), row);
      next = row.row + 1;
    }
    yield rows;
  }
  const rest = await between(next, chunk.firstRow + chunk.rows - 1);
  if (rest.length > 0) yield rest;
}

/** Where the rows of a chunk stand, by the rows that are shown to it. */
export type ChunkTally = {
  /** Counts a row. Returns the mark that says that it is dead; undefined for any other. */
  take(row: StoredRow): DeadMark | undefined;
  /** Rows that are dead, shown or not, in row order. */
  dead(): readonly (readonly [row: number, mark: DeadMark])[];
  readonly shown: number;
  ledger(rejected: number): Ledger;
};

/** `marks`: of the chunk and its rows. One on the chunk speaks for all of its rows while it is not cleaned. */
export const createChunkTally = (chunk: ChunkRecord, marks: readonly DeadMark[]): ChunkTally => {
  const dead = new Map<number, DeadMark>();
  const whole = chunk.cleaned === undefined ? marks.find(({ row }) => row === undefined) : undefined;
  if (whole !== undefined) {
    for (let row = chunk.firstRow; row < chunk.firstRow + chunk.rows; row++) dead.set(row, whole);
  }
  for (const mark of marks) if (mark.row !== undefined) dead.set(mark.row, mark);
  let done = 0;
  let failed = 0;
  let shown = 0;
  return {
    take({ row, status }) {
      shown++;
      if (status === 'PENDING') return dead.get(row);
      // A mark counts only while its row is not final.
      dead.delete(row);
      if (status === 'DONE') done++;
      else failed++;
      return undefined;
    },
    dead: () => [...dead].sort(([a], [b]) => a - b),
    get shown() {
      return shown;
    },
    ledger: (rejected) => balance({ rows: chunk.rows, rejected, done, failed, dead: dead.size }),
  };
};

/** A chunk with what the ledger knows of its rows, and those rows, read ahead. */
export type ChunkRows = {
  readonly chunk: ChunkRecord;
  readonly marks: readonly DeadMark[];
  readonly pages: AsyncIterable<readonly StoredRow[]>;
};

const weightOf = (page: readonly StoredRow[]): number =>
  page.reduce((sum, { data, result = '' }) => sum + data.length + result.length, 0);

/** Which rows of a chunk were rejected, as far as that can be read. */
const readRejected = async (
  { cleaned }: ChunkRecord,
  { objects, clock, stack }: Pick<Operator, 'objects' | 'clock' | 'stack'>,
): Promise<ReadonlySet<number>> => {
  const rows = new Set<number>();
  if (cleaned?.rejects === undefined) return rows;
  try {
    for await (const line of readRejectLines({ objects, clock }, stack.workBucket, cleaned.rejects)) {
      rows.add((JSON.parse(line) as { readonly row: number }).row);
    }
  } catch (thrown) {
    // The source tells as well: no rejected row comes out of it.
    if (!(thrown instanceof SyntaxError) && !(thrown instanceof SluiceError && thrown.code === 'OBJECT_CHANGED')) {
      throw thrown;
    }
  }
  return rows;
};

/**
 * The chunks of a job in order, from the deployment, each with its accepted rows. Reading goes ahead by a chunk, and by so much of
 * each that memory stays flat however many rows there are. `isWanted` leaves chunks out, unread.
 */
export async function* readJobRows(
  job: Job,
  operator: Pick<Operator, 'objects' | 'rows' | 'clock' | 'random' | 'stack'> & {
    readonly jobs: Pick<JobStore, 'listChunks' | 'listMarks'>;
  },
  isWanted: (chunk: ChunkRecord) => boolean = () => true,
): AsyncGenerator<ChunkRows> {
  const marksOf = createMarkReader(operator.jobs, job.jobId, 0);
  const under: (ChunkRows & { readonly close: () => void })[] = [];
  try {
    for await (const chunks of operator.jobs.listChunks(job.jobId)) {
      for (const chunk of chunks.filter(isWanted)) {
        const pages = readChunkRows(job, chunk, () => readRejected(chunk, operator), operator);
        const ahead = readAhead(pages, weightOf, charactersAhead);
        under.push({ chunk, marks: await marksOf(chunk.chunk), pages: ahead.items, close: ahead.close });
        const [first] = under;
        if (under.length <= chunksAhead || first === undefined) continue;
        yield first;
        under.shift();
      }
    }
    for (let first = under[0]; first !== undefined; first = under[0]) {
      yield first;
      under.shift();
    }
  } finally {
    for (const { close } of under) close();
  }
}
