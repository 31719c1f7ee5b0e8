import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { estimateNeed } from './estimate-need.ts';
import type { FreeSpace } from './free-space.ts';
import { checkFreeSpace, freeSpaceOf } from './free-space.ts';
import { carry, differenceOf, makeFolder, mountDisk, outcomeOf, write } from './run-harness.ts';
import { UsageError } from './usage-error.ts';

const lines = (count: number, line: (row: number) => string): string =>
  Array.from({ length: count }, (_, i) => `${line(i + 1)}\n`).join('');

const plain = `number,name,city,amount\n${lines(8_000, (n) => `${n},the name of ${n},City ${n % 50},${n * 7}.50`)}`;
const names = (count: number): string =>
  Array.from({ length: count }, (_, i) => `a_rather_long_name_of_column_${i + 1}`).join(',');

const kinds: readonly (readonly [string, string, string | Uint8Array])[] = [
  ['an ordinary file', 'a.csv', plain],
  ['two short columns', 'a.csv', `a,b\n${lines(40_000, (n) => `${n},${n % 10}`)}`],
  ['200 columns with long names', 'a.csv', `${names(200)}\n${lines(400, (n) => Array(200).fill(n).join(','))}`],
  ['a packed file', 'a.csv.gz', gzipSync(plain)],
  ['UTF-16', 'a.csv', Buffer.from(`\ufeff${plain}`, 'utf16le')],
  [
    'texts of many lines',
    'a.csv',
    `${names(20)}\n${lines(600, () => `${'x,'.repeat(19)}"${'a line, of text\n'.repeat(60)}"`)}`,
  ],
  [
    'rows that grow',
    'a.csv',
    `a,b\n${lines(30_000, (n) => `${n},x`)}${lines(300, (n) => `${n},${'long text '.repeat(300)}`)}`,
  ],
  ['blank lines', 'a.csv', `${names(9)}\n${lines(5_000, () => `\n\n\n${'1,'.repeat(8)}1`)}`],
  ['spaces', 'a.csv', `a,b\n${lines(3_000, (n) => `${n}${' '.repeat(200)},x${' '.repeat(200)}`)}`],
  ['rows that are rejected', 'a.csv', `${names(50)}\n${lines(20_000, () => 'one field')}`],
];

const bytesIn = (folder: string): number =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);

const profile = { prefix: '', header: true };
const free = (mebibytes: number) => async (): Promise<FreeSpace> => ({ device: 1, bytes: mebibytes * 1024 * 1024 });

describe('estimateNeed', () => {
  it.each(kinds)('expects of %s no more than a run writes', async (kind, name, content) => {
    const folder = makeFolder();
    const [file, out] = [write(join(folder, name), content), join(folder, 'out')];
    const need = estimateNeed(file, profile, true);
    await carry(file, out);
    const written = bytesIn(out);
    const share = ((need?.state ?? 0) + (need?.results ?? 0)) / written;
    // A disk is refused that holds less than 0.8 of what is estimated.
    expect(share * 0.8).toBeLessThan(1);
    if (kind !== 'rows that are rejected' && kind !== 'spaces') expect(share).toBeGreaterThan(0.4);
  });

  it('expects less of a schema that may reject every row, or that drops columns, and of a limit', () => {
    const file = write(join(makeFolder(), 'a.csv'), `${names(50)}\n${lines(2_000, () => `${'123,'.repeat(49)}1`)}`);
    const results = (more: object): number => estimateNeed(file, { ...profile, ...more }, false)?.results ?? 0;
    expect(results({ schema: { columns: {} } })).toBeLessThan(results({}) / 2);
    expect(results({ limit: 20 })).toBeCloseTo(results({}) / 100, -3);
    const dropped = { schema: { columns: { a_rather_long_name_of_column_1: { drop: true } } } };
    expect(results(dropped)).toBeLessThan(results({}));
  });

  it.each([
    ['nothing', ''],
    ['a damaged gzip file', gzipSync(plain).subarray(0, 500).fill(7, 20)],
    ['another format', Buffer.from('PK\u0003\u0004 and so on', 'latin1')],
  ])('tells nothing of %s', (_, content) => {
    const need = estimateNeed(write(join(makeFolder(), 'a'), content), profile, true);
    expect(need === undefined || need.state + need.results === 0).toBe(true);
  });
});

describe('checkFreeSpace', () => {
  const mebi = 1024 * 1024;
  const need = { state: 100 * mebi, results: 200 * mebi };

  it('adds what the state and the results need on one disk', async () => {
    const state = makeFolder();
    await expect(checkFreeSpace(need, { state, out: '/out' }, free(239))).rejects.toThrow(
      '--out: expected at least 240 MiB free for the rows and the results, found 239 MiB in /out (--force goes on anyway)',
    );
    await checkFreeSpace(need, { state, out: '/out' }, free(241));
  });

  it('looks at each of two disks', async () => {
    const state = makeFolder();
    const two = (inState: number, inOut: number) => async (folder: string) =>
      folder === state ? { device: 1, bytes: inState * mebi } : { device: 2, bytes: inOut * mebi };
    await checkFreeSpace(need, { state, out: '/out' }, two(81, 161));
    await expect(checkFreeSpace(need, { state, out: '/out' }, two(79, 161))).rejects.toThrow('80 MiB');
    await expect(checkFreeSpace(need, { state, out: '/out' }, two(81, 159))).rejects.toThrow('160 MiB');
  });

  it('takes what the state holds for written', async () => {
    const state = makeFolder();
    write(join(state, 'state.sqlite'), Buffer.alloc(30 * mebi));
    await checkFreeSpace(need, { state, out: '/out' }, free(211));
    await expect(checkFreeSpace(need, { state, out: '/out' }, free(209))).rejects.toThrow('210 MiB');
  });

  it('lets everything pass where the file system does not tell', () =>
    checkFreeSpace(need, { state: makeFolder(), out: '/out' }, async () => undefined));
});

describe('a run', () => {
  it('is refused where it cannot fit, in one line and leaving nothing behind, unless it is forced', async () => {
    const folder = makeFolder();
    const [file, out] = [write(join(folder, 'a.csv'), plain), join(folder, 'out')];
    const refused = carry(file, out, {}, { freeSpaceOf: free(1) });
    await expect(refused).rejects.toBeInstanceOf(UsageError);
    await expect(refused).rejects.toThrow(/^--out: expected at least \d MiB free for .*, found 1 MiB in .*--force.*$/);
    expect(readdirSync(folder)).toEqual(['a.csv']);
    expect((await carry(file, out, { force: true }, { freeSpaceOf: free(1) })).report.verdict).toBe('COMPLETE');
  });

  it('is refused where it cannot fit after an earlier one, whose results stay as they are', async () => {
    const folder = makeFolder();
    const [file, out] = [write(join(folder, 'a.csv'), plain), join(folder, 'out')];
    await carry(file, out);
    const before = outcomeOf(out);
    await expect(carry(file, out, {}, { freeSpaceOf: free(0) })).rejects.toBeInstanceOf(UsageError);
    expect(differenceOf(outcomeOf(out), before)).toBeUndefined();
  });

  it('asks the disk itself', async ({ skip }) => {
    const disk = mountDisk(8);
    if (disk === undefined) return skip('expected to be allowed to mount a disk');
    const file = write(join(disk, 'a.csv'), plain.repeat(10));
    expect((await freeSpaceOf(disk))?.bytes).toBe(8 * 1024 * 1024 - Math.ceil(readFileSync(file).length / 4096) * 4096);
    await expect(carry(file, join(disk, 'out'))).rejects.toThrow(
      /--out: expected at least \d+ MiB free .* found 5 MiB/,
    );
    expect(readdirSync(disk)).toEqual(['a.csv']);
    rmSync(file);
  });
});
