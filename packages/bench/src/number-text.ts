import type { Spread } from './statistics.ts';

/** A measured value with three digits, or with all before the point. */
export const numberText = (value: number): string => {
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
};

/** `median (min to max)`; only the value where there is one. */
export const spreadText = ({ median, min, max, values }: Spread): string => {
  const text = numberText(median);
  return values.length === 1 ? text : `${text} (${numberText(min)} to ${numberText(max)})`;
};
