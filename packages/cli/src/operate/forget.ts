import type { Job } from '@sluice/core/ports/job-store';
import { isOpenJob, terminalStates } from '@sluice/core/ports/job-store';
import type { ListedVersion } from '@sluice/core/ports/object-store';
import { queueNames } from '@sluice/core/ports/queue';
import { waitForAll } from '@sluice/core/wait-for-all';
import { countText, toTerminalText } from '../terminal-text.ts';
import { findJob } from './find-job.ts';
import { forgetKeyOf, jobPrefixOf, readForgotten } from './forget-state.ts';
import type { Operator } from './operator.ts';
import { createProgressNotes } from './progress-notes.ts';
import { removeRows } from './remove-rows.ts';
import { listRetryNotes } from './retry-note.ts';
import type { Session } from './session.ts';
import { CommandFailed } from './session.ts';

/** Objects deleted at once. */
const removalsInFlightMax = 8;

/** What there is of a job. `rows`: those that were accepted, as the ledger counts them. */
type Extent = { readonly rows: number; readonly rejected: number; readonly objects: number; readonly bytes: number };

async function* listVersions(jobId: string, { objects, stack }: Operator): AsyncGenerator<readonly ListedVersion[]> {
  for await (const { versions } of objects.list(stack.workBucket, undefined, jobPrefixOf(jobId))) yield versions;
}

const measure = async ({ jobId }: Job, operator: Operator): Promise<Extent> => {
  let rows = 0;
  let rejected = 0;
  for await (const page of operator.jobs.listChunks(jobId)) {
    for (const { cleaned, rows: planned } of page) {
      rows += cleaned?.accepted ?? planned;
      rejected += cleaned?.rejected ?? 0;
    }
  }
  let objects = 0;
  let bytes = 0;
  for await (const versions of listVersions(jobId, operator)) {
    objects += versions.length;
    bytes += versions.reduce((sum, version) => sum + version.bytes, 0);
  }
  return { rows, rejected, objects, bytes };
};

/** Files that hold rows of the job and stay: its own, and those of its retries. */
const filesOf = async (job: Job, operator: Operator): Promise<readonly string[]> => {
  const { file, jobId } = job;
  const version = file.versionId === undefined ? '' : ` (version ${file.versionId})`;
  const retries = (await listRetryNotes(operator, jobId)).map(({ key }) => `s3://${operator.stack.inboxBucket}/${key}`);
  return [`s3://${file.bucket}/${file.key}${version}`, ...retries];
};

const removeAllRows = async ({ jobId }: Job, session: Session, extent: Extent): Promise<number> => {
  const { operator, signal } = session;
  const note = createProgressNotes(session);
  let removed = 0;
  for await (const chunks of operator.jobs.listChunks(jobId)) {
    for (const { chunk } of chunks) {
      for await (const page of operator.rows.readChunk(jobId, chunk)) {
        const numbers = page.map(({ row }) => row);
        await removeRows(jobId, chunk, numbers, operator, signal);
        removed += numbers.length;
        note(() => `deleted ${countText(removed)} of ${countText(extent.rows)} rows`);
      }
    }
  }
  return removed;
};

const removeAll = async (versions: readonly ListedVersion[], { objects }: Operator): Promise<void> => {
  for (let from = 0; from < versions.length; from += removalsInFlightMax) {
    await waitForAll(versions.slice(from, from + removalsInFlightMax).map((version) => objects.removeVersion(version)));
  }
};

/** Deletes every version of everything that is kept of a job; last the note that it is being forgotten. */
const removeObjects = async (
  { jobId }: Job,
  session: Session,
  extent: Extent,
): Promise<{ objects: number; bytes: number }> => {
  const { operator, signal } = session;
  const note = createProgressNotes(session);
  const key = forgetKeyOf(jobId);
  const retries = `${jobPrefixOf(jobId)}retries/`;
  const notes: ListedVersion[] = [];
  const last: ListedVersion[] = [];
  let objects = 0;
  let bytes = 0;
  const remove = async (versions: readonly ListedVersion[]): Promise<void> => {
    await removeAll(versions, operator);
    objects += versions.length;
    bytes += versions.reduce((sum, version) => sum + version.bytes, 0);
  };
  for await (const versions of listVersions(jobId, operator)) {
    signal.throwIfAborted();
    last.push(...versions.filter((version) => version.key === key));
    // Whoever goes on must still be told which files stay.
    notes.push(...versions.filter((version) => version.key.startsWith(retries)));
    await remove(versions.filter((version) => version.key !== key && !version.key.startsWith(retries)));
    note(() => `deleted ${countText(objects)} of ${countText(extent.objects)} objects`);
  }
  await remove(notes);
  await removeAll(last, operator);
  return { objects, bytes };
};

/** The note first: from then on a job without it, but with `forgottenAt`, is one of which nothing is left. */
const begin = async ({ jobId, forgottenAt }: Job, { objects, jobs, clock, stack }: Operator): Promise<number> => {
  const at = forgottenAt ?? clock.now();
  await objects.put(stack.workBucket, forgetKeyOf(jobId), JSON.stringify({ v: 1, at }));
  if (forgottenAt !== undefined) return at;
  if (!(await jobs.changeJob(jobId, terminalStates, { forgottenAt: at }))) {
    throw new CommandFailed(`expected job ${jobId} at its end, found it open again`);
  }
  return at;
};

/** True when rows of the job were ever given up, so that messages of it may lie in a dead-letter queue. */
const hasMarks = async ({ jobId }: Job, { jobs }: Operator): Promise<boolean> => {
  for await (const marks of jobs.listMarks(jobId)) if (marks.length > 0) return true;
  return false;
};

/** True while messages are under way that write rows, rejects or a copy of some job. */
const isAnythingUnderWay = async ({ queues }: Operator): Promise<boolean> => {
  const writing = queueNames.filter((name) => name !== 'audits');
  const depths = await waitForAll(writing.map((name) => queues[name].depth()));
  return depths.some(({ visible, inFlight, delayed }) => visible + inFlight + delayed > 0);
};

const checkEnded = (job: Job): void => {
  const { jobId, state } = job;
  if (!terminalStates.includes(state)) {
    throw new CommandFailed(
      `expected a job at its end, found job ${jobId} ${state}; wait for it, or sluice cancel ${jobId} first`,
    );
  }
  if (isOpenJob(job)) {
    throw new CommandFailed(
      `expected the end of job ${jobId} to be told, found it is about to be; try again in a minute`,
    );
  }
};

/**
 * Deletes the rows of a job, its rejects, its copy and the notes of its retries, every version of them, for good; its ledger stays as
 * evidence, and so does the uploaded file. Wherever it dies, the same call goes on. Throws CommandFailed for a job that is not at its end.
 */
export const forget = async (session: Session, jobText: string): Promise<number> => {
  const { operator, output } = session;
  const job = await findJob(operator, jobText);
  checkEnded(job);
  const { jobId } = job;
  const forgotten = await readForgotten(operator, job);
  if (forgotten !== undefined) {
    const when = new Date(forgotten.at).toISOString();
    output.note(
      `job ${jobId} was to be forgotten at ${when}${forgotten.isFinished ? '' : ', which did not come to its end'}; going on`,
    );
  }
  if (await hasMarks(job, operator)) {
    output.note(
      `rows of job ${jobId} were given up at times; dead letters of it that are sent back later bring rows back: sluice dlq ls --job ${jobId}`,
    );
  }
  // What is under way of a job that ended before its rows did is written after they were deleted.
  if (job.state !== 'COMPLETE' && (await isAnythingUnderWay(operator))) {
    output.note(
      `messages are under way, and those of job ${jobId} may bring rows of it back; once the queues are empty, sluice forget ${jobId} again`,
    );
  }
  const extent = await measure(job, operator);
  const stays = await filesOf(job, operator);
  const what = `${countText(extent.rows)} rows and ${countText(extent.objects)} objects of ${countText(extent.bytes)} bytes, with ${countText(extent.rejected)} rejected rows,`;
  if (
    forgotten === undefined &&
    !(await session.ask(
      `Delete the results of job ${jobId} (${toTerminalText(job.file.key)}) for good: ${what} and no way back?`,
    ))
  ) {
    output.note('nothing was deleted');
    return 1;
  }
  const at = await begin(job, operator);
  const rows = await removeAllRows(job, session, extent);
  const removed = await removeObjects(job, session, extent);
  output.result({ jobId, forgottenAt: new Date(at).toISOString(), rows, ...removed, stays }, [
    `job ${jobId} is forgotten: ${countText(rows)} rows and ${countText(removed.objects)} objects of ${countText(removed.bytes)} bytes were deleted`,
    'its ledger stays, and so do the files in the inbox:',
    ...stays.map((file) => `  ${toTerminalText(file, 1_100)}`),
  ]);
  return 0;
};
