import type { StageName, StageSettings, Wiring } from '@sluice/core/wiring';
import { parseWiring } from '@sluice/core/wiring';
import wiringJson from '../../../../infra/wiring.json' with { type: 'json' };
import type { PlannedFile, PlanSettings } from './plan.ts';

// For tests: files and settings to plan with.

export const awsWiring = parseWiring(wiringJson, 'aws');

export const changeStage = (wiring: Wiring, stage: StageName, change: Partial<StageSettings>): Wiring => ({
  ...wiring,
  stages: { ...wiring.stages, [stage]: { ...wiring.stages[stage], ...change } },
});

export const changePipeline = (wiring: Wiring, change: Partial<Wiring['pipeline']>): Wiring => ({
  ...wiring,
  pipeline: { ...wiring.pipeline, ...change },
});

/** The wiring with so much memory for each of the two stages that write. */
export const withWriterMemory = (memoryMegabytes: number): Wiring =>
  changeStage(changeStage(awsWiring, 'store-rows', { memoryMegabytes }), 'finish-rows', { memoryMegabytes });

/** A usual deployment, a new table, and a processor that answers at once. */
export const settingsOf = (changes: Partial<PlanSettings> = {}): PlanSettings => ({
  region: 'us-east-1',
  wiring: awsWiring,
  tableUnitsPerSecond: 4_000,
  processorWaitMilliseconds: 0,
  processorCpuMicroseconds: 5,
  resultBytes: 60,
  accountConcurrency: 1_000,
  ...changes,
});

export const fileOf = (rows: number, changes: Partial<PlannedFile> = {}): PlannedFile => ({
  rows,
  bytes: rows * 90,
  columns: 8,
  acceptedShare: 1,
  known: 'given',
  ...changes,
});
