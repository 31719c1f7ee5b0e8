import { readDecimal } from '@sluice/core/clean/decimal';
import { readInteger } from '@sluice/core/clean/integer';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createNumberEvidence, spellingOf } from './number-evidence.ts';

describe('spellingOf', () => {
  it.each([
    ['0', 'integer'],
    ['-0', 'integer'],
    ['17850', 'integer'],
    ['-9007199254740991', 'integer'],
    ['9007199254740992', 'beyond'],
    ['17850.0', 'floated'],
    ['9007199254740993.0', 'decimal'],
    ['2.50', 'decimal'],
    ['12.00', 'decimal'],
    ['.5', 'decimal'],
    ['-.5', 'decimal'],
    ['00123', 'respelled'],
    ['-01.5', 'respelled'],
    ['+5', 'respelled'],
    ['5.', 'respelled'],
    ['1e5', 'respelled'],
    ['1'.repeat(41), 'respelled'],
    ['-', 'other'],
    ['.', 'other'],
    ['-.', 'other'],
    ['1,250.00', 'other'],
    ['1.2.3', 'other'],
    ['12 PENCILS', 'other'],
    ['٣', 'other'],
    ['1e999', 'other'],
  ])('takes %s for %s', (text, expected) => {
    expect(spellingOf(text)).toBe(expected);
  });

  it('says of every text what reading it as a number gives', () => {
    const text = fc.oneof(
      fc.string({ unit: fc.constantFrom('0', '1', '9', '.', '-', '+', 'e'), maxLength: 20 }),
      fc.string({ maxLength: 5 }),
    );
    fc.assert(
      fc.property(text, (text) => {
        const spelling = spellingOf(text);
        const decimal = readDecimal(text) ?? '';
        expect(decimal === '').toBe(spelling === 'other');
        if (spelling === 'other' || spelling === 'respelled') return;
        // What comes out is what stood there, but for a minus before zero and a zero before the point.
        const sign = Number(decimal) === 0 && text.startsWith('-') ? '-' : '';
        expect([`${sign}${decimal}`, `${sign}${decimal}`.replace(/^(-?)0\./, '$1.')]).toContain(text);
        if (spelling === 'integer') expect(`${sign}${readInteger(text)}`).toBe(text);
        if (spelling === 'floated') expect(`${sign}${readInteger(text)}.0`).toBe(text);
        if (spelling === 'beyond') expect(readInteger(text)).not.toSatisfy(Number.isFinite);
      }),
      { numRuns: 5_000 },
    );
  });
});

const rangeOf = (...texts: readonly string[]) => {
  const evidence = createNumberEvidence(0);
  for (const [index, text] of texts.entries()) evidence.take(text, 1, index + 2, index + 1);
  return evidence.finish().range;
};

describe('createNumberEvidence', () => {
  it('keeps the ends exactly, beyond what a double holds', () => {
    expect(rangeOf('9007199254740993', '9007199254740992', '9007199254740995', '9007199254740994')).toEqual({
      min: '9007199254740992',
      max: '9007199254740995',
      direction: 'mixed',
    });
    expect(rangeOf('.50', '-.5', '0.5')).toMatchObject({ min: '-0.5', max: '0.50' });
  });

  it.each([
    [['1', '2', '2', '10'], 'rising'],
    [['10', '2.5', '2.5', '-1'], 'falling'],
    [['1', '3', '2', '4'], 'mixed'],
    [['2', '3', '1'], 'mixed'],
    [['7', '7'], 'mixed'],
    [['1', '5', '3'], 'mixed'],
  ])('tells how %j lie down the file: %s', (texts, direction) => {
    expect(rangeOf(...texts)?.direction).toBe(direction);
  });

  it('has no range of texts and of numbers whose spelling would be lost', () => {
    expect(rangeOf('a', '007')).toBeUndefined();
  });

  it('stops counting once a number is out of the question', () => {
    const evidence = createNumberEvidence(0.01);
    for (let index = 1; index <= 1_000; index += 1) evidence.take('a', 1, index, index);
    expect(evidence.finish()).toMatchObject({ isWhole: false, tallies: { other: { count: 101, line: 1 } } });
  });
});
