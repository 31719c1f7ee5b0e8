import type { Ledger } from '@sluice/core/ledger';
import type { ChunkRecord, DeadMark, Job, JobStore } from '@sluice/core/ports/job-store';
import type { ObjectStore } from '@sluice/core/ports/object-store';
import type { RowStore, StoredRow } from '@sluice/core/ports/row-store';
import type { RejectLine } from '@sluice/core/rejected-rows';
import type { ExpectedRow } from '../expected-rows.ts';
import { checkMergedRejects, type RejectedRow } from './merged-rejects.ts';
import { readNewest } from './read-whole.ts';
import { findDifference, parseRejectLines } from './reject-lines.ts';
import { violate } from './violate.ts';

// What a job has come to, held against the rows that its file must come to, chunk by chunk: a file of any size takes the memory of a
// chunk, and of its own bytes. Needs no facts, so that it holds any run over the ports to the same.

export type RestStores = {
  readonly rows: Pick<RowStore, 'readChunk'>;
  readonly jobs: Pick<JobStore, 'listChunks' | 'listMarks'>;
  readonly objects: Pick<ObjectStore, 'head' | 'readRange'>;
};

export type JobAtRest = {
  /** As the ledger holds it. When it is COMPLETE every row must be there; else those that are must be right. */
  readonly job: Job;
  /** The rows of its file, in order, once each. */
  readonly rows: Iterable<ExpectedRow>;
  /** The bytes that the offsets of those rows refer to. */
  readonly source: Buffer;
  readonly workBucket: string;
  /** True when the rejects of a COMPLETE job are merged into one object. */
  readonly mergesRejects: boolean;
  /** True when the file could not be read at some time: its merged rejects may then be made of what was kept of it. */
  readonly mayBeGone?: boolean;
};

/** For whoever knows more of the rows than their file does. */
export type RestHooks = {
  readonly row?: (chunk: ChunkRecord, stored: StoredRow) => void;
  readonly chunk?: (chunk: ChunkRecord, stored: number) => void;
  /** The lines of a reject object that was read before. */
  readonly rejectLines?: (key: string, bytes: Buffer) => readonly RejectLine[] | undefined;
};

const lineFeed = 10;

const countLines = (bytes: Buffer): number => {
  let lines = 0;
  for (let at = bytes.indexOf(lineFeed); at >= 0; at = bytes.indexOf(lineFeed, at + 1)) lines++;
  return lines;
};

/** Dead marks of one chunk. */
type Marks = { readonly rows: Map<number, DeadMark>; chunk: DeadMark | undefined };

const readMarks = async ({ jobs }: RestStores, jobId: string): Promise<Map<number, Marks>> => {
  const byChunk = new Map<number, Marks>();
  for await (const page of jobs.listMarks(jobId)) {
    for (const mark of page) {
      if (mark.chunk === undefined) continue;
      const marks = byChunk.get(mark.chunk) ?? { rows: new Map<number, DeadMark>(), chunk: undefined };
      byChunk.set(mark.chunk, marks);
      if (mark.row === undefined) marks.chunk = mark;
      else marks.rows.set(mark.row, mark);
    }
  }
  return byChunk;
};

/** The rows of a file, one by one. */
type RowReader = {
  /** Without taking it. Undefined behind the last. */
  peek(): ExpectedRow | undefined;
  take(): void;
};

const createRowReader = (rows: Iterable<ExpectedRow>): RowReader => {
  const iterator = rows[Symbol.iterator]();
  const read = (): ExpectedRow | undefined => {
    const step = iterator.next();
    return step.done === true ? undefined : step.value;
  };
  let first = read();
  return {
    peek: () => first,
    take() {
      first = read();
    },
  };
};

/** Where the next chunk of a plan must begin. */
type Boundary = { chunk: number; offset: number; row: number; line: number };

/** I1, I2: chunks tile the data without gap or overlap, and hold the rows that lie in their bytes. Returns these. */
const takeChunk = ({ job, source }: JobAtRest, chunk: ChunkRecord, at: Boundary, reader: RowReader): ExpectedRow[] => {
  const place = { job: job.jobId, chunk: chunk.chunk };
  if (chunk.chunk !== at.chunk) violate('I1', `expected chunk ${at.chunk}, found another`, place);
  if (chunk.start !== at.offset || chunk.end <= chunk.start || chunk.end > source.length) {
    const found = `${chunk.start} to ${chunk.end}`;
    violate('I1', `expected a chunk from byte ${at.offset} on, within ${source.length}, found ${found}`, place);
  }
  if (chunk.end < source.length && source[chunk.end - 1] !== lineFeed) {
    violate('I1', `expected a chunk to end with a line, found byte ${chunk.end} within one`, place);
  }
  if (chunk.firstRow !== at.row || chunk.firstLine !== at.line) {
    const found = `${chunk.firstRow} and ${chunk.firstLine}`;
    violate('I2', `expected a chunk from row ${at.row} and line ${at.line} on, found ${found}`, place);
  }
  const rows: ExpectedRow[] = [];
  for (let row = reader.peek(); row !== undefined && row.byteEnd <= chunk.end; row = reader.peek()) {
    if (row.byteStart < chunk.start) {
      violate('I1', 'expected no row cut by a chunk, found one that begins before it', { ...place, row: row.row });
    }
    if (rows.length === chunk.rows) {
      violate('I2', `expected more than ${chunk.rows} rows in a chunk, found it planned so`, {
        ...place,
        row: row.row,
      });
    }
    rows.push(row);
    reader.take();
  }
  if (rows.length !== chunk.rows) {
    violate('I2', `expected ${rows.length} rows in a chunk, found it planned with ${chunk.rows}`, place);
  }
  at.chunk++;
  at.offset = chunk.end;
  at.row += chunk.rows;
  at.line += countLines(source.subarray(chunk.start, chunk.end));
  return rows;
};

const checkStored = (jobId: string, chunk: number, stored: StoredRow, expected: ExpectedRow): void => {
  const place = { job: jobId, chunk, row: stored.row };
  if (!expected.accepted) violate('I3', `expected a row rejected as ${expected.code}, found it stored`, place);
  if (stored.line !== expected.line)
    violate('I1', `expected a row of line ${expected.line}, found ${stored.line}`, place);
  if (stored.data !== JSON.stringify(expected.values)) {
    violate('I1', 'expected a row with the values of the file, found it stored with others', place);
  }
};

/** I3: a chunk's rejects are the rejected rows of its bytes, each with its reason, its place and its bytes. */
const checkRejects = async (
  given: JobAtRest,
  stores: RestStores,
  hooks: RestHooks,
  { chunk, cleaned }: ChunkRecord,
  rejected: readonly ExpectedRow[],
): Promise<void> => {
  const key = cleaned?.rejects;
  const place = { job: given.job.jobId, chunk, ...(key && { key }) };
  const bytes = key === undefined ? Buffer.alloc(0) : await readNewest(stores.objects, given.workBucket, key);
  if (bytes === undefined) violate('I3', 'expected a reject object that the ledger names, found none', place);
  const lines = key === undefined ? [] : (hooks.rejectLines?.(key, bytes) ?? parseRejectLines(bytes));
  if (lines === undefined) violate('I3', 'expected lines of JSON in a reject object, found others', place);
  for (let i = 0; i < Math.max(lines.length, rejected.length); i++) {
    const line = lines[i];
    const expected = rejected[i];
    if (line === undefined || expected === undefined) {
      violate('I3', `expected ${rejected.length} rejected rows, found ${lines.length}`, {
        ...place,
        row: line?.row ?? expected?.row,
      });
    }
    const difference = findDifference(line, expected, given.source);
    if (difference !== undefined) {
      violate('I3', `expected a reject as its row is in the file, found ${difference}`, {
        ...place,
        row: expected.row,
      });
    }
  }
};

/** I4, I8: counts are those of the rows, and no row is left out. */
const settleChunk = (job: Job, chunk: ChunkRecord, expected: readonly ExpectedRow[], found: Ledger): void => {
  const { cleaned, closed } = chunk;
  const place = { job: job.jobId, chunk: chunk.chunk };
  const rejected = expected.filter(({ accepted }) => !accepted).length;
  if (cleaned !== undefined && (cleaned.rejected !== rejected || cleaned.accepted !== chunk.rows - rejected)) {
    const counted = `${cleaned.accepted} and ${cleaned.rejected}`;
    violate('I8', `expected ${chunk.rows - rejected} rows accepted and ${rejected} rejected, found ${counted}`, place);
  }
  if (closed !== undefined && (closed.done !== found.done || closed.failed !== found.failed)) {
    const counted = `${closed.done} and ${closed.failed}`;
    violate('I8', `expected ${found.done} rows done and ${found.failed} failed, found ${counted} counted`, place);
  }
  if (job.state !== 'COMPLETE') return;
  if (cleaned === undefined || closed === undefined) {
    violate('I9', 'expected every chunk of a job that is COMPLETE counted and closed, found one that is not', place);
  }
  if (found.open > 0 || found.dead > 0) {
    violate(
      'I4',
      `expected no row of a job that is COMPLETE open or dead, found ${found.open} and ${found.dead}`,
      place,
    );
  }
};

const checkMarksOf = (jobId: string, chunk: ChunkRecord, { rows }: Marks): void => {
  for (const row of rows.keys()) {
    if (row >= chunk.firstRow && row < chunk.firstRow + chunk.rows) continue;
    violate('I4', 'expected dead marks on rows of their chunk, found one on another', {
      job: jobId,
      chunk: chunk.chunk,
      row,
    });
  }
};

const noMarks: Marks = { rows: new Map(), chunk: undefined };

/** One pass over a chunk's stored rows beside those that its bytes hold. Returns where its rows stand. */
const auditChunk = async (
  given: JobAtRest,
  stores: RestStores,
  hooks: RestHooks,
  chunk: ChunkRecord,
  expected: readonly ExpectedRow[],
  marks: Marks,
): Promise<Ledger> => {
  const { jobId, state } = given.job;
  checkMarksOf(jobId, chunk, marks);
  const statuses = { PENDING: 0, DONE: 0, FAILED: 0 };
  let dead = 0;
  let next = 0;
  const skip = (until: number): void => {
    for (let row = expected[next]; row !== undefined && row.row < until; row = expected[++next]) {
      if (!row.accepted) continue;
      if (state === 'COMPLETE') {
        violate('I3', 'expected a row of a job that is COMPLETE accepted or rejected, found neither', {
          job: jobId,
          chunk: chunk.chunk,
          row: row.row,
        });
      }
      if (marks.rows.has(row.row)) dead++;
    }
  };
  let stored = 0;
  for await (const page of stores.rows.readChunk(jobId, chunk.chunk)) {
    for (const row of page) {
      skip(row.row);
      const wanted = expected[next++];
      if (wanted?.row !== row.row) {
        violate('I3', 'expected each row of a chunk once in the table, found one twice or of no chunk', {
          job: jobId,
          chunk: chunk.chunk,
          row: row.row,
        });
      }
      checkStored(jobId, chunk.chunk, row, wanted);
      hooks.row?.(chunk, row);
      statuses[row.status]++;
      if (row.status === 'PENDING' && marks.rows.has(row.row)) dead++;
      stored++;
    }
  }
  skip(Number.POSITIVE_INFINITY);
  hooks.chunk?.(chunk, stored);
  const rejected = chunk.cleaned?.rejected ?? 0;
  if (chunk.cleaned !== undefined) {
    const rows = expected.filter(({ accepted }) => !accepted);
    await checkRejects(given, stores, hooks, chunk, rows);
  }
  const { DONE: done, FAILED: failed } = statuses;
  const open = chunk.rows - rejected - done - failed - dead;
  // A mark on the chunk speaks of all that is not accounted for, until the chunk is cleaned after all.
  const isDead = marks.chunk !== undefined && chunk.cleaned === undefined;
  const ledger = {
    rows: chunk.rows,
    rejected,
    done,
    failed,
    dead: isDead ? dead + open : dead,
    open: isDead ? 0 : open,
  };
  settleChunk(given.job, chunk, expected, ledger);
  if (open < 0) {
    violate('I4', `expected no part of a chunk's ledger below 0, found ${open} rows open`, {
      job: jobId,
      chunk: chunk.chunk,
    });
  }
  return ledger;
};

const checkPlan = ({ job, source }: JobAtRest, at: Boundary, left: ExpectedRow | undefined): void => {
  const { plan, profile, jobId } = job;
  if (plan === undefined) return;
  if (plan.chunks !== at.chunk || plan.rows !== at.row - 1) {
    const found = `${plan.chunks} and ${plan.rows}`;
    violate('I2', `expected a plan of ${at.chunk} chunks and ${at.row - 1} rows, found ${found}`, { job: jobId });
  }
  if (left !== undefined)
    violate('I1', 'expected every row of the file planned, found one that is not', { job: jobId, row: left.row });
  if (profile.limit === undefined && at.offset !== source.length) {
    violate('I1', `expected ${source.length} bytes planned, found ${at.offset}`, { job: jobId });
  }
};

/**
 * Holds what a job that rests has come to against its file: every row is accepted with its values or rejected with its bytes,
 * once (I1 to I3, whatever the chunks are); the ledger is right (I4, I8); its rejects are merged. Returns where its rows stand.
 * Throws a Violation.
 */
export const auditAtRest = async (stores: RestStores, given: JobAtRest, hooks: RestHooks = {}): Promise<Ledger> => {
  const { job, rows } = given;
  const { layout, jobId } = job;
  const marks = await readMarks(stores, jobId);
  const reader = createRowReader(rows);
  const at: Boundary = { chunk: 0, offset: layout?.dataStart ?? 0, row: 1, line: layout?.dataLine ?? 1 };
  const total = { rows: 0, rejected: 0, done: 0, failed: 0, dead: 0, open: 0 };
  const rejected: RejectedRow[] = [];
  for await (const page of stores.jobs.listChunks(jobId)) {
    for (const chunk of page) {
      const expected = takeChunk(given, chunk, at, reader);
      for (const row of expected) if (!row.accepted) rejected.push(row);
      const ledger = await auditChunk(given, stores, hooks, chunk, expected, marks.get(chunk.chunk) ?? noMarks);
      marks.delete(chunk.chunk);
      for (const part of Object.keys(total) as (keyof typeof total)[]) total[part] += ledger[part];
    }
  }
  checkPlan(given, at, reader.peek());
  for (const chunk of marks.keys())
    violate('I4', 'expected dead marks on chunks of the plan, found another', { job: jobId, chunk });
  if (job.state === 'COMPLETE' && given.mergesRejects) {
    await checkMergedRejects(stores.objects, given.workBucket, job, rejected, given.source, given.mayBeGone ?? false);
  }
  return total;
};
