import { SluiceError } from '@sluice/core/errors';
import type { Job, JobState } from '@sluice/core/ports/job-store';
import type { StageName, Wiring } from '@sluice/core/wiring';
import { createOutlook, type Outlook } from '../plan/create-plan.ts';
import { toPlanSettings } from '../plan/plan-settings.ts';
import { type Price, pricesOf, regionNames } from '../plan/price-table.ts';
import { readJobMetrics } from '../report-page/job-metrics.ts';
import { countOf } from '../terminal-text.ts';
import { type DeployedSettings, readDeployedSettings } from './deployed-settings.ts';
import type { JobLook } from './job-looks.ts';
import type { JobStatus } from './job-status.ts';
import type { Operator } from './operator.ts';

/** What `sluice plan --stack` says of a job's file, and what came of it. Times from the upload; what nobody knows is null. */
export type Prediction = {
  readonly seconds: number;
  readonly actualSeconds: number | null;
  readonly dollars: number;
  /** The predicted ones, but for the time that the functions ran, of which CloudWatch tells. */
  readonly actualDollars: number | null;
  /** What to know before the two are held against each other. */
  readonly notes: readonly string[];
};

export type PredictedStatus = JobStatus & { readonly prediction: Prediction | null };

/** States of a job that is carried, or was. Of what ended otherwise, only part was. */
const carriedStates: readonly JobState[] = ['OPEN', 'COMPLETE', 'HELD', 'STALLED', 'INCONSISTENT'];

const acceptedShareOf = ({ ledger, stages }: JobStatus): number => {
  const cleaned = stages.find(({ stage }) => stage === 'clean-rows')?.rows ?? 0;
  return cleaned > 0 ? Math.max(0, Math.min(1, 1 - ledger.rejected / cleaned)) : 1;
};

type Found = { readonly outlook: Outlook; readonly region: string; readonly notes: readonly string[] };

const planJob = (
  job: Job,
  rows: number,
  acceptedShare: number,
  { deployed, wiring, region }: { deployed: DeployedSettings; wiring: Wiring; region: string | undefined },
): Found => {
  const { layout, rowsPerMessage, file } = job;
  const { settings, notes } = toPlanSettings({ rowsPerMessage }, wiring, regionNames, { region, settings: deployed });
  const planned = {
    rows,
    bytes: layout?.bytes ?? file.bytes,
    columns: layout?.columns.length ?? 1,
    acceptedShare,
    known: 'counted',
  } as const;
  return { outlook: createOutlook(planned, settings), region: settings.region, notes: [...notes, ...deployed.unread] };
};

/** Seconds that the functions of each stage ran from the job's creation to its end, of all jobs; or why nobody knows. */
const readBusySeconds = async (
  { createdAt, announcedAt }: Job & { readonly announcedAt: number },
  { metrics, stack, clock }: Operator,
): Promise<{ readonly busySeconds: ReadonlyMap<StageName, number>; readonly note: string }> => {
  const span = { beganAt: createdAt, endedAt: announcedAt, now: clock.now() };
  const { stages, note } = await readJobMetrics(metrics, stack, span);
  const busySeconds = new Map(
    stages.flatMap(({ name, busySeconds: busy }) => (busy === undefined ? [] : [[name, busy] as const])),
  );
  return busySeconds.size === 0
    ? { busySeconds, note: `What it cost is not known. ${note ?? 'CloudWatch does not say how long functions ran.'}` }
    : {
        busySeconds,
        note: 'The cost is the predicted one with the time that functions ran, those of other jobs meanwhile too.',
      };
};

/** What was predicted, with the functions' time as it was. */
const costWith = (
  busySeconds: ReadonlyMap<StageName, number>,
  { cost, dollars }: Outlook,
  { wiring }: DeployedSettings,
  price: Price,
): number => {
  const predicted = cost.find(({ service, what }) => service === 'Lambda' && what === 'time')?.dollars ?? 0;
  let gigabyteSeconds = 0;
  for (const [stage, seconds] of busySeconds)
    gigabyteSeconds += (seconds * wiring.stages[stage].memoryMegabytes) / 1024;
  return dollars - predicted + (gigabyteSeconds / price.per) * price.dollars;
};

/**
 * Says what was to be expected of a job and holds it against what came of it. A job that is not planned, or ended without being carried,
 * has no prediction; nor has one whose deployment cannot be read, and `unknown` says so then. Settings are read once, a prediction is
 * made anew when the state changes.
 */
export const createPredictor = (
  operator: Operator,
  wiring: Wiring,
): ((look: JobLook, signal: AbortSignal) => Promise<PredictedStatus>) => {
  const { stack } = operator;
  let reading: Promise<DeployedSettings> | undefined;
  let last:
    | { readonly state: JobState; readonly prediction: Prediction | null; readonly unknown: readonly string[] }
    | undefined;

  const predict = async (job: Job, status: JobStatus): Promise<Prediction> => {
    reading ??= readDeployedSettings(operator, wiring);
    const deployed = await reading;
    const about = { deployed, wiring, region: stack.region };
    const { outlook, region, notes } = planJob(job, status.ledger.rows, acceptedShareOf(status), about);
    const { announcedAt } = job;
    const hasEnded = job.state === 'COMPLETE' && announcedAt !== undefined;
    const found = hasEnded ? await readBusySeconds({ ...job, announcedAt }, operator) : undefined;
    return {
      seconds: outlook.seconds,
      actualSeconds: hasEnded ? Math.max(0, announcedAt - job.createdAt) / 1000 : null,
      dollars: outlook.dollars,
      actualDollars:
        found === undefined || found.busySeconds.size === 0
          ? null
          : costWith(found.busySeconds, outlook, deployed, pricesOf(region).prices.lambdaTime),
      notes: [
        ...(job.repairs > 0 ? [`${countOf(job.repairs, 'repair')} of it took their time, which nobody predicts.`] : []),
        ...(job.state === 'COMPLETE' && !hasEnded ? ['How long it took is not known: its end was not told yet.'] : []),
        ...(found === undefined ? [] : [found.note]),
        ...notes,
      ],
    };
  };

  return async ({ job, status }, signal) => {
    if (!status.isPlanned || !carriedStates.includes(status.state) || status.ledger.rows === 0) {
      return { ...status, prediction: null };
    }
    if (last?.state !== status.state) {
      try {
        last = { state: status.state, prediction: await predict(job, status), unknown: [] };
      } catch (thrown) {
        if (!(thrown instanceof SluiceError)) throw thrown;
        const why = `there is no prediction, since the deployment's settings cannot be read: ${thrown.message}`;
        last = { state: status.state, prediction: null, unknown: [why] };
        reading = undefined;
      }
      signal.throwIfAborted();
    }
    return { ...status, prediction: last.prediction, unknown: [...status.unknown, ...last.unknown] };
  };
};
