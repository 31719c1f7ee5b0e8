import { emptyDateParts, readDate } from '@sluice/core/clean/date';
import { describe, expect, it } from 'vitest';
import { isDateLike, knownFormats } from './date-formats.ts';

/** A format's text for a day and time, in its shortest and in its longest form. */
const write = (format: string, numbers: Readonly<Record<string, string>>): string =>
  format.replace(/\[\.S\]/, numbers['fraction'] ?? '').replace(/yyyy|yy|MMM|MM|M|dd|d|HH|H|hh|h|mm|ss|a/g, (token) => {
    const text = numbers[token.slice(0, 1) === 'M' && token.length === 3 ? 'MMM' : (token[0] ?? '')] ?? '';
    if (token === 'yy') return text.slice(2);
    return token.length === 2 ? text.padStart(2, '0') : text;
  });

const short = { y: '2010', M: '1', MMM: 'jan', d: '2', H: '3', h: '3', m: '04', s: '05', a: 'am', fraction: '' };
const long = { y: '2010', M: '12', MMM: 'DEC', d: '31', H: '23', h: '11', m: '59', s: '58', a: 'PM', fraction: '.123' };

describe('the known formats', () => {
  it('are told from other text without leaving out any', () => {
    const parts = emptyDateParts();
    for (const { format, type, tokens } of knownFormats()) {
      for (const numbers of [short, long]) {
        const text = write(format ?? (type === 'date' ? 'yyyy-MM-dd' : 'yyyy-MM-dd HH:mm:ss'), numbers);
        expect([format, text, readDate(tokens, text, parts)]).toEqual([format, text, true]);
        expect([format, text, isDateLike(text)]).toEqual([format, text, true]);
      }
    }
  });

  it('are all different', () => {
    const names = knownFormats().map(({ type, format }) => `${type} ${format}`);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(['3 DRAWER ANTIQUE', '85123A', '17850.0', 'DEC', '2010', '201012011', '1/2', '12-345-6'])(
    'are not tried on %s',
    (text) => expect(isDateLike(text)).toBe(false),
  );
});
