import type { JobState } from '@sluice/core/ports/job-store';

/** Longest time between two audits of a job that is not at its end. */
const longestSeconds = 15 * 60;

/** States that wait for somebody: seldom left from one minute to the next. */
const waitingStates: readonly JobState[] = ['HELD', 'STALLED', 'INCONSISTENT'];

/**
 * Time until a job is to be audited again: 1, 1, 2, 4, ... times `everySeconds`, at most 15 min, by the audits since it last got
 * on. Nothing is waited for where `everySeconds` is 0.
 */
export const secondsToNextAudit = (state: JobState, fruitless: number, everySeconds: number): number => {
  if (everySeconds === 0) return 0;
  if (fruitless > 0 && waitingStates.includes(state)) return longestSeconds;
  return Math.min(longestSeconds, everySeconds * 2 ** Math.max(0, fruitless - 1));
};

/** Jobs that come due within this time are audited with those that are: a sweep is never quite on time. */
export const toleranceMilliseconds = (everySeconds: number): number => (everySeconds * 1000) / 2;
