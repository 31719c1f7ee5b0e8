import { countText } from '../terminal-text.ts';
import type { PlannedFile, PlanSettings } from './plan.ts';
import { pricesAsOf, pricesOf } from './price-table.ts';
import { carryingStages, concurrencyMax, keptBack, type Model, shardsOf, workOf } from './rates.ts';
import { tableUnitsMax } from './stage-speeds.ts';

/** What a plan rests on, in sentences. */
export const assumptionsOf = (file: PlannedFile, settings: PlanSettings): readonly string[] => {
  const { isConfirmed } = pricesOf(settings.region);
  return [
    `Prices of ${settings.region} as of ${pricesAsOf}, on-demand, without free tier, savings plans and taxes${isConfirmed ? '' : '; some of them are derived from those of other regions or times, and not confirmed'}.`,
    file.known === 'given'
      ? 'All rows are alike: as large as the average that was given, of short texts.'
      : `Rows and columns were ${file.known} in the file; all rows are taken to be as large as the average.`,
    'Nothing else uses the table, the functions and the account meanwhile.',
    'No row is written, sent or processed twice, and no service fails; a table that throttles costs time, and requests that are not counted here.',
    'CPU time per row is as the benchmark measured it, on a machine no faster than a vCPU of Lambda is taken to be; a function of less than 1,769 MB has its share of one.',
    'Times of single calls and of cold starts are assumed, not measured on AWS.',
    settings.tableUnitsPerSecond > 4_000
      ? `The table takes ${countText(settings.tableUnitsPerSecond)} write units a second from the beginning: it was warmed, or was so busy before.`
      : `The table is new and takes ${countText(settings.tableUnitsPerSecond)} write units a second; when it is full for half an hour it takes twice as many, up to its quota. What it may have saved up is not counted on.`,
    `Its stream has a shard for each 1,000 units, ${shardsOf(settings.tableUnitsPerSecond)} in all, and rows spread evenly over them.`,
    'Queues give messages out about in their order, and whole batches where there are enough.',
    'The end is when an audit finds the job COMPLETE. Audits begin once a minute; the mean over all moments that the upload may come at is given.',
    'Not in it: what the table and the buckets store, what an idle deployment costs (infra/README.md), and what your processor calls.',
  ];
};

/** What is beyond a limit. */
export const warningsOf = (model: Model): readonly string[] => {
  const { settings, load } = model;
  const { wiring, tableUnitsPerSecond, accountConcurrency, processorWaitMilliseconds } = settings;
  const { writeUnitsPerSecond } = wiring.pipeline;
  const warnings: string[] = [];
  const asked =
    writeUnitsPerSecond === 0
      ? 'No write budget is set'
      : `The write budget is ${countText(writeUnitsPerSecond)} units a second`;
  if (writeUnitsPerSecond === 0 || writeUnitsPerSecond > tableUnitsPerSecond) {
    warnings.push(
      `${asked}, and the table takes ${countText(tableUnitsPerSecond)}: it will throttle. Nothing is lost by that, but rows are tried again and again, some are written twice, and the time planned here is the least it takes; warm the table, or ask for no more than it takes.`,
    );
  }
  if (Math.max(writeUnitsPerSecond, tableUnitsPerSecond) > tableUnitsMax) {
    warnings.push(
      `A table takes ${countText(tableUnitsMax)} write units a second by default: more has to be asked for (Service Quotas, DynamoDB).`,
    );
  }
  const unlimited = { ...model, settings: { ...settings, accountConcurrency: Number.POSITIVE_INFINITY } };
  const all = carryingStages.reduce((sum, stage) => sum + concurrencyMax(unlimited, stage), 0);
  if (all > accountConcurrency - keptBack) {
    warnings.push(
      `The stages can use ${countText(Math.ceil(all))} functions at once and the account lets ${countText(accountConcurrency)} run, of which ${keptBack} are kept back: Terraform refuses that. Ask for a higher quota, or lower maximumConcurrency in infra/wiring.json.`,
    );
  }
  const spare = (stage: 'store-rows' | 'process-rows' | 'finish-rows'): number => {
    const { timeoutSeconds } = wiring.stages[stage];
    return timeoutSeconds - Math.max(2, timeoutSeconds * 0.2);
  };
  const pack = Math.min(load.packRows, Math.max(1, load.accepted));
  const waits = workOf(model, 'process-rows', pack).waiting + workOf(model, 'process-rows', pack).cpu;
  if (waits > spare('process-rows')) {
    warnings.push(
      `The processor needs about ${Math.round(waits)} s for one message of ${countText(pack)} rows, and an invocation has ${Math.round(spare('process-rows'))} s: set rowsPerMessage to ${countText(Math.max(1, Math.floor((pack * spare('process-rows')) / waits)))} or less.`,
    );
  }
  if (processorWaitMilliseconds / 1000 > wiring.pipeline.rowTimeoutSeconds) {
    warnings.push(
      `A call of the processor waits ${processorWaitMilliseconds / 1000} s and is given ${wiring.pipeline.rowTimeoutSeconds} s (rowTimeoutSeconds): every row would fail.`,
    );
  }
  const full = workOf(model, 'store-rows', Math.min(load.accepted, pack * wiring.stages['store-rows'].batchSize)).paced;
  if (full > spare('store-rows') && Number.isFinite(full)) {
    warnings.push(
      `A full batch of store-rows takes ${Math.round(full)} s at its share of the write budget, and an invocation has ${Math.round(spare('store-rows'))} s: what is left comes back later, some rows are written twice. A smaller batchSize of store-rows avoids it.`,
    );
  }
  if (load.rowBytes > 192 * 1024) {
    warnings.push('Rows above 192 KiB are rejected (ROW_TOO_LARGE).');
  }
  const readSeconds = workOf(model, 'split-file', load.rows).reading;
  const { timeoutSeconds, maxReceiveCount = 1 } = wiring.stages['split-file'];
  if (readSeconds > timeoutSeconds * 0.8 * maxReceiveCount) {
    warnings.push('The file cannot be split within the deliveries of its upload: cut it into several.');
  }
  return warnings;
};
