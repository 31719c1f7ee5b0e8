import { describe, expect, it } from 'vitest';
import { cutText, textWidth } from './text-width.ts';

describe('textWidth', () => {
  it.each([
    ['', 0],
    ['stage ██░░ …', 12],
    ['é', 1],
    ['e\u0301', 1],
    ['日本', 4],
    ['ｆｕｌｌ', 8],
    ['한국', 4],
    ['😀', 2],
    ['👩‍👧', 2],
    ['🇩🇪', 2],
    ['\u001b[1;31mred\u001b[0m', 3],
  ])('of %j is %d', (text, cells) => {
    expect(textWidth(text)).toBe(cells);
  });
});

describe('cutText', () => {
  it.each([
    ['abc', 3, 'abc'],
    ['abcd', 3, 'ab…'],
    ['日本語', 5, '日本…'],
    ['日本語', 4, '日…'],
    ['ae\u0301bc', 3, 'ae\u0301…'],
    ['\u001b[31mabc\u001b[39m def', 5, '\u001b[31mabc\u001b[39m …\u001b[0m'],
    ['\u001b[31mabcdef\u001b[39m', 3, '\u001b[31mab…\u001b[0m'],
    ['abc', 1, '…'],
    ['abc', 0, ''],
  ])('of %j to %d cells is %j', (text, cells, cut) => {
    expect(cutText(text, cells)).toBe(cut);
  });
});
