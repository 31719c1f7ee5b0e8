import { doublingSeconds, tableUnitsMax } from './stage-speeds.ts';

/** What an on-demand table takes while it is written to. */
export type TableUnits = {
  /** Write units a second at this moment. */
  perSecond(): number;
  /** Seconds after which that changes, if `unitsPerSecond` go on being written. */
  secondsLeft(unitsPerSecond: number): number;
  pass(seconds: number, unitsPerSecond: number): void;
};

/** Share of what the table takes from which on it counts as full. */
const fullShare = 0.98;
/** While units are saved up a table takes as much as is asked for. */
const unlimited = 1e12;

/**
 * A table that takes `unitsPerSecond` at first, and twice as many each half an hour in which it is full, up to its quota.
 * `savedSeconds`: what it has saved up of unused units; on AWS nothing of that is promised, so a plan counts on none.
 */
export const createTableUnits = (unitsPerSecond: number, savedSeconds = 0): TableUnits => {
  let limit = unitsPerSecond;
  let saved = savedSeconds * unitsPerSecond;
  let fullSeconds = 0;
  const quota = Math.max(tableUnitsMax, unitsPerSecond);
  const isFull = (used: number): boolean => used >= limit * fullShare && limit < quota;
  return {
    perSecond: () => (saved > 1e-6 ? unlimited : limit),
    secondsLeft(used) {
      if (saved > 1e-6) return used > limit ? saved / (used - limit) : Number.POSITIVE_INFINITY;
      return isFull(used) ? doublingSeconds - fullSeconds : Number.POSITIVE_INFINITY;
    },
    pass(seconds, used) {
      saved = Math.min(savedSeconds * limit, Math.max(0, saved + (limit - used) * seconds));
      if (!isFull(used)) return;
      fullSeconds += seconds;
      if (fullSeconds < doublingSeconds - 1e-6) return;
      limit = Math.min(quota, limit * 2);
      fullSeconds = 0;
    },
  };
};
