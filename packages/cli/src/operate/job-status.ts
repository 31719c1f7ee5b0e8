import { isRepairAsked } from '@sluice/audit-job/audit-planned';
import { secondsToNextAudit } from '@sluice/audit-job/next-audit';
import { repairAtOf } from '@sluice/audit-job/repair-job';
import type { Ledger } from '@sluice/core/ledger';
import type { Job } from '@sluice/core/ports/job-store';
import { isOpenJob } from '@sluice/core/ports/job-store';
import type { Wiring } from '@sluice/core/wiring';
import type { JobCount } from './job-count.ts';
import type { StageProgress } from './stage-progress.ts';
import { secondsLeftOf } from './stage-progress.ts';
import { adviseOn } from './state-advice.ts';

/** Where a job stands, as --json tells it. Times in ISO 8601; counts in rows; what nobody knows is null. */
export type JobStatus = {
  readonly at: string;
  readonly jobId: string;
  readonly key: string;
  readonly state: Job['state'];
  readonly means: string;
  readonly todo: readonly string[];
  readonly reason: { readonly code: string; readonly message: string } | null;
  readonly createdAt: string;
  readonly ageSeconds: number;
  readonly forgottenAt: string | null;
  readonly ledger: Ledger;
  /** Whether the file was read to its end, so that `ledger.rows` is all of them; while it is being read, how far that is. */
  readonly isPlanned: boolean;
  readonly plannedShare: number | null;
  /** `audited`: in part as the last audit found it. */
  readonly ledgerFrom: JobCount['source'];
  readonly ledgerAt: string | null;
  readonly chunks: JobCount['chunks'];
  readonly repairs: {
    readonly made: number;
    readonly of: number;
    readonly nextAt: string | null;
    readonly isAsked: boolean;
  };
  readonly nextAuditAt: string | null;
  readonly stages: readonly StageProgress[];
  readonly rowsPerSecond: number | null;
  readonly secondsLeft: number | null;
  /** What does not get on, each with what to look at. */
  readonly stalled: readonly string[];
  /** What could not be found out. */
  readonly unknown: readonly string[];
};

/** Without progress for as long, somebody should look. */
const noProgressSeconds = 15 * 60;

const iso = (at: number | undefined): string | null => (at === undefined ? null : new Date(at).toISOString());

/** When the last audit was, or somewhat before: jobs note only when the next is due. */
const lastAuditAt = ({ audited, auditAt, state, createdAt }: Job, now: number, wiring: Wiring): number | undefined => {
  if (audited === undefined) return undefined;
  const step = secondsToNextAudit(state, audited.fruitless, wiring.pipeline.auditEverySeconds);
  return Math.min(now, Math.max(createdAt, auditAt - step * 1000));
};

/** Seconds over which audits found nothing new, at least. */
const fruitlessSeconds = ({ audited, state }: Job, wiring: Wiring): number => {
  let seconds = 0;
  for (let audit = 1; audit < (audited?.fruitless ?? 0) && seconds < noProgressSeconds; audit++) {
    seconds += secondsToNextAudit(state, audit, wiring.pipeline.auditEverySeconds);
  }
  return seconds;
};

const hasGrownSinceAudit = ({ audited }: Job, { ledger, chunks }: JobCount): boolean =>
  ledger.rejected + ledger.done + ledger.failed + chunks.closed + chunks.cleaned > (audited?.accounted ?? 0);

const stalledOf = (
  job: Job,
  count: JobCount,
  stages: readonly StageProgress[],
  unchangedSeconds: number,
  wiring: Wiring,
): readonly string[] => {
  const { jobId, state } = job;
  const stuck = stages
    .filter(({ isStuck }) => isStuck)
    .map(({ stage, queue }) =>
      queue === null
        ? `${stage} is behind: docs/runbook.md, "The relay is behind"`
        : `nothing gets through ${stage} (queue ${queue}): docs/runbook.md, "A queue is stuck"; sluice dlq ls --queue ${queue}`,
    );
  const isFruitless = fruitlessSeconds(job, wiring) >= noProgressSeconds && !hasGrownSinceAudit(job, count);
  const isSilent = isFruitless || unchangedSeconds >= noProgressSeconds;
  if ((state !== 'OPEN' && state !== 'PLANNING') || !isSilent || (state === 'OPEN' && count.ledger.open <= 0))
    return stuck;
  const minutes = noProgressSeconds / 60;
  const what =
    state === 'PLANNING'
      ? 'sluice dlq ls --queue uploads says whether its file was given up'
      : `sluice dlq ls --job ${jobId} says what was given up; sluice repair ${jobId} sends what is open again`;
  return [...stuck, `no progress for ${minutes} minutes: ${what}`];
};

/** What a look found, put together. `unchangedSeconds`: how long looks have found the same, 0 for the first. */
export const jobStatus = (
  job: Job,
  count: JobCount,
  stages: readonly StageProgress[],
  {
    now,
    unchangedSeconds,
    unknown,
  }: { readonly now: number; readonly unchangedSeconds: number; readonly unknown: readonly string[] },
  wiring: Wiring,
): JobStatus => {
  const { plan, layout, cursor, state } = job;
  const isAtWork = state === 'OPEN' || state === 'PLANNING';
  const { means, todo } = adviseOn(job);
  const of = wiring.pipeline.repairDelaysSeconds.length;
  const isRepairNext = state === 'OPEN' && plan !== undefined && count.ledger.open > 0 && job.repairs < of;
  const finish = stages.find(({ stage }) => stage === 'finish-rows');
  return {
    at: new Date(now).toISOString(),
    jobId: job.jobId,
    key: job.file.key,
    state,
    means,
    todo,
    reason: job.reason ?? null,
    createdAt: new Date(job.createdAt).toISOString(),
    ageSeconds: Math.max(0, Math.round((now - job.createdAt) / 1000)),
    forgottenAt: iso(job.forgottenAt),
    ledger: count.ledger,
    isPlanned: plan !== undefined,
    plannedShare:
      plan === undefined && layout !== undefined && layout.bytes > 0 ? (cursor?.offset ?? 0) / layout.bytes : null,
    ledgerFrom: count.source,
    ledgerAt: iso(count.source === 'counted' ? count.countedAt : lastAuditAt(job, now, wiring)),
    chunks: count.chunks,
    repairs: {
      made: job.repairs,
      of,
      nextAt: isRepairNext ? iso(repairAtOf(job, { wiring })) : null,
      isAsked: isRepairAsked(job),
    },
    nextAuditAt: isOpenJob(job) ? iso(job.auditAt) : null,
    stages,
    rowsPerSecond: isAtWork ? (finish?.rowsPerSecond ?? null) : null,
    secondsLeft: isAtWork && plan !== undefined ? secondsLeftOf(stages) : null,
    stalled: stalledOf(job, count, stages, unchangedSeconds, wiring),
    unknown,
  };
};
