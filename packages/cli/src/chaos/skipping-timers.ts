import type { Clock } from '@sluice/core/ports/clock';
import type { Cancel, Timers } from '@sluice/simulator/scheduler';
import { sleepBy } from '@sluice/simulator/scheduler';
import type { SharedState } from './shared-state.ts';

/** Real time, but for waits that nothing else fills: those are skipped. */
export type SkippingTimers = Timers & {
  /** Lets so much time pass at once. */
  skip(milliseconds: number): void;
  /** Nothing is called back any more. */
  close(): void;
};

/** How long nothing may happen before a wait is skipped: others may be about to begin something. */
const quietMilliseconds = 3;

type Event = { readonly at: number; readonly run: () => void };

/**
 * What comes at once comes as a microtask, so that a call that nothing delays costs no turn of the event loop. `isBusy` tells
 * whether anything is at work that time must not run away from.
 */
export const createSkippingTimers = (
  shared: Pick<SharedState, 'skip' | 'skipped'>,
  isBusy: () => boolean,
): SkippingTimers => {
  const events = new Set<Event>();
  let timer: NodeJS.Timeout | undefined;
  let timerAt = Number.POSITIVE_INFINITY;
  let isClosed = false;

  const now = (): number => Date.now() + shared.skipped();

  const earliest = (): number => {
    let at = Number.POSITIVE_INFINITY;
    for (const event of events) at = Math.min(at, event.at);
    return at;
  };

  const arm = (): void => {
    const at = earliest();
    if (isClosed || at === Number.POSITIVE_INFINITY) return;
    // Looks now and then whether the wait may be skipped.
    const wait = Math.min(Math.max(0, at - now()), quietMilliseconds);
    const wakeAt = Date.now() + wait;
    if (timer !== undefined && timerAt <= wakeAt) return;
    clearTimeout(timer);
    timerAt = wakeAt;
    timer = setTimeout(wake, wait);
  };

  const takeDue = (): boolean => {
    const due = [...events].filter(({ at }) => at <= now()).sort((a, b) => a.at - b.at);
    for (const event of due) {
      // One before it may have called it off.
      if (events.delete(event)) event.run();
    }
    return due.length > 0;
  };

  const wake = (): void => {
    timer = undefined;
    timerAt = Number.POSITIVE_INFINITY;
    if (!takeDue() && !isBusy()) {
      const ahead = earliest() - now();
      if (ahead > 0 && ahead < Number.POSITIVE_INFINITY) shared.skip(ahead);
      takeDue();
    }
    arm();
  };

  const after = (milliseconds: number, run: () => void): Cancel => {
    if (milliseconds <= 0) {
      let isOff = false;
      queueMicrotask(() => {
        if (!isOff) run();
      });
      return () => {
        isOff = true;
      };
    }
    const event: Event = { at: now() + milliseconds, run };
    events.add(event);
    arm();
    return () => void events.delete(event);
  };

  return {
    now,
    after,
    sleep: sleepBy(after),
    skip(milliseconds) {
      shared.skip(milliseconds);
      arm();
    },
    close() {
      isClosed = true;
      clearTimeout(timer);
      events.clear();
    },
  };
};

/** How much shorter a stage waits before it tries again: what fails often would take long otherwise. */
const hurry = 10;

export const hurried = (clock: Clock): Clock => ({
  now: clock.now,
  sleep: (milliseconds, signal) => clock.sleep(milliseconds / hurry, signal),
});
