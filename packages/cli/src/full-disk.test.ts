import { readdirSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { isDiskFull } from '@sluice/local-cloud/database';
import { describe, expect, it, type TestContext } from 'vitest';
import { DiskFull } from './run.ts';
import { carry, differenceOf, makeFolder, mountDisk, outcomeOf, write } from './run-harness.ts';

const lines = (count: number, line: (row: number) => string): string =>
  Array.from({ length: count }, (_, i) => `${line(i + 1)}\n`).join('');

const plain = `n,text\n${lines(30_000, (n) => `${n},the text of row ${n}`)}${lines(200, () => 'rejected')}`;

const diskOf = (mebibytes: number, skip: TestContext['skip']): string =>
  mountDisk(mebibytes) ?? skip('expected to be allowed to mount a disk');

const freePages = (disk: string): number => statfsSync(disk).bavail;

/** Leaves this many pages free. */
const fill = (disk: string, pages: number): void => {
  rmSync(join(disk, 'filler'), { force: true });
  write(join(disk, 'filler'), Buffer.alloc(Math.max(0, freePages(disk) - pages) * 4096));
};

const endOf = async (carried: Promise<unknown>): Promise<string> => {
  try {
    await carried;
    return 'complete';
  } catch (thrown) {
    if (thrown instanceof DiskFull || isDiskFull(thrown)) return 'full';
    throw thrown;
  }
};

/** Runs once on a disk that is too small, and again once there is room; holds that against a run that always had room. */
const fillUp = async (
  disk: string,
  pages: number,
  name: string,
  content: string | Uint8Array,
): Promise<{ readonly left: string[] }> => {
  const file = write(join(makeFolder(), name), content);
  const [out, whole] = [join(disk, 'out'), join(makeFolder(), 'whole')];
  await carry(file, whole);
  fill(disk, pages);
  expect(await endOf(carry(file, out, { force: true }))).toBe('full');
  const left = readdirSync(out, { recursive: true, encoding: 'utf8' });
  rmSync(join(disk, 'filler'));
  await carry(file, out);
  expect(differenceOf(outcomeOf(out), outcomeOf(whole))).toBeUndefined();
  return { left };
};

describe('a disk that is full', () => {
  it('while a file is unpacked ends the run, which then ends with the same files', async ({ skip }) => {
    const { left } = await fillUp(diskOf(64, skip), 150, 'a.csv.gz', gzipSync(plain));
    expect(left.filter((name) => name.includes('staged') || name.endsWith('.tmp'))).toEqual([]);
  });

  it('while rejected rows are kept ends the run, which then ends with the same files', async ({ skip }) => {
    const rejected = `a,b\n${lines(20_000, (n) => `row ${n} has one long field ${'x'.repeat(100)}`)}`;
    const { left } = await fillUp(diskOf(64, skip), 400, 'a.csv', rejected);
    expect(left.filter((name) => name.endsWith('.tmp'))).toEqual([]);
    expect(left.filter((name) => name.endsWith('.ndjson')).length).toBeGreaterThan(0);
  });

  it('while rows are stored ends the run, which then ends with the same files', async ({ skip }) => {
    await fillUp(diskOf(64, skip), 600, 'a.csv', plain);
  });

  it('while results are written leaves those of before, whichever file it is that does not fit', async ({ skip }) => {
    const disk = diskOf(64, skip);
    const [file, out] = [write(join(makeFolder(), 'a.csv'), plain), join(disk, 'out')];
    await carry(file, out);
    const before = outcomeOf(out);
    const report = readFileSync(join(out, 'report.json'), 'utf8');
    const page = readFileSync(join(out, 'report.html'), 'utf8');
    const bytes = ['rows.ndjson', 'rejects.ndjson'].map((name) => readFileSync(join(out, name)).length);
    const resultPages = bytes.reduce((sum, size) => sum + Math.ceil(size / 4096), 0);
    const ends: string[] = [];
    // From "not even half of the rows" over "all but the report" to "everything"; how long the page is differs from run to run.
    const beyond = [-2, -1, 0, 1, ...Array.from({ length: 25 }, (_, i) => 2 + 3 * i)];
    for (const pages of [100, ...beyond.map((more) => resultPages + more)]) {
      fill(disk, pages);
      const end = await endOf(carry(file, out, { force: true }));
      ends.push(end);
      expect(differenceOf(outcomeOf(out), before)).toBeUndefined();
      if (!ends.includes('complete')) expect(readFileSync(join(out, 'report.json'), 'utf8')).toBe(report);
      if (!ends.includes('complete')) expect(readFileSync(join(out, 'report.html'), 'utf8')).toBe(page);
      expect(readdirSync(out).sort()).toEqual([
        '.sluice',
        'dead.ndjson',
        'rejects.ndjson',
        'report.html',
        'report.json',
        'rows.ndjson',
      ]);
      if (end === 'complete') break;
    }
    expect(ends.at(-1)).toBe('complete');
    expect(ends.length).toBeGreaterThan(4);
  });
});
