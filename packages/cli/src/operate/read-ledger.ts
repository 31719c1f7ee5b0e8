import { countChunk } from '@sluice/audit-job/count-chunk';
import { createMarkReader } from '@sluice/audit-job/mark-reader';
import { addLedgers, balance, emptyLedger, type Ledger, ledgerOfClosed } from '@sluice/core/ledger';
import type { Job } from '@sluice/core/ports/job-store';
import type { Operator } from './operator.ts';

/** True for a job whose rows all have a mark, or are through: as audits left it, what is left over is dead. */
export const hasMarksAlone = ({ state }: Pick<Job, 'state'>): boolean => state === 'HELD' || state === 'STALLED';

/**
 * The ledger as audits left it: the chunks that were closed, and those that were counted without being through. Reads the ledger's own
 * records from the first chunk on that is open, and no row. Undefined while nobody knows how many rows there are.
 */
export const readLastLedger = async (
  jobs: Pick<Operator['jobs'], 'listChunks'>,
  job: Job,
): Promise<Ledger | undefined> => {
  const { plan, audited } = job;
  if (plan === undefined) return undefined;
  let sum = audited?.ledger ?? emptyLedger;
  const through = audited?.through ?? 0;
  const witnesses = new Map((audited?.witnesses ?? []).map((witness) => [witness[0], witness]));
  if (through < plan.chunks) {
    for await (const page of jobs.listChunks(job.jobId, through)) {
      for (const chunk of page) {
        const [, , , done = 0, failed = 0, dead = 0] = witnesses.get(chunk.chunk) ?? [];
        const rejected = chunk.cleaned?.rejected ?? 0;
        const closed = ledgerOfClosed(chunk);
        sum = addLedgers(sum, closed ?? balance({ rows: chunk.rows, rejected, done, failed, dead }));
      }
    }
  }
  const left = sum.dead + sum.open;
  return hasMarksAlone(job) ? { ...sum, dead: left, open: 0 } : sum;
};

/**
 * True while a job that is HELD has dead rows, and no others that are not final. Dead rows that were sent back are open or final by now,
 * and the job is HELD no longer than its next audit.
 */
export const isHeld = ({ dead, open }: Ledger): boolean => dead > 0 && open <= 0;

/**
 * The ledger as it is now: what the last audit's would be, without writing anything. Counts the rows of chunks that are not closed.
 * Undefined while nobody knows how many rows there are. Of a job whose rows were deleted, what is left of its ledger.
 */
export const countLedger = async (
  { jobs, rows }: Pick<Operator, 'jobs' | 'rows'>,
  job: Job,
): Promise<Ledger | undefined> => {
  if (job.forgottenAt !== undefined) return readLastLedger(jobs, job);
  if (job.plan === undefined) return undefined;
  const through = job.audited?.through ?? 0;
  let sum = job.audited?.ledger ?? emptyLedger;
  if (through >= job.plan.chunks) return sum;
  const marksOf = createMarkReader(jobs, job.jobId, through);
  // Whoever counts closes what is through; here that is left to the audit.
  const ports = { rows, jobs: { closeChunk: async () => false } };
  for await (const page of jobs.listChunks(job.jobId, through)) {
    for (const chunk of page) {
      const marks = chunk.closed === undefined ? await marksOf(chunk.chunk) : [];
      sum = addLedgers(sum, (await countChunk(job.jobId, chunk, marks, ports)).ledger);
    }
  }
  return sum;
};
