import { describe, expect, it } from 'vitest';
import { outsideText, surenessText } from './sureness.ts';

describe('surenessText', () => {
  it.each([
    [0, 'no values'],
    [1, 'a guess: 1 value'],
    [29, 'a guess: 29 values'],
    [30, 'likely: under 10 % otherwise'],
    [299, 'likely: under 1.1 % otherwise'],
    [300, 'sure: under 1 % otherwise'],
    [541_909, 'sure: under 0.00056 % otherwise'],
    [3_000_000_000, 'sure: under 0.0000001 % otherwise'],
  ])('says of %d values: %s', (values, expected) => {
    expect(surenessText(values)).toBe(expected);
  });
});

describe('outsideText', () => {
  it('counts the next value among those seen', () => {
    expect(outsideText(541_909)).toBe('1 in 541,910 each');
  });
});
