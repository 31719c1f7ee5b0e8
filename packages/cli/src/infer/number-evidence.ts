import { compareDecimals, readDecimal } from '@sluice/core/clean/decimal';
import { addTo, type Direction, directionOf, emptyTally, isHopeless, type Tally } from './evidence.ts';

/**
 * How a text writes a number. `integer`: plain digits that a JSON number holds exactly. `floated`: such a number with `.0`, as tools
 * write whole numbers in a column that they read as floating point. `beyond`: digits outside +-(2^53 - 1). `decimal`: plain digits
 * with a fraction. `respelled`: read as a number, but not as it stands there (`007`, `+5`, `1e5`, `5.`): what may be an identifier
 * would lose its spelling. `other`: no number.
 */
export type Spelling = 'integer' | 'floated' | 'beyond' | 'decimal' | 'respelled' | 'other';

/** No quantity has more characters; an identifier may. */
const quantityLengthMax = 40;

const zero = 0x30;
const minus = 0x2d;
const point = 0x2e;

const isDigit = (unit: number): boolean => unit >= zero && unit <= 0x39;

/** The spelling of cleaned text. A zero that is missing before the point, and a minus before zero, count as no difference. */
export const spellingOf = (text: string): Spelling => {
  const start = text.charCodeAt(0) === minus ? 1 : 0;
  let at = start;
  while (isDigit(text.charCodeAt(at))) at += 1;
  const whole = at - start;
  const isPlainWhole = whole < 2 || text.charCodeAt(start) !== zero;
  if (isPlainWhole && text.length <= quantityLengthMax) {
    if (at === text.length && whole > 0) return Number.isSafeInteger(Number(text)) ? 'integer' : 'beyond';
    if (text.charCodeAt(at) === point) {
      const fraction = at + 1;
      for (at = fraction; isDigit(text.charCodeAt(at)); ) at += 1;
      if (at === text.length && at > fraction) {
        const isFloated = whole > 0 && at === fraction + 1 && text.charCodeAt(fraction) === zero;
        return isFloated && Number.isSafeInteger(Number(text)) ? 'floated' : 'decimal';
      }
    }
  }
  return readDecimal(text) === null ? 'other' : 'respelled';
};

export type NumberEvidence = {
  /** False when it was given up: the tallies then stop somewhere. */
  readonly isWhole: boolean;
  readonly tallies: Readonly<Record<Spelling, Readonly<Tally>>>;
  /** The least and the largest of the values that are no `other` and not `respelled`, as exact digits; none without such a value. */
  readonly range?: { readonly min: string; readonly max: string; readonly direction: Direction };
};

/** Learns what numbers a column holds. `values` are all values of the column so far, these among them. */
export const createNumberEvidence = (share: number) => {
  const tallies: Record<Spelling, Tally> = {
    integer: emptyTally(),
    floated: emptyTally(),
    beyond: emptyTally(),
    decimal: emptyTally(),
    respelled: emptyTally(),
    other: emptyTally(),
  };
  let isWhole = true;
  let min = '';
  let max = '';
  // Doubles beside them, because most values are told apart by those.
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  let isRising = true;
  let isFalling = true;

  const widen = (text: string): void => {
    const value = Number(text);
    if (value > least && value < most) {
      isRising = false;
      isFalling = false;
      return;
    }
    const digits = readDecimal(text) ?? text;
    if (min === '') {
      min = digits;
      max = digits;
      least = value;
      most = value;
      return;
    }
    const toMin = compareDecimals(digits, min);
    const toMax = compareDecimals(digits, max);
    if (toMax < 0) isRising = false;
    if (toMin > 0) isFalling = false;
    if (toMin < 0) {
      min = digits;
      least = value;
    }
    if (toMax > 0) {
      max = digits;
      most = value;
    }
  };

  return {
    take(text: string, count: number, line: number, values: number): void {
      if (!isWhole) return;
      const spelling = spellingOf(text);
      addTo(tallies[spelling], count, line);
      if (spelling === 'other') isWhole = !isHopeless(tallies.other.count, values, share);
      else if (spelling !== 'respelled') widen(text);
    },
    finish: (): NumberEvidence => ({
      isWhole,
      tallies,
      ...(min === '' ? {} : { range: { min, max, direction: directionOf(isRising, isFalling) } }),
    }),
  };
};
