import type { Clock } from '@sluice/core/ports/clock';

export type ManualClock = Clock & {
  /** Moves time forward, waking sleepers in the order of their times, and lets each go on before the next. */
  advance(milliseconds: number): Promise<void>;
};

/** Lets everything go on that waits for nothing but other promises. */
const settlePromises = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A clock that stands still until it is told to move. */
export const createManualClock = (start = 0): ManualClock => {
  let now = start;
  let sleepers: { readonly at: number; readonly wake: () => void }[] = [];
  return {
    now: () => now,
    sleep: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason);
          return;
        }
        const sleeper = { at: now + milliseconds, wake: resolve };
        sleepers.push(sleeper);
        signal?.addEventListener('abort', () => {
          sleepers = sleepers.filter((other) => other !== sleeper);
          reject(signal.reason);
        });
      }),
    async advance(milliseconds) {
      const until = now + milliseconds;
      for (;;) {
        await settlePromises();
        const next = sleepers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        sleepers = sleepers.filter((other) => other !== next);
        now = Math.max(now, next.at);
        next.wake();
      }
      now = until;
      await settlePromises();
    },
  };
};
