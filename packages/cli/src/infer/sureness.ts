import { countText } from '../terminal-text.ts';

/** Fewer values say too little for a rule that refuses others: no `required`, no list of values, no range, no tolerated dirt. */
export const valuesMin = 30;
/** From here on a rule is called sure: at most 1 % of values can be otherwise. */
const sureMin = 300;

/** Two digits that count, rounded up, since it is a limit. */
const percentText = (share: number): string => {
  const percent = share * 100;
  const digits = Math.max(0, 1 - Math.floor(Math.log10(percent)));
  const scale = 10 ** digits;
  const text = (Math.ceil(percent * scale - 1e-9) / scale).toFixed(digits);
  return `${digits === 0 ? text : text.replace(/\.?0+$/, '')} %`;
};

/**
 * How sure a rule is that all of `values` values follow: then at most 3 / n of all values of the kind do not, with 95 %
 * confidence, if those seen are like those to come. Source: Hanley and Lippman-Hand 1983, "If nothing goes wrong, is
 * everything all right?" (the rule of three).
 */
export const surenessText = (values: number): string => {
  if (values === 0) return 'no values';
  if (values < valuesMin) return `a guess: ${countText(values)} value${values === 1 ? '' : 's'}`;
  return `${values < sureMin ? 'likely' : 'sure'}: under ${percentText(3 / values)} otherwise`;
};

/**
 * How often the next value lies below the least of `values` values, or as often above the largest: each of n + 1 values is as
 * likely to be the extreme one, if they come in no order.
 */
export const outsideText = (values: number): string => `1 in ${countText(values + 1)} each`;
