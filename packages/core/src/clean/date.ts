import type { DateToken } from './date-format.ts';

/** What the last successful `readDate` found. One is made per column and written over for every field, so that reading allocates nothing. */
export type DateParts = {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  /** Digits of the fraction of a second as written; empty when there is none. */
  fraction: string;
  /** '', 'Z' or '+01:00'. */
  offset: string;
  offsetMinutes: number;
  halfDay: 'none' | 'am' | 'pm';
};

export const emptyDateParts = (): DateParts => ({
  year: 1,
  month: 1,
  day: 1,
  hour: 0,
  minute: 0,
  second: 0,
  fraction: '',
  offset: '',
  offsetMinutes: 0,
  halfDay: 'none',
});

/**
 * Reads the whole of `text` by a format's tokens into `parts`; false when it does not fit the format or is no day of
 * the calendar (Gregorian, years 0001 to 9999) or no time of the day (00:00:00 to 23:59:59, offsets to 23:59 as in
 * RFC 3339; no leap seconds). When false, `parts` hold nothing of use.
 */
export const readDate = (tokens: readonly DateToken[], text: string, parts: DateParts): boolean => {
  parts.hour = 0;
  parts.minute = 0;
  parts.second = 0;
  parts.fraction = '';
  parts.offset = '';
  parts.offsetMinutes = 0;
  parts.halfDay = 'none';
  if (readTokens(tokens, text, 0, parts) !== text.length) return false;
  if (parts.halfDay !== 'none') {
    if (parts.hour < 1 || parts.hour > 12) return false;
    parts.hour = (parts.hour % 12) + (parts.halfDay === 'pm' ? 12 : 0);
  }
  return (
    parts.year >= 1 &&
    parts.month >= 1 &&
    parts.month <= 12 &&
    parts.day >= 1 &&
    parts.day <= daysInMonth(parts.year, parts.month) &&
    parts.hour <= 23 &&
    parts.minute <= 59 &&
    parts.second <= 59
  );
};

const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const monthNames = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');

const daysInMonth = (year: number, month: number): number =>
  month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : (monthDays[month - 1] ?? 0);

const noMatch = -1;

// Returns the position after the tokens, or -1.
const readTokens = (tokens: readonly DateToken[], text: string, start: number, parts: DateParts): number => {
  let at = start;
  for (let index = 0; index < tokens.length && at !== noMatch; index += 1) {
    const token = tokens[index];
    if (token !== undefined) at = readToken(token, text, at, parts);
  }
  return at;
};

const readToken = (token: DateToken, text: string, at: number, parts: DateParts): number => {
  switch (token.kind) {
    case 'literal':
      return text.charCodeAt(at) === token.unit ? at + 1 : noMatch;
    case 'separator': {
      const unit = text.charCodeAt(at);
      return unit === 0x54 || unit === 0x20 ? at + 1 : noMatch;
    }
    case 'optional': {
      const end = readTokens(token.inner, text, at, parts);
      return end === noMatch ? at : end;
    }
    case 'offset':
      return readOffset(text, at, parts);
    case 'halfDay':
    case 'monthName':
      return readWord(token.kind, text, at, parts);
    default:
      return readNumber(token, text, at, parts);
  }
};

const readNumber = (token: DateToken, text: string, at: number, parts: DateParts): number => {
  const last = Math.min(text.length, at + token.most);
  let end = at;
  let value = 0;
  for (; end < last; end += 1) {
    const digit = text.charCodeAt(end) - 0x30;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  if (end - at < token.least) return noMatch;
  switch (token.kind) {
    case 'year':
      parts.year = value;
      break;
    case 'shortYear':
      parts.year = value < 69 ? 2000 + value : 1900 + value;
      break;
    case 'month':
      parts.month = value;
      break;
    case 'day':
      parts.day = value;
      break;
    case 'minute':
      parts.minute = value;
      break;
    case 'second':
      parts.second = value;
      break;
    case 'fraction':
      parts.fraction = text.slice(at, end);
      break;
    default:
      parts.hour = value;
  }
  return end;
};

const readWord = (kind: 'halfDay' | 'monthName', text: string, at: number, parts: DateParts): number => {
  const word = text.slice(at, at + (kind === 'halfDay' ? 2 : 3)).toLowerCase();
  if (kind === 'monthName') parts.month = monthNames.indexOf(word) + 1;
  else parts.halfDay = word === 'am' || word === 'pm' ? word : 'none';
  const found = kind === 'monthName' ? parts.month > 0 : parts.halfDay !== 'none';
  return found ? at + word.length : noMatch;
};

const offsetWritten = /(?:Z|([+-])([01]\d|2[0-3])(?::?([0-5]\d))?)/y;

const readOffset = (text: string, at: number, parts: DateParts): number => {
  offsetWritten.lastIndex = at;
  const match = offsetWritten.exec(text);
  if (match === null) return noMatch;
  const [whole, sign, hours = '00', minutes = '00'] = match;
  parts.offset = sign === undefined ? 'Z' : `${sign}${hours}:${minutes}`;
  parts.offsetMinutes = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1);
  return at + whole.length;
};

const twoDigits = Array.from({ length: 100 }, (_, value) => String(value).padStart(2, '0'));
const two = (value: number): string => twoDigits[value] ?? '';

/** `2010-12-01`. */
export const isoDate = (parts: DateParts): string =>
  `${two(Math.floor(parts.year / 100))}${two(parts.year % 100)}-${two(parts.month)}-${two(parts.day)}`;

/** `2010-12-01T08:26:00`, with the fraction's digits as they were written, and the offset or `Z` when there was one. */
export const isoDatetime = (parts: DateParts): string => {
  const seconds = `${isoDate(parts)}T${two(parts.hour)}:${two(parts.minute)}:${two(parts.second)}`;
  if (parts.fraction === '' && parts.offset === '') return seconds;
  return `${seconds}${parts.fraction === '' ? '' : `.${parts.fraction}`}${parts.offset}`;
};

/** Negative when `left` is earlier than `right`, 0 at the same instant, else positive. Without an offset, UTC is meant. Exact to the last digit of the fraction. */
export const compareDates = (left: DateParts, right: DateParts): number => {
  const difference = minutesOf(left) - minutesOf(right) || left.second - right.second;
  if (difference !== 0) return difference;
  const length = Math.max(left.fraction.length, right.fraction.length);
  for (let index = 0; index < length; index += 1) {
    const leftDigit = index < left.fraction.length ? left.fraction.charCodeAt(index) : 0x30;
    const rightDigit = index < right.fraction.length ? right.fraction.charCodeAt(index) : 0x30;
    if (leftDigit !== rightDigit) return leftDigit - rightDigit;
  }
  return 0;
};

// A count that grows with time: months of 31 days leave gaps, which an offset can fall into, so days are counted truly.
const minutesOf = (parts: DateParts): number =>
  (daysBefore(parts.year, parts.month, parts.day) * 24 + parts.hour) * 60 + parts.minute - parts.offsetMinutes;

const daysBefore = (year: number, month: number, day: number): number => {
  const past = year - 1;
  let days = past * 365 + Math.floor(past / 4) - Math.floor(past / 100) + Math.floor(past / 400) + day;
  for (let index = 1; index < month; index += 1) days += daysInMonth(year, index);
  return days;
};
