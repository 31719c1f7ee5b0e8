const zero = 0x30;
const plus = 0x2b;
const minus = 0x2d;
const point = 0x2e;

/**
 * The integer that cleaned text writes, exact. Accepts one leading `+` or `-`, leading zeros, and a fraction of zeros
 * only, because tools that read a column with gaps as floating point write 17850 as `17850.0`. Refuses exponents
 * (`1.23E+05` is a number that a spreadsheet has already rounded), separators of thousands and a bare point.
 * NaN: the text is no integer. Infinity or -Infinity: it is one, beyond +-(2^53 - 1), where JSON numbers stop being exact.
 */
export const readInteger = (text: string): number => {
  const first = text.charCodeAt(0);
  const start = first === minus || first === plus ? 1 : 0;
  let index = start;
  let value = 0;
  for (; index < text.length; index += 1) {
    const digit = text.charCodeAt(index) - zero;
    if (digit < 0 || digit > 9) break;
    // Rounds only above 2^53, and never back below it.
    value = value * 10 + digit;
  }
  if (index === start || (index < text.length && !isZeroFraction(text, index))) return Number.NaN;
  if (value > Number.MAX_SAFE_INTEGER) value = Number.POSITIVE_INFINITY;
  return first === minus && value !== 0 ? -value : value;
};

const isZeroFraction = (text: string, start: number): boolean => {
  if (text.charCodeAt(start) !== point || start + 1 === text.length) return false;
  for (let index = start + 1; index < text.length; index += 1) {
    if (text.charCodeAt(index) !== zero) return false;
  }
  return true;
};
