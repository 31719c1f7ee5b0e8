import type { Clock } from './ports/clock.ts';

/** A clock that stands still until `run` finds everything waiting for it, and then moves to the next sleeper. For tests. */
export type VirtualClock = Clock & {
  /** What was slept, in the order of asking, in milliseconds; also sleeps that were broken off. */
  readonly sleeps: readonly number[];
  /** Moves the time on without waking anybody: work that takes this long. */
  pass(milliseconds: number): void;
  /** The work's outcome, with the time moved on as often as it takes. */
  run<T>(work: Promise<T>): Promise<T>;
};

/** Turns of the event loop without progress after which the work counts as hanging. */
const idleTurnsMax = 50;

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export const createVirtualClock = (startAt = 0): VirtualClock => {
  let now = startAt;
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();
  const sleeps: number[] = [];
  return {
    sleeps,
    now: () => now,
    pass(milliseconds) {
      now += milliseconds;
    },
    sleep(milliseconds, signal) {
      sleeps.push(milliseconds);
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const sleeper = { at: now + milliseconds, wake: resolve };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', () => {
          sleepers.delete(sleeper);
          reject(signal.reason);
        });
      });
    },
    async run(work) {
      let settled = false;
      const settle = (): void => {
        settled = true;
      };
      work.then(settle, settle);
      for (let idleTurns = 0; idleTurns < idleTurnsMax; idleTurns++) {
        await nextTurn();
        if (settled) return work;
        const next = [...sleepers].sort((a, b) => a.at - b.at)[0];
        if (next === undefined) continue;
        idleTurns = 0;
        now = Math.max(now, next.at);
        sleepers.delete(next);
        next.wake();
      }
      throw new Error('expected the work to end, found it waiting for nothing');
    },
  };
};
