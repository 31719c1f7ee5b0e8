import { type DateToken, isoFormats, parseDateFormat } from '@sluice/core/clean/date-format';

/** The order in which a format writes year, month and day. */
export type DateOrder = 'ymd' | 'dmy' | 'mdy';

/** One way to write dates, or dates with a time, that is tried on every column. */
export type KnownFormat = {
  readonly type: 'date' | 'datetime';
  /** As a schema names it; undefined for the type's own default, ISO 8601. */
  readonly format: string | undefined;
  readonly order: DateOrder;
  /** Parts that may be written in more than one way (`8` or `08`, a fraction or none): of two that fit, fewer say more. */
  readonly looseness: number;
  readonly hasShortYear: boolean;
  readonly tokens: readonly DateToken[];
};

type Part = readonly [format: string, looseness: number];
type DatePart = readonly [format: string, order: DateOrder, looseness: number];

/**
 * The usual ways to write a date. With slashes and dashes both orders of day and month are in use, so both are here and only the
 * values can tell. With points nobody writes the month first. Version numbers look like `1.2.10`, so short years with points
 * need two digits in every part.
 */
const dateParts: readonly DatePart[] = [
  ['yyyy-M-d', 'ymd', 1],
  ['yyyy/MM/dd', 'ymd', 0],
  ['yyyy/M/d', 'ymd', 1],
  ['yyyy.MM.dd', 'ymd', 0],
  ['dd/MM/yyyy', 'dmy', 0],
  ['MM/dd/yyyy', 'mdy', 0],
  ['d/M/yyyy', 'dmy', 1],
  ['M/d/yyyy', 'mdy', 1],
  ['dd-MM-yyyy', 'dmy', 0],
  ['MM-dd-yyyy', 'mdy', 0],
  ['d-M-yyyy', 'dmy', 1],
  ['M-d-yyyy', 'mdy', 1],
  ['dd.MM.yyyy', 'dmy', 0],
  ['d.M.yyyy', 'dmy', 1],
  ['dd/MM/yy', 'dmy', 0],
  ['MM/dd/yy', 'mdy', 0],
  ['yy/MM/dd', 'ymd', 0],
  ['d/M/yy', 'dmy', 1],
  ['M/d/yy', 'mdy', 1],
  ['dd-MM-yy', 'dmy', 0],
  ['MM-dd-yy', 'mdy', 0],
  ['yy-MM-dd', 'ymd', 0],
  ['dd.MM.yy', 'dmy', 0],
  ['yy.MM.dd', 'ymd', 0],
  ['dd MMM yyyy', 'dmy', 0],
  ['d MMM yyyy', 'dmy', 1],
  ['dd-MMM-yyyy', 'dmy', 0],
  ['d-MMM-yyyy', 'dmy', 1],
  ['dd-MMM-yy', 'dmy', 0],
  ['MMM dd, yyyy', 'mdy', 0],
  ['MMM d, yyyy', 'mdy', 1],
];

/** Digits alone: also how an integer is written. */
export const digitsFormat = 'yyyyMMdd';

const timeParts: readonly Part[] = [
  ['HH:mm:ss', 0],
  ['HH:mm', 0],
  ['hh:mm:ss a', 0],
  ['hh:mm a', 0],
  ['H:mm:ss', 1],
  ['H:mm', 1],
  ['h:mm:ss a', 1],
  ['h:mm a', 1],
  ['HH:mm:ss[.S]', 1],
];

/** Between date and time; the second is how browsers write it. */
const separators = [' ', ', '];

const known = (
  type: KnownFormat['type'],
  format: string | undefined,
  order: DateOrder,
  looseness: number,
): KnownFormat => ({
  type,
  format,
  order,
  looseness,
  hasShortYear: format !== undefined && !format.includes('yyyy'),
  tokens: parseDateFormat('a known format', type, format ?? isoFormats[type]),
});

const makeFormats = (): readonly KnownFormat[] => {
  const formats = [
    known('date', undefined, 'ymd', 0),
    known('datetime', undefined, 'ymd', 0),
    known('date', digitsFormat, 'ymd', 0),
  ];
  for (const [date, order, looseness] of dateParts) formats.push(known('date', date, order, looseness));
  const isoDate: DatePart = ['yyyy-MM-dd', 'ymd', 0];
  for (const [date, order, looseness] of [isoDate, ...dateParts]) {
    for (const [time, more] of timeParts) {
      // ISO 8601 itself, which is above.
      if (date === isoDate[0] && time.startsWith('HH')) continue;
      for (const separator of separators) {
        formats.push(known('datetime', `${date}${separator}${time}`, order, looseness + more));
      }
    }
  }
  return formats;
};

let made: readonly KnownFormat[] | undefined;

/** All formats that are tried, those preferred that come first. */
export const knownFormats = (): readonly KnownFormat[] => {
  made ??= makeFormats();
  return made;
};

const dateLike = /^(?:\d{1,4}([-/.])\d{1,2}\1\d|\d{1,2}([- ])[a-z]{3}\2\d|[a-z]{3} \d|\d{8}$)/i;

/** False for text that none of the known formats fits; found out many times faster than by trying them. */
export const isDateLike = (text: string): boolean => dateLike.test(text);
