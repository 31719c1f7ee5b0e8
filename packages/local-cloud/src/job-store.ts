import { fileIdOf } from '@sluice/core/identity';
import type {
  ChunkCounts,
  ChunkPlan,
  ChunkRecord,
  DeadMark,
  Job,
  JobChange,
  JobState,
  JobStore,
} from '@sluice/core/ports/job-store';
import { applyChange, isOpenJob } from '@sluice/core/ports/job-store';
import type { LocalDatabase } from './database.ts';

// The jobs table, over SQLite.
//
// Models: the conditions of every write, consistent reads in pages. Does not model: capacity, item sizes, eventually
// consistent indexes.

/** Entries of one page. */
const pageSize = 500;
/** Stands for "the chunk itself" or "the file itself" in a mark's key. */
const whole = -1;

type ChunkRow = {
  readonly chunk: number;
  readonly plan: string;
  readonly cleaned: string | null;
  readonly closed: string | null;
};

type MarkRow = { readonly chunk: number; readonly row: number; readonly body: string };

const toChunk = ({ plan, cleaned, closed }: ChunkRow): ChunkRecord => ({
  ...(JSON.parse(plan) as ChunkPlan),
  ...(cleaned === null ? {} : { cleaned: JSON.parse(cleaned) as ChunkCounts }),
  ...(closed === null ? {} : { closed: JSON.parse(closed) as { done: number; failed: number } }),
});

/** Marks that are alike are the same text: their fields stand in one order, whoever made them. */
const markText = ({ jobId, stage, chunk, row, code, message, attempts, permanent }: DeadMark): string =>
  JSON.stringify({ jobId, stage, chunk, row, code, message, attempts, permanent });

/** What the table shows of a job beside its body; nothing once it is closed. */
const dueOf = (job: Job): number | null => (isOpenJob(job) ? job.auditAt : null);

export const createLocalJobs = (database: LocalDatabase): JobStore => {
  const insertJob = database.prepare('INSERT INTO jobs (job, audit_at, body) VALUES (?, ?, ?) ON CONFLICT DO NOTHING');
  const selectJob = database.prepare('SELECT body FROM jobs WHERE job = ?');
  const updateJob = database.prepare('UPDATE jobs SET audit_at = ?, body = ? WHERE job = ?');
  const dueJobs = database.prepare('SELECT job FROM jobs WHERE audit_at <= ? ORDER BY audit_at, job');
  const newestJobs = database.prepare(
    `SELECT job, body ->> 'createdAt' AS created FROM jobs ORDER BY created DESC, job`,
  );
  const insertFile = database.prepare('INSERT INTO files (file) VALUES (?) ON CONFLICT DO NOTHING');
  const selectFile = database.prepare('SELECT 1 FROM files WHERE file = ?');
  const takeLease = database.prepare(`
    INSERT INTO leases (job, lease, owner, until) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET owner = excluded.owner, until = excluded.until WHERE until <= ? OR owner = excluded.owner
  `);
  const releaseLease = database.prepare('DELETE FROM leases WHERE job = ? AND lease = ? AND owner = ?');
  const insertChunk = database.prepare('INSERT INTO chunks (job, chunk, plan) VALUES (?, ?, ?) ON CONFLICT DO NOTHING');
  const writeCounts = database.prepare('UPDATE chunks SET cleaned = ? WHERE job = ? AND chunk = ? AND cleaned IS NULL');
  const writeClosed = database.prepare('UPDATE chunks SET closed = ? WHERE job = ? AND chunk = ? AND closed IS NULL');
  const selectChunks = database.prepare(
    `SELECT chunk, plan, cleaned, closed FROM chunks WHERE job = ? AND chunk > ? ORDER BY chunk LIMIT ${pageSize}`,
  );
  const writeMark = database.prepare(
    'INSERT INTO marks (job, chunk, row, body) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body',
  );
  const removeMark = database.prepare('DELETE FROM marks WHERE job = ? AND chunk = ? AND row = ? AND body = ?');
  const selectMarks = database.prepare(
    `SELECT chunk, row, body FROM marks WHERE job = ? AND (chunk, row) > (?, ?) ORDER BY chunk, row LIMIT ${pageSize}`,
  );

  const getJob = (jobId: string): Job | undefined => {
    const found = selectJob.get(jobId) as { body: string } | undefined;
    return found === undefined ? undefined : (JSON.parse(found.body) as Job);
  };

  const changeJob = (jobId: string, states: readonly JobState[], change: JobChange): boolean => {
    const job = getJob(jobId);
    if (job === undefined || !states.includes(job.state)) return false;
    const changed = applyChange(job, change);
    database.write(updateJob, dueOf(changed), JSON.stringify(changed), jobId);
    return true;
  };

  return {
    createJob: async (job) => database.write(insertJob, job.jobId, dueOf(job), JSON.stringify(job)) > 0,
    getJob: async (jobId) => getJob(jobId),
    changeJob: async (jobId, states, change) => changeJob(jobId, states, change),
    takeLease: async (jobId, lease, owner, now, until) =>
      database.write(takeLease, jobId, lease, owner, until, now) > 0,
    async releaseLease(jobId, lease, owner) {
      database.write(releaseLease, jobId, lease, owner);
    },
    async putChunks(jobId, chunks) {
      for (const chunk of chunks) database.write(insertChunk, jobId, chunk.chunk, JSON.stringify(chunk));
    },
    putCounts: async (jobId, chunk, counts) => database.write(writeCounts, JSON.stringify(counts), jobId, chunk) > 0,
    closeChunk: async (jobId, chunk, closed) => database.write(writeClosed, JSON.stringify(closed), jobId, chunk) > 0,
    async *listChunks(jobId, from = 0) {
      for (let after = from - 1; ; ) {
        const page = selectChunks.all(jobId, after) as unknown as ChunkRow[];
        if (page.length > 0) yield page.map(toChunk);
        if (page.length < pageSize) return;
        after = page.at(-1)?.chunk ?? after;
      }
    },
    async putMarks(marks) {
      for (const mark of marks) {
        database.write(writeMark, mark.jobId, mark.chunk ?? whole, mark.row ?? whole, markText(mark));
      }
    },
    async removeMarks(marks) {
      for (const mark of marks) {
        database.write(removeMark, mark.jobId, mark.chunk ?? whole, mark.row ?? whole, markText(mark));
      }
    },
    async *listMarks(jobId, from = whole) {
      for (let after: readonly [number, number] = [from, whole - 1]; ; ) {
        const page = selectMarks.all(jobId, ...after) as unknown as MarkRow[];
        if (page.length > 0) yield page.map(({ body }) => JSON.parse(body) as DeadMark);
        if (page.length < pageSize) return;
        const last = page.at(-1);
        after = [last?.chunk ?? whole, last?.row ?? whole];
      }
    },
    async *listDueJobs(now) {
      const jobs = dueJobs.all(now) as unknown as { job: string }[];
      for (let from = 0; from < jobs.length; from += pageSize) {
        yield jobs.slice(from, from + pageSize).map(({ job }) => job);
      }
    },
    async *listJobs() {
      const ids = (newestJobs.all() as unknown as { job: string }[]).map(({ job }) => job);
      for (let from = 0; from < ids.length; from += pageSize) {
        yield ids.slice(from, from + pageSize).flatMap((id) => getJob(id) ?? []);
      }
    },
    async noteFile(file) {
      database.write(insertFile, fileIdOf(file));
    },
    hasFile: async (file) => selectFile.get(fileIdOf(file)) !== undefined,
  };
};

/** Takes back every dead mark of a job, as no service of AWS would: for a run that tries again what an earlier one gave up. */
export const forgetMarks = (database: LocalDatabase, jobId: string): void => {
  database.write(database.prepare('DELETE FROM marks WHERE job = ?'), jobId);
};
