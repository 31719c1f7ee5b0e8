/** A count as people read it. */
export const countText = (count: number): string => count.toLocaleString('en-US');

/** `1 row`, `2 rows`. */
export const countOf = (count: number, one: string, several = `${one}s`): string =>
  `${countText(count)} ${count === 1 ? one : several}`;

const unitSeconds = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
] as const;

/** A time as people read it, in its two largest units at most: 7 s, 12 min, 3 h 5 min, 2 d 4 h. Seconds go where there are minutes above 9. */
export const durationText = (seconds: number): string => {
  const whole = Math.max(0, Math.round(seconds));
  const first = unitSeconds.findIndex(([unit, size]) => whole >= size || unit === 's');
  const [unit, size] = unitSeconds[first] ?? ['s', 1];
  const [smaller, smallerSize] = unitSeconds[first + 1] ?? [undefined, 1];
  const count = Math.floor(whole / size);
  const rest = Math.floor((whole % size) / smallerSize);
  const isPlain = smaller === undefined || rest === 0 || (unit === 'min' && count > 9);
  return isPlain ? `${count} ${unit}` : `${count} ${unit} ${rest} ${smaller}`;
};

/** Text from outside (file names, columns, messages) made safe for a terminal: no control or format character stays as it is. */
export const toTerminalText = (text: string, most = 300): string => {
  const safe = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
  return safe.length > most ? `${safe.slice(0, most)}...` : safe;
};
