import type { StageName } from '@sluice/core/wiring';
import { stageNames } from '@sluice/core/wiring';
import type { MetricPoint, MetricQuery } from './metrics.ts';
import type { Operator } from './operator.ts';

/** What CloudWatch has of the last minutes, of all jobs. */
export type StageMetrics = {
  /** Rows a second that each stage handed on in the newest minute that was reported. */
  readonly rowsPerSecond: ReadonlyMap<StageName, number>;
  /** Stages that handed on rows in the last minutes. */
  readonly moved: ReadonlySet<StageName>;
  /** How far the relay is behind the table's stream, in seconds. */
  readonly relayAgeSeconds: number | undefined;
};

const minute = 60_000;
/** Minutes that are asked for: what a function writes is in CloudWatch a minute or two later. */
const minutes = 4;

const relayAge = 'relay_age';
const idOf = (stage: StageName): string => stage.replace('-', '_');

/** Asks for the metrics of the last complete minutes. Throws as the reader does. */
export const readStageMetrics = async ({
  metrics,
  stack,
  clock,
}: Pick<Operator, 'metrics' | 'stack' | 'clock'>): Promise<StageMetrics> => {
  const to = Math.floor(clock.now() / minute) * minute;
  const queries: MetricQuery[] = stageNames.map((stage) => ({
    id: idOf(stage),
    namespace: 'Sluice',
    name: 'RowsOut',
    dimensions: { stage, environment: stack.environment },
    statistic: 'Sum',
  }));
  queries.push({
    id: relayAge,
    namespace: 'AWS/Lambda',
    name: 'IteratorAge',
    dimensions: { FunctionName: stack.functionNames['relay-rows'] },
    statistic: 'Maximum',
  });
  const points = await metrics(queries, { from: to - minutes * minute, to, periodSeconds: 60 });
  const complete = (id: string): readonly MetricPoint[] => (points.get(id) ?? []).filter(({ at }) => at + minute <= to);
  const rowsPerSecond = new Map<StageName, number>();
  const moved = new Set<StageName>();
  for (const stage of stageNames) {
    const found = complete(idOf(stage));
    const last = found.at(-1);
    if (last !== undefined) rowsPerSecond.set(stage, last.value / 60);
    if (found.some(({ value }) => value > 0)) moved.add(stage);
  }
  const age = complete(relayAge).at(-1);
  return { rowsPerSecond, moved, relayAgeSeconds: age === undefined ? undefined : age.value / 1000 };
};
