import { describe, expect, it } from 'vitest';
import { toTerminalText } from './terminal-text.ts';

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
