/**
 * Dates by their formats once more, for tests: each format as one regular expression, the calendar by JavaScript's own Date.
 * Shares nothing with the reading of dates, on purpose.
 */

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

const tokenPatterns: ReadonlyMap<string, string> = new Map([
  ['yyyy', '(?<year>\\d{4})'],
  ['yy', '(?<shortYear>\\d{2})'],
  ['MMM', `(?<monthName>${months.join('|')})`],
  ['MM', '(?<month>\\d{2})'],
  ['M', '(?<month>\\d{1,2})'],
  ['dd', '(?<day>\\d{2})'],
  ['d', '(?<day>\\d{1,2})'],
  ['HH', '(?<hour>\\d{2})'],
  ['H', '(?<hour>\\d{1,2})'],
  ['hh', '(?<half>\\d{2})'],
  ['h', '(?<half>\\d{1,2})'],
  ['mm', '(?<minute>\\d{2})'],
  ['m', '(?<minute>\\d{1,2})'],
  ['ss', '(?<second>\\d{2})'],
  ['s', '(?<second>\\d{1,2})'],
  ['SSS', '(?<fraction>\\d{3})'],
  ['S', '(?<fraction>\\d{1,9})'],
  ['a', '(?<halfDay>am|pm)'],
  ['XXX', '(?<offset>Z|[+-](?:[01]\\d|2[0-3])(?::?[0-5]\\d)?)'],
  ['T', '[T ]'],
  ['[', '(?:'],
  [']', ')?'],
]);

/** Formats without letters that stand for themselves; where a number of one or two digits is followed by no digit. */
const toRegExp = (format: string): RegExp =>
  new RegExp(
    `^${format.replace(/([a-zA-Z])\1*|./gs, (piece) => tokenPatterns.get(piece) ?? piece.replace(/[.*+?^$(){}|\\/]/g, '\\$&'))}$`,
    'i',
  );

export type NaiveDate = {
  readonly iso: string;
  /** Since the beginning of 1970 in UTC, with nine digits of the second's fraction. */
  readonly nanoseconds: bigint;
};

const pad = (value: number, length: number): string => String(value).padStart(length, '0');

/** The date or datetime in ISO form and as an instant; undefined when the text is none in this format. */
export const naiveDate = (type: 'date' | 'datetime', format: string, text: string): NaiveDate | undefined => {
  // Only names of months and AM, PM may be in either case.
  const found = toRegExp(format).exec(text)?.groups;
  if (found === undefined || /[tz]/.test(text.replace(/[a-z]{3}/gi, ''))) return undefined;
  const numberOf = (name: string): number => Number(found[name] ?? 0);
  const short = found['shortYear'];
  const year = short === undefined ? numberOf('year') : Number(short) + (Number(short) >= 69 ? 1900 : 2000);
  const name = found['monthName']?.toLowerCase();
  const month = name === undefined ? numberOf('month') : months.indexOf(name) + 1;
  const day = numberOf('day');
  const half = found['half'];
  const isAfternoon = found['halfDay']?.toLowerCase() === 'pm';
  if (half !== undefined && (Number(half) < 1 || Number(half) > 12)) return undefined;
  const hour = half === undefined ? numberOf('hour') : (Number(half) % 12) + (isAfternoon ? 12 : 0);
  const [minute, second] = [numberOf('minute'), numberOf('second')];

  const instant = new Date(0);
  instant.setUTCFullYear(year, month - 1, day);
  instant.setUTCHours(hour, minute, second);
  const iso = `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
  const time = `${pad(hour, 2)}:${pad(minute, 2)}:${pad(second, 2)}`;
  // JavaScript carries what is too much: what comes back as it was is a day of the calendar and a time of the day.
  if (year < 1 || instant.toISOString().slice(0, 19) !== `${iso}T${time}`) return undefined;

  const written = found['offset'];
  const digits = (written ?? '').replace(/\D/g, '').padEnd(4, '0');
  const isZulu = written === undefined || written.toUpperCase() === 'Z';
  const minutes = isZulu ? 0 : Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  const offset = written === undefined ? '' : isZulu ? 'Z' : `${written[0]}${digits.slice(0, 2)}:${digits.slice(2)}`;
  const fraction = found['fraction'] ?? '';
  const utc = BigInt(instant.getTime()) - BigInt(minutes * 60_000 * (written?.[0] === '-' ? -1 : 1));
  return {
    iso: type === 'date' ? iso : `${iso}T${time}${fraction === '' ? '' : `.${fraction}`}${offset}`,
    nanoseconds: utc * 1_000_000n + BigInt(fraction.padEnd(9, '0')),
  };
};
