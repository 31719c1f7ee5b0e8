import { SluiceError } from '@sluice/core/errors';
import type { Job } from '@sluice/core/ports/job-store';
import type { ObjectVersion } from '@sluice/core/ports/object-store';
import { readObject } from '@sluice/core/read-object';
import type { Operator } from './operator.ts';

/** A row as it was sent again: as a row of a file, and of that file's job where it has one by now. */
export type SentAgain = { readonly key: string; readonly row: number; readonly at: number; readonly jobId?: string };

/** The row that a row of a retry's file is. */
export type SentFrom = { readonly jobId: string; readonly row: number };

/** How far the clocks of those who make jobs may be behind. */
const skewMilliseconds = 60 * 60 * 1000;

/** A file with rows that were sent again, by its key: the job they came from, and which of its retries it is. */
const retryKey = /\.retry-([0-9a-z]{26})-(\d{1,9})\.csv$/;

/** What is kept of a retry: the key of its file, when it was made, and the rows that are in it, in order. */
type RetryNote = { readonly key: string; readonly at: number; readonly rows: readonly (readonly [number, number])[] };
type Ranges = RetryNote['rows'];

const notesOf = (jobId: string): string => `jobs/${jobId}/retries/`;

type NotePorts = Pick<Operator, 'objects' | 'clock' | 'stack'>;

/** Undefined when it is gone. */
const readNote = async (
  ports: NotePorts,
  version: ObjectVersion & { readonly bytes: number },
): Promise<RetryNote | undefined> => {
  const pieces: Buffer[] = [];
  try {
    for await (const piece of readObject(ports, version, 0, version.bytes)) pieces.push(piece);
  } catch (thrown) {
    if (thrown instanceof SluiceError && thrown.code === 'OBJECT_CHANGED') return undefined;
    throw thrown;
  }
  return JSON.parse(Buffer.concat(pieces).toString('utf8')) as RetryNote;
};

const readNewest = async (ports: NotePorts, key: string): Promise<RetryNote | undefined> => {
  const bucket = ports.stack.workBucket;
  const head = await ports.objects.head(bucket, key);
  return head === undefined ? undefined : readNote(ports, { bucket, key, ...head });
};

const listRetryNotes = async (ports: NotePorts, jobId: string): Promise<readonly RetryNote[]> => {
  const keys = new Set<string>();
  for await (const { versions } of ports.objects.list(ports.stack.workBucket, undefined, notesOf(jobId))) {
    for (const { key } of versions) keys.add(key);
  }
  const notes: RetryNote[] = [];
  for (const key of keys) {
    const note = await readNewest(ports, key);
    if (note !== undefined) notes.push(note);
  }
  return notes.sort((a, b) => a.at - b.at);
};

const readRetryNote = (ports: NotePorts, jobId: string, number: number): Promise<RetryNote | undefined> =>
  readNewest(ports, `${notesOf(jobId)}${number}.json`);

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

/** Every time that a row of a job was sent again, in order. */
export const findSentAgain = async (
  operator: Pick<Operator, 'objects' | 'clock' | 'stack' | 'jobs'>,
  jobId: string,
  row: number,
): Promise<readonly SentAgain[]> => {
  const sent: SentAgain[] = [];
  for (const { key, at, rows } of await listRetryNotes(operator, jobId)) {
    const found = rowIn(rows, row);
    if (found !== undefined) sent.push({ key, row: found, at });
  }
  if (sent.length === 0) return sent;
  const ids = await findJobs(operator, sent);
  return sent.map((each) => {
    const of = ids.get(each.key);
    return of === undefined ? each : { ...each, jobId: of };
  });
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
