import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { countFile } from './count-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const never = new AbortController().signal;
const mebibyte = 1024 * 1024;

const write = (name: string, content: string | Buffer): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

/** Rows whose last field holds line ends now and then. */
const csvOf = (rows: number): string =>
  `id,name,note\n${Array.from({ length: rows }, (_, row) =>
    row % 7 === 0 ? `${row},"a, b","first line\nsecond ""line"""\n` : `${row},name ${row},nothing to say of ${row}\n`,
  ).join('')}`;

const count = (file: string, options: object = {}, wholeBytesMax?: number, onRead?: (rows: number) => void) =>
  countFile({ file, header: true, ...options }, never, onRead, wholeBytesMax === undefined ? {} : { wholeBytesMax });

describe('countFile', () => {
  it('counts every row, with line ends in quotes, and what cannot be cleaned', async () => {
    const file = write('a.csv', 'a,b\n1,2\n"3\n3",4\n\n5\n6,7');
    expect(await count(file)).toEqual({
      file: { rows: 4, bytes: 22, columns: 2, acceptedShare: 0.75, known: 'counted' },
      notes: [],
    });
  });

  it('reads as it is told to: schema, delimiter, encoding, header', async () => {
    const schema = write('schema.json', JSON.stringify({ columns: { column_1: { type: 'integer' } } }));
    const file = write('b.csv', Buffer.from('1;caf\u00e9\nx;y\n3;z\n4;z\n', 'latin1'));
    const { file: found } = await count(file, { schema, delimiter: ';', encoding: 'windows-1252', header: false });
    // As UTF-8, the accent has a second byte.
    expect(found).toEqual({ rows: 4, bytes: 20, columns: 2, acceptedShare: 0.75, known: 'counted' });
  });

  it('counts what lies in a packed file, wherever its pieces are cut', async () => {
    const text = csvOf(60_000);
    const plain = await count(write('c.csv', text));
    // Nobody can begin in its middle, so it is never sampled.
    const packed = await count(write('c.csv.gz', gzipSync(text)), {}, 1);
    expect(plain.file).toMatchObject({ rows: 60_000, bytes: Buffer.byteLength(text), acceptedShare: 1 });
    expect(packed.file).toEqual(plain.file);
  });

  it('samples a large file, says so, and comes near', async () => {
    const rows = 120_000;
    const text = csvOf(rows);
    const heard: number[] = [];
    const { file, notes } = await count(write('d.csv', text), {}, 2 * mebibyte, (read) => heard.push(read));
    expect(file).toMatchObject({ bytes: Buffer.byteLength(text), columns: 3, acceptedShare: 1, known: 'sampled' });
    expect(Math.abs(file.rows / rows - 1)).toBeLessThan(0.02);
    expect(notes).toEqual([
      expect.stringMatching(
        /^128 parts of the file, spread over it, were read: about 1[\d,]+ rows, 19 times in 20 within [\d.]+ % of it, if the rest is like them\.$/,
      ),
    ]);
    expect(heard.length).toBe(128);
  });

  it('says of how many rows it knows whether they can be cleaned', async () => {
    const wide = `a,b\n${`${'x'.repeat(998)},y\n`.repeat(70 * 1024)}`;
    const { file, notes } = await count(write('f.csv', wide));
    expect(file).toMatchObject({ rows: 70 * 1024, acceptedShare: 1, known: 'counted' });
    expect(notes).toEqual([
      expect.stringMatching(/^How many rows can be cleaned is known from 2[\d,]+ rows of them\.$/),
    ]);
  });

  it('has nothing to count in a file of a header alone', async () => {
    expect((await count(write('g.csv', 'a,b\n'))).file).toMatchObject({ rows: 0, columns: 2 });
  });

  it('refuses what a run would refuse, in its words', async () => {
    await expect(count(write('h.csv.gz', gzipSync('a\n1\n').subarray(0, 20)))).rejects.toThrow(
      'expected a whole gzip file, found one that ends early (FILE_TRUNCATED)',
    );
    await expect(count(join(folder, 'none.csv'))).rejects.toThrow('expected a CSV file, found nothing at');
    mkdirSync(join(folder, 'folder'));
    await expect(count(join(folder, 'folder'))).rejects.toThrow('expected a CSV file, found a folder at');
    const schema = write('bad.json', '{"columns": {"zz": {"required": true}}}');
    await expect(count(write('i.csv', 'a\n1\n'), { schema })).rejects.toThrow('(SCHEMA_MISMATCH)');
  });

  it('ends when it is interrupted', async () => {
    const reason = new Error('interrupted');
    await expect(
      countFile({ file: write('j.csv', csvOf(10)), header: true }, AbortSignal.abort(reason)),
    ).rejects.toThrow(reason);
  });
});
