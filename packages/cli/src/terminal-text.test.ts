import { describe, expect, it } from 'vitest';
import { countOf, durationText, toTerminalText } from './terminal-text.ts';

describe('toTerminalText', () => {
  it.each([
    ['plain é 東 text', 'plain é 東 text'],
    ['a\u001b[2J\u0007', 'a\\u{1b}[2J\\u{7}'],
    ['two\r\nlines', 'two\\u{d}\\u{a}lines'],
    ['bidi \u202e\u2066 and \u200b\ufeff', 'bidi \\u{202e}\\u{2066} and \\u{200b}\\u{feff}'],
    ['c1 \u009b31m', 'c1 \\u{9b}31m'],
    ['half \ud800', 'half \\u{d800}'],
  ])('shows %j as %j', (text, shown) => {
    expect(toTerminalText(text)).toBe(shown);
  });

  it('cuts what is too long', () => {
    expect(toTerminalText('x'.repeat(400))).toBe(`${'x'.repeat(300)}...`);
  });
});

it('says one of one, and several of all other counts', () => {
  expect([countOf(0, 'row'), countOf(1, 'row'), countOf(1_000, 'row'), countOf(2, 'try', 'tries')]).toEqual([
    '0 rows',
    '1 row',
    '1,000 rows',
    '2 tries',
  ]);
});

describe('durationText', () => {
  it.each([
    [-1, '0 s'],
    [0.4, '0 s'],
    [59.6, '1 min'],
    [61, '1 min 1 s'],
    [599, '9 min 59 s'],
    [601, '10 min'],
    [3_600, '1 h'],
    [11_100, '3 h 5 min'],
    [187_200, '2 d 4 h'],
  ])('shows %d seconds as %s', (seconds, shown) => {
    expect(durationText(seconds)).toBe(shown);
  });
});
