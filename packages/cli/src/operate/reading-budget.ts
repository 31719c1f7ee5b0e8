import type { Clock } from '@sluice/core/ports/clock';

/** How many rows may be read from the table to count them. */
export type ReadingBudget = {
  /** Rows that may be read now. */
  spare(): number;
  spend(rows: number): void;
  /** Whether part of what there is to count is worth counting: the rest has its turn later. */
  readonly isInParts: boolean;
};

/** One look by itself: some 200,000 read units for rows of 400 bytes, about $0.03. */
export const onceRowsMax = 2_000_000;
/** Looks that go on: about $1 an hour at most. Averaged over all of the watch. */
export const watchRowsPerSecond = 20_000;
/** So that the first look tells something: what the first ten seconds will have. */
const headStartSeconds = 10;

export const createOnceBudget = (): ReadingBudget => {
  let spent = 0;
  return {
    isInParts: false,
    spare: () => onceRowsMax - spent,
    spend(rows) {
      spent += rows;
    },
  };
};

export const createWatchBudget = (clock: Pick<Clock, 'now'>): ReadingBudget => {
  const startedAt = clock.now();
  let spent = 0;
  return {
    isInParts: true,
    spare: () => ((clock.now() - startedAt) / 1000 + headStartSeconds) * watchRowsPerSecond - spent,
    spend(rows) {
      spent += rows;
    },
  };
};
