import { describe, expect, it } from 'vitest';
import { type FaultClass, faultClasses } from './fault-classes.ts';
import { shrink } from './shrink.ts';
import type { Outcome } from './simulate.ts';
import type { Knobs } from './workload.ts';

const outcomeOf = (seed: number, knobs: Knobs, invariant?: string): Outcome => ({
  seed,
  knobs,
  ...(invariant === undefined ? {} : { violation: { invariant, message: 'expected better' } }),
  digest: '',
  virtualMilliseconds: 0,
  calls: 0,
  rows: 0,
  hits: {},
  faults: [],
  trace: [],
});

/** Fails while all of this is there; with less it may fail in another way. */
const failsWith = (faults: readonly FaultClass[], uploads: number, records: number, otherwise?: string) => {
  let runs = 0;
  const simulate = async (seed: number, knobs: Knobs): Promise<Outcome> => {
    runs++;
    const isThere =
      faults.every((fault) => knobs.without?.includes(fault) !== true) &&
      (knobs.uploads ?? 4) >= uploads &&
      (knobs.records ?? 60) >= records;
    return outcomeOf(seed, knobs, isThere ? 'I5' : otherwise);
  };
  return { simulate, runs: () => runs };
};

describe('shrink', () => {
  it.each([
    { faults: [], uploads: 1, records: 1 },
    { faults: ['crash'], uploads: 2, records: 7 },
    { faults: ['event-duplicated', 'zombie', 'processor-outage'], uploads: 3, records: 33 },
    { faults: faultClasses, uploads: 4, records: 60 },
  ] as const)('leaves what the failure needs, and nothing else: $faults', async ({ faults, uploads, records }) => {
    const { simulate, runs } = failsWith(faults, uploads, records);
    const shrunk = await shrink(outcomeOf(3, {}, 'I5'), simulate);
    const left = faultClasses.filter((fault) => shrunk.knobs.without?.includes(fault) !== true);
    expect(left).toEqual(faultClasses.filter((fault) => (faults as readonly FaultClass[]).includes(fault)));
    expect(shrunk.knobs).toMatchObject({ uploads, records });
    expect(shrunk.outcome).toMatchObject({ seed: 3, knobs: shrunk.knobs, violation: { invariant: 'I5' } });
    expect(shrunk.runs).toBe(runs());
    expect(runs()).toBeLessThan(400);
  });

  it('does not go over to another invariant', async () => {
    const { simulate } = failsWith(['crash', 'timeout'], 2, 9, 'liveness');
    const { outcome } = await shrink(outcomeOf(3, {}, 'I5'), simulate);
    expect(outcome.violation?.invariant).toBe('I5');
    expect(outcome.knobs).toMatchObject({ uploads: 2, records: 9 });
  });

  it('spends no more runs than it may', async () => {
    const { simulate, runs } = failsWith(faultClasses, 4, 60);
    await shrink(outcomeOf(3, {}, 'I5'), simulate, 20);
    expect(runs()).toBe(20);
  });
});
