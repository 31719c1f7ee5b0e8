import type { QueueDepth, QueueName } from '@sluice/core/ports/queue';
import type { StageName, Wiring } from '@sluice/core/wiring';
import { stageNames, visibilitySeconds } from '@sluice/core/wiring';
import type { JobCount } from './job-count.ts';
import type { Operator } from './operator.ts';

/** A queue's messages, of all jobs, and how many lie in its dead-letter queue. */
export type QueueState = QueueDepth & { readonly deadLetters: number };

/** Where a job is in one stage. What nobody knows is null. Messages are of all jobs, rows of this one. */
export type StageProgress = {
  readonly stage: StageName;
  readonly queue: QueueName | null;
  readonly waiting: number | null;
  readonly inFlight: number | null;
  readonly delayed: number | null;
  readonly oldestAgeSeconds: number | null;
  readonly deadLetters: number | null;
  /** Rows of the job that are through, and that have yet to come. */
  readonly rows: number | null;
  readonly rowsLeft: number | null;
  readonly rowsPerSecond: number | null;
  /** `job`: rows of this job, over the last half minute; `metrics`: of all jobs, over a minute. */
  readonly rateFrom: 'job' | 'metrics' | null;
  readonly secondsLeft: number | null;
  /** The oldest message outlasts its visibility and nothing gets on. */
  readonly isStuck: boolean;
};

/** What is known of how a stage gets on. */
export type StageSpeeds = {
  /** Rows a second of this job. */
  ofJob(stage: StageName): number | undefined;
  /** Of all jobs. */
  ofAll(stage: StageName): number | undefined;
  /** Whether anything got on in the last minutes; undefined where nobody can tell. */
  hasMoved(stage: StageName): boolean | undefined;
  readonly relayAgeSeconds: number | undefined;
};

/** How far behind the relay is when its alarm is raised. Source: infra/pipeline/alarms.tf. */
const relayBehindSeconds = 900;

export const readQueues = async (
  { queues, deadLetters }: Pick<Operator, 'queues' | 'deadLetters'>,
  wiring: Wiring,
): Promise<ReadonlyMap<StageName, QueueState>> => {
  const read = async (stage: StageName): Promise<readonly (readonly [StageName, QueueState])[]> => {
    const { queue } = wiring.stages[stage];
    if (queue === undefined) return [];
    const [depth, count] = await Promise.all([queues[queue].depth(), deadLetters[queue].count()]);
    return [[stage, { ...depth, deadLetters: count }]];
  };
  return new Map((await Promise.all(stageNames.map(read))).flat());
};

/** Rows that a stage is through with, where the ledger tells. */
export const rowsThrough = (stage: StageName, { ledger, cleaned, stored, closed }: JobCount): number | undefined => {
  switch (stage) {
    case 'split-file':
      return ledger.rows;
    case 'clean-rows':
      return cleaned;
    case 'store-rows':
      return stored;
    case 'finish-rows':
      return ledger.done + ledger.failed;
    case 'audit-job':
      return closed;
    default:
      return undefined;
  }
};

/** Rows that a stage has yet to see, of a job whose plan is closed; dead rows are not waited for. */
const rowsLeftOf = (stage: StageName, count: JobCount): number | undefined => {
  const { ledger, cleaned, stored } = count;
  switch (stage) {
    case 'split-file':
      return 0;
    case 'clean-rows':
      return ledger.rows - cleaned;
    case 'store-rows':
      return Math.max(0, Math.min(ledger.open, ledger.rows - ledger.rejected - stored));
    case 'finish-rows':
      return ledger.open;
    default:
      return undefined;
  }
};

/** Whole, or with a tenth where it would be next to nothing. */
const roundRate = (perSecond: number): number =>
  perSecond < 10 ? Math.round(perSecond * 10) / 10 : Math.round(perSecond);

const orNull = <Value>(value: Value | undefined): Value | null => value ?? null;

/** Stage by stage; `isPlanned`: the job's rows are all known. */
export const stageProgress = (
  count: JobCount,
  isPlanned: boolean,
  queues: ReadonlyMap<StageName, QueueState>,
  speeds: StageSpeeds,
  wiring: Wiring,
): readonly StageProgress[] =>
  stageNames.map((stage) => {
    const state = queues.get(stage);
    const messages = state === undefined ? 0 : state.visible + state.inFlight + state.delayed;
    const age = stage === 'relay-rows' ? speeds.relayAgeSeconds : messages === 0 ? undefined : state?.oldestAgeSeconds;
    const isOld =
      age !== undefined &&
      Number.isFinite(age) &&
      age > (stage === 'relay-rows' ? relayBehindSeconds : visibilitySeconds(wiring.stages[stage]));
    const ofJob = speeds.ofJob(stage);
    const perSecond = ofJob ?? speeds.ofAll(stage);
    const rowsLeft = isPlanned ? rowsLeftOf(stage, count) : undefined;
    const isEta = rowsLeft !== undefined && rowsLeft > 0 && perSecond !== undefined && perSecond > 0;
    return {
      stage,
      queue: orNull(wiring.stages[stage].queue),
      waiting: orNull(state?.visible),
      inFlight: orNull(state?.inFlight),
      delayed: orNull(state?.delayed),
      oldestAgeSeconds: age === undefined || !Number.isFinite(age) ? null : Math.round(age),
      deadLetters: orNull(state?.deadLetters),
      rows: orNull(rowsThrough(stage, count)),
      rowsLeft: orNull(rowsLeft),
      rowsPerSecond: perSecond === undefined ? null : roundRate(perSecond),
      rateFrom: ofJob !== undefined ? 'job' : perSecond !== undefined ? 'metrics' : null,
      secondsLeft: isEta ? Math.ceil(rowsLeft / perSecond) : null,
      isStuck: isOld && (stage === 'relay-rows' || speeds.hasMoved(stage) === false),
    };
  });

/**
 * Seconds until every row is at its end, by the slowest of the stages that have rows to come; null where one of them does not get on,
 * or nobody knows.
 */
export const secondsLeftOf = (stages: readonly StageProgress[]): number | null => {
  const busy = stages.filter(({ rowsLeft }) => rowsLeft !== null && rowsLeft > 0);
  const seconds = busy.map(({ secondsLeft }) => secondsLeft);
  if (busy.length === 0 || seconds.includes(null)) return null;
  return Math.max(...seconds.map((value) => value ?? 0));
};
