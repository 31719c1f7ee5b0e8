import { describe, expect, it } from 'vitest';
import { auditsAt } from './audits.ts';
import { withWriteUnits } from './changes.ts';
import { createOutlook } from './create-plan.ts';
import { flowOf } from './flow.ts';
import type { PlanSettings } from './plan.ts';
import { awsWiring, changePipeline, changeStage, fileOf, settingsOf } from './plan-fixtures.ts';
import type { Simulated } from './plan-harness.ts';
import { csvOf, simulateFile } from './plan-harness.ts';

// What the model says, held against what the stages do: the handlers themselves, over the local cloud, in virtual time. The simulated
// mapping starts as many functions as it may at once, so cleaning has as few here as a mapping begins with on AWS; and it reads the shards of
// the stream one at a time.

const budgetOf = (units: number, rowsPerMessage: number, changes: Partial<PlanSettings> = {}): PlanSettings => {
  const paced = changePipeline(withWriteUnits(awsWiring, units), { rowsPerMessage });
  const wiring = changeStage(changeStage(paced, 'relay-rows', { parallelizationFactor: 1 }), 'clean-rows', {
    maximumConcurrency: 5,
  });
  return settingsOf({ wiring, ...changes });
};

type Case = {
  readonly rows: number;
  readonly columns: number;
  readonly width: number;
  readonly settings: PlanSettings;
  readonly tableUnits?: number;
};

type Compared = {
  readonly found: Simulated;
  readonly outlook: ReturnType<typeof createOutlook>;
  readonly finishedSeconds: number;
  readonly completeSeconds: number;
};

const compare = async ({ rows, columns, width, settings, tableUnits }: Case): Promise<Compared> => {
  const bytes = csvOf(rows, columns, width);
  const found = await simulateFile(bytes, { settings, ...(tableUnits === undefined ? {} : { tableUnits }) });
  const outlook = createOutlook(fileOf(rows, { bytes: bytes.length, columns }), settings);
  // The simulated table has saved up five minutes; a plan counts on nothing of the kind.
  const flow = tableUnits === undefined ? outlook.flow : flowOf(outlook.model, { savedSeconds: 300 });
  return {
    found,
    outlook,
    finishedSeconds: flow.stages.get('finish-rows')?.endsAtSeconds ?? Number.NaN,
    completeSeconds: auditsAt(outlook.model, flow, 30).endsAtSeconds,
  };
};

const ratio = (predicted: number, found: number): number => predicted / found;

describe('counts', () => {
  it.each<[string, Case]>([
    ['packs filled by bytes', { rows: 20_000, columns: 8, width: 10, settings: budgetOf(4_000, 0) }],
    ['wide rows', { rows: 3_000, columns: 20, width: 100, settings: budgetOf(2_000, 0) }],
    ['packs of fifty', { rows: 10_000, columns: 3, width: 12, settings: budgetOf(4_000, 50) }],
    ['a row a message', { rows: 3_000, columns: 8, width: 10, settings: budgetOf(1_000, 1) }],
  ])('are those of the stages: %s', async (_, given) => {
    const { found, outlook } = await compare(given);
    const { load } = outlook.model;
    const planned = new Map(outlook.stages.map((stage) => [stage.stage, stage]));
    expect(found).toMatchObject({ stored: given.rows, finished: given.rows });
    expect(Math.abs(load.chunks - found.chunks)).toBeLessThanOrEqual(1);
    expect(ratio(load.packs, found.messages.rows)).toBeCloseTo(1, 1);
    expect(ratio(planned.get('store-rows')?.messages ?? 0, found.messages.rows)).toBeCloseTo(1, 1);
    expect(given.rows * (load.storeUnits + load.finishUnits)).toBe(found.writeUnits);
    expect(planned.get('split-file')?.invocations).toBe(found.invocations['split-file']);
    expect(
      Math.abs((planned.get('clean-rows')?.invocations ?? 0) - found.invocations['clean-rows']),
    ).toBeLessThanOrEqual(1);
    // Rows come out of the stages that write in bursts, which a fluid has none of.
    expect(ratio(planned.get('relay-rows')?.invocations ?? 0, found.invocations['relay-rows'])).toBeGreaterThan(0.7);
    expect(ratio(planned.get('relay-rows')?.invocations ?? 0, found.invocations['relay-rows'])).toBeLessThan(1.5);
    expect(ratio(planned.get('process-rows')?.messages ?? 0, found.messages.work)).toBeGreaterThan(0.7);
    expect(ratio(planned.get('process-rows')?.messages ?? 0, found.messages.work)).toBeLessThan(1.5);
  });
});

describe('times', () => {
  it.each<[string, Case, number]>([
    ['a write budget of 200', { rows: 20_000, columns: 8, width: 10, settings: budgetOf(200, 100) }, 0.05],
    ['a write budget of 2,000', { rows: 60_000, columns: 8, width: 10, settings: budgetOf(2_000, 0) }, 0.15],
    [
      'a processor that waits',
      {
        rows: 20_000,
        columns: 8,
        width: 10,
        settings: {
          ...budgetOf(4_000, 100),
          wiring: changeStage(budgetOf(4_000, 100).wiring, 'process-rows', { maximumConcurrency: 2 }),
          processorWaitMilliseconds: 500,
        },
      },
      0.15,
    ],
    [
      'a table as small as the budget',
      { rows: 20_000, columns: 8, width: 10, tableUnits: 30, settings: budgetOf(30, 20, { tableUnitsPerSecond: 30 }) },
      0.05,
    ],
    [
      'a table a quarter of the budget, which throttles',
      { rows: 20_000, columns: 8, width: 10, tableUnits: 30, settings: budgetOf(120, 20, { tableUnitsPerSecond: 30 }) },
      0.1,
    ],
  ])('are those of the stages in virtual time: %s', async (_, given, tolerance) => {
    const { found, finishedSeconds, completeSeconds } = await compare(given);
    expect(Math.abs(ratio(finishedSeconds, found.finishedSeconds) - 1)).toBeLessThan(tolerance);
    // A turn of the schedule more or less.
    expect(Math.abs(completeSeconds - found.completeSeconds)).toBeLessThan(75);
  });
});
