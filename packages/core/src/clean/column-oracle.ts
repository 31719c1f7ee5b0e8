import { createHash } from 'node:crypto';
import type { RejectCode } from '../rejects.ts';
import type { ColumnRule, Value } from './column.ts';
import { naiveDate } from './date-oracle.ts';
import { naiveClean } from './field-oracle.ts';

/**
 * The reading of columns once more, for tests: numbers by BigInt, dates by JavaScript's calendar. Shares nothing but its types
 * with the reading of columns, on purpose.
 */
export type NaiveResult = { readonly value: Value } | { readonly code: RejectCode };

/** A decimal number as `digits / 10 ** scale`. */
type Scaled = { readonly digits: bigint; readonly scale: number };

const exponentMax = 400;

const scaledOf = (text: string): Scaled | undefined => {
  const [mantissa = '', exponent = '0', ...more] = text.split(/[eE]/);
  const [whole = '', fraction = '', ...rest] = mantissa.replace(/^[+-]/, '').split('.');
  if (more.length > 0 || rest.length > 0 || !/^[+-]?[0-9]+$/.test(exponent)) return undefined;
  if (!/^[0-9]*$/.test(whole + fraction) || whole + fraction === '') return undefined;
  if (Math.abs(Number(exponent)) > exponentMax) return undefined;
  const scale = fraction.length - Number(exponent);
  const digits = BigInt(whole + fraction) * (mantissa.startsWith('-') ? -1n : 1n);
  return scale >= 0 ? { digits, scale } : { digits: digits * 10n ** BigInt(-scale), scale: 0 };
};

const write = ({ digits, scale }: Scaled): string => {
  const unsigned = String(digits < 0n ? -digits : digits).padStart(scale + 1, '0');
  const whole = unsigned.slice(0, unsigned.length - scale);
  return `${digits < 0n ? '-' : ''}${whole}${scale === 0 ? '' : `.${unsigned.slice(-scale)}`}`;
};

const isLess = (left: Scaled, right: Scaled): boolean =>
  left.digits * 10n ** BigInt(right.scale) < right.digits * 10n ** BigInt(left.scale);

const boundScaled = (bound: string | undefined): Scaled | undefined =>
  bound === undefined ? undefined : scaledOf(bound);

const readNaively = (rule: ColumnRule, text: string): NaiveResult => {
  switch (rule.type) {
    case 'string': {
      if (rule.maxLength !== undefined && [...text].length > rule.maxLength) return { code: 'TOO_LONG' };
      if (rule.pattern === undefined) return { value: text };
      if (rule.maxLength === undefined && text.length > 1_024) return { code: 'PATTERN' };
      // The whole text: a match of all of it, with nothing left over on either side.
      const matched = new RegExp(`(?:${rule.pattern})(?![^])`, 'uy').exec(text)?.[0];
      return matched === text ? { value: text } : { code: 'PATTERN' };
    }
    case 'integer': {
      if (!/^[+-]?[0-9]+(\.0+)?$/.test(text)) return { code: 'NOT_INTEGER' };
      const number = BigInt(text.replace('+', '').split('.')[0] ?? '');
      if (number > 2n ** 53n - 1n || number < 1n - 2n ** 53n) return { code: 'NOT_INTEGER' };
      if (rule.min !== undefined && number < BigInt(rule.min)) return { code: 'BELOW_MIN' };
      if (rule.max !== undefined && number > BigInt(rule.max)) return { code: 'ABOVE_MAX' };
      return { value: Number(number) };
    }
    case 'decimal': {
      const number = scaledOf(text);
      if (number === undefined) return { code: 'NOT_DECIMAL' };
      const min = boundScaled(rule.min);
      const max = boundScaled(rule.max);
      if (min !== undefined && isLess(number, min)) return { code: 'BELOW_MIN' };
      if (max !== undefined && isLess(max, number)) return { code: 'ABOVE_MAX' };
      return { value: write(number) };
    }
    case 'boolean': {
      if (/^(true|yes|y|1)$/i.test(text)) return { value: true };
      return /^(false|no|n|0)$/i.test(text) ? { value: false } : { code: 'NOT_BOOLEAN' };
    }
    case 'enum':
      return rule.values.some((value) => value === text) ? { value: text } : { code: 'NOT_IN_VALUES' };
    default: {
      const { type } = rule;
      const iso = type === 'date' ? 'yyyy-MM-dd' : 'yyyy-MM-ddTHH:mm[:ss[.S]][XXX]';
      const date = naiveDate(type, rule.format ?? iso, text);
      if (date === undefined) return { code: type === 'date' ? 'NOT_DATE' : 'NOT_DATETIME' };
      const min = rule.min === undefined ? undefined : naiveDate(type, iso, rule.min);
      const max = rule.max === undefined ? undefined : naiveDate(type, iso, rule.max);
      if (min !== undefined && date.nanoseconds < min.nanoseconds) return { code: 'BELOW_MIN' };
      if (max !== undefined && date.nanoseconds > max.nanoseconds) return { code: 'ABOVE_MAX' };
      return { value: date.iso };
    }
  }
};

const redactNaively = (redaction: 'hash' | 'mask', text: string): string => {
  if (redaction === 'hash') return createHash('sha256').update(text, 'utf8').digest('hex');
  const characters = [...text];
  const shown = Math.min(4, Math.floor(characters.length / 4));
  return characters.map((character, index) => (index < characters.length - shown ? '*' : character)).join('');
};

/** What a field of a column with this rule becomes. */
export const readColumnNaively = (rule: ColumnRule, field: string): NaiveResult => {
  const text = rule.clean === false ? field : naiveClean(field);
  const isMissing = text === null || text === '';
  if (isMissing && rule.default === undefined) return rule.required === true ? { code: 'REQUIRED' } : { value: null };
  const read: NaiveResult = isMissing ? { value: rule.default ?? null } : readNaively(rule, text);
  if ('code' in read || rule.redact === undefined) return read;
  return { value: redactNaively(rule.redact, String(read.value)) };
};
