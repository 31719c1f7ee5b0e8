import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareDates, emptyDateParts, isoDate, isoDatetime, readDate } from './date.ts';
import { isoFormats, parseDateFormat } from './date-format.ts';

const dateTokens = parseDateFormat('format', 'date', isoFormats.date);
const datetimeTokens = parseDateFormat('format', 'datetime', isoFormats.datetime);
const pad = (value: number, width: number): string => String(value).padStart(width, '0');
const anyInstant = fc.date({
  min: new Date('0001-01-02T00:00:00Z'),
  max: new Date('9999-12-30T00:00:00Z'),
  noInvalidDate: true,
});

describe('readDate', () => {
  it('accepts exactly the days that the calendar has', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9999 }),
        fc.integer({ min: 0, max: 13 }),
        fc.integer({ min: 0, max: 32 }),
        (year, month, day) => {
          // Date.UTC takes years below 100 for 19xx, and 400 years are a whole cycle of the calendar.
          const shifted = new Date(Date.UTC(year + 400, month - 1, day));
          const exists = shifted.getUTCMonth() === month - 1 && shifted.getUTCDate() === day && month >= 1;
          const text = `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
          const parts = emptyDateParts();
          expect(readDate(dateTokens, text, parts)).toBe(exists);
          if (exists) expect(isoDate(parts)).toBe(text);
        },
      ),
      { numRuns: 5_000 },
    );
  });

  it('gives back an instant in ISO form as it was written', () => {
    fc.assert(
      fc.property(anyInstant, (instant) => {
        const parts = emptyDateParts();
        expect(readDate(datetimeTokens, instant.toISOString(), parts)).toBe(true);
        expect(isoDatetime(parts)).toBe(instant.toISOString());
      }),
    );
  });
});

describe('compareDates', () => {
  it('orders instants as their milliseconds do, whatever their offsets', () => {
    const offset = fc.integer({ min: -23 * 60, max: 23 * 60 });
    const written = (instant: Date, minutes: number): string => {
      const local = new Date(instant.getTime() + minutes * 60_000).toISOString().slice(0, -1);
      return `${local}${minutes < 0 ? '-' : '+'}${pad(Math.floor(Math.abs(minutes) / 60), 2)}:${pad(Math.abs(minutes) % 60, 2)}`;
    };
    const pair = fc.tuple(
      anyInstant,
      fc.oneof(
        anyInstant.map((other) => other.getTime()),
        fc.integer({ min: -90_000_000, max: 90_000_000 }),
      ),
    );
    fc.assert(
      fc.property(pair, offset, offset, ([left, other], leftOffset, rightOffset) => {
        const time = Math.abs(other) <= 90_000_000 ? left.getTime() + other : other;
        const right = new Date(
          Math.min(Math.max(time, Date.parse('0001-01-02T00:00:00Z')), Date.parse('9999-12-30T00:00:00Z')),
        );
        const leftParts = emptyDateParts();
        const rightParts = emptyDateParts();
        expect(readDate(datetimeTokens, written(left, leftOffset), leftParts)).toBe(true);
        expect(readDate(datetimeTokens, written(right, rightOffset), rightParts)).toBe(true);
        expect(Math.sign(compareDates(leftParts, rightParts))).toBe(Math.sign(left.getTime() - right.getTime()) + 0);
      }),
      { numRuns: 2_000 },
    );
  });
});
