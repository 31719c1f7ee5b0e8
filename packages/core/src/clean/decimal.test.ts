import { describe, expect, it } from 'vitest';
import { compareDecimals, readDecimal } from './decimal.ts';

describe('readDecimal', () => {
  it.each([
    ['2.55', '2.55'],
    ['2.50', '2.50'],
    ['-11062.06', '-11062.06'],
    ['+1', '1'],
    ['007.10', '7.10'],
    ['.5', '0.5'],
    ['-.5', '-0.5'],
    ['5.', '5'],
    ['0', '0'],
    ['000', '0'],
    ['-0', '0'],
    ['-0.00', '0.00'],
    ['00.10', '0.10'],
    ['1e3', '1000'],
    ['1.5E3', '1500'],
    ['1.50E+1', '15.0'],
    ['1.23e-5', '0.0000123'],
    ['12e-1', '1.2'],
    ['0e5', '0'],
    ['4E00000002', '400'],
    ['-0e-2', '0.00'],
    ['0.1234567890123456789012345678901234567890', '0.1234567890123456789012345678901234567890'],
    ['123456789012345678901234567890', '123456789012345678901234567890'],
  ])('reads %j as %j', (text, digits) => {
    expect(readDecimal(text)).toBe(digits);
  });

  it.each([
    '',
    '-',
    '.',
    '-.',
    'e5',
    '.e5',
    '1e',
    '1,5',
    '1,000.00',
    '1 000',
    '1_000',
    '0x1',
    '1.2.3',
    '--1',
    '1e401',
    '1e-401',
    '1e1.5',
    '٣',
    'NaN',
    '$5',
  ])('refuses %j', (text) => {
    expect(readDecimal(text)).toBeNull();
  });

  it('writes out the largest exponent it accepts', () => {
    expect(readDecimal('1e400')).toBe(`1${'0'.repeat(400)}`);
    expect(readDecimal('1e-400')).toBe(`0.${'0'.repeat(399)}1`);
  });
});

describe('compareDecimals', () => {
  it.each([
    ['0.1', '0.10', 0],
    ['0.1', '0.11', -1],
    ['-0.1', '-0.11', 1],
    ['-1', '1', -1],
    ['10', '9', 1],
    ['-10', '-9', -1],
    ['0', '-0.01', 1],
    ['9007199254740993', '9007199254740992', 1],
    ['1', '0.99999999999999999999999999', 1],
  ])('puts %s and %s in order', (left, right, sign) => {
    expect(Math.sign(compareDecimals(left, right))).toBe(sign);
    expect(Math.sign(compareDecimals(right, left)) + sign).toBe(0);
  });
});
