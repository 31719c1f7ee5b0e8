/** How often something was seen, and the physical line of the first time (0 when never). */
export type Tally = { count: number; line: number };

export const emptyTally = (): Tally => ({ count: 0, line: 0 });

export const addTo = (tally: Tally, count: number, line: number): void => {
  if (tally.count === 0) tally.line = line;
  tally.count += count;
};

/** Both together; the line is that of the earlier one. */
export const joinTallies = (left: Tally, right: Tally): Tally => {
  if (left.count === 0) return right;
  if (right.count === 0) return left;
  return { count: left.count + right.count, line: Math.min(left.line, right.line) };
};

/** A type that fits all but this share of a column's values is told of, though it is not proposed. */
export const nearShare = 0.01;

/** Values that a type may miss before it can be given up: fewer could be dirt at the head of a long file. */
const misfitsMin = 100;

/**
 * True once a type misses so many of a column's values that it will neither be proposed nor told of: more than `share`, and
 * more than a hundred. It is not tried on later values then, which may make it miss a type whose dirt lies all at the start.
 */
export const isHopeless = (misfits: number, values: number, share: number): boolean =>
  misfits > misfitsMin && misfits > share * values;

/** How values lie down the file. A rising column is a sequence (a number, a time): its end says nothing of what comes next. */
export type Direction = 'rising' | 'falling' | 'mixed';

export const directionOf = (isRising: boolean, isFalling: boolean): Direction =>
  isRising === isFalling ? 'mixed' : isRising ? 'rising' : 'falling';
