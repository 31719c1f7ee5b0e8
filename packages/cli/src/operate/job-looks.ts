import { SluiceError } from '@sluice/core/errors';
import type { Job } from '@sluice/core/ports/job-store';
import type { StageName, Wiring } from '@sluice/core/wiring';
import { stageNames } from '@sluice/core/wiring';
import { createSpeed } from '../view/speed.ts';
import { createJobCounter } from './job-count.ts';
import type { JobStatus } from './job-status.ts';
import { jobStatus } from './job-status.ts';
import type { Operator } from './operator.ts';
import type { ReadingBudget } from './reading-budget.ts';
import { CommandFailed } from './session.ts';
import type { StageMetrics } from './stage-metrics.ts';
import { readStageMetrics } from './stage-metrics.ts';
import { readQueues, rowsThrough, stageProgress } from './stage-progress.ts';

/** How long rates of looks are smoothed over. */
const speedMilliseconds = 30_000;
/** CloudWatch has nothing new before that. */
const metricsMilliseconds = 60_000;
/** Without any movement of its own for as long, a stage whose metrics nobody can read counts as one that does not move. */
const stillMilliseconds = 60_000;

/** A job as it was read, and where it stood then. */
export type JobLook = { readonly job: Job; readonly status: JobStatus };

/**
 * Looks at a job as often as it is called; later looks know the rates from those before. Throws CommandFailed when the job is no more,
 * SluiceError when a service fails, the signal's reason when it aborts. Without CloudWatch, rates are unknown and the status says so.
 */
export const createJobLooks = (
  operator: Operator,
  jobId: string,
  budget: ReadingBudget,
  wiring: Wiring,
): ((signal: AbortSignal) => Promise<JobLook>) => {
  const { jobs, clock } = operator;
  const countJob = createJobCounter(operator, budget);
  const speeds = new Map(stageNames.map((stage) => [stage, createSpeed(speedMilliseconds)]));
  const through = new Map<StageName, { readonly rows: number; readonly since: number }>();
  let metrics: StageMetrics | undefined;
  let metricsError: string | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  let seen = '';
  let seenAt = 0;

  const refreshMetrics = async (): Promise<void> => {
    if (clock.now() - askedAt < metricsMilliseconds) return;
    askedAt = clock.now();
    try {
      metrics = await readStageMetrics(operator);
      metricsError = undefined;
    } catch (thrown) {
      if (!(thrown instanceof SluiceError)) throw thrown;
      metrics = undefined;
      metricsError = `CloudWatch did not tell how fast stages are: ${thrown.message}`;
    }
  };

  return async (signal) => {
    signal.throwIfAborted();
    const job = await jobs.getJob(jobId);
    if (job === undefined) throw new CommandFailed(`expected a job ${jobId}, found none`);
    const [count, queues] = await Promise.all([countJob(job, signal), readQueues(operator, wiring), refreshMetrics()]);
    const now = clock.now();
    for (const [stage, speed] of speeds) {
      const rows = rowsThrough(stage, count);
      if (rows === undefined) continue;
      speed.note(now, rows);
      if (through.get(stage)?.rows !== rows) through.set(stage, { rows, since: now });
    }
    const hasMoved = (stage: StageName): boolean | undefined => {
      const own = through.get(stage);
      // The first look sees a count, no movement.
      const isOwn = own !== undefined && seen !== '' && own.since === now;
      if (isOwn || metrics?.moved.has(stage) === true) return true;
      if (metrics !== undefined) return false;
      return own !== undefined && seen !== '' && now - own.since >= stillMilliseconds ? false : undefined;
    };
    const stages = stageProgress(
      count,
      job.plan !== undefined,
      queues,
      {
        ofJob: (stage) => speeds.get(stage)?.perSecond(),
        ofAll: (stage) => metrics?.rowsPerSecond.get(stage),
        hasMoved,
        relayAgeSeconds: metrics?.relayAgeSeconds,
      },
      wiring,
    );
    const found = JSON.stringify([job.state, count.ledger, count.cleaned, count.stored, count.closed]);
    if (found !== seen) seenAt = now;
    seen = found;
    const unknown = metricsError === undefined ? [] : [metricsError];
    const unchangedSeconds = (now - seenAt) / 1000;
    return { job, status: jobStatus(job, count, stages, { now, unchangedSeconds, unknown }, wiring) };
  };
};
