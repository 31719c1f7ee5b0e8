import { SluiceError } from './errors.ts';
import type { OutcomeTuple, RowTuple } from './messages.ts';
import type { DatedRow, RemoveOutcome, RowStatus, RowStore, StoredRow } from './ports/row-store.ts';
import { callBytesMax, statementsMax } from './ports/row-store.ts';

/**
 * What a row meets instead of the table. `failed`: nothing happened, but nobody can tell; `lost`: it took effect, and the
 * answer is the same.
 */
export type RowFault = 'throttled' | 'refused' | 'failed' | 'lost';

/** Decides by the row's number and how often the operation was tried on it, from 1. May throw: the whole call then fails. */
export type RowScript = (row: number, attempt: number) => RowFault | undefined;

/** One call that was made; `rows` are those of a write. */
export type RowCall = {
  readonly operation: 'insert' | 'finish' | 'remove' | 'countChunk' | 'readChunk' | 'getRow';
  readonly jobId: string;
  readonly chunk?: number;
  readonly rows?: readonly number[];
};

/** A rows table in memory that keeps the port's promises, notes its calls, and fails as it is told. For tests. */
export type MemoryRows = RowStore & {
  readonly calls: readonly RowCall[];
  /** Every row of a job, in chunk and row order. */
  rowsOf(jobId: string): readonly StoredRow[];
};

type Key = readonly [chunk: number, row: number, ...unknown[]];

const checkCall = (tuples: readonly Key[]): void => {
  const distinct = new Set(tuples.map(([chunk, row]) => `${chunk}#${row}`)).size;
  const bytes = tuples.reduce((sum, tuple) => sum + Buffer.byteLength(JSON.stringify(tuple)), 0);
  if (tuples.length === 0 || tuples.length > statementsMax || distinct !== tuples.length || bytes > callBytesMax) {
    throw new SluiceError(
      'SERVICE_REFUSED',
      `expected 1 to ${statementsMax} distinct rows in ${callBytesMax} bytes, found ${tuples.length} (${distinct}) in ${bytes}`,
    );
  }
};

const toStoredRow = ({ createdAt: _, finishedAt: __, ...row }: DatedRow): StoredRow => row;

const finalOf = (outcome: OutcomeTuple): Pick<StoredRow, 'status' | 'result' | 'error'> => {
  if (outcome[2] === 'FAILED') {
    const [code, message] = outcome[3];
    return { status: 'FAILED', error: { code, message } };
  }
  return { status: 'DONE', ...(outcome[3] === null ? {} : { result: JSON.stringify(outcome[3]) }) };
};

const isSameFinal = (a: StoredRow, b: StoredRow): boolean =>
  a.status === b.status &&
  a.result === b.result &&
  a.error?.code === b.error?.code &&
  a.error?.message === b.error?.message;

export const createMemoryRows = ({
  insert: insertScript = () => undefined,
  finish: finishScript = () => undefined,
  remove: removeScript = () => undefined,
  pageRows = 10,
  now = () => 0,
}: {
  readonly insert?: RowScript;
  readonly finish?: RowScript;
  readonly remove?: RowScript;
  /** Rows of one page when a chunk is read. */
  readonly pageRows?: number;
  /** The time at which a row is created or finished. */
  readonly now?: () => number;
} = {}): MemoryRows => {
  /** Job -> chunk -> row number -> row. */
  const jobs = new Map<string, Map<number, Map<number, DatedRow>>>();
  const calls: RowCall[] = [];
  const attempts = new Map<string, number>();

  const chunkOf = (jobId: string, chunk: number): Map<number, DatedRow> => {
    const chunks = jobs.get(jobId) ?? new Map<number, Map<number, DatedRow>>();
    jobs.set(jobId, chunks);
    const rows = chunks.get(chunk) ?? new Map<number, DatedRow>();
    chunks.set(chunk, rows);
    return rows;
  };

  const inOrder = (rows: ReadonlyMap<number, DatedRow>): StoredRow[] =>
    [...rows.values()].sort((a, b) => a.row - b.row).map(toStoredRow);

  const write = async <Tuple extends Key, Outcome extends string>(
    operation: 'insert' | 'finish' | 'remove',
    jobId: string,
    tuples: readonly Tuple[],
    script: RowScript,
    writeOne: (tuple: Tuple) => Outcome,
  ): Promise<(Outcome | 'throttled' | 'refused' | 'failed')[]> => {
    calls.push({ operation, jobId, rows: tuples.map(([, row]) => row) });
    checkCall(tuples);
    const faults = tuples.map(([, row]) => {
      const key = `${operation}#${jobId}#${row}`;
      const attempt = (attempts.get(key) ?? 0) + 1;
      attempts.set(key, attempt);
      return script(row, attempt);
    });
    return tuples.map((tuple, index) => {
      const fault = faults[index];
      if (fault === 'lost') writeOne(tuple);
      if (fault !== undefined) return fault === 'lost' ? 'failed' : fault;
      return writeOne(tuple);
    });
  };

  const insertOne = (
    jobId: string,
    [chunk, row, line, values]: RowTuple,
    writtenOff: StoredRow['error'],
  ): 'inserted' | 'same' | 'different' => {
    const rows = chunkOf(jobId, chunk);
    const data = JSON.stringify(values);
    const found = rows.get(row);
    if (found !== undefined) return found.line === line && found.data === data ? 'same' : 'different';
    const createdAt = now();
    const created = { row, line, data, createdAt };
    if (writtenOff === undefined) rows.set(row, { ...created, status: 'PENDING' });
    else rows.set(row, { ...created, status: 'FAILED', error: { ...writtenOff }, finishedAt: createdAt });
    return 'inserted';
  };

  const finishOne = (jobId: string, outcome: OutcomeTuple): 'finished' | 'same' | 'different' | 'missing' => {
    const rows = chunkOf(jobId, outcome[0]);
    const found = rows.get(outcome[1]);
    if (found === undefined) return 'missing';
    const { row, line, data, createdAt } = found;
    const final: DatedRow = { row, line, data, createdAt, ...finalOf(outcome), finishedAt: now() };
    if (found.status !== 'PENDING') return isSameFinal(found, final) ? 'same' : 'different';
    rows.set(row, final);
    return 'finished';
  };

  return {
    calls,
    rowsOf: (jobId) => [...(jobs.get(jobId) ?? [])].sort(([a], [b]) => a - b).flatMap(([, rows]) => inOrder(rows)),
    insert: (jobId, rows, writtenOff) =>
      write('insert', jobId, rows, insertScript, (tuple) => insertOne(jobId, tuple, writtenOff)),
    finish: (jobId, outcomes) => write('finish', jobId, outcomes, finishScript, (tuple) => finishOne(jobId, tuple)),
    async countChunk(jobId, chunk) {
      calls.push({ operation: 'countChunk', jobId, chunk });
      const counts: Record<RowStatus, number> = { PENDING: 0, DONE: 0, FAILED: 0 };
      for (const { status } of chunkOf(jobId, chunk).values()) counts[status]++;
      const pending = inOrder(chunkOf(jobId, chunk)).find(({ status }) => status === 'PENDING');
      return pending === undefined ? counts : { ...counts, pendingRow: pending.row };
    },
    async getRow(jobId, chunk, row) {
      calls.push({ operation: 'getRow', jobId, chunk });
      return structuredClone(chunkOf(jobId, chunk).get(row));
    },
    async remove(jobId, chunk, rows) {
      const tuples = rows.map((row) => [chunk, row] as const);
      const outcomes = await write('remove', jobId, tuples, removeScript, ([, row]): RemoveOutcome => {
        chunkOf(jobId, chunk).delete(row);
        return 'removed';
      });
      // Nothing about a deletion is refused by the row.
      return outcomes.map((outcome): RemoveOutcome => (outcome === 'refused' ? 'failed' : outcome));
    },
    async *readChunk(jobId, chunk) {
      calls.push({ operation: 'readChunk', jobId, chunk });
      const rows = inOrder(chunkOf(jobId, chunk));
      for (let from = 0; from < rows.length; from += pageRows) yield rows.slice(from, from + pageRows);
    },
  };
};
