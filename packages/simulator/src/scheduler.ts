import type { Clock } from '@sluice/core/ports/clock';
import type { Draws } from './random.ts';

/** Stops an event that has not come yet. */
export type Cancel = () => void;

/** A clock that also calls back. */
export type Timers = Clock & {
  /** Calls `run` when so much time has passed. With `isQuiet` it resumes no promise, and nothing need be waited for after it. */
  after(milliseconds: number, run: () => void, isQuiet?: boolean): Cancel;
};

/** A clock's sleep, by what calls back. */
export const sleepBy =
  (after: Timers['after']): Clock['sleep'] =>
  (milliseconds, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const cancel = after(milliseconds, resolve);
      signal?.addEventListener(
        'abort',
        () => {
          cancel();
          reject(signal.reason);
        },
        { once: true },
      );
    });

/**
 * Virtual time: a heap of events. Events at the same time come in an order that the seed draws. Between two events everything
 * goes on that waits for nothing but promises, so a run depends on the seed alone.
 */
export type Scheduler = Timers & {
  /** Takes events one by one until `until`, or until `isDone`. The time stands at `until` when it was reached. Rejects with what an event throws. */
  run(until: number, isDone?: () => boolean): Promise<void>;
};

type Event = { readonly at: number; readonly tie: number; readonly isQuiet: boolean; run: (() => void) | undefined };

const isBefore = (a: Event, b: Event): boolean => a.at < b.at || (a.at === b.at && a.tie < b.tie);

const createHeap = () => {
  const heap: Event[] = [];
  return {
    push(event: Event): void {
      let i = heap.push(event) - 1;
      while (i > 0) {
        const parent = (i - 1) >> 1;
        const above = heap[parent] as Event;
        if (isBefore(above, event)) break;
        heap[i] = above;
        i = parent;
      }
      heap[i] = event;
    },
    first: (): Event | undefined => heap[0],
    pop(): void {
      const last = heap.pop() as Event;
      if (heap.length === 0) return;
      let i = 0;
      for (;;) {
        let child = 2 * i + 1;
        if (child >= heap.length) break;
        if (child + 1 < heap.length && isBefore(heap[child + 1] as Event, heap[child] as Event)) child++;
        if (isBefore(last, heap[child] as Event)) break;
        heap[i] = heap[child] as Event;
        i = child;
      }
      heap[i] = last;
    },
  };
};

/** Turns after which others in this process get their turn. */
const turnsTogether = 1_000;

// Taken before anybody can have replaced them.
const { nextTick } = process;
const nextTurnOfAll = setImmediate;

/**
 * Calls `goOn` once everything has gone on that waits for nothing but promises. Node runs what is due for the next tick, then
 * every microtask until there is none, then the next tick's again: what a microtask puts off to the next tick comes after all
 * of them. A turn of the event loop would do the same, at ten times the price.
 */
const nextTurn = (goOn: () => void): void => queueMicrotask(() => nextTick(goOn));

/** Begins at `startAt`, in milliseconds since the Unix epoch. */
export const createScheduler = (draws: Draws, startAt: number): Scheduler => {
  const heap = createHeap();
  let now = startAt;

  const after = (milliseconds: number, run: () => void, isQuiet = false): Cancel => {
    const event: Event = { at: now + milliseconds, tie: draws.next(), isQuiet, run };
    heap.push(event);
    return () => {
      event.run = undefined;
    };
  };

  return {
    // Whole milliseconds, as clocks tell.
    now: () => Math.floor(now),
    after,
    sleep: sleepBy(after),
    run: (until, isDone = () => false) =>
      new Promise((resolve, reject) => {
        let turns = 0;
        const goOn = (): void => {
          try {
            if (isDone()) {
              resolve();
              return;
            }
            for (let event = heap.first(); event !== undefined && event.at <= until; event = heap.first()) {
              heap.pop();
              const { run, isQuiet } = event;
              if (run === undefined) continue;
              now = Math.max(now, event.at);
              run();
              if (isQuiet) continue;
              if (++turns % turnsTogether === 0) nextTurnOfAll(goOn);
              else nextTurn(goOn);
              return;
            }
            now = Math.max(now, until);
            resolve();
          } catch (thrown) {
            reject(thrown);
          }
        };
        // What was begun before may still have to reach its first wait.
        nextTurnOfAll(goOn);
      }),
  };
};
