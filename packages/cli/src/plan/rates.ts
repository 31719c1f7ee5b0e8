import { packsPerInvocationMax } from '@sluice/core/pack';
import { batchBytesMax, batchEntriesMax } from '@sluice/core/ports/queue';
import type { StageName } from '@sluice/core/wiring';
import type { Load } from './load.ts';
import type { Limit, PlanSettings } from './plan.ts';
import {
  callMilliseconds,
  cpuMicrosecondsPerRow,
  cpuShare,
  invocationMilliseconds,
  mappingConcurrencyMax,
  networkBytesPerSecond,
  partitionsMin,
  partitionUnits,
  payloadBytesMax,
  pollsPerSecond,
  rampPerSecond,
  rampStart,
  recordsPerPoll,
  referenceRowBytes,
  scanBytesPerSecond,
  sentBytesPerSecond,
  shareByBytes,
} from './stage-speeds.ts';

/** The stages that rows go through, in their order. */
export const carryingStages = [
  'split-file',
  'clean-rows',
  'store-rows',
  'relay-rows',
  'process-rows',
  'finish-rows',
] as const satisfies readonly StageName[];
export type CarryingStage = (typeof carryingStages)[number];

/** A limit that is taken away, to see what it costs. `table-units` takes the write budget away with them: it is there for their sake. */
export type Relaxed = { readonly stage: StageName; readonly limit: Limit };

export type Model = { readonly load: Load; readonly settings: PlanSettings; readonly relaxed?: Relaxed };

/** Calls under way at once in one invocation, to a queue and to the table: `core/src/send.ts` and `write-rows.ts`. */
const callsInFlight = 4;
/** Bytes that clean-rows parses together: `core/src/csv/run-reader.ts`. */
const runBytes = 256 * 1024;
/** Chunks that split-file writes and sends together. */
const chunksTogether = 10;
/** What a limit that is taken away is multiplied with. */
const far = 1e6;

/** Functions of its own account that Terraform keeps free of the pipeline. */
export const keptBack = 100;

/** Shards of the table's stream, each with its own pollers. */
export const shardsOf = (units: number): number => Math.max(partitionsMin, Math.ceil(units / partitionUnits));

/** What an invocation spends its time on, in seconds; `paced` is how long the write budget makes it take at least. */
type Work = {
  readonly cpu: number;
  readonly calls: number;
  readonly reading: number;
  readonly waiting: number;
  readonly paced: number;
};

/** Seconds of an invocation that carries `rows` in `messages`. */
export const secondsOf = ({ cpu, calls, reading, waiting, paced }: Work): number =>
  Math.max(invocationMilliseconds / 1000 + Math.max(cpu, reading) + calls + waiting, paced);

const isRelaxed = ({ relaxed }: Model, stage: StageName, limit: Limit): boolean =>
  relaxed?.stage === stage && relaxed.limit === limit;

const freesBudget = (relaxed: Relaxed | undefined): boolean =>
  relaxed?.limit === 'write-budget' || relaxed?.limit === 'table-units';

/** Write units a second that one invocation may ask for; Infinity without a budget. */
const unitsPerWriter = (model: Model, stage: 'store-rows' | 'finish-rows'): number => {
  const { pipeline, stages } = model.settings.wiring;
  if (pipeline.writeUnitsPerSecond === 0 || freesBudget(model.relaxed)) return Number.POSITIVE_INFINITY;
  return pipeline.writeUnitsPerSecond / 2 / (stages[stage].maximumConcurrency ?? 1);
};

const cpuSeconds = (model: Model, stage: keyof typeof cpuMicrosecondsPerRow, rows: number): number => {
  const { load, settings } = model;
  const size = 1 - shareByBytes + (shareByBytes * load.rowBytes) / referenceRowBytes;
  const own = cpuMicrosecondsPerRow[stage] * size;
  const users = stage === 'process-rows' ? settings.processorCpuMicroseconds : 0;
  const seconds = (rows * (own + users)) / 1e6 / cpuShare(settings.wiring.stages[stage].memoryMegabytes);
  return isRelaxed(model, stage, 'cpu') ? seconds / far : seconds;
};

/** Seconds for so many messages to be sent, `together` calls at once. */
const sendSeconds = (messages: number, messageBytes: number, together: number): number => {
  const perCall = Math.max(1, Math.min(batchEntriesMax, Math.floor(batchBytesMax / messageBytes)));
  const bytes = Math.min(messages, perCall) * messageBytes;
  const perWave = callMilliseconds.send / 1000 + bytes / sentBytesPerSecond;
  return Math.ceil(Math.ceil(messages / perCall) / together) * perWave;
};

/** What an invocation of the stage does with so many rows. */
export const workOf = (model: Model, stage: CarryingStage, rows: number): Work => {
  const { load, settings } = model;
  const { wiring } = settings;
  const nothing: Work = { cpu: 0, calls: 0, reading: 0, waiting: 0, paced: 0 };
  const ofCalls = (seconds: number): number => (isRelaxed(model, stage, 'calls') ? seconds / far : seconds);
  const ofReading = (bytes: number): number => (isRelaxed(model, stage, 'reading') ? 0 : bytes / networkBytesPerSecond);

  switch (stage) {
    case 'split-file': {
      const bytes = rows * load.rowBytes;
      const share = cpuShare(wiring.stages[stage].memoryMegabytes);
      const scan = bytes / scanBytesPerSecond / share;
      const perGroup = (callMilliseconds.send + 2 * callMilliseconds.ledger) / 1000;
      const groups = Math.ceil(load.chunks / chunksTogether) * (load.rows === 0 ? 0 : rows / load.rows);
      return {
        ...nothing,
        cpu: isRelaxed(model, stage, 'cpu') ? scan / far : scan,
        reading: ofReading(bytes),
        calls: ofCalls(groups * perGroup),
      };
    }
    case 'clean-rows': {
      const bytes = rows * load.rowBytes;
      const share = load.rows === 0 ? 0 : load.accepted / load.rows;
      const packs = Math.ceil((rows * share) / load.packRows);
      // One call waits for the next where a run of rows fills less than one.
      const packsPerRun = Math.max(batchEntriesMax, (packs * runBytes) / Math.max(bytes, runBytes));
      const runs = packs / packsPerRun;
      const sending = runs * sendSeconds(packsPerRun, load.packBytes, callsInFlight);
      const fixed = (2 * callMilliseconds.ledger + callMilliseconds.object * (share < 1 ? 2 : 1)) / 1000;
      return {
        ...nothing,
        cpu: cpuSeconds(model, stage, rows),
        reading: ofReading(bytes),
        calls: ofCalls(fixed + sending),
      };
    }
    case 'store-rows':
    case 'finish-rows': {
      const isStore = stage === 'store-rows';
      const perCall = isStore ? load.rowsPerStore : load.rowsPerFinish;
      const waves = Math.ceil(Math.ceil(rows / perCall) / callsInFlight);
      const units = isStore ? load.storeUnits : load.finishPaceUnits;
      return {
        ...nothing,
        cpu: cpuSeconds(model, stage, rows),
        calls: ofCalls((waves * callMilliseconds.write) / 1000),
        paced: (rows * units) / unitsPerWriter(model, stage),
      };
    }
    case 'relay-rows':
      return {
        ...nothing,
        cpu: cpuSeconds(model, stage, rows),
        calls: ofCalls(sendSeconds(Math.ceil(rows / load.packRows), load.packBytes, callsInFlight)),
      };
    case 'process-rows': {
      const { processorWaitMilliseconds } = settings;
      const packs = Math.ceil(rows / load.outcomePackRows);
      const bytes = Math.min(rows, load.outcomePackRows) * load.outcomeBytes;
      const together = Math.min(wiring.pipeline.rowsInFlightMax, Math.max(1, rows));
      return {
        ...nothing,
        cpu: cpuSeconds(model, stage, rows),
        waiting: (rows * processorWaitMilliseconds) / 1000 / together,
        calls: ofCalls(sendSeconds(packs, Math.max(1, bytes), callsInFlight)),
      };
    }
  }
};

/** Invocations at once that a stage may have, with what the account lets all of them have. */
export const concurrencyMax = (model: Model, stage: CarryingStage): number => {
  const { wiring, accountConcurrency, tableUnitsPerSecond } = model.settings;
  if (isRelaxed(model, stage, 'concurrency')) return far;
  const shards = shardsOf(tableUnitsPerSecond);
  const set = (name: StageName): number | undefined => {
    if (name === 'relay-rows') return shards * (wiring.stages[name].parallelizationFactor ?? 1);
    return name === 'split-file' ? 1 : wiring.stages[name].maximumConcurrency;
  };
  const sum = (of: (name: StageName) => number): number => carryingStages.reduce((all, name) => all + of(name), 0);
  // A mapping that nobody limits takes what the others leave.
  const left = accountConcurrency - sum((name) => set(name) ?? 0);
  const of = (name: StageName): number => set(name) ?? Math.max(1, Math.min(mappingConcurrencyMax, left));
  const all = sum(of);
  return Math.max(1, of(stage) * Math.min(1, accountConcurrency / all));
};

/** What is so at one moment. */
export type Moment = {
  /** Since the first row came to the stage. */
  readonly secondsIn: number;
  /** Rows of a message of the queue that feeds it. */
  readonly messageRows: number;
  /** Messages of that queue there will be. */
  readonly messagesInAll: number;
};

export type Capacity = {
  readonly rowsPerSecond: number;
  readonly limit: Limit;
  readonly lanes: number;
  readonly isRamping: boolean;
  /** Rows of an invocation that is as full as it gets. */
  readonly rowsMax: number;
};

/** Messages that one invocation takes at most. */
export const batchOf = (model: Model, stage: CarryingStage, messageBytes: number): number =>
  Math.max(
    1,
    Math.min(
      model.settings.wiring.stages[stage].batchSize,
      packsPerInvocationMax,
      Math.floor(payloadBytesMax / messageBytes),
    ),
  );

const longest = ({ cpu, calls, reading, waiting }: Work): Limit => {
  const most = Math.max(cpu, calls, reading, waiting);
  if (most === waiting && waiting > 0) return 'concurrency';
  if (most === reading) return 'reading';
  return most === cpu ? 'cpu' : 'calls';
};

/** What the stage can carry at that moment, apart from what the table takes. */
export const capacityOf = (model: Model, stage: CarryingStage, moment: Moment): Capacity => {
  const { load } = model;
  if (stage === 'split-file') {
    const work = workOf(model, stage, load.rows);
    const rowsPerSecond = load.rows / secondsOf(work);
    return { rowsPerSecond, limit: longest(work), lanes: 1, isRamping: false, rowsMax: load.rows };
  }
  const max = concurrencyMax(model, stage);
  if (stage === 'relay-rows') {
    const work = workOf(model, stage, load.recordsMax);
    const shards = max / (model.settings.wiring.stages[stage].parallelizationFactor ?? 1);
    // The updates of rows that are finished come by in the stream as well.
    const polled = (shards * pollsPerSecond * recordsPerPoll) / 2;
    const worked = (max * load.recordsMax) / secondsOf(work);
    const isFree = isRelaxed(model, stage, 'shards');
    const rowsPerSecond = Math.min(polled, worked) * (isFree ? far : 1);
    return { rowsPerSecond, limit: 'shards', lanes: max, isRamping: false, rowsMax: load.recordsMax };
  }
  const messageBytes =
    stage === 'finish-rows' ? moment.messageRows * load.outcomeBytes : moment.messageRows * load.tupleBytes;
  const messages = stage === 'clean-rows' ? 1 : batchOf(model, stage, Math.max(1, messageBytes));
  const rowsMax = Math.max(1, messages * moment.messageRows);
  // Whole batches are taken where they are: a few messages are the work of one.
  const usable = Math.max(1, Math.min(max, moment.messagesInAll / messages));
  const ramped = isRelaxed(model, stage, 'ramp') ? far : rampStart + rampPerSecond * moment.secondsIn;
  const lanes = Math.min(usable, ramped);
  const work = workOf(model, stage, rowsMax);
  const seconds = secondsOf(work);
  const isPaced = work.paced >= seconds;
  const limit = lanes < usable ? 'ramp' : isPaced ? 'write-budget' : longest(work);
  return { rowsPerSecond: (lanes * rowsMax) / seconds, limit, lanes, isRamping: ramped < usable, rowsMax };
};
