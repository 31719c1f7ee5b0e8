import { describe, expect, it } from 'vitest';
import { readInteger } from './integer.ts';

describe('readInteger', () => {
  it.each([
    ['0', 0],
    ['6', 6],
    ['-1', -1],
    ['+7', 7],
    ['007', 7],
    ['-0', 0],
    ['17850.0', 17850],
    ['-3.000', -3],
    ['9007199254740991', 9007199254740991],
    ['-9007199254740991', -9007199254740991],
    ['00000000000000000000000000000000000000012', 12],
  ])('reads %j as %d', (text, value) => {
    expect(readInteger(text)).toBe(value);
  });

  it.each([
    '',
    '-',
    '+',
    '.0',
    '1.',
    '1.5',
    '1.0x',
    '1e3',
    '1,000',
    '1 000',
    '--1',
    '+-1',
    '0x10',
    '１',
    'NaN',
    'Infinity',
    '1.0.0',
  ])('says that %j is no integer', (text) => {
    expect(readInteger(text)).toBeNaN();
  });

  it.each([
    ['9007199254740992', Number.POSITIVE_INFINITY],
    ['9007199254740993', Number.POSITIVE_INFINITY],
    ['-9007199254740992', Number.NEGATIVE_INFINITY],
    ['9'.repeat(400), Number.POSITIVE_INFINITY],
  ])('says that %j is beyond the exact range', (text, value) => {
    expect(readInteger(text)).toBe(value);
  });
});
