import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { UsageError } from '../usage-error.ts';
import { type InferOptions, inferSchema, rulesOf } from './infer-schema.ts';

let folder: string;
let temporary: string | undefined;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-test-'));
});
beforeEach(() => {
  // Whatever a test leaves in the machine's temporary folder is seen there.
  temporary = process.env['TMPDIR'];
  process.env['TMPDIR'] = mkdtempSync(join(folder, 'tmp-'));
});
afterEach(() => {
  expect(readdirSync(tmpdir())).toEqual([]);
  if (temporary === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = temporary;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const never = new AbortController().signal;

const infer = (content: string | Uint8Array, options: Partial<InferOptions> = {}, signal = never) => {
  const file = join(folder, 'a.csv');
  writeFileSync(file, content);
  return inferSchema({ file, header: true, tolerate: 0, ...options }, signal);
};

const rows = (count: number, write: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => `${write(index)}\n`).join('');
const table = `day;amount\n${rows(40, (index) => `${(index % 28) + 1}.12.2010;${index}.50`)}`;
const rules = [
  ['day', { type: 'date', required: true, format: 'd.M.yyyy', min: '2010-12-01', max: '2010-12-28' }],
  ['amount', { type: 'decimal', required: true, min: '0.50', max: '39.50' }],
];

describe('inferSchema', () => {
  it.each([
    ['UTF-8', Buffer.from(table), {}],
    ['gzip', gzipSync(table), {}],
    ['UTF-16', Buffer.from(`\ufeff${table}`, 'utf16le'), {}],
    ['UTF-16 that is packed', gzipSync(Buffer.from(`\ufeff${table}`, 'utf16le')), {}],
    ['another encoding that was declared', Buffer.from(table, 'latin1'), { encoding: 'windows-1252' }],
  ])('reads %s as a run does', async (_, content, options) => {
    const inference = await infer(content, options);
    expect(inference).toMatchObject({ delimiter: ';', rows: 40, paddable: 0 });
    expect(rulesOf(inference)).toEqual(rules);
  });

  it('reads a file without a header, with a delimiter that is given, up to a limit', async () => {
    const inference = await infer(`${rows(35, (index) => `a:${index}`)}b:x\n`, {
      header: false,
      delimiter: ':',
      limit: 35,
    });
    expect(inference.rows).toBe(35);
    expect(rulesOf(inference)).toEqual([
      ['column_1', { type: 'enum', required: true, values: ['a'] }],
      ['column_2', { type: 'integer', required: true, min: 0, max: 34 }],
    ]);
  });

  it('learns nothing from rows that every schema rejects, and counts them', async () => {
    const bad = Buffer.concat([
      Buffer.from('n,m\n'),
      Buffer.from(rows(40, (index) => `${index},1`)),
      Buffer.from('x\n999,1,\n1000,1,y\n'),
      Buffer.from([0xff, 0x2c, 0x31, 0x0a]),
      Buffer.from('x,"never closed\n'),
    ]);
    const { rows: count, rejects, paddable, columns } = await infer(bad);
    expect({ count, paddable, rejects: Object.fromEntries(rejects) }).toEqual({
      count: 45,
      paddable: 2,
      rejects: { FIELD_COUNT: 3, INVALID_UTF8: 1, QUOTE_NOT_CLOSED: 1 },
    });
    expect(columns[0]?.rule).toEqual({ type: 'integer', required: true, min: 0, max: 39 });
  });

  it('names lines as the file has them', async () => {
    const { columns } = await infer(`n,text\n${rows(500, (index) => `${index},"two\nlines"`)}none,x\n`);
    expect(columns[0]?.notes[0]).toBe('integer would fit all but 1 of 501 values; first: line 1,002 (NOT_INTEGER)');
  });

  it.each(['', '\ufeff', 'a,b\n'])('proposes of a file without rows (%j) what it can', async (content) => {
    const inference = await infer(content);
    expect(inference.rows).toBe(0);
    expect(rulesOf(inference)).toEqual(
      content === 'a,b\n'
        ? [
            ['a', { type: 'string' }],
            ['b', { type: 'string' }],
          ]
        : [],
    );
  });

  it('reports how far it is', async () => {
    const told: [number, number][] = [];
    const file = join(folder, 'a.csv');
    writeFileSync(file, `n\n${rows(100_000, String)}`);
    await inferSchema({ file, header: true, tolerate: 0 }, never, (count, share) => told.push([count, share]));
    expect(told.length).toBeGreaterThan(3);
    expect(told.at(-1)).toEqual([100_000, 1]);
  });

  it.each([
    [
      'a zip archive',
      Buffer.from('504b030414000000', 'hex'),
      /a\.csv: expected a CSV file, found a zip archive .*\(FILE_FORMAT\)$/,
    ],
    ['line ends of CR alone', Buffer.from('a,b\r1,2\r'), /lines that end with CR alone \(FILE_LINE_ENDS\)$/],
    ['half a gzip file', gzipSync(table).subarray(0, -20), /\(FILE_TRUNCATED\)$/],
  ])('refuses %s with one line', async (_, content, expected) => {
    const refused = infer(content);
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow(expected);
  });

  it.each([
    ['as it is', Buffer.from(table)],
    ['packed', gzipSync(table)],
  ])('ends with the reason of an interrupt in a file %s', async (_, content) => {
    const reason = new Error('interrupted');
    await expect(infer(content, {}, AbortSignal.abort(reason))).rejects.toBe(reason);
    const controller = new AbortController();
    const file = join(folder, 'long.csv');
    writeFileSync(file, `n\n${rows(100_000, String)}`);
    const interrupted = inferSchema({ file, header: true, tolerate: 0 }, controller.signal, () =>
      controller.abort(reason),
    );
    await expect(interrupted).rejects.toBe(reason);
  });
});
