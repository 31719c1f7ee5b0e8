import type { State } from './flow-state.ts';
import type { Limit } from './plan.ts';
import type { CarryingStage, Model } from './rates.ts';
import { secondsOf, workOf } from './rates.ts';
import { eventSeconds, hopSeconds, initMilliseconds, pollsPerSecond } from './stage-speeds.ts';

/** What the flow came to for one stage. */
export type StageFlow = {
  readonly startsAtSeconds: number;
  readonly endsAtSeconds: number;
  readonly limit: Limit;
  readonly rowsPerSecondMax: number;
  readonly concurrencyMax: number;
  readonly messages: number;
  readonly invocations: number;
  /** That its functions ran, with their cold starts. */
  readonly busySeconds: number;
};

export type Flow = {
  readonly stages: ReadonlyMap<CarryingStage, StageFlow>;
  /** Share of the rows that the stage has carried by then. */
  shareAt(stage: CarryingStage, atSeconds: number): number;
  /** The earliest moment at which the stage has carried this share. */
  timeOf(stage: CarryingStage, share: number): number;
};

/** Seconds from a stage's first row coming in to its first row going out, and what its last may come late. */
const delayOf = (model: Model, state: State): number => {
  const { stage } = state;
  const { wiring } = model.settings;
  const init = initMilliseconds / 1000;
  if (stage === 'split-file') return eventSeconds + hopSeconds + init;
  if (stage === 'relay-rows') return Math.max(wiring.stages[stage].windowSeconds, 1 / pollsPerSecond) + init;
  // An outcome is sent at the end of its invocation; the first ones have one message.
  const rows = state.messagesIn > 0 ? model.load.accepted / state.messagesIn : 0;
  const held = stage === 'process-rows' ? secondsOf(workOf(model, stage, rows)) : 0;
  return hopSeconds + init + held;
};

/** What a flow came to, from where its stages were at each of its points. */
export const assembleFlow = (
  model: Model,
  states: readonly State[],
  points: readonly { readonly at: number; readonly carried: readonly number[] }[],
): Flow => {
  const { rows, accepted } = model.load;
  const stages = new Map<CarryingStage, StageFlow>();
  const scales = new Map<CarryingStage, { readonly index: number; readonly delay: number; readonly stretch: number }>();
  let delay = 0;
  let endBefore = 0;
  states.forEach((state, index) => {
    const { stage } = state;
    const isIdle = rows === 0 || (accepted === 0 && index > 1);
    const own = delayOf(model, state);
    if (!isIdle) delay += own;
    const startsAtSeconds = isIdle ? endBefore : (state.beganAt ?? 0) + delay;
    const endsAtSeconds = isIdle
      ? endBefore
      : Math.max(state.endedAt + delay + state.lateSeconds, endBefore + Math.min(own, delay));
    const limit = [...state.limits].reduce<readonly [Limit, number]>(
      (most, found) => (found[1] > most[1] ? found : most),
      ['input', 0],
    )[0];
    const concurrency = Math.max(isIdle ? 0 : 1, Math.ceil(state.concurrency - 1e-6));
    const invocations = isIdle ? 0 : Math.max(1, Math.round(state.invocations));
    stages.set(stage, {
      startsAtSeconds,
      endsAtSeconds,
      limit,
      rowsPerSecondMax: isIdle ? 0 : state.rowsPerSecondMax,
      concurrencyMax: concurrency,
      messages: isIdle || stage === 'relay-rows' ? 0 : Math.max(1, Math.round(state.messagesIn)),
      invocations,
      busySeconds: isIdle ? 0 : state.busy + (Math.min(concurrency, invocations) * initMilliseconds) / 1000,
    });
    const stretch = state.endedAt > 0 ? (endsAtSeconds - delay) / state.endedAt : 1;
    scales.set(stage, { index, delay: isIdle ? endBefore : delay, stretch });
    endBefore = Math.max(endBefore, endsAtSeconds);
  });

  const carriedAt = (index: number, at: number): number => {
    let low = 0;
    let high = points.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((points[middle]?.at ?? 0) <= at) low = middle;
      else high = middle;
    }
    const [from, to] = [points[low], points[high]];
    const [first, last] = [from?.carried[index] ?? 0, to?.carried[index] ?? 0];
    const width = (to?.at ?? 0) - (from?.at ?? 0);
    return width <= 0 ? last : first + (last - first) * Math.min(1, Math.max(0, (at - (from?.at ?? 0)) / width));
  };
  const indexOfShare = (index: number, wanted: number): number => {
    let low = 0;
    let high = points.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((points[middle]?.carried[index] ?? 0) >= wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  };

  return {
    stages,
    shareAt(stage, atSeconds) {
      const found = stages.get(stage);
      const scale = scales.get(stage);
      if (rows === 0 || found === undefined || scale === undefined) return 1;
      if (atSeconds >= found.endsAtSeconds) return 1;
      if (atSeconds <= scale.delay) return 0;
      return carriedAt(scale.index, (atSeconds - scale.delay) / scale.stretch) / rows;
    },
    timeOf(stage, wanted) {
      const scale = scales.get(stage);
      const found = stages.get(stage);
      if (scale === undefined || found === undefined) return 0;
      if (wanted >= 1) return found.endsAtSeconds;
      const high = indexOfShare(scale.index, wanted * rows);
      const [to, from] = [points[high], points[Math.max(0, high - 1)]];
      const [last, first] = [to?.carried[scale.index] ?? 0, from?.carried[scale.index] ?? 0];
      const part = last > first ? (wanted * rows - first) / (last - first) : 1;
      const at = (from?.at ?? 0) + ((to?.at ?? 0) - (from?.at ?? 0)) * Math.min(1, Math.max(0, part));
      return Math.min(found.endsAtSeconds, at * scale.stretch + scale.delay);
    },
  };
};
