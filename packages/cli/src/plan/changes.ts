import type { StageName, StageSettings, Wiring } from '@sluice/core/wiring';
import { writerConcurrency } from '@sluice/core/wiring';
import { countText } from '../terminal-text.ts';
import type { Outlook } from './create-plan.ts';
import { createOutlook } from './create-plan.ts';
import type { PlannedChange, PlannedFile, PlanSettings } from './plan.ts';

/** Dollars, once, for each write unit a second that a table is warmed by. Unconfirmed: about $23 from 4,000 to 40,000. */
const dollarsPerWarmUnit = 23 / 36_000;
/** A change is worth saying if it saves this many seconds and this share of the time, or this share of the dollars. */
const secondsWorth = 1;
const shareWorth = 0.01;
const dollarsWorth = 0.001;

type Candidate = {
  readonly change: string;
  readonly how: string;
  readonly settings: PlanSettings;
  readonly dollarsOnce?: number;
};

const withStage = (wiring: Wiring, stage: StageName, change: Partial<StageSettings>): Wiring => ({
  ...wiring,
  stages: { ...wiring.stages, [stage]: { ...wiring.stages[stage], ...change } },
});

/** With another write budget, and the concurrency that Terraform derives from it. */
export const withWriteUnits = (wiring: Wiring, writeUnitsPerSecond: number): Wiring => {
  const maximumConcurrency = writerConcurrency(writeUnitsPerSecond);
  const both = withStage(withStage(wiring, 'store-rows', { maximumConcurrency }), 'finish-rows', {
    maximumConcurrency,
  });
  return { ...both, pipeline: { ...wiring.pipeline, writeUnitsPerSecond } };
};

const inWiring = (stage: StageName, name: keyof StageSettings, value: number): string =>
  `infra/wiring.json: stages.${stage}.${name} = ${value}; then make build-and-upload and terraform apply`;

const candidatesOf = (settings: PlanSettings): readonly Candidate[] => {
  const { wiring, tableUnitsPerSecond } = settings;
  const { writeUnitsPerSecond, rowsPerMessage } = wiring.pipeline;
  const candidates: Candidate[] = [];
  const put = (change: string, how: string, changed: Wiring): void => {
    candidates.push({ change, how, settings: { ...settings, wiring: changed } });
  };

  for (const units of [8_000, 16_000, 40_000]) {
    if (units <= tableUnitsPerSecond) continue;
    candidates.push({
      change: `table warmed to ${countText(units)} write units a second, with a write budget as large`,
      how: `aws dynamodb update-table --table-name <rows table> --warm-throughput WriteUnitsPerSecond=${units}, then terraform apply -var write_units_per_second=${units}`,
      settings: { ...settings, tableUnitsPerSecond: units, wiring: withWriteUnits(wiring, units) },
      dollarsOnce: (units - tableUnitsPerSecond) * dollarsPerWarmUnit,
    });
  }
  if (writeUnitsPerSecond > 0 && writeUnitsPerSecond !== tableUnitsPerSecond) {
    put(
      `write budget of ${countText(tableUnitsPerSecond)} units a second, which is what the table takes`,
      `terraform apply -var write_units_per_second=${tableUnitsPerSecond}`,
      withWriteUnits(wiring, tableUnitsPerSecond),
    );
  }
  const memories: readonly number[] = [512, 1024, 1769];
  for (const stage of ['clean-rows', 'store-rows', 'relay-rows', 'process-rows', 'finish-rows'] as const) {
    const now = wiring.stages[stage].memoryMegabytes;
    for (const memory of memories) {
      if (memory === now) continue;
      put(
        `${stage} with ${countText(memory)} MB instead of ${countText(now)}`,
        inWiring(stage, 'memoryMegabytes', memory),
        withStage(wiring, stage, { memoryMegabytes: memory }),
      );
    }
  }
  const [storeMemory, finishMemory] = (['store-rows', 'finish-rows'] as const).map(
    (stage) => wiring.stages[stage].memoryMegabytes,
  ) as [number, number];
  if (storeMemory > 512 && finishMemory > 512) {
    put(
      'store-rows and finish-rows with 512 MB each',
      'infra/wiring.json: memoryMegabytes = 512 of both stages; then make build-and-upload and terraform apply',
      withStage(withStage(wiring, 'store-rows', { memoryMegabytes: 512 }), 'finish-rows', { memoryMegabytes: 512 }),
    );
  }
  for (const stage of ['clean-rows', 'process-rows'] as const) {
    const now = wiring.stages[stage].maximumConcurrency ?? 1;
    const twice = Math.min(1000, now * 2);
    if (twice === now) continue;
    put(
      `${stage} with ${countText(twice)} functions at once instead of ${countText(now)}`,
      inWiring(stage, 'maximumConcurrency', twice),
      withStage(wiring, stage, { maximumConcurrency: twice }),
    );
  }
  const { parallelizationFactor = 1, windowSeconds } = wiring.stages['relay-rows'];
  if (parallelizationFactor < 10) {
    const twice = Math.min(10, parallelizationFactor * 2);
    put(
      `relay-rows with ${twice} invocations at once per shard instead of ${parallelizationFactor}`,
      inWiring('relay-rows', 'parallelizationFactor', twice),
      withStage(wiring, 'relay-rows', { parallelizationFactor: twice }),
    );
  }
  for (const window of [0, 5]) {
    if (window === windowSeconds) continue;
    put(
      `relay-rows with a window of ${window} s instead of ${windowSeconds}`,
      inWiring('relay-rows', 'windowSeconds', window),
      withStage(wiring, 'relay-rows', { windowSeconds: window }),
    );
  }
  if (rowsPerMessage > 0) {
    put('messages filled by bytes (packing)', 'infra/wiring.json: pipeline.rowsPerMessage = 0', {
      ...wiring,
      pipeline: { ...wiring.pipeline, rowsPerMessage: 0 },
    });
  }
  return candidates;
};

/** Changes that buy time or save money, those that save most time first, then those that save most money. */
export const changesOf = (file: PlannedFile, settings: PlanSettings, now: Outlook): readonly PlannedChange[] => {
  const found: PlannedChange[] = [];
  for (const { change, how, settings: changed, dollarsOnce = 0 } of candidatesOf(settings)) {
    const then = createOutlook(file, changed);
    const secondsSaved = now.seconds - then.seconds;
    const dollarsMore = then.dollars - now.dollars;
    const isFaster = secondsSaved >= Math.max(secondsWorth, now.seconds * shareWorth);
    const isCheaper =
      -dollarsMore >= Math.max(dollarsWorth, now.dollars * shareWorth) &&
      // Cheaper by a larger share than it is slower.
      -dollarsMore / now.dollars > -secondsSaved / now.seconds;
    if (isFaster || isCheaper)
      found.push({ change, how, seconds: then.seconds, secondsSaved, dollarsMore, dollarsOnce });
  }
  const isFast = ({ secondsSaved }: PlannedChange): boolean =>
    secondsSaved >= Math.max(secondsWorth, now.seconds * shareWorth);
  return found.sort((a, b) => {
    if (isFast(a) !== isFast(b)) return isFast(a) ? -1 : 1;
    return isFast(a) ? b.secondsSaved - a.secondsSaved : a.dollarsMore - b.dollarsMore;
  });
};
