import { SluiceError } from '@sluice/core/errors';
import type { Job } from '@sluice/core/ports/job-store';
import { readObject } from '@sluice/core/read-object';
import { jobPrefixOf } from './forget-state.ts';
import type { Operator } from './operator.ts';
import { CommandFailed } from './session.ts';

/**
 * Rows of a job that were sent again as a file of their own. It is written before the file is put, with everything but `sentAt`, and
 * again after that: so a note without `sentAt` is of a file that may never have been put.
 */
export type RetryNote = {
  readonly v: 1;
  /** Which retry of its job it is, from 1. */
  readonly n: number;
  /** Of the file, in the inbox. */
  readonly key: string;
  /** When it was begun. Milliseconds since the Unix epoch, here and below. */
  readonly at: number;
  /** The rows, in the order in which they stand in the file; first and last of each range, both inclusive. */
  readonly rows: readonly (readonly [first: number, last: number])[];
  readonly sentAt?: number;
};

const retriesPrefixOf = (jobId: string): string => `${jobPrefixOf(jobId)}retries/`;
const noteKeyOf = (jobId: string, n: number): string => `${retriesPrefixOf(jobId)}${n}.json`;

/**
 * Key of the file of a retry: in the folder of the job's own, and under the prefix of its profile, so that it is read as that was.
 * `<key without extension>.retry-<jobId>-<n>.csv`.
 */
export const retryKeyOf = ({ jobId, file, profile }: Pick<Job, 'jobId' | 'file' | 'profile'>, n: number): string => {
  const base = file.key.replace(/\.gz$/i, '').replace(/(?<=[^/])\.[^./]+$/, '');
  // An extension that the prefix asks for stays.
  const stem = base.startsWith(profile.prefix) ? base : file.key;
  return `${stem}.retry-${jobId}-${n}.csv`;
};

type ReadPorts = Pick<Operator, 'objects' | 'clock' | 'stack'>;

const isNote = (json: unknown): json is RetryNote => {
  const { v, n, key, at, rows } = json as Partial<RetryNote>;
  return v === 1 && typeof n === 'number' && typeof key === 'string' && typeof at === 'number' && Array.isArray(rows);
};

/** The note of one retry; undefined where there is none. Throws CommandFailed for one that cannot be read. */
export const readRetryNote = async (
  { objects, clock, stack }: ReadPorts,
  jobId: string,
  n: number,
): Promise<RetryNote | undefined> => {
  const place = { bucket: stack.workBucket, key: noteKeyOf(jobId, n) };
  const head = await objects.head(place.bucket, place.key);
  if (head === undefined) return undefined;
  const pieces: Buffer[] = [];
  try {
    for await (const piece of readObject({ objects, clock }, { ...place, ...head }, 0, head.bytes)) pieces.push(piece);
    const json: unknown = JSON.parse(Buffer.concat(pieces).toString());
    if (typeof json === 'object' && json !== null && isNote(json)) return json;
  } catch (thrown) {
    if (thrown instanceof SluiceError && thrown.code === 'OBJECT_CHANGED')
      return readRetryNote({ objects, clock, stack }, jobId, n);
    if (!(thrown instanceof SyntaxError)) throw thrown;
  }
  throw new CommandFailed(`expected a note of a retry at ${place.key} in ${place.bucket}, found something else`);
};

/** The notes of all retries of a job, in order. */
export const listRetryNotes = async (ports: ReadPorts, jobId: string): Promise<readonly RetryNote[]> => {
  const numbers = new Set<number>();
  const prefix = retriesPrefixOf(jobId);
  for await (const { versions } of ports.objects.list(ports.stack.workBucket, undefined, prefix)) {
    for (const { key } of versions) {
      const n = /^(\d{1,9})\.json$/.exec(key.slice(prefix.length))?.[1];
      if (n !== undefined) numbers.add(Number(n));
    }
  }
  const notes: RetryNote[] = [];
  for (const n of [...numbers].sort((a, b) => a - b)) {
    const note = await readRetryNote(ports, jobId, n);
    if (note !== undefined) notes.push(note);
  }
  return notes;
};

/** Writes the note of a retry, in the place of what stood there. */
export const putRetryNote = async (
  { objects, stack }: Pick<Operator, 'objects' | 'stack'>,
  jobId: string,
  note: RetryNote,
): Promise<void> => {
  await objects.put(stack.workBucket, noteKeyOf(jobId, note.n), JSON.stringify(note));
};
