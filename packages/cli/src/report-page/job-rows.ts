import { isGivenUp } from '@sluice/audit-job/count-chunk';
import { SluiceError } from '@sluice/core/errors';
import type { ChunkRecord, Job } from '@sluice/core/ports/job-store';
import { readRejectLines } from '@sluice/core/rejected-rows';
import { readForgotten } from '../operate/forget-state.ts';
import type { Operator } from '../operate/operator.ts';
import { countText } from '../terminal-text.ts';
import { collectExamples } from './collect-examples.ts';
import type { Codes, DeadRows } from './report-page.ts';

/** Rejected rows, rows of the table, and marks that are read for a page at most: counts are the ledger's, these are examples. */
export const rejectsReadMax = 20_000;
export const rowsReadMax = 50_000;
export const marksReadMax = 20_000;

type Reader = Pick<Operator, 'jobs' | 'rows' | 'objects' | 'clock' | 'stack'>;

/** Rows of a job that are not done, by code, as far as they were read; and what it takes from its chunks' records. */
export type JobRows = {
  readonly rejects: Codes;
  readonly failed: Codes;
  readonly dead: DeadRows;
  readonly accepted: number;
  readonly chunks: number;
};

const isGone = (thrown: unknown): boolean =>
  thrown instanceof SyntaxError || (thrown instanceof SluiceError && thrown.code === 'OBJECT_CHANGED');

/** What was read of what there is; undefined where it was all. */
const partNote = (what: string, read: number, all: number): string | undefined =>
  read < all ? `Of ${countText(all)} ${what} ${countText(read)} were looked at for this.` : undefined;

const withNote = <Rows extends object>(rows: Rows, note: string | undefined): Rows & { note?: string } =>
  note === undefined ? rows : { ...rows, note };

type Chunks = readonly ChunkRecord[];
type Examples = ReturnType<typeof collectExamples>;

/** Returns how many were read. */
const readRejects = async (chunks: Chunks, { stack, ...ports }: Reader, examples: Examples): Promise<number> => {
  let read = 0;
  for (const { cleaned } of chunks) {
    if (cleaned?.rejects === undefined) continue;
    try {
      for await (const line of readRejectLines(ports, stack.workBucket, cleaned.rejects)) {
        if (read === rejectsReadMax) return read;
        examples.rejected((JSON.parse(line) as { readonly code: string }).code, line);
        read++;
      }
    } catch (thrown) {
      // Some were lost, or deleted: those that are left are shown.
      if (!isGone(thrown)) throw thrown;
    }
  }
  return read;
};

/** Returns how many failed rows were found. */
const readFailed = async (jobId: string, chunks: Chunks, { rows }: Reader, examples: Examples): Promise<number> => {
  let read = 0;
  let found = 0;
  for (const { chunk, closed } of chunks) {
    if (closed === undefined || closed.failed === 0) continue;
    let left = closed.failed;
    for await (const page of rows.readChunk(jobId, chunk)) {
      for (const { row, error } of page) {
        if (error === undefined) continue;
        examples.failed(row, error);
        found++;
        left--;
      }
      read += page.length;
      if (read >= rowsReadMax) return found;
      if (left <= 0) break;
    }
  }
  return found;
};

/** Returns what the page must say of how it is known which rows are dead; undefined where none is. */
const readDead = async (
  jobId: string,
  chunks: Chunks,
  { jobs }: Reader,
  examples: Examples,
): Promise<string | undefined> => {
  const open = new Map(chunks.filter(({ closed }) => closed === undefined).map((chunk) => [chunk.chunk, chunk]));
  const [first] = open.keys();
  if (first === undefined) return undefined;
  let read = 0;
  let dead = 0;
  for await (const page of jobs.listMarks(jobId, first)) {
    for (const mark of page) {
      const chunk = open.get(mark.chunk ?? -1);
      if (chunk === undefined || read === marksReadMax) continue;
      read++;
      if (mark.row !== undefined) {
        examples.dead(mark.row, mark);
        dead++;
      } else if (isGivenUp(chunk, [mark])) {
        for (let row = chunk.firstRow; row < chunk.firstRow + chunk.rows; row++) examples.dead(row, mark);
        dead += chunk.rows;
      }
    }
    if (read === marksReadMax) break;
  }
  if (dead === 0) return undefined;
  const which = read === marksReadMax ? `the first ${countText(read)} marks` : 'the marks';
  return `By ${which} on chunks that are not closed; a row that came through after all keeps its mark until then.`;
};

/**
 * What became of a job's rows that are not done, from a bounded part of its reject objects, its table and its marks. Reads every
 * record of the ledger's chunks, and never all rows. Of a job whose rows were deleted, `note` says so, and nothing is read.
 */
export const readJobRows = async (job: Job, reader: Reader): Promise<JobRows> => {
  const { jobId } = job;
  const forgotten = await readForgotten(reader, job);
  const chunks: ChunkRecord[] = [];
  for await (const page of reader.jobs.listChunks(jobId)) chunks.push(...page);
  const sum = (of: (chunk: ChunkRecord) => number): number => chunks.reduce((all, chunk) => all + of(chunk), 0);
  const known = { accepted: sum(({ cleaned }) => cleaned?.accepted ?? 0), chunks: chunks.length };
  const examples = collectExamples();
  if (forgotten !== undefined) {
    const day = new Date(forgotten.at).toISOString().slice(0, 10);
    const note = forgotten.isFinished
      ? `Rows and rejects of this job were deleted on ${day}.`
      : `Deleting the rows and rejects of this job was begun on ${day} and not finished: sluice forget ${jobId} goes on.`;
    const none = { counts: [], others: 0, note };
    return { ...known, rejects: none, failed: none, dead: none };
  }
  const rejectsRead = await readRejects(chunks, reader, examples);
  const failedRead = await readFailed(jobId, chunks, reader, examples);
  const deadNote = await readDead(jobId, chunks, reader, examples);
  const rejected = sum(({ cleaned }) => cleaned?.rejected ?? 0);
  const failed = sum(({ closed }) => closed?.failed ?? 0);
  return {
    ...known,
    rejects: withNote(examples.rejects(), partNote('rejected rows', rejectsRead, rejected)),
    failed: withNote(examples.failures(), partNote('failed rows', failedRead, failed)),
    dead: withNote(examples.deadRows(), deadNote),
  };
};
