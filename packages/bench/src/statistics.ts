/** Values of several repetitions, in their order, and how far they lie apart. */
export type Spread = {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly values: readonly number[];
};

/** The middle one, or what lies between the two in the middle. NaN of none. */
export const medianOf = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
};

export const spreadOf = (values: readonly number[]): Spread => ({
  median: medianOf(values),
  min: Math.min(...values),
  max: Math.max(...values),
  values,
});

/**
 * How many times as good ours is as a peer, repetition by repetition, since the two of a repetition met the same machine: above 1 is
 * always better. Undefined where a value is zero, which is as many times as one likes.
 */
export const ratiosOf = (
  ours: readonly number[],
  peer: readonly number[],
  better: 'more' | 'less',
): Spread | undefined => {
  if (ours.length !== peer.length) {
    throw new Error(`expected as many repetitions of a peer as of ours (${ours.length}), found ${peer.length}`);
  }
  if ([...ours, ...peer].some((value) => value === 0)) return undefined;
  return spreadOf(
    ours.map((value, i) => {
      const other = peer[i] ?? Number.NaN;
      return better === 'more' ? value / other : other / value;
    }),
  );
};
