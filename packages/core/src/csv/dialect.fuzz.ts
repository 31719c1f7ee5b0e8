import { isUtf8 } from 'node:buffer';
import { cleanField } from '../clean/field.ts';
import { naiveClean } from '../clean/field-oracle.ts';
import { SluiceError } from '../errors.ts';
import { drawCsv, drawDelimiter, drawTable, tokensOf } from '../fuzz/dirty-csv.ts';
import { drawMarker, drawWellFormedText } from '../fuzz/dirty-text.ts';
import { mutate } from '../fuzz/mutate.ts';
import type { Random } from '../fuzz/random.ts';
import { attempt, type FuzzTarget, hold, holdNoContent, holdSame } from '../fuzz/target.ts';
import { type Dialect, type DialectOptions, readDialect } from './dialect.ts';
import { detectEncoding } from './encoding.ts';
import { parseRecords } from './parse.ts';
import { readRecords } from './scan-oracle.ts';

const columnsMax = 1_000;
const headerBytesMax = 16 * 1024;
const rowBytesMax = 256 * 1024;

/** Column names straight from their description, by trying one number after the other. */
const naiveNames = (header: readonly string[]): string[] => {
  const given = header.map(naiveClean);
  const inHeader = new Set<string | null>(given);
  const used = new Set<string>();
  for (const [index, cleaned] of given.entries()) {
    const wanted = cleaned ?? `column_${index + 1}`;
    const isFree = (name: string): boolean => !used.has(name) && !inHeader.has(name);
    const mayStay = cleaned === null ? isFree(wanted) : !used.has(wanted);
    let number = 2;
    while (!isFree(`${wanted}_${number}`)) number++;
    used.add(mayStay ? wanted : `${wanted}_${number}`);
  }
  return [...used];
};

/** Long and wide headers, around the limits. */
const drawHeader = (random: Random, delimiter: string): Buffer => {
  const name = random.pick(['', '', 'a', '"a b"', 'column_2', 'é', '\ufeff']);
  const count = random.pick([random.between(1, 40), random.between(1, 40), columnsMax + random.between(-1, 1)]);
  const header = Array.from({ length: count }, () => (random.oneIn(20) ? 'a_2' : name)).join(delimiter);
  const bytes = random.oneIn(2) ? headerBytesMax + random.between(-2, 2) : 0;
  // Bytes, not characters: what is short is made long by a last name of ASCII letters.
  const long = header + 'x'.repeat(Math.max(0, bytes - Buffer.byteLength(header)));
  return Buffer.from(`${'\n'.repeat(random.below(3))}${long}${random.pick(['\n', '\r\n', '', '\r'])}1${delimiter}2\n`);
};

const magics = [
  '504b0304',
  '1f8b08',
  'fffe',
  'feff',
  'fffe0000',
  '0000feff',
  '50415231',
  '50415231150415',
  '425a6839314159265359',
  '255044462d',
  '4f626a01',
  '41',
  'efbbbf',
  'efbb',
  'ffd8ff',
  '28b52ffd',
];

const drawFile = (random: Random): { kind: string; delimiter: string; bytes: Buffer } => {
  const delimiter = drawDelimiter(random);
  const drawToken = tokensOf(delimiter, random);
  switch (random.below(8)) {
    case 0:
      return { kind: 'header', delimiter, bytes: drawHeader(random, delimiter) };
    case 1:
      return { kind: 'mutated header', delimiter, bytes: mutate(drawHeader(random, delimiter), random, drawToken, 3) };
    case 2:
      return {
        kind: 'magic',
        delimiter,
        bytes: Buffer.concat([Buffer.from(random.pick(magics), 'hex'), drawCsv(random).bytes]),
      };
    case 3: {
      const table = drawTable(random, delimiter, random.between(1, 5), 6);
      return { kind: 'mark', delimiter, bytes: Buffer.concat([Buffer.from('\ufeff'), table]) };
    }
    default:
      return drawCsv(random);
  }
};

const dataOf = (file: Buffer): Buffer => (file.subarray(0, 3).equals(Buffer.from('\ufeff')) ? file.subarray(3) : file);

const firstOf = (data: Buffer, delimiter: string, limit: number, isWanted: (kind: string) => boolean) =>
  readRecords(data, delimiter.charCodeAt(0), limit).find(({ kind }) => isWanted(kind));

/** A whole file's dialect, straight from its description, for a delimiter that is known. */
const holdDialect = (file: Buffer, dialect: Dialect, hasHeader: boolean): void => {
  const { delimiter, bomBytes, columns, dataStart, firstLine } = dialect;
  const data = dataOf(file);
  hold('the mark is told', bomBytes === file.length - data.length, () => bomBytes);
  hold('there are not too many columns', columns.length <= columnsMax, () => columns.length);
  hold('names are different', new Set(columns).size === columns.length, () => columns);
  if (hasHeader) {
    const first = firstOf(data, delimiter, headerBytesMax, (kind) => kind !== 'blank');
    const [fields = []] = first === undefined ? [] : parseRecords(data.subarray(first.start, first.next), delimiter);
    holdSame('columns are the cleaned fields of the first row', columns, naiveNames(fields));
    const next = first?.next ?? data.length;
    const lines = data.subarray(0, next).reduce((count, byte) => count + (byte === 10 ? 1 : 0), 1);
    holdSame('data begins after the header', [dataStart, firstLine], [bomBytes + next, lines]);
    return;
  }
  const first = firstOf(data, delimiter, rowBytesMax, (kind) => kind === 'row');
  const [fields = []] = first === undefined ? [] : parseRecords(data.subarray(first.start, first.next), delimiter);
  const isAnyRow = firstOf(data, delimiter, rowBytesMax, (kind) => kind !== 'blank') !== undefined;
  const count = first === undefined ? (isAnyRow ? 1 : 0) : fields.length;
  holdSame(
    'columns are numbered',
    columns,
    Array.from({ length: count }, (_, index) => `column_${index + 1}`),
  );
  holdSame('data begins after the mark', [dataStart, firstLine], [bomBytes, 1]);
};

/** A header that nothing can be said against. */
const isFine = (file: Buffer, delimiter: string): boolean => {
  const data = dataOf(file);
  const first = firstOf(data, delimiter, headerBytesMax, (kind) => kind !== 'blank');
  if (first === undefined) return true;
  const header = data.subarray(first.start, first.end);
  const isText = isUtf8(header) && !header.includes(0) && !header.includes(13);
  return isText && first.kind === 'row' && (parseRecords(header, delimiter)[0]?.length ?? 0) <= columnsMax;
};

const codes = [
  'FILE_FORMAT',
  'FILE_ENCODING',
  'FILE_LINE_ENDS',
  'HEADER_INVALID',
  'HEADER_TOO_LARGE',
  'TOO_MANY_COLUMNS',
];

export const target: FuzzTarget = {
  name: 'dialect',
  weight: 12,
  outcomes: ['read', 'sniffed', 'nothing in it', ...codes],
  draw(random) {
    const { kind, bytes, delimiter } = drawFile(random);
    const marker = drawMarker(random);
    const at = random.below(bytes.length + 1);
    const isMarked = random.oneIn(2);
    const input = isMarked ? Buffer.concat([bytes.subarray(0, at), Buffer.from(marker), bytes.subarray(at)]) : bytes;
    const hasHeader = !random.oneIn(3);
    const given = random.oneIn(2) ? {} : { delimiter };
    const cutShare = random.below(1_000) / 1_000;
    const naming = drawWellFormedText(random, 12).split(/[ex]/);
    return {
      kind,
      input,
      options: { hasHeader, ...given, marker, cutShare },
      check(file, note) {
        const read = (head: Buffer, isWhole: boolean, more: Partial<DialectOptions>): Dialect | SluiceError => {
          const found = attempt('readDialect throws SluiceErrors only', () =>
            readDialect({ head: Buffer.from(head), isWhole, hasHeader, cleanField, ...more }),
          );
          if (!(found instanceof SluiceError)) return found;
          hold('a refusal has a code of its own', codes.includes(found.code), () => found.code);
          holdNoContent('a refusal says nothing of the content', found.message, marker);
          return found;
        };
        const whole = read(file, true, given);
        holdSame('a dialect is the same twice', read(file, true, given), whole);
        if (whole instanceof SluiceError) {
          note(whole.code);
          const encoding = attempt('detectEncoding throws SluiceErrors only', () => detectEncoding(file));
          const isText = !(encoding instanceof SluiceError) && encoding.encoding === 'utf-8';
          if (isText && hasHeader && given.delimiter !== undefined) {
            hold('a fine header is read', !isFine(file, given.delimiter), () => whole.message);
          }
          return;
        }
        note(whole.columns.length === 0 ? 'nothing in it' : given.delimiter === undefined ? 'sniffed' : 'read');
        holdDialect(file, whole, hasHeader);
        holdSame(
          'the sniffed delimiter could have been given',
          read(file, true, { delimiter: whole.delimiter }),
          whole,
        );
        const head = file.subarray(0, Math.floor(file.length * cutShare));
        const cut = read(head, false, { delimiter: whole.delimiter });
        if (!(cut instanceof SluiceError)) holdSame('what follows the head changes nothing', cut, whole);
        const written = naming.map((name) => `"${name.replaceAll('"', '""')}"`).join(',');
        if (Buffer.byteLength(written) < headerBytesMax && !/[\0\r]/.test(written)) {
          const named = read(Buffer.from(`${written}\n`), true, { delimiter: ',', hasHeader: true });
          hold('a quoted header is read', !(named instanceof SluiceError), () => named);
          if (!(named instanceof SluiceError)) holdSame('quoted names are cleaned', named.columns, naiveNames(naming));
        }
      },
    };
  },
};
