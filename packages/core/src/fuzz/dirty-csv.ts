import { maxRecordBytesDefault } from '../csv/scan.ts';
import { drawWellFormedText } from './dirty-text.ts';
import { mutate, splice } from './mutate.ts';
import type { Random } from './random.ts';

export type DirtyCsv = {
  readonly kind: string;
  readonly bytes: Buffer;
  readonly delimiter: string;
  readonly maxRecordBytes: number;
  /** To cut the bytes by, used in turn. */
  readonly pieceSizes: readonly number[];
};

/** Lines as real files have them, some of them broken as real files are. */
const seeds = [
  'InvoiceNo,StockCode,Description,Quantity\r\n536365,85123A,WHITE HANGING HEART T-LIGHT HOLDER,6\r\n536370,22728,"ALARM CLOCK ""BAKELIKE"" PINK",24\r\n',
  'transaction_id,account,amount,booked_at,note\nT000000001,ACC-60208921,7303.77,2024-02-29 08:26:00,\nT000000002,ACC-1,-0.50,2023-12-31 23:59:59,"two\nlines, one field"\n',
  '\ufeffid;name;größe\r\n1;"Müller; Söhne";1,5\r\n2;O\'Neill;2,5\r\n\r\n3;"";\r\n',
  'a\tb\tc\n1\t2" pipe\t3\n"4"x\t""5""\t6\n',
  'id|text\n1|"said ""hi"" and left"\n2|he said "hi"\n3|"open\n4|x\n5|"y"\n',
  '"id","text"\r\n"1","a\r\n\r\nb"\r\n"2",""\r\n"3","\u{1f600} e\u0301"\r\n',
  'only one column\n\n\n1\n2\n',
  ',,,\n,,\n\n,,,,\n',
  'x,y\r1,2\r3,4\r',
  '__proto__,constructor,a,a,\n1,2,3,4,5\n',
];

/** Bytes that are no UTF-8, of every kind: stray, cut, overlong, surrogates, beyond U+10FFFF, bytes that never occur. */
const brokenBytes = [
  ...['80', 'bf', 'c3', 'e282', 'f09f98', 'c080', 'c1bf', 'e08080', 'f0808080', 'eda080', 'edbfbf', 'eda0bdedb880'],
  ...['f4908080', 'f5808080', 'f888808080', 'fc8480808080', 'fe', 'ff', 'fffe', 'c328', 'e28228', 'f0288cbc'],
].map((hex) => Buffer.from(hex, 'hex'));

const marks = ['\ufeff', '\ufffe', '\uffff', '\ufffd', '\0', '\u2028', '\u0085', '\u001a', '\u{10ffff}'];

const tokenGroups = (delimiter: string): readonly (readonly (string | Buffer)[])[] => [
  ['"', '""', '"""', '""""', `${delimiter}"`, `"${delimiter}`, `"${delimiter}"`, '"x', '"\0', '"\t', '" '],
  ['\n', '\r\n', '\r', '\n\n', '\r\r\n', '\n\r', '\n"', '"\n', '"\r\n', '"\r'],
  [delimiter, delimiter + delimiter],
  ['a', 'bc', ' ', '0', '12.50', 'NULL', '='],
  ['é', '€', '\u{1f600}', 'e\u0301', 'ﬁ', '\u0344', '日'],
  [',', ';', '\t', '|'],
  marks,
  brokenBytes,
];

/** Draws tokens of a grammar of its own: each sort of token is frequent, rare or left out. */
export const tokensOf = (delimiter: string, random: Random): (() => Buffer) => {
  const groups = tokenGroups(delimiter);
  const choices = groups.flatMap((_, index) => Array<number>(random.pick([0, 1, 1, 4, 12])).fill(index));
  return () => {
    if (choices.length === 0 || random.oneIn(40)) return Buffer.of(random.below(256));
    return Buffer.from(random.pick<string | Buffer>(groups[random.pick(choices)] ?? marks));
  };
};

const drawGrammar = (random: Random, drawToken: () => Buffer, tokensMax: number): Buffer =>
  Buffer.concat(random.list(0, tokensMax, drawToken));

/** A table as a careful program writes it: quoted where needed or always, one kind of line end. */
export const drawTable = (random: Random, delimiter: string, columns: number, rowsMax: number): Buffer => {
  const lineEnd = random.pick(['\n', '\r\n']);
  const isAlwaysQuoted = random.oneIn(4);
  const write = (): string => {
    const text = random.oneIn(3) ? drawWellFormedText(random, 6) : random.pick(seeds).slice(0, random.between(0, 9));
    const needsQuotes = isAlwaysQuoted || /["\r\n]/.test(text) || text.includes(delimiter);
    return needsQuotes ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const rows = random.list(0, rowsMax, () => Array.from({ length: columns }, write).join(delimiter));
  return Buffer.from(rows.join(lineEnd) + (random.oneIn(3) ? '' : lineEnd));
};

/** Records whose lengths lie around the limit, and whose quotes and line ends lie around it too. */
const drawLong = (random: Random, drawToken: () => Buffer, limit: number, recordsMax: number): Buffer =>
  Buffer.concat(
    random.list(1, recordsMax, () => {
      const head = Buffer.concat(random.list(0, 3, drawToken));
      const tail = Buffer.concat(random.list(0, 5, drawToken));
      const wanted = limit - random.pick([0, head.length, head.length + tail.length]) + random.between(-3, 3);
      const filler = random.oneIn(3) ? drawToken() : Buffer.from(random.pick(['x', 'x', '""', '€', '\n', 'y,']));
      const length = Math.max(0, random.oneIn(8) ? 2 * wanted : wanted);
      return Buffer.concat([head, filler.length === 0 ? head : Buffer.alloc(length, filler), tail]);
    }),
  );

const drawLimit = (random: Random): number =>
  random.pick([() => random.between(1, 12), () => random.between(10, 300), () => maxRecordBytesDefault])();

const smallSizes = (random: Random): number[] =>
  random.list(1, 6, () => random.between(1, random.pick([1, 3, 15, 60])));
// Around the step by which the scanner joins pieces, and far above.
const largeSizes = (random: Random): number[] =>
  random.list(1, 6, () => random.pick([random.between(1, 9_000), 4_095, 4_096, 4_097, 65_536, 300_000]));

export const drawDelimiter = (random: Random): string =>
  random.oneIn(8) ? random.pick(['^', ' ', '\x01', '~', 'a', '0', '\x7f']) : random.pick([',', ',', ';', '\t', '|']);

const drawSeed = (random: Random): Buffer => Buffer.from(random.pick(seeds));

/** A file of CSV as broken as can be, with the limits it is to be read by. */
export const drawCsv = (random: Random): DirtyCsv => {
  const delimiter = drawDelimiter(random);
  const drawToken = tokensOf(delimiter, random);
  const small = { delimiter, maxRecordBytes: drawLimit(random), pieceSizes: smallSizes(random) };
  const large = { delimiter, maxRecordBytes: maxRecordBytesDefault, pieceSizes: largeSizes(random) };
  const limit = random.between(20, 6_000);
  const block = (): Buffer => Buffer.concat([drawGrammar(random, drawToken, 12), Buffer.from('\n')]);
  const kinds: readonly (() => DirtyCsv)[] = [
    ...Array<() => DirtyCsv>(6).fill(() => ({ kind: 'grammar', ...small, bytes: drawGrammar(random, drawToken, 60) })),
    ...Array<() => DirtyCsv>(3).fill(() => ({
      kind: 'mutated seed',
      ...small,
      bytes: mutate(drawSeed(random), random, drawToken),
    })),
    ...Array<() => DirtyCsv>(2).fill(() => ({
      kind: 'splice',
      ...small,
      bytes: mutate(splice(drawSeed(random), drawGrammar(random, drawToken, 30), random), random, drawToken, 2),
    })),
    () => ({ kind: 'table', ...small, bytes: drawTable(random, delimiter, random.between(1, 6), 12) }),
    () => ({
      kind: 'mutated table',
      ...small,
      bytes: mutate(drawTable(random, delimiter, random.between(1, 6), 12), random, drawToken),
    }),
    () => ({
      kind: 'long records',
      ...large,
      maxRecordBytes: limit,
      pieceSizes: random.oneIn(2) ? largeSizes(random) : [random.between(1, limit), random.between(1, 20)],
      bytes: drawLong(random, drawToken, limit, 4),
    }),
  ];
  if (random.oneIn(1_000)) {
    return { kind: 'true limit', ...large, bytes: drawLong(random, drawToken, maxRecordBytesDefault, 2) };
  }
  if (random.oneIn(2_000)) {
    const bytes = Buffer.concat(
      Array<Buffer>(random.between(1, 40)).fill(Buffer.alloc(random.between(1, 20_000), block())),
    );
    return { kind: 'large file', ...large, bytes };
  }
  return random.pick(kinds)();
};
