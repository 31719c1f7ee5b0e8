import { describe, expect, it } from 'vitest';
import type { RejectCode } from '../rejects.ts';
import { type ColumnRule, compileColumn, type Value } from './column.ts';

describe('compileColumn', () => {
  it.each<[string, ColumnRule, string, Value]>([
    ['cleans text', { type: 'string' }, '  a  b ', 'a b'],
    ['gives null for an empty field', { type: 'integer' }, ' \t', null],
    ['leaves an unclean column untouched', { type: 'string', clean: false }, ' a\u0000\u00a0 ', ' a\u0000\u00a0 '],
    ['gives null for an empty field of an unclean column', { type: 'string', clean: false }, '', null],
    ['gives integers as numbers', { type: 'integer', min: -5, max: 5 }, ' -5 ', -5],
    ['accepts an integer at the upper bound', { type: 'integer', min: -5, max: 5 }, '5', 5],
    ['gives decimals as their digits', { type: 'decimal' }, '+07.50', '7.50'],
    ['accepts a decimal at both bounds', { type: 'decimal', min: '0.1', max: '0.1' }, '0.10', '0.10'],
    ['reads no as false', { type: 'boolean' }, 'No', false],
    ['reads dates by their format', { type: 'date', format: 'd.M.yyyy' }, '1.12.2010', '2010-12-01'],
    ['reads ISO datetimes without a format', { type: 'datetime' }, '2010-12-01 08:26:00', '2010-12-01T08:26:00'],
    [
      'accepts a date at both bounds',
      { type: 'date', min: '2010-12-01', max: '2010-12-01' },
      '2010-12-01',
      '2010-12-01',
    ],
    ['accepts a listed value', { type: 'enum', values: ['A', 'B'] }, ' B ', 'B'],
    ['fills in the default', { type: 'integer', default: 7 }, '', 7],
    ['fills in the default of a required column', { type: 'string', required: true, default: 'x' }, ' ', 'x'],
    ['fills in false', { type: 'boolean', default: false }, '', false],
    ['counts the length in code points', { type: 'string', maxLength: 2 }, '😀😀', '😀😀'],
    ['accepts text that matches the pattern', { type: 'string', pattern: '\\d+' }, ' 12 ', '12'],
    ['masks after checking', { type: 'string', pattern: '\\d+', redact: 'mask' }, '12345678', '******78'],
    ['masks the value as it would come out', { type: 'integer', redact: 'mask' }, '0012345678.0', '******78'],
    ['masks the default', { type: 'string', default: 'anonymous', redact: 'mask' }, '', '*******us'],
    ['leaves a missing value unredacted', { type: 'string', redact: 'hash' }, '', null],
  ])('%s', (_fact, rule, field, value) => {
    expect(compileColumn('Name', rule)(field)).toBe(value);
  });

  it.each([
    ['true', true],
    ['FALSE', false],
    ['Yes', true],
    ['no', false],
    ['y', true],
    ['N', false],
    ['1', true],
    ['0', false],
  ])('reads %j as the boolean %j', (field, value) => {
    expect(compileColumn('Name', { type: 'boolean' })(field)).toBe(value);
  });

  it.each<[RejectCode, ColumnRule, string, string]>([
    ['REQUIRED', { type: 'string', required: true }, ' \u200b', 'expected a value, found none'],
    ['REQUIRED', { type: 'string', required: true, clean: false }, '', 'expected a value, found none'],
    ['NOT_INTEGER', { type: 'integer' }, 'twelve words', 'expected an integer, found text of 12 characters'],
    ['NOT_INTEGER', { type: 'integer' }, 'x', 'expected an integer, found text of 1 character'],
    ['NOT_INTEGER', { type: 'integer' }, '1.5', 'expected an integer, found a number with a fraction or an exponent'],
    ['NOT_INTEGER', { type: 'integer' }, '1,500', 'expected an integer, found a number with a comma (write 1234.5)'],
    [
      'NOT_INTEGER',
      { type: 'integer' },
      '9007199254740993',
      'expected an integer within +-9007199254740991, found one beyond this exact range (use type decimal or string)',
    ],
    [
      'NOT_DECIMAL',
      { type: 'decimal' },
      '1,5',
      'expected a decimal number, found a number with a comma (write 1234.5)',
    ],
    ['NOT_DECIMAL', { type: 'decimal' }, '£😀', 'expected a decimal number, found text of 2 characters'],
    [
      'NOT_BOOLEAN',
      { type: 'boolean' },
      'maybe',
      'expected one of true, false, yes, no, y, n, 1, 0, found text of 5 characters',
    ],
    [
      'NOT_DATE',
      { type: 'date' },
      '2011-02-29',
      'expected a date in the format yyyy-MM-dd, found text of 10 characters',
    ],
    [
      'NOT_DATETIME',
      { type: 'datetime', format: 'M/d/yyyy H:mm' },
      '2010-12-01 08:26:00',
      'expected a datetime in the format M/d/yyyy H:mm, found text of 19 characters',
    ],
    [
      'NOT_DATETIME',
      { type: 'datetime', format: "d.M.yyyy'\n'H", clean: false },
      '1.2.2010 8',
      'expected a datetime in the format "d.M.yyyy\'\\n\'H", found text of 10 characters',
    ],
    ['NOT_IN_VALUES', { type: 'enum', values: ['A', 'B'] }, 'a', 'expected one of "A", "B", found text of 1 character'],
    [
      'NOT_IN_VALUES',
      { type: 'enum', values: [...'abcdefghijkl'] },
      'z',
      'expected one of "a", "b", "c", "d", "e", "f", "g", "h", "i", "j" and 2 more, found text of 1 character',
    ],
    ['BELOW_MIN', { type: 'integer', min: 0 }, '-1', 'expected at least 0, found a smaller integer'],
    ['BELOW_MIN', { type: 'decimal', min: '0.1' }, '0.09999', 'expected at least 0.1, found a smaller number'],
    [
      'BELOW_MIN',
      { type: 'date', min: '2010-12-01' },
      '2010-11-30',
      'expected 2010-12-01 or later, found an earlier date',
    ],
    [
      'BELOW_MIN',
      { type: 'datetime', min: '2010-12-01T00:00:00Z' },
      '2010-12-01T00:30:00+01:00',
      'expected 2010-12-01T00:00:00Z or later, found an earlier datetime',
    ],
    ['ABOVE_MAX', { type: 'integer', max: 10 }, '11', 'expected at most 10, found a larger integer'],
    [
      'ABOVE_MAX',
      { type: 'decimal', max: '9007199254740992' },
      '9007199254740992.000001',
      'expected at most 9007199254740992, found a larger number',
    ],
    [
      'ABOVE_MAX',
      { type: 'date', max: '2010-12-01' },
      '2010-12-02',
      'expected 2010-12-01 or earlier, found a later date',
    ],
    ['TOO_LONG', { type: 'string', maxLength: 1 }, '😀a', 'expected at most 1 character, found 2'],
    ['TOO_LONG', { type: 'string', maxLength: 3, pattern: '\\d+' }, 'abcd', 'expected at most 3 characters, found 4'],
    [
      'PATTERN',
      { type: 'string', pattern: '\\d{6}' },
      '53636X',
      'expected text that matches the pattern "\\\\d{6}", found text of 6 characters',
    ],
    [
      'PATTERN',
      { type: 'string', pattern: '\\d+' },
      '1'.repeat(1_025),
      'expected text that matches the pattern "\\\\d+" in at most 1024 characters, found text of 1025 characters',
    ],
    ['NOT_INTEGER', { type: 'integer', redact: 'hash' }, 'secret', 'expected an integer, found text of 6 characters'],
    ['NOT_INTEGER', { type: 'integer', clean: false }, ' 5', 'expected an integer, found text of 2 characters'],
  ])('rejects with %s by %j', (code, rule, field, message) => {
    expect(compileColumn('Näme', rule)(field)).toEqual({ code, message, column: 'Näme' });
  });

  it('tries patterns on longer texts when maxLength allows them', () => {
    const read = compileColumn('Name', { type: 'string', pattern: '\\d+', maxLength: 2_000 });
    expect(read('1'.repeat(2_000))).toBe('1'.repeat(2_000));
  });
});
