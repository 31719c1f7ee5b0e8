import { describe, expect, it } from 'vitest';
import { compareDates, emptyDateParts, isoDate, isoDatetime, readDate } from './date.ts';
import { isoFormats, parseDateFormat } from './date-format.ts';

const readAs = (type: 'date' | 'datetime', format: string, text: string): string | null => {
  const parts = emptyDateParts();
  if (!readDate(parseDateFormat('format', type, format), text, parts)) return null;
  return type === 'date' ? isoDate(parts) : isoDatetime(parts);
};

describe('readDate', () => {
  it.each([
    ['yyyy-MM-dd', '2010-12-01', '2010-12-01'],
    ['dd.MM.yyyy', '01.12.2010', '2010-12-01'],
    ['M/d/yyyy', '2/9/2011', '2011-02-09'],
    ['M/d/yyyy', '12/31/2011', '2011-12-31'],
    ['M/d/yy', '1/2/68', '2068-01-02'],
    ['M/d/yy', '1/2/69', '1969-01-02'],
    ['dd-MMM-yyyy', '09-Feb-2011', '2011-02-09'],
    ['dd-MMM-yyyy', '09-DEC-2011', '2011-12-09'],
    ['yyyyMMdd', '20101201', '2010-12-01'],
    ["yyyy'年'MM'月'dd", '2010年12月01', '2010-12-01'],
    ["d 'o''clock' MM yyyy", "3 o'clock 04 2010", '2010-04-03'],
    ['yyyy-MM-dd', '2012-02-29', '2012-02-29'],
    ['yyyy-MM-dd', '2000-02-29', '2000-02-29'],
    ['yyyy-MM-dd', '0001-01-01', '0001-01-01'],
    ['yyyy-MM-dd', '9999-12-31', '9999-12-31'],
  ])('reads a date in %s from %j', (format, text, iso) => {
    expect(readAs('date', format, text)).toBe(iso);
  });

  it.each([
    ['2011-02-29'],
    ['1900-02-29'],
    ['2010-04-31'],
    ['2010-13-01'],
    ['2010-00-01'],
    ['2010-01-00'],
    ['2010-01-32'],
    ['0000-01-01'],
    ['2010-1-01'],
    ['2010-12-01 '],
    ['2010-12-011'],
    ['2010/12/01'],
    ['2010-12'],
    ['-010-12-01'],
    ['２010-12-01'],
  ])('refuses %j as yyyy-MM-dd', (text) => {
    expect(readAs('date', 'yyyy-MM-dd', text)).toBeNull();
  });

  it.each([
    ['yyyy-MM-dd HH:mm:ss', '2010-12-01 08:26:00', '2010-12-01T08:26:00'],
    ['M/d/yyyy H:mm', '12/1/2010 8:26', '2010-12-01T08:26:00'],
    ['M/d/yyyy h:mm a', '12/1/2010 8:26 PM', '2010-12-01T20:26:00'],
    ['M/d/yyyy hh:mm:ssa', '12/1/2010 12:00:01am', '2010-12-01T00:00:01'],
    ['M/d/yyyy hh:mm a', '12/1/2010 12:00 pm', '2010-12-01T12:00:00'],
    ['yyyy-MM-dd HH:mm:ss.SSS', '2010-12-01 08:26:00.120', '2010-12-01T08:26:00.120'],
    ['yyyy-MM-ddTHH:mm:ssXXX', '2010-12-01T08:26:00Z', '2010-12-01T08:26:00Z'],
    ['yyyy-MM-ddTHH:mm:ssXXX', '2010-12-01T08:26:00+05:30', '2010-12-01T08:26:00+05:30'],
    ["yyyy-MM-dd'T'HH:mm:ssZ", '2010-12-01T08:26:00-0800', '2010-12-01T08:26:00-08:00'],
    ['yyyy-MM-dd HH:mm[:ss]X', '2010-12-01 08:26+01', '2010-12-01T08:26:00+01:00'],
    ['yyyyMMddHHmmss', '20101201082659', '2010-12-01T08:26:59'],
    ["yyyy-MM-dd HH 'h'", '2010-12-01 08 h', '2010-12-01T08:00:00'],
    [isoFormats.datetime, '2010-12-01T08:26', '2010-12-01T08:26:00'],
    [isoFormats.datetime, '2010-12-01 08:26:01.123456789+02:00', '2010-12-01T08:26:01.123456789+02:00'],
  ])('reads a datetime in %s from %j', (format, text, iso) => {
    expect(readAs('datetime', format, text)).toBe(iso);
  });

  it.each([
    [isoFormats.datetime, '2010-12-01'],
    [isoFormats.datetime, '2010-12-01T24:00:00'],
    [isoFormats.datetime, '2010-12-01T08:60:00'],
    [isoFormats.datetime, '2010-12-01T08:26:60'],
    [isoFormats.datetime, '2010-12-01T08:26:00+24:00'],
    [isoFormats.datetime, '2010-12-01T08:26:00+01:60'],
    [isoFormats.datetime, '2010-12-01T08:26:00.'],
    [isoFormats.datetime, '2010-12-01T08:26:00.1234567890'],
    [isoFormats.datetime, '2010-12-0108:26:00'],
    ["yyyy-MM-dd'T'HH:mm", '2010-12-01 08:26'],
    ['yyyy-MM-dd HH:mm:ss.SSS', '2010-12-01 08:26:00.12'],
    ['yyyy-MM-dd hh:mm a', '2010-12-01 13:00 PM'],
    ['yyyy-MM-dd hh:mm a', '2010-12-01 00:00 AM'],
    ['yyyy-MM-dd hh:mm a', '2010-12-01 10:00 XM'],
    ['dd MMM yyyy HH', '01 Dez 2010 10'],
  ])('refuses in %s the text %j', (format, text) => {
    expect(readAs('datetime', format, text)).toBeNull();
  });

  it('forgets the field before', () => {
    const tokens = parseDateFormat('format', 'datetime', isoFormats.datetime);
    const parts = emptyDateParts();
    expect(readDate(tokens, '2010-12-01T08:26:59.5+02:00', parts)).toBe(true);
    expect(readDate(tokens, '2011-01-02T03:04', parts)).toBe(true);
    expect(isoDatetime(parts)).toBe('2011-01-02T03:04:00');
    expect(parts.offsetMinutes).toBe(0);
  });
});

describe('compareDates', () => {
  it.each([
    ['2010-12-01T08:00:00+01:00', '2010-12-01T07:00:00Z', 0],
    ['2010-12-01T08:00:00+01:00', '2010-12-01T07:30:00Z', -1],
    ['2011-01-01T00:30:00+01:00', '2010-12-31T23:45:00Z', -1],
    ['2010-12-01T08:00:00', '2010-12-01T08:00:00Z', 0],
    ['2010-12-01T08:00:00.5', '2010-12-01T08:00:00.500', 0],
    ['2010-12-01T08:00:00.123456789', '2010-12-01T08:00:00.123456788', 1],
    ['2010-12-01T08:00:01', '2010-12-01T08:00:00.999', 1],
  ])('puts %s and %s in order', (left, right, sign) => {
    const tokens = parseDateFormat('format', 'datetime', isoFormats.datetime);
    const leftParts = emptyDateParts();
    const rightParts = emptyDateParts();
    expect(readDate(tokens, left, leftParts) && readDate(tokens, right, rightParts)).toBe(true);
    expect(Math.sign(compareDates(leftParts, rightParts))).toBe(sign);
  });
});
