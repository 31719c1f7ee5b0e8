import type { FaultClass } from './fault-classes.ts';
import type { Outcome } from './simulate.ts';
import type { Hits } from './world.ts';

/** What simulations came to together. `busyMilliseconds` is real time, on one core each. */
export type Sums = {
  runs: number;
  busyMilliseconds: number;
  virtualMilliseconds: number;
  calls: number;
  rows: number;
  hits: Hits;
};

export const noSums = (): Sums => ({
  runs: 0,
  busyMilliseconds: 0,
  virtualMilliseconds: 0,
  calls: 0,
  rows: 0,
  hits: {},
});

/** Adds to `sums`. */
export const addSums = (sums: Sums, more: Sums): void => {
  sums.runs += more.runs;
  sums.busyMilliseconds += more.busyMilliseconds;
  sums.virtualMilliseconds += more.virtualMilliseconds;
  sums.calls += more.calls;
  sums.rows += more.rows;
  for (const fault of Object.keys(more.hits) as FaultClass[]) {
    const before: Record<string, number> = { ...sums.hits[fault] };
    for (const [place, hits] of Object.entries(more.hits[fault] ?? {})) before[place] = (before[place] ?? 0) + hits;
    sums.hits[fault] = before;
  }
};

export const addOutcome = (sums: Sums, outcome: Outcome, busyMilliseconds: number): void => {
  const { virtualMilliseconds, calls, rows, hits } = outcome;
  addSums(sums, { runs: 1, busyMilliseconds, virtualMilliseconds, calls, rows, hits });
};
