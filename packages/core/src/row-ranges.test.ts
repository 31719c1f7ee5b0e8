import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addRow, createRangeCursor, type RowRange } from './row-ranges.ts';

const rangesOf = (rows: readonly number[]): RowRange[] => {
  const ranges: RowRange[] = [];
  for (const row of rows) addRow(ranges, row);
  return ranges;
};

describe('row ranges', () => {
  it('join rows that follow one another', () => {
    expect(rangesOf([1, 2, 3, 5, 8, 9])).toEqual([
      [1, 3],
      [5, 5],
      [8, 9],
    ]);
  });

  it('hold exactly the rows that were added, in whatever order the ranges come', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 60 })), fc.boolean(), (rows, isReversed) => {
        const ranges = rangesOf(rows.toSorted((a, b) => a - b));
        const isIn = createRangeCursor(isReversed ? ranges.toReversed() : ranges);
        const found = Array.from({ length: 62 }, (_, row) => row).filter(isIn);
        expect(found).toEqual(rows.toSorted((a, b) => a - b));
      }),
    );
  });
});
