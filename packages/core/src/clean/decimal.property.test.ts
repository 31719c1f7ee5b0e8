import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareDecimals, readDecimal } from './decimal.ts';

// A decimal as an integer and the number of its last digits that stand after the point.
type Scaled = { unscaled: bigint; scale: number };

const write = ({ unscaled, scale }: Scaled): string => {
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  return `${unscaled < 0n ? '-' : ''}${whole}${scale === 0 ? '' : `.${digits.slice(digits.length - scale)}`}`;
};
const toScale = ({ unscaled, scale }: Scaled, wanted: number): bigint => unscaled * 10n ** BigInt(wanted - scale);

const scaled = fc.record({
  unscaled: fc.oneof(fc.bigInt({ min: -1_000n, max: 1_000n }), fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n })),
  scale: fc.nat({ max: 30 }),
});

describe('readDecimal', () => {
  it('keeps every digit of a number in canonical form', () => {
    fc.assert(
      fc.property(scaled, (value) => {
        expect(readDecimal(write(value))).toBe(write(value));
      }),
    );
  });

  it('ignores a plus sign and leading zeros', () => {
    fc.assert(
      fc.property(scaled, fc.nat({ max: 4 }), (value, zeros) => {
        const text = write(value);
        const noisy = text.startsWith('-') ? `-${'0'.repeat(zeros)}${text.slice(1)}` : `+${'0'.repeat(zeros)}${text}`;
        expect(readDecimal(noisy)).toBe(text);
      }),
    );
  });

  it('writes an exponent out to the same number', () => {
    fc.assert(
      fc.property(scaled, fc.integer({ min: -60, max: 60 }), (value, exponent) => {
        const written = readDecimal(`${write(value)}e${exponent}`);
        const scale = value.scale - exponent;
        const expected =
          scale >= 0
            ? { unscaled: value.unscaled, scale }
            : { unscaled: toScale(value, value.scale - scale), scale: 0 };
        expect(written).toBe(write(expected));
      }),
    );
  });

  it('changes nothing the second time', () => {
    const text = fc.string({ unit: fc.constantFrom(...'0123456789.-+eE'), maxLength: 12 });
    fc.assert(
      fc.property(text, (written) => {
        const once = readDecimal(written);
        if (once !== null) expect(readDecimal(once)).toBe(once);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('compareDecimals', () => {
  it('orders as BigInt at a common scale does', () => {
    const nearby = scaled.chain((left) => {
      const shifted = fc
        .integer({ min: -2, max: 2 })
        .map((step) => ({ unscaled: left.unscaled + BigInt(step), scale: left.scale }));
      const rescaled = fc
        .nat({ max: 5 })
        .map((more) => ({ unscaled: toScale(left, left.scale + more), scale: left.scale + more }));
      return fc.tuple(fc.constant(left), fc.oneof(scaled, shifted, rescaled));
    });
    fc.assert(
      fc.property(nearby, ([left, right]) => {
        const scale = Math.max(left.scale, right.scale);
        const difference = toScale(left, scale) - toScale(right, scale);
        const expected = difference < 0n ? -1 : difference > 0n ? 1 : 0;
        expect(Math.sign(compareDecimals(write(left), write(right)))).toBe(expected);
      }),
      { numRuns: 2_000 },
    );
  });
});
