import { isRepairAsked } from '@sluice/audit-job/audit-planned';
import { SluiceError } from '@sluice/core/errors';
import type { Job, JobState } from '@sluice/core/ports/job-store';
import { terminalStates } from '@sluice/core/ports/job-store';
import { countText, durationText } from '../terminal-text.ts';
import { findJob } from './find-job.ts';
import { summarise, summaryLines } from './job-summary.ts';
import { countLedger, isHeld, readLastLedger } from './read-ledger.ts';
import type { Session } from './session.ts';
import { adviseOn } from './state-advice.ts';

export type WaitFlags = { readonly timeout?: number };

/** Between two looks at the job: from the first to the longest, each half as long again as the one before. */
const firstMilliseconds = 2_000;
const longestMilliseconds = 15_000;
const growth = 1.5;

/** Looks in a row that failed, after which the service counts as out. */
const failuresMax = 5;

/** States that a job leaves only when somebody does something. */
const waitingStates: readonly JobState[] = ['HELD', 'STALLED', 'INCONSISTENT'];

/** How a wait ended. `job` is undefined when it never appeared. */
export type Waited = { readonly job: Job | undefined; readonly isInTime: boolean };

const rowsText = ({ plan, audited, cursor }: Job): string => {
  if (plan === undefined) return `${countText((cursor?.row ?? 1) - 1)} rows planned so far`;
  const { done = 0, failed = 0, rejected = 0 } = audited?.ledger ?? {};
  const round = audited?.round?.ledger;
  const accounted = done + failed + rejected + (round === undefined ? 0 : round.done + round.failed + round.rejected);
  return `${countText(accounted)} of ${countText(plan.rows)} rows accounted for`;
};

/** Tells of a job that waits for somebody whether it does so still: not when what it waited for was done, and no audit has seen it yet. */
const createStillWaits = (operator: Session['operator']): ((job: Job) => Promise<boolean>) => {
  let countedFor: number | undefined;
  let waits = true;
  return async (job) => {
    if (isRepairAsked(job)) return false;
    if (job.state !== 'HELD') return true;
    // Between two audits one count is enough.
    if (countedFor !== job.auditAt) {
      const ledger = await countLedger(operator, job);
      waits = ledger === undefined || isHeld(ledger);
    }
    countedFor = job.auditAt;
    return waits;
  };
};

/**
 * Looks at a job until it is at its end, waits for somebody, or the time is over; says each change. A job that is not there yet
 * is waited for. Looks that fail for now are made again.
 */
export const waitForEnd = async (
  { operator, output, signal }: Session,
  jobId: string,
  { timeout = Number.POSITIVE_INFINITY }: WaitFlags,
): Promise<Waited> => {
  const { jobs, clock } = operator;
  const stillWaits = createStillWaits(operator);
  const endsAt = clock.now() + timeout;
  let pause = firstMilliseconds;
  let failures = 0;
  let said = '';
  let job: Job | undefined;
  for (;;) {
    signal.throwIfAborted();
    try {
      job = await jobs.getJob(jobId);
      const now = job === undefined ? 'is expected to appear' : `${job.state}  ${rowsText(job)}`;
      if (now !== said) output.note(`${jobId}  ${now}`);
      said = now;
      if (job !== undefined && terminalStates.includes(job.state)) return { job, isInTime: true };
      if (job !== undefined && waitingStates.includes(job.state) && (await stillWaits(job))) {
        return { job, isInTime: true };
      }
      failures = 0;
    } catch (thrown) {
      failures++;
      const isForNow = !(thrown instanceof SluiceError && thrown.permanent);
      if (!isForNow || failures >= failuresMax) throw thrown;
    }
    const left = endsAt - clock.now();
    if (left <= 0) return { job, isInTime: false };
    await clock.sleep(Math.min(pause, left), signal);
    pause = Math.min(longestMilliseconds, pause * growth);
  }
};

/** What a wait came to, as JSON and as lines; `isComplete` decides the exit status. */
export const tellWaited = async ({ operator }: Session, { job, isInTime }: Waited, { timeout = 0 }: WaitFlags) => {
  const late = isInTime ? [] : ['', `the job did not end within ${durationText(timeout / 1000)}; it goes on`];
  if (job === undefined) return { isComplete: false, value: null, lines: ['the job has not appeared', ...late] };
  // Of a job that goes on, counting would read every row, for a number that is wrong the next moment.
  const ledger = isInTime ? await countLedger(operator, job) : await readLastLedger(operator.jobs, job);
  const summary = summarise(job, ledger);
  const todo = isInTime ? adviseOn(job).todo : [];
  return {
    isComplete: job.state === 'COMPLETE',
    value: { ...summary, isInTime },
    lines: [...summaryLines(summary), ...late, ...(todo.length === 0 ? [] : ['', ...todo])],
  };
};

/** Waits for the end of a job. Exit status 0 for COMPLETE alone. */
export const wait = async (session: Session, jobText: string, flags: WaitFlags): Promise<number> => {
  const { jobId } = await findJob(session.operator, jobText);
  const { isComplete, value, lines } = await tellWaited(session, await waitForEnd(session, jobId, flags), flags);
  session.output.result(value, lines);
  return isComplete ? 0 : 1;
};
