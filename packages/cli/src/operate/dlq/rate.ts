import { batchEntriesMax } from '@sluice/core/ports/queue';
import type { Operator } from '../operator.ts';

/** Keeps a rate. */
export type Pace = {
  /** How many may go at once: what the rate allows in a second, and no more than a call of SQS takes. */
  readonly batchMax: number;
  /** Resolves to true once `count` more may go, to false when it was interrupted first. */
  wait(count: number): Promise<boolean>;
};

/** At most `perSecond` a second over any longer time, by the clock. Time that was spent otherwise is not caught up with. */
export const createPace = (perSecond: number, { clock }: Pick<Operator, 'clock'>, signal: AbortSignal): Pace => {
  let freeAt = clock.now();
  return {
    batchMax: Math.min(batchEntriesMax, perSecond),
    async wait(count) {
      const wait = freeAt - clock.now();
      // It rejects for the interrupt alone.
      if (wait > 0 && !signal.aborted) await clock.sleep(wait, signal).catch(() => undefined);
      freeAt = Math.max(freeAt, clock.now()) + (count / perSecond) * 1000;
      return !signal.aborted;
    },
  };
};
