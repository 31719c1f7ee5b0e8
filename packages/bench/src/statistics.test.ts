import { describe, expect, it } from 'vitest';
import { medianOf, ratiosOf, spreadOf } from './statistics.ts';

describe('spread', () => {
  it('has the middle value, the least and the most, and keeps the order', () => {
    expect(spreadOf([30, 4, 100])).toEqual({ median: 30, min: 4, max: 100, values: [30, 4, 100] });
  });

  it('has the middle of the two in the middle when there is no value in it', () => {
    expect(medianOf([10, 2, 4, 100])).toBe(7);
  });
});

describe('ratios', () => {
  it('are taken within each repetition, so that what befell both cancels out', () => {
    expect(ratiosOf([100, 10], [50, 5], 'more')).toMatchObject({ median: 2, min: 2, max: 2 });
  });

  it('are above 1 where ours is better, whichever is better', () => {
    expect(ratiosOf([100], [50], 'more')?.median).toBe(2);
    expect(ratiosOf([100], [50], 'less')?.median).toBe(0.5);
  });

  it('are not there when one of the values is zero', () => {
    expect(ratiosOf([1, 0], [1, 1], 'less')).toBeUndefined();
  });

  it('need as many repetitions of both', () => {
    expect(() => ratiosOf([1], [1, 2], 'more')).toThrow('as many repetitions');
  });
});
