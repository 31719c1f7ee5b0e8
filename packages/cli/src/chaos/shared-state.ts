import type { StageName } from '@sluice/core/wiring';
import { places } from '@sluice/simulator/fault-cells';
import type { FaultClass } from '@sluice/simulator/fault-classes';
import { faultClasses } from '@sluice/simulator/fault-classes';
import type { Hits } from '@sluice/simulator/world';

/** What the threads of a run know together. Outlives a worker that dies. */
export type SharedState = {
  /** For another thread, which makes its own view of it. */
  readonly buffer: SharedArrayBuffer;
  hit(fault: FaultClass, place: StageName | 'service'): void;
  hits(): Hits;
  /** Counts a port call. Returns how many there were. */
  countCall(): number;
  calls(): number;
  /** Counts a start of a worker. Returns how many there were. */
  countStart(): number;
  /** Milliseconds by which this run is ahead of real time. */
  skipped(): number;
  skip(milliseconds: number): void;
  /** From now on nothing strikes. */
  heal(): void;
  isHealed(): boolean;
};

const slots = { calls: 0, starts: 1, skipped: 2, isHealed: 3 } as const;
const hitsFrom = Object.keys(slots).length;

export const createSharedState = (
  buffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT * (hitsFrom + faultClasses.length * places.length)),
): SharedState => {
  const numbers = new Int32Array(buffer);
  const slotOf = (fault: FaultClass, place: StageName | 'service'): number =>
    hitsFrom + faultClasses.indexOf(fault) * places.length + places.indexOf(place);
  return {
    buffer,
    hit: (fault, place) => void Atomics.add(numbers, slotOf(fault, place), 1),
    hits() {
      const hits: Hits = {};
      for (const fault of faultClasses) {
        const struck = places.map((place) => [place, Atomics.load(numbers, slotOf(fault, place))] as const);
        if (struck.some(([, count]) => count > 0))
          hits[fault] = Object.fromEntries(struck.filter(([, count]) => count > 0));
      }
      return hits;
    },
    countCall: () => Atomics.add(numbers, slots.calls, 1) + 1,
    calls: () => Atomics.load(numbers, slots.calls),
    countStart: () => Atomics.add(numbers, slots.starts, 1) + 1,
    skipped: () => Atomics.load(numbers, slots.skipped),
    skip: (milliseconds) => void Atomics.add(numbers, slots.skipped, Math.ceil(milliseconds)),
    heal: () => Atomics.store(numbers, slots.isHealed, 1),
    isHealed: () => Atomics.load(numbers, slots.isHealed) === 1,
  };
};
