import type { ChunkRecord, DeadMark, Job, JobLayout, JobState, JobStore } from '@sluice/core/ports/job-store';
import { countText } from '../terminal-text.ts';
import { UsageError } from '../usage-error.ts';
import { findJob } from './find-job.ts';
import { forgottenText, readForgotten } from './forget-state.ts';
import type { RowContent } from './row-content.ts';
import { toRowContent } from './row-content.ts';
import type { SentAgain, SentFrom } from './row-retries.ts';
import { findRetriesOf, findSentFrom } from './row-retries.ts';
import type { RowSource, Unreadable } from './row-source.ts';
import { findRowSource, readRowContent } from './row-source.ts';
import type { RowState, RowTraces } from './row-state.ts';
import { findTraces, stateOfRow } from './row-state.ts';
import type { Session } from './session.ts';
import { CommandFailed } from './session.ts';
import { whereLines } from './where-lines.ts';

export type WhereFlags = { readonly content: boolean };

/** Everything that is known of a row. Times in milliseconds since the Unix epoch. */
export type RowStory = {
  readonly jobId: string;
  readonly jobState: JobState;
  readonly key: string;
  readonly row: number;
  /** Of the job; while it is being planned, so far. */
  readonly rows: number;
  readonly state: RowState;
  readonly waitsFor?: string;
  /** Of a row that is REJECTED or FAILED. */
  readonly error?: { readonly code: string; readonly message: string; readonly column?: string };
  /** Of a row that is DEAD. */
  readonly mark?: DeadMark;
  readonly chunk: ChunkRecord;
  /** Offsets count the bytes of a UTF-8 copy: the file is packed, or in another encoding. */
  readonly isCopied: boolean;
  /** Undefined when the file cannot be read any more (`unreadable` says why), and the row is not rejected. */
  readonly place?: Omit<RowSource, 'byteNext' | 'kind'> & Partial<Pick<RowSource, 'kind'>>;
  readonly unreadable?: Unreadable;
  readonly createdAt?: number;
  readonly finishedAt?: number;
  readonly sentAgain: readonly SentAgain[];
  readonly sentFrom?: SentFrom;
  readonly notes: readonly string[];
  /** Only where it was asked for. */
  readonly content?: RowContent;
};

/** Rows that are known of: all of the job's, or those planned so far. */
const rowsOf = ({ plan, cursor }: Job): number => plan?.rows ?? (cursor?.row ?? 1) - 1;

const refuseOutside = (job: Job, row: number): void => {
  const rows = rowsOf(job);
  if (row >= 1 && row <= rows) return;
  const found = `found ${countText(row)}`;
  if (job.plan !== undefined) {
    const expected = rows === 0 ? 'a row, and the job has none' : `1 to ${countText(rows)}, the rows of the job`;
    throw new UsageError(`ROW: expected ${expected}, ${found}`);
  }
  const planned = `its file ${job.state === 'PLANNING' ? 'is still being' : 'was not'} planned to the end`;
  throw new UsageError(`ROW: expected a row of the ${countText(rows)} planned so far, ${found}; ${planned}`);
};

const findChunk = async (
  jobs: Pick<JobStore, 'listChunks'>,
  { jobId }: Job,
  row: number,
  signal: AbortSignal,
): Promise<ChunkRecord> => {
  for await (const page of jobs.listChunks(jobId)) {
    signal.throwIfAborted();
    const found = page.find(({ firstRow, rows }) => row >= firstRow && row < firstRow + rows);
    if (found !== undefined) return found;
  }
  throw new UsageError(
    `ROW: expected a row in a chunk of the plan, found ${countText(row)} in none; see sluice verify`,
  );
};

const hasLayout = (job: Job): job is Job & { readonly layout: JobLayout } => job.layout !== undefined;

const errorOf = ({ reject, stored }: RowTraces): RowStory['error'] => {
  if (stored?.error !== undefined) return stored.error;
  if (stored !== undefined || reject === undefined) return undefined;
  const { code, message, column } = reject;
  return { code, message, ...(column === undefined ? {} : { column }) };
};

const placeOf = (
  source: RowSource | Unreadable,
  { reject, stored }: RowTraces,
): Pick<RowStory, 'place' | 'unreadable'> => {
  if (!('code' in source)) {
    const { byteNext: _, ...place } = source;
    return { place };
  }
  if (reject === undefined || stored !== undefined) return { unreadable: source };
  const { byteStart, byteEnd, line } = reject;
  return { place: { byteStart, byteEnd, line, blankLinesBefore: 0 }, unreadable: source };
};

const contentOf = async (
  job: Job & { readonly layout: JobLayout },
  row: number,
  source: RowSource | Unreadable,
  { stored, reject }: RowTraces,
  { operator }: Session,
): Promise<RowContent> => {
  if ('code' in source) return toRowContent(job.layout, undefined, stored, reject);
  const read = await readRowContent(job, row, source, operator);
  if ('code' in read) return toRowContent(job.layout, undefined, stored, reject);
  const isTruncated = source.byteEnd - source.byteStart > read.bytes.length;
  return toRowContent(job.layout, { ...read, isTruncated }, stored, reject);
};

/** What is left of a job that is being forgotten may be gone the next moment. */
const forgetNotes = async (job: Job, operator: Session['operator']): Promise<readonly string[]> => {
  const forgotten = await readForgotten(operator, job);
  return forgotten === undefined || forgotten.isFinished ? [] : [forgottenText(job, forgotten)];
};

const begunText = ({ key, row, at }: SentAgain): string =>
  `a retry with it, as row ${countText(row)} of ${key}, was begun at ${new Date(at).toISOString()}; neither that file nor a job of it is there, so it may never have been put`;

/** A note that cannot be read is said to be so; the rest of the story is told all the same. */
const findRetries = async (job: Job, row: number, operator: Session['operator']) => {
  const unread: string[] = [];
  const orElse = (thrown: unknown): undefined => {
    if (!(thrown instanceof CommandFailed)) throw thrown;
    unread.push(thrown.message);
  };
  const { sent = [], begun = [] } = (await findRetriesOf(operator, job.jobId, row).catch(orElse)) ?? {};
  const sentFrom = await findSentFrom(operator, job, row).catch(orElse);
  return { sentAgain: sent, begun: begun.map(begunText), sentFrom, unread };
};

const timeOf = (at: number | undefined) => (at === undefined ? undefined : new Date(at).toISOString());

/** A story as --json tells it, with times in ISO 8601 as everywhere. */
const toJson = ({ createdAt, finishedAt, sentAgain, ...story }: RowStory) => ({
  ...story,
  createdAt: timeOf(createdAt),
  finishedAt: timeOf(finishedAt),
  sentAgain: sentAgain.map(({ at, sentAt, ...sent }) => ({ ...sent, at: timeOf(at), sentAt: timeOf(sentAt) })),
});

/**
 * Tells the whole story of one row: where it is in the file, what became of it and when, and as what it was sent again. What stands in
 * it is told only with `content`. Reads the row's chunk of the file, its reject object and its marks. Throws UsageError for a row that
 * the job does not have.
 */
export const where = async (
  session: Session,
  jobText: string,
  row: number,
  { content }: WhereFlags,
): Promise<number> => {
  const { operator, output, signal } = session;
  const job = await findJob(operator, jobText);
  refuseOutside(job, row);
  if (!hasLayout(job)) throw new UsageError('ROW: expected a job whose file was read, found one that was not');
  const { jobId, state: jobState, file, layout } = job;
  const chunk = await findChunk(operator.jobs, job, row, signal);
  const traces = await findTraces(job, chunk, row, operator);
  const source = await findRowSource(layout, chunk, row, operator, signal);
  const { notes, ...state } = stateOfRow(job, chunk, traces);
  const { sentAgain, begun, sentFrom, unread } = await findRetries(job, row, operator);
  const error = errorOf(traces);
  const { stored } = traces;
  const story: RowStory = {
    jobId,
    jobState,
    key: file.key,
    row,
    rows: rowsOf(job),
    ...state,
    notes: [...notes, ...(await forgetNotes(job, operator)), ...begun, ...unread],
    ...(error === undefined ? {} : { error }),
    chunk,
    isCopied: layout.source.key !== file.key || layout.source.bucket !== file.bucket,
    ...placeOf(source, traces),
    ...(stored === undefined ? {} : { createdAt: stored.createdAt }),
    ...(stored?.finishedAt === undefined ? {} : { finishedAt: stored.finishedAt }),
    sentAgain,
    ...(sentFrom === undefined ? {} : { sentFrom }),
    ...(content ? { content: await contentOf(job, row, source, traces, session) } : {}),
  };
  output.result(toJson(story), whereLines(story));
  return 0;
};
