import { SluiceError } from '../errors.ts';
import { nearestName } from './nearest-name.ts';

/**
 * One step of reading a date. All steps have all properties, which keeps the loop over them fast: `least` and `most`
 * bound the digits of a number, `unit` is the code unit of a literal, `inner` are the steps of what may be missing.
 */
export type DateToken = {
  readonly kind: DateField | 'literal' | 'separator' | 'optional';
  readonly least: number;
  readonly most: number;
  readonly unit: number;
  readonly inner: readonly DateToken[];
};

export type DateField =
  | 'year'
  | 'shortYear'
  | 'month'
  | 'monthName'
  | 'day'
  | 'hour'
  | 'halfDayHour'
  | 'minute'
  | 'second'
  | 'fraction'
  | 'halfDay'
  | 'offset';

const field = (kind: DateToken['kind'], least: number, most: number): DateToken => ({
  kind,
  least,
  most,
  unit: 0,
  inner: [],
});

/** The tokens of Unicode's date patterns (UTS 35) that files in practice need. One letter reads one or two digits. */
const fieldTokens: ReadonlyMap<string, DateToken> = new Map([
  ['yyyy', field('year', 4, 4)],
  ['yy', field('shortYear', 2, 2)],
  ['MMM', field('monthName', 3, 3)],
  ['MM', field('month', 2, 2)],
  ['M', field('month', 1, 2)],
  ['dd', field('day', 2, 2)],
  ['d', field('day', 1, 2)],
  ['HH', field('hour', 2, 2)],
  ['H', field('hour', 1, 2)],
  ['hh', field('halfDayHour', 2, 2)],
  ['h', field('halfDayHour', 1, 2)],
  ['mm', field('minute', 2, 2)],
  ['m', field('minute', 1, 2)],
  ['ss', field('second', 2, 2)],
  ['s', field('second', 1, 2)],
  ['S', field('fraction', 1, 9)],
  ...Array.from({ length: 8 }, (_, index): [string, DateToken] => [
    'S'.repeat(index + 2),
    field('fraction', index + 2, index + 2),
  ]),
  ['a', field('halfDay', 2, 2)],
  ['X', field('offset', 0, 0)],
  ['XX', field('offset', 0, 0)],
  ['XXX', field('offset', 0, 0)],
  ['Z', field('offset', 0, 0)],
]);

const tokenNames = [...fieldTokens.keys()].filter((name) => !/^(?:S{2}|S{4,}|X{1,2})$/.test(name));

/** ISO 8601 as databases and tools write it: `T` or a space, with or without seconds, fraction and offset. */
export const isoFormats = { date: 'yyyy-MM-dd', datetime: 'yyyy-MM-ddTHH:mm[:ss[.S]][XXX]' } as const;

/**
 * Compiles a format such as `yyyy-MM-dd HH:mm:ss`. Tokens: yyyy, yy (00-68 is 20yy, 69-99 is 19yy, as in POSIX), MMM
 * (Jan to Dec), MM, M, dd, d, HH, H (0-23), hh, h (1-12, with a), mm, m, ss, s, S (up to nine digits), SSS (exactly
 * three; two to nine S likewise), a (AM or PM), XXX or Z (an offset: `Z`, `+01`, `+0100` or `+01:00`), T (a `T` or a
 * space). Text stands in single quotes, signs stand for themselves, `[` and `]` enclose what may be missing.
 * Throws SCHEMA_INVALID, its message beginning with `where`.
 */
export const parseDateFormat = (where: string, type: 'date' | 'datetime', format: string): readonly DateToken[] => {
  const tokens = parseTokens(where, format);
  checkFields(where, type, format, fieldsOf(tokens));
  return tokens;
};

const refuse = (where: string, problem: string): never => {
  throw new SluiceError('SCHEMA_INVALID', `${where} ${problem}`);
};

/** Brackets within brackets. Far above any format, and far below what fills the stack. */
const depthMax = 100;

const parseTokens = (where: string, format: string): readonly DateToken[] => {
  const open: DateToken[][] = [[]];
  // A quoted text, a run of one letter, or any other character.
  for (const [piece] of format.matchAll(/'(?:[^']|'')*'|([a-zA-Z])\1*|./gsu)) {
    const tokens = open.at(-1) ?? [];
    const token = fieldTokens.get(piece);
    if (token !== undefined) tokens.push(token);
    else if (piece === '[') {
      open.push([]);
      if (open.length - 1 > depthMax) {
        refuse(where, `has "[" more than ${depthMax} deep; write what may be missing one after the other`);
      }
    } else if (piece === ']') {
      if (open.length === 1) refuse(where, 'has a "]" without a "[" before it');
      open.pop();
      open.at(-1)?.push({ ...field('optional', 0, 0), inner: tokens });
    } else if (piece === "'") refuse(where, "has a quote that is not closed; write '' for a single quote");
    else if (piece === 'T') tokens.push(field('separator', 1, 1));
    else if (/^[a-zA-Z]/.test(piece)) refuseToken(where, piece, format);
    else tokens.push(...literalTokens(piece));
  }
  if (open.length > 1) refuse(where, 'has a "[" that is not closed');
  return open[0] ?? [];
};

const literalTokens = (piece: string): readonly DateToken[] => {
  const quoted = piece.startsWith("'") ? piece.slice(1, -1).replaceAll("''", "'") : piece;
  const text = piece === "''" ? "'" : quoted;
  return text.split('').map((character) => ({ ...field('literal', 1, 1), unit: character.charCodeAt(0) }));
};

const refuseToken = (where: string, piece: string, format: string): never => {
  const [percent] = /%[a-zA-Z]/.exec(format) ?? [];
  if (percent !== undefined) {
    const instead = 'write yyyy for %Y, MM for %m, dd for %d, HH for %H, mm for %M, ss for %S';
    refuse(where, `has "${percent}", as strftime writes it; ${instead}`);
  }
  const token = `has the unknown token ${JSON.stringify(piece)}`;
  if (/^iso/i.test(format)) refuse(where, `${token}; leave the format out for ISO 8601`);
  // A single letter is near to every other one.
  const alike = tokenNames.filter((name) => name[0]?.toLowerCase() === piece[0]?.toLowerCase());
  const nearest = nearestName(piece, alike);
  const known = nearest === undefined ? 'known' : `did you mean ${JSON.stringify(nearest)}? Known`;
  return refuse(where, `${token}; ${known} are ${tokenNames.join(' ')}; put other letters in single quotes`);
};

const fieldsOf = (tokens: readonly DateToken[]): DateField[] =>
  tokens.flatMap((token) => {
    if (token.kind === 'literal' || token.kind === 'separator') return [];
    return token.kind === 'optional' ? fieldsOf(token.inner) : [token.kind];
  });

const quantities: ReadonlyArray<{ readonly name: string; readonly kinds: readonly DateField[] }> = [
  { name: 'year (yyyy)', kinds: ['year', 'shortYear'] },
  { name: 'month (MM, mm is minutes)', kinds: ['month', 'monthName'] },
  { name: 'day (dd)', kinds: ['day'] },
  { name: 'hour (HH)', kinds: ['hour', 'halfDayHour'] },
  { name: 'minute (mm, MM is months)', kinds: ['minute'] },
  { name: 'second (ss)', kinds: ['second'] },
  { name: 'fraction of a second (SSS)', kinds: ['fraction'] },
  { name: 'AM or PM (a)', kinds: ['halfDay'] },
  { name: 'offset (XXX)', kinds: ['offset'] },
];
const dateQuantities = 3;
const datetimeQuantities = 4;

const checkFields = (where: string, type: 'date' | 'datetime', format: string, fields: readonly DateField[]): void => {
  quantities.forEach(({ name, kinds }, index) => {
    const count = fields.filter((kind) => kinds.includes(kind)).length;
    if (count > 1) refuse(where, `names the ${name} ${count} times in ${JSON.stringify(format)}; name it once`);
    const needed = index < (type === 'date' ? dateQuantities : datetimeQuantities);
    if (count === 0 && needed) refuse(where, `lacks the ${name}, which a ${type} needs, in ${JSON.stringify(format)}`);
    if (count === 1 && type === 'date' && !needed) {
      refuse(where, `names the ${name}, which a date does not have; use type "datetime"`);
    }
  });
  if (fields.includes('halfDayHour') !== fields.includes('halfDay')) {
    refuse(where, 'needs hh and a (AM or PM) together, or HH for hours from 0 to 23');
  }
};
