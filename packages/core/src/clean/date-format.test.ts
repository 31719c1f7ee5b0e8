import { describe, expect, it } from 'vitest';
import { SluiceError } from '../errors.ts';
import { isoFormats, parseDateFormat } from './date-format.ts';

const refused = (message: string): SluiceError => new SluiceError('SCHEMA_INVALID', `format ${message}`);

describe('parseDateFormat', () => {
  it('accepts the ISO formats', () => {
    expect(() => parseDateFormat('format', 'date', isoFormats.date)).not.toThrow();
    expect(() => parseDateFormat('format', 'datetime', isoFormats.datetime)).not.toThrow();
  });

  it.each([
    ['date', 'yyyy-mm-dd', 'lacks the month (MM, mm is minutes), which a date needs, in "yyyy-mm-dd"'],
    ['date', 'yyyy-MM', 'lacks the day (dd), which a date needs, in "yyyy-MM"'],
    ['date', 'MM-dd', 'lacks the year (yyyy), which a date needs, in "MM-dd"'],
    ['datetime', 'yyyy-MM-dd', 'lacks the hour (HH), which a datetime needs, in "yyyy-MM-dd"'],
    ['date', 'yyyy-MM-dd HH', 'names the hour (HH), which a date does not have; use type "datetime"'],
    ['date', 'yyyy-MM-dd XXX', 'names the offset (XXX), which a date does not have; use type "datetime"'],
    ['date', 'yyyy-MM-dd yyyy', 'names the year (yyyy) 2 times in "yyyy-MM-dd yyyy"; name it once'],
    ['datetime', 'yyyy-MM-dd hh:mm', 'needs hh and a (AM or PM) together, or HH for hours from 0 to 23'],
    ['datetime', 'yyyy-MM-dd HH:mm a', 'needs hh and a (AM or PM) together, or HH for hours from 0 to 23'],
    ['datetime', 'yyyy-MM-dd HH[:mm', 'has a "[" that is not closed'],
    ['datetime', 'yyyy-MM-dd HH]', 'has a "]" without a "[" before it'],
    ['date', "yyyy-MM-dd 'of", "has a quote that is not closed; write '' for a single quote"],
    [
      'date',
      'YYYY-MM-dd',
      'has the unknown token "YYYY"; did you mean "yyyy"? Known are yyyy yy MMM MM M dd d HH H hh h mm m ss s S SSS a XXX Z; put other letters in single quotes',
    ],
    [
      'date',
      'DD.MM.YYYY',
      'has the unknown token "DD"; did you mean "dd"? Known are yyyy yy MMM MM M dd d HH H hh h mm m ss s S SSS a XXX Z; put other letters in single quotes',
    ],
    [
      'date',
      '%d.%m.%Y',
      'has "%d", as strftime writes it; write yyyy for %Y, MM for %m, dd for %d, HH for %H, mm for %M, ss for %S',
    ],
    ['datetime', 'ISO8601', 'has the unknown token "I"; leave the format out for ISO 8601'],
    [
      'date',
      'yyyy-MM-dd o',
      'has the unknown token "o"; known are yyyy yy MMM MM M dd d HH H hh h mm m ss s S SSS a XXX Z; put other letters in single quotes',
    ],
  ] as const)('refuses for a %s the format %j', (type, format, message) => {
    expect(() => parseDateFormat('format', type, format)).toThrow(refused(message));
  });
});
