import type { RejectCode, RejectReason } from '../rejects.ts';
import { compareDates, type DateParts, emptyDateParts, isoDate, isoDatetime, readDate } from './date.ts';
import { isoFormats, parseDateFormat } from './date-format.ts';
import { compareDecimals, readDecimal } from './decimal.ts';
import { cleanField } from './field.ts';
import { readInteger } from './integer.ts';
import { compilePattern, patternTextLengthMax } from './pattern.ts';
import { type Redaction, redact } from './redact.ts';

export const columnTypes = ['string', 'integer', 'decimal', 'boolean', 'date', 'datetime', 'enum'] as const;
export type ColumnType = (typeof columnTypes)[number];

type SharedRule = {
  readonly required?: true;
  readonly rename?: string;
  readonly drop?: true;
  readonly redact?: Redaction;
  readonly clean?: false;
};

/**
 * What a schema asks of one column, in its normal form: properties that say what holds anyway are absent, and `min`,
 * `max` and `default` are written as values come out (a decimal's digits, an ISO date).
 */
export type ColumnRule = SharedRule &
  (
    | { readonly type: 'string'; readonly maxLength?: number; readonly pattern?: string; readonly default?: string }
    | { readonly type: 'integer'; readonly min?: number; readonly max?: number; readonly default?: number }
    | { readonly type: 'decimal'; readonly min?: string; readonly max?: string; readonly default?: string }
    | { readonly type: 'boolean'; readonly default?: boolean }
    | {
        readonly type: 'date' | 'datetime';
        readonly format?: string;
        readonly min?: string;
        readonly max?: string;
        readonly default?: string;
      }
    | { readonly type: 'enum'; readonly values: readonly string[]; readonly default?: string }
  );

type RuleOf<Type extends ColumnType> = Extract<ColumnRule, { readonly type: Type }>;

/** A value as it comes out of cleaning. Null is a missing value: an empty field without a default. */
export type Value = string | number | boolean | null;

/** Reads one field of a column. A result that is an object, and not null, is the reason to reject the row. */
export type ColumnReader = (field: string) => Value | RejectReason;

/** Reads text that is cleaned and not empty. */
type TextReader = (text: string) => string | number | boolean | RejectReason;

type Reject = (code: RejectCode, expected: string, found: string) => RejectReason;

/**
 * Compiles a column's rule. `column` is its name in the file, which reasons carry. Reasons say what was expected and
 * what kind of thing was found, without row content. The reader holds scratch memory: call it from one place at a time.
 * Throws SCHEMA_INVALID for a pattern or format that cannot be used.
 */
export const compileColumn = (column: string, rule: ColumnRule): ColumnReader => {
  const reject: Reject = (code, expected, found) => ({ code, message: `expected ${expected}, found ${found}`, column });
  const readText = compileText(column, rule, reject);
  const { redact: redaction } = rule;
  const readKept: TextReader =
    redaction === undefined
      ? readText
      : (text) => {
          const value = readText(text);
          return typeof value === 'object' ? value : redact(redaction, String(value));
        };

  const missing = ((): Value | RejectReason => {
    if (rule.default !== undefined)
      return redaction === undefined ? rule.default : redact(redaction, String(rule.default));
    return rule.required === true ? reject('REQUIRED', 'a value', 'none') : null;
  })();

  if (rule.clean === false) return (field) => (field === '' ? missing : readKept(field));
  return (field) => {
    const text = cleanField(field);
    return text === null ? missing : readKept(text);
  };
};

const compileText = (column: string, rule: ColumnRule, reject: Reject): TextReader => {
  switch (rule.type) {
    case 'string':
      return compileString(column, rule, reject);
    case 'integer':
      return compileInteger(rule, reject);
    case 'decimal':
      return compileDecimal(rule, reject);
    case 'boolean':
      return (text) =>
        readBoolean(text) ?? reject('NOT_BOOLEAN', 'one of true, false, yes, no, y, n, 1, 0', textOf(text));
    case 'enum':
      return compileEnum(rule, reject);
    default:
      return compileDate(column, rule, reject);
  }
};

const characters = (count: number): string => `${count} character${count === 1 ? '' : 's'}`;
const lengthOf = (text: string): number => Array.from(text).length;
const textOf = (text: string): string => `text of ${characters(lengthOf(text))}`;

const numberOf = (text: string): string => {
  if (readDecimal(text) !== null) return 'a number with a fraction or an exponent';
  if (/^[+-]?\d[\d.]*,[\d.,]*$/.test(text)) return 'a number with a comma (write 1234.5)';
  return textOf(text);
};

const compileString = (column: string, rule: RuleOf<'string'>, reject: Reject): TextReader => {
  const { maxLength = Number.POSITIVE_INFINITY, pattern } = rule;
  const isTooLong = (text: string): boolean => text.length > maxLength && lengthOf(text) > maxLength;
  const tooLong = (text: string): RejectReason =>
    reject('TOO_LONG', `at most ${characters(maxLength)}`, `${lengthOf(text)}`);
  if (pattern === undefined) return (text) => (isTooLong(text) ? tooLong(text) : text);

  const regExp = compilePattern(`schema: column ${JSON.stringify(column)}: "pattern"`, pattern, rule.maxLength);
  const triedLengthMax = rule.maxLength === undefined ? patternTextLengthMax : Number.POSITIVE_INFINITY;
  const expected = `text that matches the pattern ${JSON.stringify(pattern)}`;
  return (text) => {
    if (isTooLong(text)) return tooLong(text);
    if (text.length > triedLengthMax)
      return reject('PATTERN', `${expected} in at most ${characters(triedLengthMax)}`, textOf(text));
    return regExp.test(text) ? text : reject('PATTERN', expected, textOf(text));
  };
};

const compileInteger = (rule: RuleOf<'integer'>, reject: Reject): TextReader => {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = rule;
  return (text) => {
    const value = readInteger(text);
    if (Number.isNaN(value)) return reject('NOT_INTEGER', 'an integer', numberOf(text));
    if (!Number.isFinite(value)) {
      return reject(
        'NOT_INTEGER',
        `an integer within +-${Number.MAX_SAFE_INTEGER}`,
        'one beyond this exact range (use type decimal or string)',
      );
    }
    if (value < min) return reject('BELOW_MIN', `at least ${min}`, 'a smaller integer');
    if (value > max) return reject('ABOVE_MAX', `at most ${max}`, 'a larger integer');
    return value;
  };
};

const compileDecimal = ({ min, max }: RuleOf<'decimal'>, reject: Reject): TextReader => {
  return (text) => {
    const value = readDecimal(text);
    if (value === null) return reject('NOT_DECIMAL', 'a decimal number', numberOf(text));
    if (min !== undefined && compareDecimals(value, min) < 0)
      return reject('BELOW_MIN', `at least ${min}`, 'a smaller number');
    if (max !== undefined && compareDecimals(value, max) > 0)
      return reject('ABOVE_MAX', `at most ${max}`, 'a larger number');
    return value;
  };
};

const booleans: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['yes', true],
  ['y', true],
  ['1', true],
  ['false', false],
  ['no', false],
  ['n', false],
  ['0', false],
]);

const readBoolean = (text: string): boolean | undefined => booleans.get(text) ?? booleans.get(text.toLowerCase());

/** A reason that lists a column's values names this many. */
const listedValuesMax = 10;

const compileEnum = ({ values }: RuleOf<'enum'>, reject: Reject): TextReader => {
  const known = new Set(values);
  const listed = values.slice(0, listedValuesMax).map((value) => JSON.stringify(value));
  const others = values.length > listed.length ? ` and ${values.length - listed.length} more` : '';
  const expected = `one of ${listed.join(', ')}${others}`;
  return (text) => (known.has(text) ? text : reject('NOT_IN_VALUES', expected, textOf(text)));
};

const compileDate = (column: string, rule: RuleOf<'date' | 'datetime'>, reject: Reject): TextReader => {
  const { type, format = isoFormats[type] } = rule;
  const tokens = parseDateFormat(`schema: column ${JSON.stringify(column)}: "format"`, type, format);
  const min = boundParts(type, rule.min);
  const max = boundParts(type, rule.max);
  const code = type === 'date' ? 'NOT_DATE' : 'NOT_DATETIME';
  const toIso = type === 'date' ? isoDate : isoDatetime;
  const parts = emptyDateParts();
  // A message is one line, though a format may hold the end of one.
  const shown = /\p{Cc}/u.test(format) ? JSON.stringify(format) : format;
  return (text) => {
    if (!readDate(tokens, text, parts)) return reject(code, `a ${type} in the format ${shown}`, textOf(text));
    if (min !== undefined && compareDates(parts, min) < 0)
      return reject('BELOW_MIN', `${rule.min} or later`, `an earlier ${type}`);
    if (max !== undefined && compareDates(parts, max) > 0)
      return reject('ABOVE_MAX', `${rule.max} or earlier`, `a later ${type}`);
    return toIso(parts);
  };
};

/** The parts of a bound in ISO form; undefined when there is none or it is no such date. */
export const boundParts = (type: 'date' | 'datetime', bound: string | undefined): DateParts | undefined => {
  if (bound === undefined) return undefined;
  const parts = emptyDateParts();
  return readDate(parseDateFormat('ISO 8601', type, isoFormats[type]), bound, parts) ? parts : undefined;
};
