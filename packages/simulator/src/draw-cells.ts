import type { Draws } from './random.ts';

// The cells of drawn files. Every one that holds text or a number holds a canary, by which row content is found where it must not be.

/** What every drawn value holds: in text, and in numbers. */
export const canaries = /cnry[0-9a-f]{6}|2718281828/;

/** Stands for a byte that is no UTF-8 until a record is made into bytes. */
export const brokenByte = '\udc80';

export type CellType = 'text' | 'integer' | 'decimal' | 'enum' | 'date';

/** Of a column of type enum; a schema names them, so they hold no canary. */
export const enumValues: readonly string[] = ['small', 'Large', 'in between'];

/** A count from which canaries are made: no two of a workload are the same. */
export type Serial = { next: number };

const tokenOf = (serial: Serial): string => `cnry${(serial.next++ % 2 ** 24).toString(16).padStart(6, '0')}`;
const digitsOf = (serial: Serial): string => `2718281828${serial.next++ % 1_000}`;

const words = ['', '', ' plain', ' of two words', ' für Ärger', ' 日本', '.', "'s"];

/** A value that a column of this type takes. */
export const drawPlainCell = (draws: Draws, type: CellType, serial: Serial): string => {
  switch (type) {
    case 'integer':
      return digitsOf(serial);
    case 'decimal':
      return `${digitsOf(serial)}.${draws.whole(0, 99)}`;
    case 'enum':
      return draws.pick(enumValues);
    case 'date':
      return `${draws.whole(10, 28)}.0${draws.whole(1, 9)}.${draws.whole(1999, 2030)}`;
    default:
      return tokenOf(serial) + draws.pick(words);
  }
};

/** A value that users put in by mistake, some of which such a column refuses. */
export const drawMistake = (draws: Draws, type: CellType, serial: Serial): string => {
  const token = tokenOf(serial);
  const digits = digitsOf(serial);
  const any = ['', ' ', token];
  switch (type) {
    case 'integer':
      return draws.pick([...any, `${digits}.5`, `+${digits}.0`, ` ${digits} `, `${digits}0000000`, `-${digits}`]);
    case 'decimal':
      return draws.pick([
        ...any,
        `-${digits}`,
        `${digits}e3`,
        `${digits}.`,
        `.${digits}`,
        `${digits}.000`,
        `1.${digits}.1`,
      ]);
    case 'enum':
      return draws.pick([...any, 'SMALL', 'in  between', '\u00a0small']);
    case 'date':
      return draws.pick([...any, '30.02.2020', '1.2.2020', '2020-02-01', '29.02.2100', '01.01.2000 ']);
    default:
      return draws.pick([
        ...any,
        `${token} far too long a text for a column that takes only so many`,
        `${token}\u00a0`,
      ]);
  }
};

type Dirt = (token: string, delimiter: string, draws: Draws) => string;

/** What a record is made of, and what confuses it. */
const grammar = ['"', '""', ',"', '",', '\n', '\r\n', '\r', '"\n', '"\r', '\0', ' ', 'é', brokenByte];

/** What is odd about a cell, as it stands in the file. */
const dirts: readonly Dirt[] = [
  // Quotes as they should be.
  (token) => `"${token}"`,
  (token, delimiter) => `"${token}${delimiter}${token}"`,
  (token) => `"${token}""${token}"""`,
  // Line ends within them.
  (token) => `"${token}\n${token}"`,
  (token) => `"${token}\r\n${token}"`,
  (token) => `"\n${token}\n\n"`,
  (token) => `"${token}\r"`,
  // Quotes as they should not be.
  (token) => `"${token}"x`,
  (token, delimiter) => `"${token}" "${token}${delimiter}"`,
  (token) => `"${token}"\0"${token}`,
  (token) => `${token}"${token}`,
  (token) => ` "${token}"`,
  (token) => `"${token}"\r${token}`,
  (_, __, draws) => '"'.repeat(draws.whole(1, 7)),
  (token) => `{"${token}":"${token}"}`,
  (token, delimiter, draws) =>
    token + Array.from({ length: draws.whole(1, 8) }, () => draws.pick([...grammar, delimiter])).join(''),
  (token, delimiter, draws) =>
    Array.from({ length: draws.whole(1, 8) }, () => draws.pick([...grammar, delimiter, token])).join(''),
  // Never closed, but by whatever quote comes.
  (token) => `"${token}`,
  (token, delimiter) => `"${token}${delimiter}`,
  // Too many fields, too few, and records where none should be.
  (token, delimiter) => `${token}${delimiter}${token}`,
  (token, delimiter) => `${token}${delimiter.repeat(3)}`,
  (token) => `${token}\n${token}`,
  (token) => `${token}\r${token}`,
  // Bytes and characters.
  (token) => `${token}${brokenByte}`,
  (token) => `"${brokenByte}${token}\n"`,
  (token) => `${token}\0`,
  (token) => `\u0001\u009f${token}\ufffe\uffff\u0085${token}`,
  (token) => `\u00a0\u2003 ${token}\u200b\ufeff`,
  (token) => `\ufeff${token}\u2028${token}\ufffd`,
  (token) => `\ufeff"${token}"`,
  (token) => `${token}e\u0301\u1e9b\u0323\u{1f468}\u200d\u{1f469}`,
  // What others may act on.
  (token) => `=HYPERLINK("http://${token}")`,
  (token) => `@SUM(1+1)*cmd|' /C ${token}'!A0`,
  (token) => `<script>alert('${token}')</script>`,
  (token) => `'; DROP TABLE rows; -- ${token}`,
  (token) => `__proto__ ${token}`,
  (token) => `\${${token}} %s \\u0000 \\`,
  // Size.
  (token, _, draws) => token + '.'.repeat(draws.whole(60, 700)),
  (token, _, draws) => `"${token}${`\n"",`.repeat(draws.whole(10, 90))}"`,
  () => '',
  () => '   ',
];

/** What a file's dirt is like: the kinds that it has, and how often. */
export type DirtyCells = { readonly share: number; readonly draw: (token: string) => string };

export const drawDirtyCells = (draws: Draws, delimiter: string): DirtyCells => {
  const share = draws.pick([0.02, 0.1, 0.1, 0.4]);
  const keptShare = draws.pick([0.1, 0.5, 1]);
  const kept = dirts.filter(() => draws.next() < keptShare);
  return { share, draw: (token) => draws.pick(kept.length === 0 ? dirts : kept)(token, delimiter, draws) };
};

export const drawToken = tokenOf;
