import type { Flow } from './assemble-flow.ts';
import { assumptionsOf, warningsOf } from './assumptions.ts';
import type { Audits } from './audits.ts';
import { auditsOf } from './audits.ts';
import { findBottleneck } from './bottleneck.ts';
import { changesOf } from './changes.ts';
import { flowOf } from './flow.ts';
import { loadOf } from './load.ts';
import type { Plan, PlannedCost, PlannedFile, PlanSettings, StagePlan } from './plan.ts';
import { costOf } from './plan-cost.ts';
import { pricesAsOf, pricesOf } from './price-table.ts';
import type { CarryingStage, Model, Relaxed } from './rates.ts';
import { carryingStages } from './rates.ts';

/** Points of the time line, the first and the last included. */
const timelinePoints = 201;

/** A plan without what is found by trying: the bottleneck, and what changes buy. */
export type Outlook = {
  readonly model: Model;
  readonly flow: Flow;
  readonly audits: Audits;
  readonly stages: readonly StagePlan[];
  readonly seconds: number;
  readonly cost: readonly PlannedCost[];
  readonly dollars: number;
};

const stagePlans = ({ settings, load }: Model, flow: Flow, audits: Audits): readonly StagePlan[] => {
  const gigabytes = (stage: StagePlan['stage']): number => settings.wiring.stages[stage].memoryMegabytes / 1024;
  const carrying = carryingStages.map((stage): StagePlan => {
    const found = flow.stages.get(stage);
    if (found === undefined) throw new Error(`expected the flow of ${stage}, found none`);
    const { busySeconds, ...figures } = found;
    return { stage, ...figures, gigabyteSeconds: busySeconds * gigabytes(stage) };
  });
  const auditSeconds = Math.max(audits.endsAtSeconds - audits.startsAtSeconds, 1e-9);
  return [
    ...carrying,
    {
      stage: 'audit-job',
      startsAtSeconds: audits.startsAtSeconds,
      endsAtSeconds: audits.endsAtSeconds,
      rowsPerSecondMax: load.rows / auditSeconds,
      limit: 'schedule',
      concurrencyMax: 1,
      messages: audits.passes,
      invocations: audits.passes,
      gigabyteSeconds: audits.busySeconds * gigabytes('audit-job'),
    },
  ];
};

/** Runs the model once. */
export const createOutlook = (file: PlannedFile, settings: PlanSettings, relaxed?: Relaxed): Outlook => {
  const { prices } = pricesOf(settings.region);
  const load = loadOf(file, settings);
  const model: Model = { load, settings, ...(relaxed === undefined ? {} : { relaxed }) };
  const flow = flowOf(model);
  const audits = auditsOf(model, flow);
  const stages = stagePlans(model, flow, audits);
  const cost = costOf(model, audits, stages, prices);
  const dollars = cost.reduce((sum, line) => sum + line.dollars, 0);
  return { model, flow, audits, stages, seconds: audits.endsAtSeconds, cost, dollars };
};

const timelineOf = ({ model, flow, audits, seconds }: Outlook): Plan['timeline'] => {
  const { rows, accepted } = model.load;
  const audited = (at: number): number => {
    // What is finished is audited by and by, and all of it at the end.
    if (at >= audits.endsAtSeconds) return rows;
    return at < audits.startsAtSeconds ? 0 : Math.min(rows, flow.shareAt('finish-rows', at) * rows);
  };
  const carriedBy = (stage: CarryingStage, at: number): number =>
    flow.shareAt(stage, at) * (stage === 'split-file' || stage === 'clean-rows' ? rows : accepted);
  return Array.from({ length: timelinePoints }, (_, index) => {
    const atSeconds = (seconds * index) / (timelinePoints - 1);
    const carried = Object.fromEntries(carryingStages.map((stage) => [stage, Math.round(carriedBy(stage, atSeconds))]));
    return {
      atSeconds,
      carried: { ...carried, 'audit-job': Math.round(audited(atSeconds)) } as Plan['timeline'][number]['carried'],
    };
  });
};

const check = (file: PlannedFile, settings: PlanSettings): void => {
  const { rows, bytes, columns, acceptedShare } = file;
  if (!Number.isSafeInteger(rows) || rows < 0) throw new Error('expected a whole number of rows');
  if (!(bytes >= 0) || !Number.isFinite(bytes)) throw new Error('expected a number of bytes');
  if (!(columns >= 1)) throw new Error('expected at least one column');
  if (!(acceptedShare >= 0 && acceptedShare <= 1)) throw new Error('expected the share of accepted rows to be 0 to 1');
  if (!(settings.tableUnitsPerSecond > 0)) throw new Error('expected a table that takes write units');
  if (!(settings.accountConcurrency >= 1)) throw new Error('expected an account that lets functions run');
};

/**
 * Predicts what carrying a file through the pipeline takes and costs, by a model of every stage with the limits of the services.
 * Touches nothing. Throws an Error for a region that the price table does not have, and for numbers that cannot be.
 */
export const createPlan = (file: PlannedFile, settings: PlanSettings): Plan => {
  check(file, settings);
  const outlook = createOutlook(file, settings);
  const { seconds, stages, cost, dollars, model } = outlook;
  const { wiring, ...others } = settings;
  const { rowsPerMessage, writeUnitsPerSecond } = wiring.pipeline;
  return {
    file,
    settings: { ...others, rowsPerMessage, writeUnitsPerSecond },
    seconds,
    rowsPerSecond: seconds === 0 ? 0 : file.rows / seconds,
    stages,
    bottleneck: findBottleneck(seconds, (relaxed) => createOutlook(file, settings, relaxed).seconds),
    timeline: timelineOf(outlook),
    cost,
    dollars,
    dollarsPerMillionRows: file.rows === 0 ? 0 : (dollars / file.rows) * 1e6,
    changes: changesOf(file, settings, outlook),
    assumptions: assumptionsOf(file, settings),
    warnings: warningsOf(model),
    pricesAsOf,
  };
};
