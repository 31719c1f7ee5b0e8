import { describe, expect, it } from 'vitest';
import { parseCount, parseDelimiterOption, parseEncoding, parseRatio } from './run-options.ts';

describe('options', () => {
  it.each([
    ['0', 0],
    ['0.015', 0.015],
    ['1', 1],
    ['1%', 0.01],
    ['100%', 1],
  ])('take %s as a share of %d', (text, ratio) => {
    expect(parseRatio('--max-rejected')(text)).toBe(ratio);
  });

  it.each(['', '-1', '1.01', '101%', 'x', '1e-2', '.5'])('refuse %j as a share', (text) => {
    expect(() => parseRatio('--max-rejected')(text)).toThrow('--max-rejected: expected a share');
  });

  it.each([
    [';', ';'],
    ['tab', '\t'],
    ['\\t', '\t'],
    ['pipe', '|'],
    ['^', '^'],
  ])('take %j as the delimiter %j', (text, delimiter) => {
    expect(parseDelimiterOption(text)).toBe(delimiter);
  });

  it.each(['', '"', '\n', '\r', '\0', '¦', 'ab'])('refuse %j as a delimiter', (text) => {
    expect(() => parseDelimiterOption(text)).toThrow('--delimiter: expected one ASCII character');
  });

  it.each([
    ['UTF8', 'utf-8'],
    ['latin1', 'windows-1252'],
    ['utf-16', 'utf-16le'],
  ])('take %s as %s', (text, encoding) => {
    expect(parseEncoding(text)).toBe(encoding);
  });

  it.each(['shift_jis', 'nonsense', ''])('refuse %j as an encoding', (text) => {
    expect(() => parseEncoding(text)).toThrow('--encoding: expected one of utf-8');
  });

  it.each(['0', '-1', '1.5', '1e3', '9007199254740993'])('refuse %s as a count of at least one', (text) => {
    expect(() => parseCount('--limit', 1)(text)).toThrow(
      `--limit: expected a whole number of at least 1, found "${text}"`,
    );
  });
});
