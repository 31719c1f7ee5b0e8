/**
 * The cleaning of fields once more, for tests: one code point at a time, each step over the whole text before the next one
 * begins, with the characters written out. Shares nothing with the cleaning, on purpose. Slow.
 */

// White_Space of Unicode's PropList.txt, then U+200B, U+2060 and U+FEFF.
const isSpace = (code: number): boolean =>
  (code >= 0x09 && code <= 0x0d) ||
  code === 0x20 ||
  code === 0x85 ||
  code === 0xa0 ||
  code === 0x1680 ||
  (code >= 0x2000 && code <= 0x200a) ||
  code === 0x2028 ||
  code === 0x2029 ||
  code === 0x202f ||
  code === 0x205f ||
  code === 0x3000 ||
  code === 0x200b ||
  code === 0x2060 ||
  code === 0xfeff;

const isKeptControl = (code: number): boolean => (code >= 0x09 && code <= 0x0d) || code === 0x85;

/** U+0000 to U+001F and U+007F to U+009F but the white space among them, U+FFFE and U+FFFF. */
export const isDropped = (code: number): boolean => {
  const isControl = code <= 0x1f || (code >= 0x7f && code <= 0x9f);
  return (isControl && !isKeptControl(code)) || code === 0xfffe || code === 0xffff;
};

const codesOf = (text: string): number[] => Array.from(text, (character) => character.codePointAt(0) ?? 0);
const textOf = (codes: readonly number[]): string => codes.map((code) => String.fromCodePoint(code)).join('');

export const naiveClean = (text: string): string | null => {
  // Read again after each step: what stood between two halves of a pair may have gone.
  const kept = codesOf(textOf(codesOf(text).filter((code) => !isDropped(code))));
  const spaced = kept.map((code) => (isSpace(code) ? 0x20 : code));
  const single = spaced.filter((code, index) => code !== 0x20 || spaced[index - 1] !== 0x20);
  if (single[0] === 0x20) single.shift();
  if (single.at(-1) === 0x20) single.pop();
  return single.length === 0 ? null : textOf(single).normalize('NFC');
};
