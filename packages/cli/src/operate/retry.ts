import { gather, readHeader } from '@sluice/audit-job/merge-rejects';
import { withMark } from '@sluice/audit-job/with-mark';
import { headBytes } from '@sluice/core/csv/dialect';
import { SluiceError } from '@sluice/core/errors';
import { jobIdOf } from '@sluice/core/identity';
import type { Job, JobLayout, Profile } from '@sluice/core/ports/job-store';
import { terminalStates } from '@sluice/core/ports/job-store';
import { hashProfile } from '@sluice/core/profile';
import { createRangeCursor } from '@sluice/core/row-ranges';
import { loadProfiles } from '@sluice/split-file/profiles';
import { findProfile } from '@sluice/split-file/upload';
import { countText, toTerminalText } from '../terminal-text.ts';
import { dropped } from './dlq/write-off.ts';
import type { FailedRows } from './failed-rows.ts';
import { findFailedRows } from './failed-rows.ts';
import { findJob } from './find-job.ts';
import { checkNotForgotten } from './forget-state.ts';
import type { Operator } from './operator.ts';
import type { KeepLease } from './plan-lease.ts';
import { withPlanLease } from './plan-lease.ts';
import { createProgressNotes } from './progress-notes.ts';
import type { RetryNote } from './retry-note.ts';
import { listRetryNotes, putRetryNote, retryKeyOf, skewMilliseconds } from './retry-note.ts';
import type { ChunkRanges } from './row-bytes.ts';
import { readRowBytes } from './row-bytes.ts';
import { findDialectGap } from './same-dialect.ts';
import type { Session } from './session.ts';
import { CommandFailed } from './session.ts';

export type RetryFlags = { readonly code?: readonly string[]; readonly again: boolean };

const lineFeed = Buffer.from('\n');

/** True when the file of a note was put, though nobody came to note it: it lies there, or a job was made of it. */
const wasPut = async ({ objects, jobs, stack }: Operator, { key, at }: RetryNote): Promise<boolean> => {
  if ((await objects.head(stack.inboxBucket, key)) !== undefined) return true;
  for await (const page of jobs.listJobs()) {
    for (const { file, createdAt } of page) {
      if (createdAt < at - skewMilliseconds) return false;
      if (file.bucket === stack.inboxBucket && file.key === key) return true;
    }
  }
  return false;
};

/** Retries whose file was put; those that died before they could note it are noted now. */
const listSent = async (operator: Operator, jobId: string): Promise<readonly RetryNote[]> => {
  const sent: RetryNote[] = [];
  for (const note of await listRetryNotes(operator, jobId)) {
    if (note.sentAt !== undefined) sent.push(note);
    else if (await wasPut(operator, note)) {
      const noted = { ...note, sentAt: operator.clock.now() };
      await putRetryNote(operator, jobId, noted);
      sent.push(noted);
    }
  }
  return sent;
};

/** The first number of a retry that is free: no file was put under its key. */
const nextKey = async (
  job: Job,
  sent: readonly RetryNote[],
  { objects, stack }: Operator,
): Promise<Pick<RetryNote, 'n' | 'key'>> => {
  for (let n = Math.max(0, ...sent.map((note) => note.n)) + 1; ; n++) {
    const key = retryKeyOf(job, n);
    if ((await objects.head(stack.inboxBucket, key)) === undefined) return { n, key };
  }
};

/** How the file of a retry will be read. Throws CommandFailed where that is not as the job's own was. */
const profileOf = async (job: Job, key: string, rows: number, operator: Operator): Promise<Profile> => {
  const { stack } = operator;
  const profile = findProfile(await loadProfiles(operator, stack.workBucket, stack.profilesKey), key);
  if (profile === undefined) {
    throw new CommandFailed(`expected a profile for ${toTerminalText(key)}, found none: no job would come of it`);
  }
  const { limit = Number.POSITIVE_INFINITY, header = true } = profile;
  const where = `the profile of the prefix ${toTerminalText(JSON.stringify(profile.prefix))}`;
  if (limit < rows) throw new CommandFailed(`expected ${where} to take ${rows} rows, found its limit at ${limit}`);
  if (header !== (job.profile.header ?? true)) {
    throw new CommandFailed(`expected ${where} to have "header" as the job had it, found it changed`);
  }
  return profile;
};

async function* linesOf(
  { profile }: Job,
  layout: JobLayout,
  chunks: readonly ChunkRanges[],
  { operator, signal }: Session,
  keep: KeepLease,
): AsyncGenerator<Uint8Array> {
  if (profile.header ?? true) {
    yield await readHeader(layout, operator);
    yield lineFeed;
  }
  for (const chunk of chunks) {
    // Where few rows failed, many chunks are read before there are bytes enough for anybody to ask for the next.
    signal.throwIfAborted();
    await keep();
    yield* readRowBytes(layout, chunk, operator);
  }
}

/** The file of a retry. Its beginning is read, and judged, before anything is written. */
const openFile = async (
  job: Job,
  layout: JobLayout,
  chunks: readonly ChunkRanges[],
  profile: Profile,
  session: Session,
  keep: KeepLease,
): Promise<AsyncIterable<Uint8Array>> => {
  const pieces = withMark(gather(linesOf(job, layout, chunks, session, keep)), profile);
  const first: Uint8Array[] = [];
  let bytes = 0;
  let isWhole = false;
  while (bytes <= headBytes && !isWhole) {
    const { value, done } = await pieces.next();
    isWhole = done === true;
    if (done === true) break;
    first.push(value);
    bytes += value.length;
  }
  const gap = findDialectGap(Buffer.concat(first).subarray(0, headBytes), isWhole, layout, profile);
  if (gap !== undefined) throw new CommandFailed(`the failed rows alone would be read otherwise: ${gap}`);
  async function* all(): AsyncGenerator<Uint8Array> {
    yield* first;
    yield* pieces;
  }
  return all();
};

/** Puts the file, between the two writings of its note. Returns the id of its job. */
const send = async (
  job: Job,
  layout: JobLayout,
  failed: FailedRows,
  sent: readonly RetryNote[],
  session: Session,
  keep: KeepLease,
) => {
  const { operator, signal } = session;
  const { objects, clock, stack } = operator;
  const { n, key } = await nextKey(job, sent, operator);
  const profile = await profileOf(job, key, failed.rows, operator);
  const file = await openFile(job, layout, failed.chunks, profile, session, keep);
  const progress = createProgressNotes(session);
  async function* watched(): AsyncGenerator<Uint8Array> {
    let bytes = 0;
    for await (const piece of file) {
      signal.throwIfAborted();
      await keep();
      yield piece;
      bytes += piece.length;
      progress(() => `sent ${countText(bytes)} bytes`);
    }
  }
  const note: RetryNote = { v: 1, n, key, at: clock.now(), rows: failed.chunks.flatMap(({ ranges }) => ranges) };
  await putRetryNote(operator, job.jobId, note);
  const { bytes, ...head } = await objects.putStream(stack.inboxBucket, key, watched());
  await putRetryNote(operator, job.jobId, { ...note, sentAt: clock.now() });
  const version = { bucket: stack.inboxBucket, key, ...head };
  return { n, key, bytes, jobId: jobIdOf(version, hashProfile(profile).profileHash) };
};

const noteWhatElse = ({ jobId, state }: Job, { output }: Session): void => {
  if (state === 'HELD' || state === 'STALLED') {
    output.note(
      `job ${jobId} is ${state}: its dead or lost rows did not fail; sluice dlq redrive --job ${jobId} or sluice repair ${jobId} is for them`,
    );
  } else if (!terminalStates.includes(state)) output.note(`job ${jobId} is ${state}: more of its rows may fail`);
};

const noteLeftOut = (job: Job, failed: FailedRows, sent: readonly RetryNote[], { output }: Session): void => {
  if (failed.writtenOff > 0) {
    output.note(
      `${countText(failed.writtenOff)} rows that were written off by hand are left out; --code ${dropped.code} sends them`,
    );
  }
  if (failed.sentBefore === 0) return;
  const keys = sent.map(({ key }) => toTerminalText(key)).join(', ');
  const text = `${countText(failed.sentBefore)} rows of job ${job.jobId} that failed were sent again before, as ${keys}; --again sends them once more`;
  if (failed.rows === 0) throw new CommandFailed(text);
  output.note(text);
};

/**
 * Sends the rows of a job that the processor refused once more: their original bytes under the file's header, as a new file in the
 * inbox, of which a job of its own comes. The job's own rows stay as they are. What was sent before is not sent again without --again,
 * wherever an earlier call ended. Throws CommandFailed where nothing can be sent.
 */
export const retry = async (session: Session, jobText: string, flags: RetryFlags): Promise<number> => {
  const { operator, output } = session;
  const job = await findJob(operator, jobText);
  await checkNotForgotten(operator, job);
  const { jobId, layout, state } = job;
  if (state === 'PLANNING' || layout === undefined) {
    throw new CommandFailed(`expected a job whose file was read to its end, found job ${jobId} ${state}`);
  }
  return withPlanLease(operator, jobId, async (keep) => {
    noteWhatElse(job, session);
    const sent = await listSent(operator, jobId);
    const wasSent = flags.again ? () => false : createRangeCursor(sent.flatMap(({ rows }) => rows));
    const failed = await findFailedRows(job, session, flags.code, wasSent, keep);
    // Somebody may have had rows deleted while they were looked for.
    await checkNotForgotten(operator, (await operator.jobs.getJob(jobId)) ?? job);
    noteLeftOut(job, failed, sent, session);
    if (failed.rows === 0) {
      const which = flags.code === undefined ? '' : ` with ${toTerminalText(flags.code.join(', '))}`;
      output.result({ from: jobId, rows: 0, codes: {} }, [`no row of job ${jobId} failed${which}`]);
      return 0;
    }
    await keep();
    const made = await send(job, layout, failed, sent, session, keep).catch((thrown: unknown) => {
      if (!(thrown instanceof SluiceError) || thrown.code !== 'OBJECT_CHANGED') throw thrown;
      throw new CommandFailed(
        `the file of job ${jobId}, or its copy, is gone or was replaced: its failed rows can no longer be read`,
      );
    });
    const codes = [...failed.byCode].sort(([, a], [, b]) => b - a);
    const bucket = operator.stack.inboxBucket;
    output.result({ from: jobId, rows: failed.rows, codes: Object.fromEntries(codes), bucket, ...made }, [
      `${countText(failed.rows)} failed rows of job ${jobId} were sent again: ${codes.map(([code, count]) => `${toTerminalText(code)} ${countText(count)}`).join(', ')}`,
      `  s3://${bucket}/${toTerminalText(made.key)}`,
      `  job ${made.jobId} takes them through: sluice wait ${made.jobId}`,
    ]);
    return 0;
  });
};
