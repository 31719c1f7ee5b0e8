import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readInteger } from './integer.ts';

const safeMax = BigInt(Number.MAX_SAFE_INTEGER);

describe('readInteger', () => {
  it('reads back every integer of the exact range', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.nat({ max: 5 }), fc.nat({ max: 3 }), (value, leadingZeros, zeroFraction) => {
        const sign = value < 0 ? '-' : '';
        const fraction = zeroFraction === 0 ? '' : `.${'0'.repeat(zeroFraction)}`;
        expect(readInteger(`${sign}${'0'.repeat(leadingZeros)}${Math.abs(value)}${fraction}`)).toBe(value + 0);
      }),
    );
  });

  it('is exact or beyond the range, as BigInt has it', () => {
    const nearLimit = fc.bigInt({ min: safeMax - 20n, max: safeMax + 20n });
    const value = fc.oneof(
      nearLimit,
      fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }),
      nearLimit.map((near) => -near),
    );
    fc.assert(
      fc.property(value, (wanted) => {
        const isSafe = wanted <= safeMax && wanted >= -safeMax;
        const beyond = wanted > 0n ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
        expect(readInteger(wanted.toString())).toBe(isSafe ? Number(wanted) : beyond);
      }),
      { numRuns: 1_000 },
    );
  });
});
