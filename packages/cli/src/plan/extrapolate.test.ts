import { describe, expect, it } from 'vitest';
import { extrapolateRows } from './extrapolate.ts';

describe('extrapolateRows', () => {
  it('is sure of rows that are all alike, and says that it cannot know of one part', () => {
    const part = { rows: 10, bytes: 1_000 };
    expect(extrapolateRows([part, part, part], 50_000)).toEqual({ rows: 500, errorShare: 0 });
    expect(extrapolateRows([part], 50_000)).toEqual({ rows: 500, errorShare: undefined });
    expect(extrapolateRows([], 50_000)).toEqual({ rows: 0, errorShare: undefined });
  });

  it('tells how far off it may be', () => {
    const parts = [90, 110, 90, 110].map((rows) => ({ rows, bytes: 10_000 }));
    // Standard deviation 11.547 of 100, over four parts: 5.77 %, times 1.96.
    expect(extrapolateRows(parts, 1_000_000)).toEqual({ rows: 10_000, errorShare: expect.closeTo(0.1132, 4) });
  });
});
