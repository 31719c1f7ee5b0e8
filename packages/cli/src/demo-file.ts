import { closeSync, openSync, writeSync } from 'node:fs';

/** What was put into a demo file: rows in all, rows that cannot be cleaned by code, and rows the example processor refuses. */
export type Dirt = {
  readonly rows: number;
  readonly rejects: ReadonlyMap<string, number>;
  readonly unknownCurrencies: number;
};

/** Bytes written at once. */
const bufferBytes = 1024 * 1024;
/** The same file every time. */
const seed = 558_000;

/** Numbers in [0, 1) from a seed. Source: Park and Miller, "Random number generators: good ones are hard to find" (revised). */
const createRandom = (start: number): (() => number) => {
  const modulus = 2 ** 31 - 1;
  let state = start;
  return () => {
    state = (state * 48_271) % modulus;
    return state / modulus;
  };
};

const types = ['payment', 'refund', 'transfer', 'fee'];
/** With the digits after the point of each. */
const currencies = [
  ['EUR', 2],
  ['USD', 2],
  ['GBP', 2],
  ['JPY', 0],
  ['BHD', 3],
] as const;
const merchants = [
  'Café Central',
  'Bäckerei Müller',
  '"Smith, Jones & Co"',
  'MONSOON LTD',
  ' corner  shop ',
  '"The ""Old"" Mill"',
  '東京書店',
  'naïve\u00a0art',
  'PLAIN',
];
const notes = ['', '', '', 'gift', '"two\nlines"', '"said ""later"", twice"', '\ttabbed ', 'to be\u200b checked'];

/** Seconds from which the times of the transactions count: 2024-01-01. */
const firstSecond = 1_704_067_200;

type Fields = {
  readonly [name in 'id' | 'account' | 'type' | 'amount' | 'currency' | 'time' | 'merchant' | 'note']: string;
};

const toLine = ({ id, account, type, amount, currency, time, merchant, note }: Fields): string =>
  `${id},${account},${type},${amount},${currency},${time},${merchant},${note}\n`;

/** Stands for a byte that is no UTF-8; U+0001 is in no other place. */
const invalidUtf8 = '\u0001';

/** How a row is spoilt: the code it is rejected with, and what is done to it. */
const spoilers: readonly (readonly [code: string, spoil: (fields: Fields) => string])[] = [
  ['REQUIRED', (fields) => toLine({ ...fields, amount: ' ' })],
  ['NOT_DECIMAL', (fields) => toLine({ ...fields, amount: '"1,250.00"' })],
  ['NOT_DATETIME', (fields) => toLine({ ...fields, time: '2024-02-30 10:00:00' })],
  ['NOT_IN_VALUES', (fields) => toLine({ ...fields, type: 'unknown' })],
  ['ABOVE_MAX', (fields) => toLine({ ...fields, amount: '1000000000.01' })],
  ['PATTERN', (fields) => toLine({ ...fields, account: 'ACC-12' })],
  ['FIELD_COUNT', (fields) => toLine({ ...fields, merchant: `${fields.merchant},surplus` })],
  ['INVALID_UTF8', (fields) => toLine({ ...fields, note: invalidUtf8 })],
];

/** One row in this many is spoilt, and one in as many others has a currency nobody knows. */
const spoiltEvery = 1_000;
const unknownCurrencyEvery = 750;
/** One row in this many has two blank lines behind it, which are no rows. */
const blankLineEvery = 5_000;

const digits = (value: number, width: number): string => String(value).padStart(width, '0');

const timeOf = (second: number): string =>
  new Date((firstSecond + second) * 1000).toISOString().slice(0, 19).replace('T', ' ');

const pick = <Value>(values: readonly Value[], random: () => number): Value =>
  values[Math.floor(random() * values.length)] as Value;

/** Writes a file of `rows` transactions with dirt of every kind, and returns how much of each. The last row's quote is never closed. */
export const writeDemoFile = (path: string, rows: number): Dirt => {
  const random = createRandom(seed);
  const rejects = new Map<string, number>();
  let unknownCurrencies = 0;
  const file = openSync(path, 'w');
  let waiting = 'transaction_id,account,type,amount,currency,booked_at,merchant,note\n';
  const flush = (): void => {
    const bytes = Buffer.from(waiting);
    for (let at = bytes.indexOf(1); at >= 0; at = bytes.indexOf(1, at)) bytes[at] = 0xff;
    for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
    waiting = '';
  };
  try {
    for (let row = 1; row < rows; row++) {
      const type = pick(types, random);
      const [currency, decimals] = pick(currencies, random);
      const amount = (random() * 100_000).toFixed(decimals);
      const fields: Fields = {
        id: `T${digits(row, 9)}`,
        account: `ACC-${digits(Math.floor(random() * 100_000_000), 8)}`,
        type: random() < 0.01 ? ` ${type} ` : type,
        amount: type === 'refund' ? `-${amount}` : amount,
        currency,
        time: timeOf(row * 55),
        merchant: pick(merchants, random),
        note: pick(notes, random),
      };
      if (row % spoiltEvery === 0) {
        const [code, spoil] = spoilers[(row / spoiltEvery) % spoilers.length] as (typeof spoilers)[number];
        rejects.set(code, (rejects.get(code) ?? 0) + 1);
        waiting += spoil(fields);
      } else if (row % unknownCurrencyEvery === 0) {
        unknownCurrencies++;
        waiting += toLine({ ...fields, currency: 'ZZZ' });
      } else waiting += toLine(fields);
      if (row % blankLineEvery === 0) waiting += '\n\r\n';
      if (waiting.length >= bufferBytes) flush();
    }
    waiting += `T${digits(rows, 9)},ACC-00000000,payment,1.00,EUR,2024-12-31 23:59:59,"never closed,end\n`;
    rejects.set('QUOTE_NOT_CLOSED', 1);
    flush();
  } finally {
    closeSync(file);
  }
  return { rows, rejects, unknownCurrencies };
};
