import type { Clock } from '@sluice/core/ports/clock';

// What an on-demand table takes, as far as a pipeline notices it.
//
// Models: write units per second, refilled continuously, with what was not used saved up for five minutes; twice the peak half an
// hour after it was reached; a thousand units a second for one partition key. Source: DynamoDB developer guide, "On-demand capacity mode",
// "Burst and adaptive capacity", "Designing partition keys". A throttled call takes nothing.

/** Seconds of unused capacity that are saved up. */
const burstSeconds = 300;
const doublingMilliseconds = 30 * 60_000;
const partitionUnitsPerSecond = 1_000;

/** An amount that fills up with time. */
const createBucket = (clock: Clock, unitsPerSecond: () => number, seconds: number) => {
  let units = unitsPerSecond() * seconds;
  let filledAt = clock.now();
  return {
    has(wanted: number): boolean {
      const now = clock.now();
      units = Math.min(unitsPerSecond() * seconds, units + ((now - filledAt) / 1000) * unitsPerSecond());
      filledAt = now;
      // A table that is full lets one item in that is larger than a second's share, or such an item could never be written.
      return units >= Math.min(wanted, unitsPerSecond());
    },
    take(wanted: number): void {
      units -= wanted;
    },
  };
};

export type Capacity = {
  /** Takes the units of these partition keys, all or none. */
  take(units: ReadonlyMap<string, number>): boolean;
};

export const unlimited: Capacity = { take: () => true };

/** A table that takes `unitsPerSecond` at first, or for ever where a maximum is set on it. */
export const createCapacity = (clock: Clock, unitsPerSecond: number, hasMaximum = false): Capacity => {
  let limit = unitsPerSecond;
  let fullSince: number | undefined;
  const table = createBucket(clock, () => limit, burstSeconds);
  const partitions = new Map<string, ReturnType<typeof createBucket>>();
  return {
    take(units) {
      const now = clock.now();
      if (!hasMaximum && fullSince !== undefined && now - fullSince >= doublingMilliseconds) {
        limit *= 2;
        fullSince = undefined;
      }
      let sum = 0;
      for (const [key, wanted] of units) {
        sum += wanted;
        let partition = partitions.get(key);
        if (partition === undefined) {
          partition = createBucket(clock, () => partitionUnitsPerSecond, 1);
          partitions.set(key, partition);
        }
        if (!partition.has(wanted)) return false;
      }
      if (!table.has(sum)) {
        fullSince ??= now;
        return false;
      }
      table.take(sum);
      for (const [key, wanted] of units) partitions.get(key)?.take(wanted);
      return true;
    },
  };
};
