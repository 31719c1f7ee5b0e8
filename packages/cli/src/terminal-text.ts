/** A count as people read it. */
export const countText = (count: number): string => count.toLocaleString('en-US');

/** Text from outside (file names, columns, messages) made safe for a terminal: no control or format character stays as it is. */
export const toTerminalText = (text: string, most = 300): string => {
  const safe = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
  return safe.length > most ? `${safe.slice(0, most)}...` : safe;
};
