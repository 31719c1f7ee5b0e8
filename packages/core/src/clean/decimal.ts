/** Doubles end near 10^308 and 10^-324; an exponent beyond this is no quantity, and writing it out costs memory. */
export const decimalExponentMax = 400;

const canonical = /^(?:0|-?[1-9]\d*)(?:\.\d+)?$/;
const written = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;

/**
 * The decimal number that cleaned text writes, as its exact digits: an optional `-`, digits without leading zeros, and
 * a fraction if one was written. Trailing zeros stay as they are (`2.50` stays `2.50`), a leading `+` and leading
 * zeros go, `.5` becomes `0.5`, `5.` becomes `5`, minus zero becomes zero, and an exponent up to +-400 is written out
 * (`1.5e3` becomes `1500`). Null when the text is no decimal number: separators of thousands and a decimal comma are
 * refused, because guessing wrong is off by a factor of a thousand.
 */
export const readDecimal = (text: string): string | null => {
  if (canonical.test(text)) return text;
  const match = written.exec(text);
  if (match === null) return null;
  const [, sign, whole = '', fraction = '', exponentText = '0'] = match;
  if (whole === '' && fraction === '') return null;
  const exponent = Number(exponentText);
  if (Math.abs(exponent) > decimalExponentMax) return null;

  const digits = whole + fraction;
  const wholeLength = whole.length + exponent;
  const integer =
    digits
      .slice(0, Math.max(0, wholeLength))
      .padEnd(wholeLength, '0')
      .replace(/^0+(?=\d)/, '') || '0';
  const rest = wholeLength < 0 ? '0'.repeat(-wholeLength) + digits : digits.slice(wholeLength);
  const unsigned = rest === '' ? integer : `${integer}.${rest}`;
  return sign === '-' && /[1-9]/.test(digits) ? `-${unsigned}` : unsigned;
};

/** Negative when `left` is less than `right`, 0 when they are equal in value, else positive. Both as `readDecimal` returns them. Exact, no floats. */
export const compareDecimals = (left: string, right: string): number => {
  const leftNegative = left.charCodeAt(0) === 0x2d;
  const rightNegative = right.charCodeAt(0) === 0x2d;
  if (leftNegative !== rightNegative) {
    // `-0.00` is never canonical, so a sign always means less than zero.
    return leftNegative ? -1 : 1;
  }
  return leftNegative ? compareDigits(right, left, 1) : compareDigits(left, right, 0);
};

const pointIn = (text: string): number => {
  const at = text.indexOf('.');
  return at === -1 ? text.length : at;
};

const compareDigits = (left: string, right: string, start: number): number => {
  const leftPoint = pointIn(left);
  const rightPoint = pointIn(right);
  // Without leading zeros the longer whole part is the larger number.
  if (leftPoint !== rightPoint) return leftPoint - rightPoint;
  const end = Math.max(left.length, right.length);
  for (let index = start; index < end; index += 1) {
    if (index === leftPoint) continue;
    const leftDigit = index < left.length ? left.charCodeAt(index) : 0x30;
    const rightDigit = index < right.length ? right.charCodeAt(index) : 0x30;
    if (leftDigit !== rightDigit) return leftDigit - rightDigit;
  }
  return 0;
};
