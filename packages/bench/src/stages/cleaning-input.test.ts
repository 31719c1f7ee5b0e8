import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleaningInput } from './cleaning-input.ts';

const csv = 'id,note\n1,"two\nlines"\n2,b\n3,c\n';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  writeFileSync(join(folder, 'own.csv'), csv);
  writeFileSync(join(folder, 'own.csv.gz'), gzipSync(csv));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const inputOf = async (name: string, divisor: number, file?: string) => {
  mkdirSync(join(folder, name));
  const own = file === undefined ? {} : { file: join(folder, file) };
  const { path, rows } = await cleaningInput({ folder: join(folder, name), divisor, ...own });
  return { text: readFileSync(path, 'utf8'), rows };
};

describe('cleaningInput', () => {
  it('makes as many transactions as are asked for', async () => {
    const { text, rows } = await inputOf('made', 10_000);
    expect(rows).toBe(56);
    expect(text).toMatch(/\nT000000056,.*\n$/);
  });

  it.each(['own.csv', 'own.csv.gz'])('takes %s as it is', async (file) => {
    expect(await inputOf(`whole ${file}`, 1, file)).toEqual({ text: csv, rows: 3 });
  });

  it('cuts a file behind a record', async () => {
    expect(await inputOf('half', 2, 'own.csv')).toEqual({ text: 'id,note\n1,"two\nlines"\n2,b\n', rows: 2 });
    expect(await inputOf('third', 3, 'own.csv')).toEqual({ text: 'id,note\n1,"two\nlines"\n', rows: 1 });
  });

  it('is made once for a folder', async () => {
    const context = { folder, divisor: 10_000 };
    const [first, second] = await Promise.all([cleaningInput(context), cleaningInput(context)]);
    expect(first).toBe(second);
  });
});
