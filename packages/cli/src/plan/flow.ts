import type { Flow } from './assemble-flow.ts';
import { assembleFlow } from './assemble-flow.ts';
import type { State } from './flow-state.ts';
import { begin } from './flow-state.ts';
import type { CarryingStage, Model } from './rates.ts';
import { capacityOf, carryingStages, concurrencyMax, secondsOf, workOf } from './rates.ts';
import { partitionUnits, pollsPerSecond } from './stage-speeds.ts';
import { createTableUnits } from './table-units.ts';

// Rows as a fluid: each stage takes what came to it, at the rate that it can carry at that moment. Time goes on in steps from one
// change to the next. Every stage counts rows of the file, so that its share is 1 at its end, however many rows were rejected before it.

export type FlowOptions = {
  /** Seconds of unused units that the table has saved up: none on AWS, as far as anything is promised. */
  readonly savedSeconds?: number;
};

/** Steps: the shortest and the longest, as shares of the time that has passed, and the longest in seconds while a mapping ramps up. */
const stepShareMin = 1 / 1_000;
const stepShareMax = 1 / 25;
const stepSecondsMin = 1e-3;
const stepSecondsOfRamp = 0.5;
const stepsMax = 200_000;

const isWriter = (stage: CarryingStage): stage is 'store-rows' | 'finish-rows' =>
  stage === 'store-rows' || stage === 'finish-rows';

/** Lets a file flow through the pipeline. */
export const flowOf = (model: Model, { savedSeconds = 0 }: FlowOptions = {}): Flow => {
  const { load, settings } = model;
  const { rows } = load;
  const share = rows === 0 ? 0 : load.accepted / rows;
  const relay = settings.wiring.stages['relay-rows'];
  const relayLanes = concurrencyMax(model, 'relay-rows');
  const states = carryingStages.map(begin);
  const stateOf = new Map(states.map((state) => [state.stage, state]));
  const table = createTableUnits(settings.tableUnitsPerSecond, savedSeconds);
  // Rows of few chunks lie in few partitions: sixteen keys for each.
  const spread = Math.max(1, load.chunks) * 16 * partitionUnits;
  const epsilon = Math.max(1e-9, rows * 1e-7);
  const isTableFree = model.relaxed?.limit === 'table-units';

  /** Rows that come to a stage by way of the file: after the cleaning fewer than there were. */
  const portion = (stage: CarryingStage): number => (stage === 'split-file' || stage === 'clean-rows' ? 1 : share);

  /** Records of a batch of the stream, while so many rows a second are stored: what comes within a window, or what is there. */
  const recordsAt = (rowsPerSecond: number): number => {
    const seconds = Math.max(relay.windowSeconds, 1 / pollsPerSecond);
    return Math.max(1, Math.min(load.recordsMax, (rowsPerSecond * seconds) / relayLanes));
  };
  let records = 1;
  /** Outcomes of an invocation of process-rows. */
  let outcomesTogether = 1;
  const findRecords = (): number => {
    const store = stateOf.get('store-rows') as State;
    // At first nothing is stored yet: what will be is what can be.
    const stored = store.carried > 0 ? store.rate * share : store.capacity.rowsPerSecond;
    const waits = (store.carried - (stateOf.get('relay-rows')?.carried ?? 0)) * share;
    const found = waits > relayLanes * load.recordsMax ? load.recordsMax : recordsAt(stored);
    return Math.max(1, Math.min(found, load.accepted / relayLanes));
  };

  const messageRowsOf = (stage: CarryingStage): number => {
    const accepted = Math.max(1, load.accepted);
    if (stage === 'clean-rows') return Math.max(1, rows / Math.max(1, load.chunks));
    if (stage === 'store-rows') return Math.min(accepted, accepted / Math.max(1, load.packs));
    // What waits is as it was sent; where nothing waits, messages are as they are sent now.
    const [sender, most, now] =
      stage === 'process-rows'
        ? (['relay-rows', load.packRows, records] as const)
        : (['process-rows', load.outcomePackRows, outcomesTogether] as const);
    const { carried, messagesOut } = stateOf.get(sender) as State;
    const taken = stateOf.get(stage) as State;
    const rowsWaiting = (carried - taken.carried) * share;
    const messagesWaiting = messagesOut - taken.messagesIn;
    if (rowsWaiting > epsilon * share && messagesWaiting > 0) {
      return Math.max(1, Math.min(most, accepted, rowsWaiting / messagesWaiting));
    }
    return Math.max(1, Math.min(accepted, now / Math.ceil(now / most)));
  };
  const messagesInAllOf = (stage: CarryingStage): number =>
    stage === 'clean-rows'
      ? load.chunks
      : stage === 'store-rows'
        ? load.packs
        : Math.max(load.packs, Math.min(relayLanes, load.accepted));

  const before = (index: number): number => (index === 0 ? rows : (states[index - 1]?.carried ?? 0));
  const waiting = (index: number): number => before(index) - (states[index]?.carried ?? 0);

  const capacities = (now: number): void => {
    for (const state of states) {
      const { stage } = state;
      const moment = {
        secondsIn: state.beganAt === undefined ? 0 : now - state.beganAt,
        messageRows: messageRowsOf(stage),
        messagesInAll: messagesInAllOf(stage),
      };
      state.capacity = capacityOf(model, stage, moment);
    }
  };

  /** Sets the rates of this moment: what a stage can, or what comes to it; the two that write share what the table takes. */
  const settleRates = (): number => {
    const units = isTableFree ? Number.POSITIVE_INFINITY : Math.min(table.perSecond(), spread);
    const granted = new Map<CarryingStage, number>();
    let used = 0;
    for (let round = 0; round < 4; round++) {
      let coming = (states[0]?.carried ?? 0) < rows ? Number.POSITIVE_INFINITY : 0;
      const asked = new Map<CarryingStage, number>();
      states.forEach((state, index) => {
        const { stage, capacity } = state;
        const all = portion(stage) === 0 ? Number.POSITIVE_INFINITY : capacity.rowsPerSecond / portion(stage);
        const isBehind = waiting(index) > epsilon;
        const wanted = isBehind ? all : Math.min(all, coming);
        const unitsPerRow = portion(stage) * (stage === 'store-rows' ? load.storeUnits : load.finishUnits);
        let rate = wanted;
        state.limit = wanted < all ? 'input' : capacity.limit;
        if (isWriter(stage)) {
          asked.set(stage, wanted * unitsPerRow);
          const most = granted.get(stage) ?? Number.POSITIVE_INFINITY;
          if (unitsPerRow > 0 && most / unitsPerRow < rate) {
            rate = most / unitsPerRow;
            state.limit = 'table-units';
          }
        }
        state.rate = rate;
        coming = state.rate;
      });
      const sum = [...asked.values()].reduce((total, wanted) => total + wanted, 0);
      used = Math.min(sum, units);
      for (const [stage, wanted] of asked) {
        if (sum > units) granted.set(stage, (units * wanted) / sum);
        else granted.delete(stage);
      }
      if (sum <= units) break;
    }
    return used;
  };

  const stepOf = (now: number, used: number): number => {
    let step = Math.max(stepSecondsOfRamp, now * stepShareMax);
    states.forEach((state, index) => {
      const left = waiting(index);
      const coming = index === 0 ? 0 : (states[index - 1]?.rate ?? 0);
      if (left > epsilon && state.rate > coming) step = Math.min(step, left / (state.rate - coming));
      if (state.capacity.isRamping && (left > epsilon || coming > 0)) step = Math.min(step, stepSecondsOfRamp);
    });
    step = Math.min(step, table.secondsLeft(used));
    return Math.max(stepSecondsMin, now * stepShareMin, step);
  };

  /** Counts what the stage's invocations came to while it carried `moved` rows in `seconds`. */
  const count = (state: State, behindBy: number, moved: number, seconds: number): void => {
    const { stage, capacity } = state;
    const accepted = moved * portion(stage);
    if (accepted <= 0) return;
    const rate = accepted / seconds;
    if (stage === 'split-file') {
      state.invocations = 1;
      state.busy += accepted / capacity.rowsPerSecond;
      state.concurrency = 1;
      return;
    }
    const messageRows = messageRowsOf(stage);
    let rowsTogether = messageRows;
    if (stage === 'relay-rows') rowsTogether = records;
    else {
      state.messagesIn += accepted / messageRows;
      // Whatever is there is taken, up to a batch.
      rowsTogether = Math.min(capacity.rowsMax, Math.max(messageRows, behindBy * portion(stage)));
      // Behind or not, as few as the functions get through with.
      const one = messageRows / secondsOf(workOf(model, stage, messageRows));
      if (rate > one * capacity.lanes * 1.0001 && stage !== 'clean-rows') {
        const most = capacity.rowsPerSecond;
        const strain = most <= one * capacity.lanes ? 0 : (rate - one * capacity.lanes) / (most - one * capacity.lanes);
        rowsTogether = Math.max(rowsTogether, messageRows + Math.min(1, strain) * (capacity.rowsMax - messageRows));
      }
    }
    rowsTogether = Math.max(1, messageRows * (stage === 'relay-rows' ? 0 : 1), Math.min(rowsTogether, load.accepted));
    if (stage === 'relay-rows')
      state.messagesOut += accepted / (rowsTogether / Math.ceil(rowsTogether / load.packRows));
    if (stage === 'process-rows') {
      outcomesTogether = rowsTogether;
      state.messagesOut += (accepted / rowsTogether) * Math.ceil(rowsTogether / load.outcomePackRows);
    }
    const secondsOfOne = secondsOf(workOf(model, stage, rowsTogether));
    const invocations = accepted / rowsTogether;
    state.invocations += invocations;
    state.busy += invocations * secondsOfOne;
    state.concurrency = Math.max(
      state.concurrency,
      Math.min(Math.ceil(capacity.lanes), (rate / rowsTogether) * secondsOfOne),
    );
    const lateSeconds = behindBy > epsilon ? (secondsOfOne / 2) * (1 - 1 / Math.max(1, capacity.lanes)) : 0;
    // Full invocations that began before the last few rows came are under way still.
    state.lateSeconds = Math.max(lateSeconds, state.lateSeconds - seconds);
  };

  const points: { readonly at: number; readonly carried: readonly number[] }[] = [
    { at: 0, carried: states.map(() => 0) },
  ];
  let now = 0;
  for (let steps = 0; rows > 0 && steps < stepsMax; steps++) {
    states.forEach((state, index) => {
      if (state.beganAt === undefined && before(index) > 0) state.beganAt = now;
    });
    capacities(now);
    records = findRecords();
    const used = settleRates();
    const step = stepOf(now, used);
    const behind = states.map((_, index) => waiting(index));
    states.forEach((state, index) => {
      const left = before(index) - state.carried;
      const moved = Math.max(0, Math.min(state.rate * step, left));
      count(state, behind[index] ?? 0, moved, step);
      state.carried += moved;
      if (moved > 0) {
        state.limits.set(state.limit, (state.limits.get(state.limit) ?? 0) + step);
        state.rowsPerSecondMax = Math.max(state.rowsPerSecondMax, state.capacity.rowsPerSecond);
      }
      const isLast = before(index) >= rows && (index === 0 || (states[index - 1]?.carried ?? 0) >= rows);
      if (state.carried < rows && isLast && rows - state.carried <= epsilon) state.carried = rows;
      if (state.carried < rows) state.endedAt = now + step;
      else if (moved > 0) state.endedAt = now + Math.min(step, state.rate === 0 ? 0 : moved / state.rate);
    });
    table.pass(step, used);
    now += step;
    points.push({ at: now, carried: states.map(({ carried }) => carried) });
    if (states.every(({ carried }) => carried >= rows)) break;
  }

  return assembleFlow(model, states, points);
};
