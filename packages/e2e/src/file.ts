// The file that is uploaded, and what must become of each of its rows. Written without anything of the product's, so that what
// it says is what the product is held to.

/** What must become of a row: `outside` rows end DONE, but only once the outside service is there. */
export type Fate = 'done' | 'unwanted' | 'outside' | 'rejected';

export type ExpectedRow = {
  readonly row: number;
  /** Its first physical line. */
  readonly line: number;
  readonly fate: Fate;
  /** The code of a row that is rejected, and its bytes in the file without the line end. */
  readonly code?: string;
  readonly raw?: Buffer;
  /** Its cleaned values in column order, when it is not rejected. */
  readonly values?: readonly (string | number | null)[];
  /** Its amount in hundredths, when it is not rejected. */
  readonly hundredths?: bigint;
};

/** `header` is the file's header line without its end. */
export type TestFile = { readonly bytes: Buffer; readonly header: string; readonly rows: readonly ExpectedRow[] };

const header = 'order,kind,amount,day,note';

/** Bytes that are no UTF-8 stand as U+0001 in a text. */
const toBytes = (text: string): Buffer => {
  const bytes = Buffer.from(text);
  for (let at = bytes.indexOf(1); at >= 0; at = bytes.indexOf(1, at)) bytes[at] = 0xff;
  return bytes;
};

/** The schema that the file is read with. */
export const schema = {
  columns: {
    order: { type: 'integer', required: true },
    kind: { type: 'enum', values: ['wanted', 'unwanted', 'outside'], required: true },
    amount: { type: 'decimal', required: true, min: '0', max: '100000' },
    day: { type: 'date', format: 'dd.MM.yyyy' },
    note: { type: 'string', maxLength: 200 },
  },
  ragged: 'reject',
} as const;

/** One row in this many is spoilt, unwanted, or needs the outside service; all of them are at most a handful of the last. */
const spoiltEvery = 50;
const unwantedEvery = 61;
const outsideRows: readonly number[] = [1_234, 2_345, 3_456];
/** One row in this many ends in CRLF; one in this many has blank lines behind it, which are no rows. */
const crlfEvery = 7;
const blankEvery = 400;
/** Rows at the end without a quote: the one before them opens a quote that nothing closes. */
const plainAtEnd = 20;

/** Notes as they stand in the file, and cleaned. */
const notes: readonly (readonly [raw: string, cleaned: string | null])[] = [
  ['', null],
  ['paid', 'paid'],
  ['"two\nlines"', 'two lines'],
  ['"said ""later"", twice"', 'said "later", twice'],
  ['  wide   open  ', 'wide open'],
  ['Bäckerei Müller', 'Bäckerei Müller'],
  ['"a, b\r\n\r\nc"', 'a, b c'],
  ['東京書店', '東京書店'],
  ['mid"quote', 'mid"quote'],
  ['cafe\u0301', 'caf\u00e9'],
  ['=1+2', '=1+2'],
  ['<script>alert(1)</script>', '<script>alert(1)</script>'],
];

type Fields = { order: string; kind: string; amount: string; day: string; note: string };

/** How a row is spoilt: the code it is rejected with, and its text. */
const spoilers: readonly (readonly [code: string, spoil: (fields: Fields) => Partial<Fields> | string])[] = [
  ['REQUIRED', () => ({ amount: ' ' })],
  ['NOT_INTEGER', () => ({ order: '12a' })],
  ['NOT_DECIMAL', () => ({ amount: '"1,250.00"' })],
  ['NOT_DATE', () => ({ day: '30.02.2026' })],
  ['NOT_IN_VALUES', () => ({ kind: 'other' })],
  ['ABOVE_MAX', () => ({ amount: '100000.01' })],
  ['BELOW_MIN', () => ({ amount: '-0.01' })],
  ['TOO_LONG', () => ({ note: 'x'.repeat(201) })],
  ['INVALID_UTF8', () => ({ note: '\u0001' })],
  ['FIELD_COUNT', ({ order, kind }) => `${order},${kind}`],
];

const join = ({ order, kind, amount, day, note }: Fields): string => [order, kind, amount, day, note].join(',');

const linesIn = (text: string): number => text.split('\n').length - 1;

/** A file of so many rows with dirt of every kind: always the same bytes. */
export const makeFile = (rowCount: number): TestFile => {
  let text = `\ufeff${header}\n`;
  let line = 2;
  const pieces: string[] = [];
  const rows: ExpectedRow[] = [];
  let spoilt = 0;
  for (let row = 1; row <= rowCount; row++) {
    const isPlain = row > rowCount - plainAtEnd;
    const hundredths = BigInt((row * 7_919) % 1_000_000);
    const fraction = String(hundredths % 100n).padStart(2, '0');
    const amount = `${hundredths / 100n}.${fraction}`;
    const day = String((row % 28) + 1).padStart(2, '0');
    const month = String((row % 12) + 1).padStart(2, '0');
    const [rawNote, note] = isPlain ? ['end', 'end'] : (notes[row % notes.length] ?? ['', null]);
    const isOutside = outsideRows.includes(row);
    const kind = isOutside ? 'outside' : row % unwantedEvery === 0 ? 'unwanted' : 'wanted';
    const fields: Fields = {
      order: row % 3 === 0 ? ` ${row} ` : `${row}`,
      kind,
      amount: row % 5 === 0 ? ` ${amount}` : amount,
      day: `${day}.${month}.2026`,
      note: rawNote,
    };
    let record: string;
    if (row === rowCount - plainAtEnd) {
      record = join({ ...fields, note: '"never closed' });
      rows.push({ row, line, fate: 'rejected', code: 'QUOTE_NOT_CLOSED', raw: toBytes(record) });
    } else if (row % spoiltEvery === 0 && !isPlain && !isOutside) {
      const [code, spoil] = spoilers[spoilt++ % spoilers.length] ?? ['', () => ''];
      const change = spoil(fields);
      record = typeof change === 'string' ? change : join({ ...fields, ...change });
      rows.push({ row, line, fate: 'rejected', code, raw: toBytes(record) });
    } else {
      record = join(fields);
      const values = [row, kind, amount, `2026-${month}-${day}`, note];
      rows.push({ row, line, fate: kind === 'wanted' ? 'done' : (kind as Fate), values, hundredths });
    }
    let end = row % crlfEvery === 0 ? '\r\n' : '\n';
    if (row % blankEvery === 0) end += '\n\r\n';
    const written = record + (row === rowCount ? '' : end);
    line += linesIn(written);
    pieces.push(written);
  }
  text += pieces.join('');
  return { bytes: toBytes(text), header, rows };
};

/** A rejected row whose bytes are more than a reject object keeps (64 KiB): they have to be read from the file again. */
const longRecord = `3,wanted,3.00,03.01.2026,${'long '.repeat(20_000)}end`;

/** A file of five rows, one of which needs the outside service. */
export const smallFile: TestFile = {
  bytes: toBytes(
    [
      header,
      '1,wanted,1.00,01.01.2026,first',
      '2,outside,2.50,02.01.2026,',
      longRecord,
      '4,wanted,none,04.01.2026,"no, amount"',
      '5,unwanted,5.00,05.01.2026,last',
      '',
    ].join('\n'),
  ),
  header,
  rows: [
    { row: 1, line: 2, fate: 'done', values: [1, 'wanted', '1.00', '2026-01-01', 'first'], hundredths: 100n },
    { row: 2, line: 3, fate: 'outside', values: [2, 'outside', '2.50', '2026-01-02', null], hundredths: 250n },
    { row: 3, line: 4, fate: 'rejected', code: 'TOO_LONG', raw: toBytes(longRecord) },
    {
      row: 4,
      line: 5,
      fate: 'rejected',
      code: 'NOT_DECIMAL',
      raw: toBytes('4,wanted,none,04.01.2026,"no, amount"'),
    },
    { row: 5, line: 6, fate: 'unwanted', values: [5, 'unwanted', '5.00', '2026-01-05', 'last'], hundredths: 500n },
  ],
};
