import { SluiceError } from '@sluice/core/errors';
import type { Job } from '@sluice/core/ports/job-store';
import { readObject } from '@sluice/core/read-object';
import * as z from 'zod/mini';
import { jobPrefixOf } from './forget-state.ts';
import type { Operator } from './operator.ts';
import { CommandFailed } from './session.ts';

/** How far the clocks of those who make jobs and notes may be apart. */
export const skewMilliseconds = 60 * 60 * 1000;

const noteSchema = z.object({
  v: z.literal(1),
  /** Which retry of its job it is, from 1. */
  n: z.int(),
  /** Of the file, in the inbox. */
  key: z.string(),
  /** When it was begun. Milliseconds since the Unix epoch, here and below. */
  at: z.number(),
  /** The rows, in the order in which they stand in the file; first and last of each range, both inclusive. */
  rows: z.readonly(z.array(z.readonly(z.tuple([z.int(), z.int()])))),
  sentAt: z.exactOptional(z.number()),
});

/**
 * Rows of a job that were sent again as a file of their own. It is written before the file is put, with everything but `sentAt`, and
 * again after that: so a note without `sentAt` is of a file that may never have been put.
 */
export type RetryNote = Readonly<z.infer<typeof noteSchema>>;

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
    const { data } = noteSchema.safeParse(JSON.parse(Buffer.concat(pieces).toString()));
    if (data !== undefined) return data;
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
