/** Two cells wide: East Asian text and emoji. Source: Unicode, EastAsianWidth.txt (W and F), by block. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]|\ufe0f|\p{Emoji_Presentation}/u;
const noWidth = /^[\p{M}\u200b-\u200f\u2060\ufeff]+$/u;
/** What is one cell per code unit whatever the terminal: ASCII, and the characters that pictures are made of. */
const plain = /^[\x20-\x7e█░·…]*$/;
/** What a style is made of: it takes no room. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const styling = /(\x1b\[[0-9;]*m)/;
const reset = '\u001b[0m';

const segmenter = new Intl.Segmenter();

const graphemeWidth = (grapheme: string): number => {
  if (noWidth.test(grapheme)) return 0;
  return wide.test(grapheme) ? 2 : 1;
};

const plainWidth = (text: string): number => {
  if (plain.test(text)) return text.length;
  let width = 0;
  for (const { segment } of segmenter.segment(text)) width += graphemeWidth(segment);
  return width;
};

const isStyling = (part: string): boolean => part.startsWith('\u001b');

/** Cells of a terminal that a text takes; styles take none. Terminals differ on rare characters, by a cell. */
export const textWidth = (text: string): number =>
  text
    .split(styling)
    .filter((part) => !isStyling(part))
    .reduce((sum, part) => sum + plainWidth(part), 0);

/** The beginning of a text without styles that takes at most `cells`. */
const beginningOf = (text: string, cells: number): string => {
  let left = cells;
  let kept = '';
  for (const { segment } of segmenter.segment(text)) {
    left -= graphemeWidth(segment);
    if (left < 0) break;
    kept += segment;
  }
  return kept;
};

/** The text as it is when it takes at most `cells`, else its beginning and an ellipsis; no grapheme is cut, no style leaks. */
export const cutText = (text: string, cells: number): string => {
  if (textWidth(text) <= cells) return text;
  let left = Math.max(0, cells - 1);
  let kept = '';
  let isStyled = false;
  for (const part of text.split(styling)) {
    if (isStyling(part)) {
      kept += part;
      isStyled = true;
      continue;
    }
    const fitting = beginningOf(part, left);
    kept += fitting;
    if (fitting.length < part.length) break;
    left -= plainWidth(part);
  }
  return `${kept}${cells > 0 ? '…' : ''}${isStyled ? reset : ''}`;
};
