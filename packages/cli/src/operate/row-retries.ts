import type { Job } from '@sluice/core/ports/job-store';
import type { Operator } from './operator.ts';
import type { RetryNote } from './retry-note.ts';
import { listRetryNotes, readRetryNote, skewMilliseconds } from './retry-note.ts';

/**
 * A row as it was sent again: as a row of a file, and of that file's job where it has one by now. Without `sentAt` nobody came to note
 * that the file was put.
 */
export type SentAgain = Pick<RetryNote, 'key' | 'at' | 'sentAt'> & { readonly row: number; readonly jobId?: string };

/** Retries with a row, each in order. `begun`: neither noted as sent nor found, so that their files may never have been put. */
export type RetriesOf = { readonly sent: readonly SentAgain[]; readonly begun: readonly SentAgain[] };

/** The row that a row of a retry's file is. */
export type SentFrom = { readonly jobId: string; readonly row: number };

/** A file with rows that were sent again, by its key: the job they came from, and which of its retries it is. */
const retryKey = /\.retry-([0-9a-z]{26})-(\d{1,9})\.csv$/;

type Ranges = RetryNote['rows'];

/** Which row of a file with the rows of these ranges, in order, it is; undefined when it is not among them. */
const rowIn = (ranges: Ranges, row: number): number | undefined => {
  let before = 0;
  for (const [first, last] of ranges) {
    if (row >= first && row <= last) return before + row - first + 1;
    before += last - first + 1;
  }
  return undefined;
};

/** The other way round. */
const rowOf = (ranges: Ranges, position: number): number | undefined => {
  let before = 0;
  for (const [first, last] of ranges) {
    const count = last - first + 1;
    if (position <= before + count) return first + position - before - 1;
    before += count;
  }
  return undefined;
};

/** Ids of the first jobs of these files, by key. Jobs are listed last first, so those from before the first retry are not looked at. */
const findJobs = async (
  { jobs, stack }: Pick<Operator, 'jobs' | 'stack'>,
  sent: readonly SentAgain[],
): Promise<ReadonlyMap<string, string>> => {
  const keys = new Set(sent.map(({ key }) => key));
  const since = Math.min(...sent.map(({ at }) => at)) - skewMilliseconds;
  const found = new Map<string, string>();
  for await (const page of jobs.listJobs()) {
    for (const { jobId, file, createdAt } of page) {
      if (createdAt < since) return found;
      if (file.bucket === stack.inboxBucket && keys.has(file.key)) found.set(file.key, jobId);
    }
  }
  return found;
};

/** Every time that a row of a job was sent again, or was to be. */
export const findRetriesOf = async (
  operator: Pick<Operator, 'objects' | 'clock' | 'stack' | 'jobs'>,
  jobId: string,
  row: number,
): Promise<RetriesOf> => {
  const noted: SentAgain[] = [];
  for (const { key, at, sentAt, rows } of await listRetryNotes(operator, jobId)) {
    const found = rowIn(rows, row);
    if (found !== undefined) noted.push({ key, row: found, at, ...(sentAt === undefined ? {} : { sentAt }) });
  }
  const sent: SentAgain[] = [];
  const begun: SentAgain[] = [];
  if (noted.length === 0) return { sent, begun };
  const ids = await findJobs(operator, noted);
  for (const each of noted) {
    const of = ids.get(each.key);
    if (of !== undefined) sent.push({ ...each, jobId: of });
    else if (each.sentAt !== undefined) sent.push(each);
    else {
      const isThere = (await operator.objects.head(operator.stack.inboxBucket, each.key)) !== undefined;
      (isThere ? sent : begun).push(each);
    }
  }
  return { sent, begun };
};

/** Where a row came from whose file is a retry's; undefined where it is none, or nobody noted it (a key alone proves nothing). */
export const findSentFrom = async (
  operator: Pick<Operator, 'objects' | 'clock' | 'stack'>,
  { file }: Pick<Job, 'file'>,
  row: number,
): Promise<SentFrom | undefined> => {
  const [, jobId, number] = retryKey.exec(file.key) ?? [];
  if (jobId === undefined) return undefined;
  const note = await readRetryNote(operator, jobId, Number(number));
  if (note?.key !== file.key) return undefined;
  const from = rowOf(note.rows, row);
  return from === undefined ? undefined : { jobId, row: from };
};
