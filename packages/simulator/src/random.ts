import { createHash } from 'node:crypto';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';

/** One stream of chance. Everything that a simulation leaves to chance comes out of one of these. */
export type Draws = {
  /** In [0, 1). */
  next(): number;
  /** A whole number from `from` to `to`, both inclusive. */
  whole(from: number, to: number): number;
  /** True with this probability; draws nothing for 0. */
  happens(probability: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
};

/**
 * The stream of this name for a seed. Streams of different names do not depend on each other: what is taken out of one leaves
 * the others as they are, which is what makes a failing seed shrink.
 */
export const createDraws = (seed: number, name: string): Draws => {
  const digest = createHash('sha256').update(`${seed}/${name}`).digest();
  const state = [0, 4, 8, 12].map((at) => digest.readInt32LE(at));
  const generator = xoroshiro128plusFromState(state);
  const next = (): number => (generator.next() >>> 0) / 2 ** 32;
  const whole = (from: number, to: number): number => from + Math.floor(next() * (to - from + 1));
  return {
    next,
    whole,
    happens: (probability) => probability > 0 && next() < probability,
    pick: (items) => items[whole(0, items.length - 1)] as (typeof items)[number],
  };
};
