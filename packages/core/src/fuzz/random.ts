import { hash } from 'node:crypto';

/** Random draws that the same seed repeats. All bounds are integers. */
export type Random = {
  /** From 0 up to, not with, `bound`. */
  below(bound: number): number;
  /** From `least` to `most`, both inclusive. */
  between(least: number, most: number): number;
  /** True once in `times`, on average. */
  oneIn(times: number): boolean;
  pick<Item>(items: readonly [Item, ...Item[]] | readonly Item[]): Item;
  /** As many draws as a length drawn between `least` and `most`. */
  list<Item>(least: number, most: number, draw: () => Item): Item[];
};

/** Small fast counter, 32 bits (Chris Doty-Humphrey, PractRand): 128 bits of state, passes what a test needs. */
export const createRandom = (seed: string): Random => {
  const state = Buffer.from(hash('sha256', seed, 'hex'), 'hex');
  let a = state.readInt32LE(0);
  let b = state.readInt32LE(4);
  let c = state.readInt32LE(8);
  let counter = state.readInt32LE(12);

  const next = (): number => {
    const drawn = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + drawn) | 0;
    return drawn >>> 0;
  };

  const below = (bound: number): number => Math.floor((next() / 2 ** 32) * bound);
  const between = (least: number, most: number): number => least + below(most - least + 1);
  return {
    below,
    between,
    oneIn: (times) => below(times) === 0,
    pick: <Item>(items: readonly Item[]): Item => {
      if (items.length === 0) throw new Error('expected something to pick from, found nothing');
      return items[below(items.length)] as Item;
    },
    list: (least, most, draw) => Array.from({ length: between(least, most) }, draw),
  };
};
