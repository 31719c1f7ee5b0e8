import { SluiceError } from '@sluice/core/errors';
import type { QueueName } from '@sluice/core/ports/queue';
import type { StageName } from '@sluice/core/wiring';
import { stageNames } from '@sluice/core/wiring';
import type { MetricPoint, MetricQuery, MetricReader, MetricWindow } from '../operate/metrics.ts';
import type { Stack } from '../operate/stack.ts';
import { carryingQueues, carryingStages } from './carrying.ts';
import type { StageRow, Timeline } from './report-page.ts';
import { intervalsMax } from './sample-series.ts';

/** CloudWatch: the shortest period of these metrics. */
const periodSecondsMin = 60;
/** Up to this long a job is shown by the minute. */
const byMinuteSeconds = 3 * 3600;
const daySeconds = 24 * 3600;
/** Periods that CloudWatch still has of what is older than so many days. Source: CloudWatch, "Metrics retention". */
const retention = [
  { days: 63, periodSeconds: 3600 },
  { days: 15, periodSeconds: 300 },
] as const;

/** What CloudWatch tells of the time of a job; of all jobs of the deployment, since no metric knows of jobs. */
export type JobMetrics = {
  readonly timeline?: Timeline;
  /** Empty where nothing is known. */
  readonly stages: readonly StageRow[];
  /** Why nothing is known. */
  readonly note?: string;
};

/** The time of a job in periods that are neither too many nor older than CloudWatch keeps them. Times in milliseconds. */
export const windowOf = (beganAt: number, endedAt: number, now: number): MetricWindow => {
  const seconds = Math.max(1, (endedAt - beganAt) / 1000);
  const ageDays = (now - beganAt) / 1000 / daySeconds;
  const least = retention.find(({ days }) => ageDays >= days)?.periodSeconds ?? periodSecondsMin;
  const wanted = seconds <= byMinuteSeconds ? periodSecondsMin : seconds / (intervalsMax - 2);
  const periodSeconds = Math.ceil(wanted / least) * least;
  const period = periodSeconds * 1000;
  return {
    from: Math.floor(beganAt / period) * period,
    to: (Math.floor(endedAt / period) + 1) * period,
    periodSeconds,
  };
};

const countNames = ['RowsIn', 'RowsOut', 'RowsRetried', 'RowsDead'] as const;

const stageId = (name: string, stage: StageName): string => `${name} ${stage}`;
const queueId = (queue: QueueName): string => `Visible ${queue}`;

const queriesOf = ({ environment, functionNames, queueUrls }: Stack): readonly MetricQuery[] => [
  ...stageNames.flatMap((stage): MetricQuery[] => [
    ...countNames.map(
      (name): MetricQuery => ({
        id: stageId(name, stage),
        namespace: 'Sluice',
        name,
        dimensions: { stage, environment },
        statistic: 'Sum',
      }),
    ),
    {
      id: stageId('Duration', stage),
      namespace: 'AWS/Lambda',
      name: 'Duration',
      dimensions: { FunctionName: functionNames[stage] },
      statistic: 'Sum',
    },
  ]),
  ...carryingQueues.map(
    (queue): MetricQuery => ({
      id: queueId(queue),
      namespace: 'AWS/SQS',
      name: 'ApproximateNumberOfMessagesVisible',
      dimensions: { QueueName: queueUrls[queue].split('/').at(-1) ?? '' },
      statistic: 'Maximum',
    }),
  ),
];

type Points = ReadonlyMap<string, readonly MetricPoint[]>;

const timelineOf = (points: Points, { from, to, periodSeconds }: MetricWindow, beganAt: number): Timeline => {
  const intervals = Math.round((to - from) / 1000 / periodSeconds);
  const fill = (id: string, per: number): readonly number[] => {
    const values = Array.from({ length: intervals }, () => 0);
    for (const { at, value } of points.get(id) ?? []) {
      const index = Math.floor((at - from) / 1000 / periodSeconds);
      if (index >= 0 && index < intervals) values[index] = value / per;
    }
    return values;
  };
  return {
    times: Array.from({ length: intervals + 1 }, (_, i) => (from - beganAt) / 1000 + i * periodSeconds),
    rates: new Map(carryingStages.map((stage) => [stage, fill(stageId('RowsOut', stage), periodSeconds)])),
    messages: new Map(carryingQueues.map((queue) => [queue, fill(queueId(queue), 1)])),
  };
};

const stagesOf = (points: Points): readonly StageRow[] => {
  const isKnown = (stage: StageName): boolean => (points.get(stageId('Duration', stage)) ?? []).length > 0;
  const sum = (name: string, stage: StageName): number =>
    (points.get(stageId(name, stage)) ?? []).reduce((all, { value }) => all + value, 0);
  return stageNames.map((stage) => ({
    name: stage,
    rowsIn: sum('RowsIn', stage),
    rowsOut: sum('RowsOut', stage),
    retried: sum('RowsRetried', stage),
    dead: sum('RowsDead', stage),
    ...(isKnown(stage) ? { busySeconds: sum('Duration', stage) / 1000 } : {}),
  }));
};

/** Asks CloudWatch what the stages and queues did meanwhile. Where it cannot be asked, the note says why. */
export const readJobMetrics = async (
  metrics: MetricReader,
  stack: Stack,
  { beganAt, endedAt, now }: { readonly beganAt: number; readonly endedAt: number; readonly now: number },
): Promise<JobMetrics> => {
  const window = windowOf(beganAt, endedAt, now);
  let points: Points;
  try {
    points = await metrics(queriesOf(stack), window);
  } catch (thrown) {
    // A page without charts is worth having.
    if (!(thrown instanceof SluiceError)) throw thrown;
    return { stages: [], note: `CloudWatch could not be asked what the stages did: ${thrown.message}.` };
  }
  if (![...points.values()].some((of) => of.length > 0)) {
    return { stages: [], note: 'CloudWatch has no metrics of the stages from the time of this job.' };
  }
  return { timeline: timelineOf(points, window, beganAt), stages: stagesOf(points) };
};
