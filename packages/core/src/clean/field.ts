// White_Space holds TAB, LF, VT, FF, CR and U+0085, the only control characters that are not dropped.
const dropped = /(?!\p{White_Space})\p{Cc}|[\ufffe\uffff]/gu;
const spaceRun = /[\p{White_Space}\u200b\u2060\ufeff]+/gu;

const space = 0x20;
const lastAscii = 0x7e;
const firstLatin = 0xa1; // above the C1 controls and the no-break space
const lastLatin = 0x2ff; // the combining marks, which NFC may join to a letter before them, begin at U+0300

// True only for text that is clean for certain: printable ASCII and Latin letters, single spaces between them.
const isPlain = (text: string): boolean => {
  let before = space;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit <= space || unit > lastAscii) {
      if (unit === space ? before === space : unit < firstLatin || unit > lastLatin) return false;
    }
    before = unit;
  }
  return before !== space;
};

const cleanDirty = (text: string): string | null => {
  // Most dirt is spaces at the ends, which trim() takes off ten times faster. It knows no character that we keep.
  const trimmed = text.trim();
  if (isPlain(trimmed)) return trimmed;
  const cleaned = trimmed.replace(dropped, '').replace(spaceRun, ' ').trim().normalize('NFC');
  return cleaned === '' ? null : cleaned;
};

/**
 * The text of a field as every later stage sees it, in this order: control characters (U+0000-U+001F, U+007F-U+009F)
 * other than TAB, LF, VT, FF, CR and U+0085 go, and so do U+FFFE and U+FFFF; each run of Unicode white space, U+200B,
 * U+2060 and U+FEFF becomes one space; spaces at both ends go; the rest is put in NFC; empty text becomes null.
 * U+200C and U+200D stay, they join letters and emoji. Never throws; lone surrogates stay. Cleaning twice changes
 * nothing more. Text that is clean already is returned as it is.
 */
export const cleanField = (text: string): string | null => {
  if (text.length === 0) return null;
  return isPlain(text) ? text : cleanDirty(text);
};
