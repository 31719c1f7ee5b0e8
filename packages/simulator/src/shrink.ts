import { type FaultClass, faultClasses } from './fault-classes.ts';
import type { Outcome } from './simulate.ts';
import type { Knobs } from './workload.ts';

/** Simulations that may be spent on making one failing run smaller. */
const runsMax = 600;
/** More uploads or records than any run has. */
const uploadsMax = 16;
const recordsMax = 512;

export type Shrunk = { readonly knobs: Knobs; readonly outcome: Outcome; readonly runs: number };

/**
 * Takes out of a failing run what it fails without: fault classes (in halves, quarters and so on, then one by one), then uploads,
 * then records, again and again until nothing more can go while the same invariant fails. Spends at most `most` runs.
 */
export const shrink = async (
  failing: Outcome,
  simulate: (seed: number, knobs: Knobs) => Promise<Outcome>,
  most = runsMax,
): Promise<Shrunk> => {
  let best = failing;
  let runs = 0;

  /** Goes on with these knobs if the run still fails like that. */
  const take = async (knobs: Knobs): Promise<boolean> => {
    if (runs >= most) return false;
    runs++;
    const outcome = await simulate(failing.seed, knobs);
    if (outcome.violation?.invariant !== failing.violation?.invariant) return false;
    best = { ...outcome, knobs };
    return true;
  };

  const without = (): readonly FaultClass[] => best.knobs.without ?? [];

  const dropFaults = async (): Promise<void> => {
    const waiting = (): FaultClass[] => faultClasses.filter((fault) => !without().includes(fault));
    for (let size = Math.ceil(waiting().length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      const left = waiting();
      for (let from = 0; from < left.length; from += size) {
        await take({ ...best.knobs, without: [...without(), ...left.slice(from, from + size)] });
      }
    }
  };

  /** Finds a small number of `what` that suffices: the first of 1, 2, 4, ..., and from there down by halves of the way. */
  const lower = async (what: 'uploads' | 'records', highest: number): Promise<void> => {
    const before = best.knobs[what] ?? highest;
    let tooFew = 0;
    for (let number = 1; number < before; number *= 2) {
      if (await take({ ...best.knobs, [what]: number })) break;
      tooFew = number;
    }
    for (let number = best.knobs[what] ?? before; number - tooFew > 1; number = best.knobs[what] ?? before) {
      const middle = (number + tooFew) >> 1;
      if (!(await take({ ...best.knobs, [what]: middle }))) tooFew = middle;
    }
  };

  for (let before: Outcome | undefined; before !== best && runs < most; ) {
    before = best;
    await dropFaults();
    await lower('uploads', uploadsMax);
    await lower('records', recordsMax);
  }
  return { knobs: best.knobs, outcome: best, runs };
};
