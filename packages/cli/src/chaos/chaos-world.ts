import type { FaultRates } from '@sluice/simulator/draw-faults';
import type { FactBody } from '@sluice/simulator/facts';
import { faultClasses } from '@sluice/simulator/fault-classes';
import { createDraws } from '@sluice/simulator/random';
import type { Timers } from '@sluice/simulator/scheduler';
import type { World } from '@sluice/simulator/world';
import { shareOf } from './chaos-rates.ts';
import type { SharedState } from './shared-state.ts';

/** Share of the ways of calls that take any time, and how long at most. */
const longWays = 0.005;
const longWayMilliseconds = 20;

export type ChaosWorldOptions = {
  readonly seed: number;
  /** Threads draw apart from each other. */
  readonly thread: string;
  readonly rates: FaultRates;
  readonly shared: SharedState;
  readonly timers: Timers;
  readonly tell?: (fact: FactBody) => void;
  /** Called behind every port call, with how many there were. */
  readonly onCall?: (calls: number) => void;
  /** A call of the stage is never answered. */
  readonly onTimeout: (stage: Parameters<World['strikes']>[1]) => void;
};

const none = Object.fromEntries(faultClasses.map((fault) => [fault, 0])) as FaultRates;

/** A world of the simulator's over real time: what is drawn is the seed's, when it is drawn the machine's. */
export const createChaosWorld = (options: ChaosWorldOptions): World => {
  const { seed, thread, rates, shared, timers, onCall, onTimeout } = options;
  const schedule = createDraws(seed, `schedule of ${thread}`);
  const faults = createDraws(seed, `faults of ${thread}`);
  return {
    scheduler: timers,
    schedule,
    faults,
    way: () => (schedule.happens(longWays) ? schedule.next() * longWayMilliseconds : 0),
    rates: () => (shared.isHealed() ? none : rates),
    hit: shared.hit,
    strikes(fault, stage) {
      if (!faults.happens(rates[fault] * shareOf(fault, stage)) || shared.isHealed()) return false;
      shared.hit(fault, stage);
      if (fault === 'timeout') onTimeout(stage);
      return true;
    },
    tell: options.tell ?? (() => undefined),
    actAs: (_, effect) => effect(),
    trace: () => undefined,
    countCall() {
      const calls = shared.countCall();
      onCall?.(calls);
      return undefined;
    },
  };
};
