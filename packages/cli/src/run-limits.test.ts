import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { carry, makeFolder, removeFolders, sluice } from './hard-input-harness.ts';

afterAll(removeFolders);

/** A file of rows, of which those of these numbers have a field too few. */
const rowsWith = (count: number, ragged: readonly number[]): string =>
  `n,text\n${Array.from({ length: count }, (_, i) => (ragged.includes(i + 1) ? `${i + 1}\n` : `${i + 1},x\n`)).join('')}`;

const numbersOf = (rows: readonly { readonly row: number }[]): number[] => rows.map(({ row }) => row);

describe('--limit', () => {
  it.each([
    [1, [1], []],
    [2, [1], [2]],
    [5, [1, 3, 4], [2, 5]],
    [6, [1, 3, 4, 6], [2, 5]],
    [7, [1, 3, 4, 6], [2, 5]],
  ])('of %d counts rows of any fate, and may be more than there are', async (limit, accepted, rejected) => {
    for (const chunkBytes of [1, 1_000]) {
      const { report, rows, rejects } = await carry(rowsWith(6, [2, 5]), { limit, chunkBytes });
      const count = Math.min(limit, 6);
      expect(report).toMatchObject({ verdict: 'COMPLETE', rows: count, rejected: rejected.length, missing: 0 });
      expect(numbersOf(rows)).toEqual(accepted);
      expect(numbersOf(rejects)).toEqual(rejected);
    }
  });

  it('counts a row that is set aside as one, and blank lines not at all', async () => {
    const { report, rows, rejects } = await carry('n,text\n\n1,"open\n\n2,x\n3,x\n', { limit: 2 });
    expect([report.rows, numbersOf(rejects), numbersOf(rows)]).toEqual([2, [1], [2]]);
  });
});

describe('--max-rejected', () => {
  const percent = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

  it.each([
    ['nothing, and none is', 0, 10, [], 'COMPLETE'],
    ['nothing, and one is', 0, 10, [10], 'REFUSED'],
    // 0.29 * 100 is less than 29 in the arithmetic of machines.
    ['29 of 100 exactly', 0.29, 100, percent(29), 'COMPLETE'],
    ['29 of 100, and one more is', 0.29, 100, percent(30), 'REFUSED'],
    ['all, and all are', 1, 3, [1, 2, 3], 'COMPLETE'],
  ])('allows %s: the verdict is what it must be', async (_, maxRejected, count, ragged, verdict) => {
    const { report, rejects } = await carry(rowsWith(count, ragged), { maxRejected });
    expect(report).toMatchObject({ verdict, rows: count, rejected: ragged.length });
    expect(numbersOf(rejects)).toEqual(ragged);
  });

  it('looks at the rows of --limit alone', async () => {
    const content = rowsWith(10, [5, 6, 7]);
    expect((await carry(content, { maxRejected: 0.25, limit: 4 })).report.verdict).toBe('COMPLETE');
    expect((await carry(content, { maxRejected: 0.25, limit: 6 })).report.verdict).toBe('REFUSED');
  });

  it('of a file without rows is never passed', async () => {
    expect((await carry('a,b\n', { maxRejected: 0 })).report.verdict).toBe('COMPLETE');
  });

  it('ends the command with 1 and the reason, and what was read is there', async () => {
    const folder = makeFolder();
    writeFileSync(join(folder, 'in.csv'), rowsWith(10, [3]));
    const { status, stderr } = await sluice(folder, ['run', 'in.csv', '--max-rejected', '5%']);
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /REFUSED[\s\S]*rejected +1 +FIELD_COUNT 1[\s\S]*expected at most 0\.05 of 10 rows rejected, found 1/,
    );
  });
});
