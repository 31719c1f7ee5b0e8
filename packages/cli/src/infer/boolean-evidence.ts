import { addTo, emptyTally, isHopeless, type Tally } from './evidence.ts';

/** The pairs of words that the type boolean reads. */
export const booleanPairs = ['true/false', 'yes/no', 'y/n', '1/0'] as const;
export type BooleanPair = (typeof booleanPairs)[number];

const wordsMax = 5; // characters of the longest word

const words: ReadonlyMap<string, { readonly pair: BooleanPair; readonly isTrue: boolean }> = new Map(
  booleanPairs.flatMap((pair) => pair.split('/').map((word, index) => [word, { pair, isTrue: index === 0 }] as const)),
);

export type BooleanEvidence = {
  /** False when it was given up: the tallies then stop somewhere. */
  readonly isWhole: boolean;
  /** Pairs of which a word was seen, in a fixed order. */
  readonly pairs: readonly BooleanPair[];
  readonly hasTrue: boolean;
  readonly hasFalse: boolean;
  readonly others: Readonly<Tally>;
};

/** Learns which words for true and false a column holds. */
export const createBooleanEvidence = (share: number) => {
  const seen = new Set<BooleanPair>();
  const others = emptyTally();
  let isWhole = true;
  let hasTrue = false;
  let hasFalse = false;
  return {
    take(text: string, count: number, line: number, values: number): void {
      if (!isWhole) return;
      const word = text.length > wordsMax ? undefined : (words.get(text) ?? words.get(text.toLowerCase()));
      if (word === undefined) {
        addTo(others, count, line);
        isWhole = !isHopeless(others.count, values, share);
        return;
      }
      seen.add(word.pair);
      if (word.isTrue) hasTrue = true;
      else hasFalse = true;
    },
    finish: (): BooleanEvidence => ({
      isWhole,
      pairs: booleanPairs.filter((pair) => seen.has(pair)),
      hasTrue,
      hasFalse,
      others,
    }),
  };
};
