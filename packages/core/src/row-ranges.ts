/** First and last row, both inclusive. */
export type RowRange = [first: number, last: number];

/** Adds a row that comes after those in the ranges. */
export const addRow = (ranges: RowRange[], row: number): void => {
  const last = ranges.at(-1);
  if (last?.[1] === row - 1) last[1] = row;
  else ranges.push([row, row]);
};

/** Tells of rows, asked for in ascending order, whether they are in one of the ranges: one step along the ranges, not a search. */
export const createRangeCursor = (ranges: readonly (readonly [number, number])[]): ((row: number) => boolean) => {
  const ascending = ranges.toSorted(([a], [b]) => a - b);
  let at = 0;
  return (row) => {
    for (let range = ascending[at]; range !== undefined && range[1] < row; range = ascending[at]) at++;
    return row >= (ascending[at]?.[0] ?? Number.POSITIVE_INFINITY);
  };
};
