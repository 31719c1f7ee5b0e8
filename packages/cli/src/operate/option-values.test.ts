import { describe, expect, it } from 'vitest';
import { parseChoice, parseDuration, parseRange } from './option-values.ts';

describe('parseDuration', () => {
  it.each([
    ['90', 90_000],
    ['90s', 90_000],
    ['30m', 1_800_000],
    ['2h', 7_200_000],
    ['3d', 259_200_000],
  ])('reads %s', (text, milliseconds) => {
    expect(parseDuration('--timeout')(text)).toBe(milliseconds);
  });

  it.each(['', '0', '0s', 'm', '1w', '-1', '1.5h', '1h30m'])('refuses %j', (text) => {
    expect(() => parseDuration('--timeout')(text)).toThrow(
      `--timeout: expected a time such as 90s, 30m, 2h or 3d, found ${JSON.stringify(text)}`,
    );
  });
});

describe('parseRange', () => {
  it('reads one row and a range', () => {
    expect(parseRange('--row')('417302')).toEqual([417_302, 417_302]);
    expect(parseRange('--row')('100-200')).toEqual([100, 200]);
  });

  it.each(['', '0', '0-5', '5-4', '1-2-3', 'a'])('refuses %j', (text) => {
    expect(() => parseRange('--row')(text)).toThrow('--row: expected a row or a range such as 100-200, found');
  });
});

describe('parseChoice', () => {
  it('gathers choices, whatever their case', () => {
    const parse = parseChoice('--state', 'state');
    expect(parse('HELD', parse('open'))).toEqual(['OPEN', 'HELD']);
  });

  it('says what there is to choose from', () => {
    expect(() => parseChoice('--queue', 'queue')('wrok')).toThrow(
      '--queue: expected one of uploads, chunks, rows, work, finished, audits, found "wrok"',
    );
  });
});
