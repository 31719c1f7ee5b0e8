import type { StageName } from '@sluice/core/wiring';
import { stageNames } from '@sluice/core/wiring';
import { countText } from '../terminal-text.ts';
import { articleCostOf, batchMessages } from './article-cost.ts';
import { loadOf } from './load.ts';
import type { Limit, Plan, PlannedFile, PlanSettings, StagePlan } from './plan.ts';
import { pricesAsOf, pricesOf } from './price-table.ts';
import { shardsOf } from './rates.ts';
import {
  articleCpuMicroseconds,
  callMilliseconds,
  cpuShare,
  eventSeconds,
  hopSeconds,
  initMilliseconds,
  invocationMilliseconds,
  rampPerSecond,
  rampStart,
} from './stage-speeds.ts';
import { createTableUnits } from './table-units.ts';

// The design that ours grew from, in the same model: one function cleans the whole file in a pool of Python processes and sends every
// row as a message of its own; a second one stores ten of them per invocation, one call each; a third one, on the table's stream,
// processes and updates row by row. Everything that the article does not say is a default of the service.

/** A function of the most memory there is has six vCPUs, and so many processes. Source: Lambda, "Configure function memory". */
const cleanMegabytes = 10_240;
const cleanProcesses = 6;
/** Of the other two functions. Assumed. */
const writeMegabytes = 512;
/** Records of a batch of the stream, and invocations at once per shard. Source: Lambda's defaults for DynamoDB Streams. */
const batchRecords = 100;
const parallelization = 1;
/** Longest that a function may run. Source: Lambda quotas. */
const functionSecondsMax = 900;

type Stage = {
  readonly stage: 'clean-rows' | 'store-rows' | 'process-rows';
  readonly delay: number;
  readonly megabytes: number;
  carried: number;
  endedAt: number;
  busy: number;
  lanes: number;
  rate: number;
  rateMax: number;
  readonly limits: Map<Limit, number>;
};

const stepsMax = 100_000;
const timelinePoints = 201;

/** Seconds of a row that is written by a call of its own. */
const writeSeconds = (): number =>
  callMilliseconds.ledger / 1000 + articleCpuMicroseconds.write / 1e6 / cpuShare(writeMegabytes);

/** What the article's own design would take and cost for the same file, on the same table. */
export const createArticlePlan = (file: PlannedFile, settings: PlanSettings): Plan => {
  const load = loadOf(file, settings);
  const { rows } = load;
  const { prices } = pricesOf(settings.region);
  const init = initMilliseconds / 1000;
  const stage = (name: Stage['stage'], delay: number, megabytes: number): Stage => ({
    stage: name,
    delay,
    megabytes,
    carried: 0,
    endedAt: 0,
    busy: 0,
    lanes: 0,
    rate: 0,
    rateMax: 0,
    limits: new Map(),
  });
  const clean = stage('clean-rows', eventSeconds + init, cleanMegabytes);
  const store = stage('store-rows', clean.delay + hopSeconds + init, writeMegabytes);
  const work = stage('process-rows', store.delay + hopSeconds + init, writeMegabytes);
  const all = [clean, store, work] as const;

  const perBatch = callMilliseconds.send / 1000 + (batchMessages * articleCpuMicroseconds.clean) / 1e6;
  const cleanRate = (cleanProcesses * batchMessages) / perBatch;
  const perRow = writeSeconds();
  const storePerInvocation = batchMessages * perRow + invocationMilliseconds / 1000;
  const own =
    (settings.processorWaitMilliseconds * 1000 + settings.processorCpuMicroseconds / cpuShare(writeMegabytes)) / 1e6;
  const workLanes = shardsOf(settings.tableUnitsPerSecond) * parallelization;
  const workRate = workLanes / (perRow + own + invocationMilliseconds / 1000 / batchRecords);
  const table = createTableUnits(settings.tableUnitsPerSecond);

  const points: { readonly at: number; readonly carried: readonly number[] }[] = [{ at: 0, carried: [0, 0, 0] }];
  let now = 0;
  for (let steps = 0; rows > 0 && work.carried < rows && steps < stepsMax; steps++) {
    const waits = clean.carried - store.carried;
    const lanes = Math.min(
      settings.accountConcurrency - workLanes - 1,
      rampStart + rampPerSecond * now,
      Math.max(1, waits / batchMessages),
    );
    const canStore = (Math.max(1, lanes) * batchMessages) / storePerInvocation;
    const wantsStore = waits > 1 ? canStore : Math.min(canStore, clean.carried < rows ? cleanRate : canStore);
    const wantsWork = store.carried - work.carried > 1 ? workRate : Math.min(workRate, wantsStore);
    const asked = wantsStore * load.storeUnits + wantsWork * load.finishUnits;
    const share = Math.min(1, table.perSecond() / asked);
    clean.rate = clean.carried < rows ? cleanRate : 0;
    store.rate = store.carried < rows ? wantsStore * share : 0;
    work.rate = wantsWork * share;
    let step = Math.max(0.25, now / 25);
    if (clean.rate > 0) step = Math.min(step, (rows - clean.carried) / clean.rate);
    for (const [behind, ahead] of [
      [store, clean],
      [work, store],
    ] as const) {
      const left = ahead.carried - behind.carried;
      if (left > 1 && behind.rate > ahead.rate) step = Math.min(step, left / (behind.rate - ahead.rate));
    }
    step = Math.max(1e-3, now / 1000, Math.min(step, table.secondsLeft(Math.min(asked, table.perSecond()))));
    const isThrottled = share < 0.999;
    let ahead = rows;
    for (const state of all) {
      const moved = Math.max(0, Math.min(state.rate * step, ahead - state.carried));
      const limit: Limit =
        state === clean
          ? 'calls'
          : isThrottled
            ? 'table-units'
            : state === work
              ? 'shards'
              : waits > 1
                ? 'ramp'
                : 'input';
      if (moved > 0) {
        state.limits.set(limit, (state.limits.get(limit) ?? 0) + step);
        state.rateMax = Math.max(state.rateMax, state.rate);
        // Who is throttled waits, and is paid for it.
        const used =
          state === clean ? 1 : state === store ? lanes : workLanes * Math.min(1, state.rate / share / workRate);
        state.busy += Math.max(used, state === store ? (moved / step / batchMessages) * storePerInvocation : 0) * step;
        state.lanes = Math.max(state.lanes, used);
        state.endedAt = now + step;
      }
      state.carried = rows - state.carried - moved < 1e-6 * rows ? rows : state.carried + moved;
      ahead = state.carried;
    }
    table.pass(step, Math.min(asked, table.perSecond()));
    now += step;
    points.push({ at: now, carried: all.map(({ carried }) => carried) });
  }

  const invocations = {
    'clean-rows': rows === 0 ? 0 : 1,
    'store-rows': Math.ceil(rows / batchMessages),
    // What it updates comes by in the stream as well.
    'process-rows': Math.ceil((2 * rows) / batchRecords),
  };
  const stages = all.map((state): StagePlan => {
    const [limit] = [...state.limits].reduce<readonly [Limit, number]>(
      (most, found) => (found[1] > most[1] ? found : most),
      ['input', 0],
    );
    return {
      stage: state.stage,
      startsAtSeconds: rows === 0 ? 0 : state.delay,
      endsAtSeconds: rows === 0 ? 0 : state.endedAt + state.delay,
      rowsPerSecondMax: state.rateMax,
      limit,
      concurrencyMax: Math.ceil(state.lanes),
      messages: state === store ? rows : 0,
      invocations: invocations[state.stage],
      gigabyteSeconds: ((state.busy + Math.ceil(state.lanes) * init) * state.megabytes) / 1024,
    };
  });
  const seconds = stages.reduce((last, { endsAtSeconds }) => Math.max(last, endsAtSeconds), 0);
  const cost = articleCostOf(load, stages, prices);
  const dollars = cost.reduce((sum, line) => sum + line.dollars, 0);
  const last = stages.at(-1);
  const cleaned = stages[0]?.endsAtSeconds ?? 0;
  const { wiring, ...others } = settings;
  return {
    file,
    settings: { ...others, rowsPerMessage: 1, writeUnitsPerSecond: 0 },
    seconds,
    rowsPerSecond: seconds === 0 ? 0 : rows / seconds,
    stages,
    bottleneck: {
      stage: last?.stage ?? 'process-rows',
      limit: last?.limit ?? 'input',
      text: `process-rows: ${countText(workLanes)} invocations at once, one for each shard of the stream, update row by row, about ${countText(Math.round(workRate))} rows a second`,
    },
    timeline: timelineOf(points, all, seconds, rows),
    cost,
    dollars,
    dollarsPerMillionRows: rows === 0 ? 0 : (dollars / rows) * 1e6,
    changes: [],
    assumptions: assumptionsOf(),
    warnings: [
      ...(cleaned > functionSecondsMax
        ? [
            `One function would clean for ${countText(Math.round(cleaned))} s, and may run for ${functionSecondsMax}: this file cannot be carried so.`,
          ]
        : []),
      'It has no dead letters, ledger or audit: a row that fails, or whose call is throttled for too long, is lost, and nothing tells which. In its first runs that was most of them.',
    ],
    pricesAsOf,
  };
};

const assumptionsOf = (): readonly string[] => [
  `One function of ${countText(cleanMegabytes)} MB cleans in ${cleanProcesses} processes, each sending a batch of ${batchMessages} rows and waiting for the answer.`,
  `Rows are stored ${batchMessages} an invocation and updated ${batchRecords} an invocation, one call after the other, in functions of ${writeMegabytes} MB.`,
  `Concurrency, batches and the stream's mapping are the defaults of the services: no limit but the account's, and one invocation at once for each shard.`,
  'Nothing fails for good and nothing is lost. Throttled calls are tried again for as long as it takes, and the functions are paid for meanwhile.',
  'Each row becomes an item as small as ours.',
  'What is said of single calls, cold starts and prices is as for the other design.',
];

const timelineOf = (
  points: readonly { readonly at: number; readonly carried: readonly number[] }[],
  all: readonly Stage[],
  seconds: number,
  rows: number,
): Plan['timeline'] => {
  const carriedAt = (index: number, at: number): number => {
    if (rows === 0 || at < 0) return 0;
    const next = points.findIndex((point) => point.at >= at);
    if (next < 0) return rows;
    const [to, from] = [points[next], points[Math.max(0, next - 1)]];
    const [last, first] = [to?.carried[index] ?? 0, from?.carried[index] ?? 0];
    const width = (to?.at ?? 0) - (from?.at ?? 0);
    return width <= 0 ? last : first + ((last - first) * (at - (from?.at ?? 0))) / width;
  };
  const none = Object.fromEntries(stageNames.map((name) => [name, 0])) as Record<StageName, number>;
  return Array.from({ length: timelinePoints }, (_, index) => {
    const atSeconds = (seconds * index) / (timelinePoints - 1);
    const carried = { ...none };
    all.forEach(({ stage, delay, endedAt }, position) => {
      const isOver = index === timelinePoints - 1 || atSeconds >= endedAt + delay;
      carried[stage] = isOver ? rows : Math.round(carriedAt(position, atSeconds - delay));
    });
    return { atSeconds, carried };
  });
};
