import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { carry, makeFolder, write, writeRowsOfEveryFate } from '../run-harness.ts';
import { holds, renderChaos, strikesOf } from './render-chaos.ts';

const results = (out: string): string[] =>
  ['rows.ndjson', 'rejects.ndjson', 'dead.ndjson'].map((name) => readFileSync(join(out, name), 'utf8'));

const text = (rows: number): string => {
  const row = (n: number): string => {
    if (n % 97 === 0) return `${n},x\n`;
    return n % 101 === 0 ? `${n},"two\nlines, and ""quotes""",z\n` : `${n},the text of row ${n},z\n`;
  };
  return `n,text,more\n${Array.from({ length: rows }, (_, i) => row(i + 1)).join('')}"open`;
};

const small = { rowsPerMessage: 20, chunkBytes: 4_000 } as const;

describe('a run under faults', () => {
  it.each([1, 2])('ends with the same files as one without, and everything holds (seed %i)', async (chaos) => {
    const folder = makeFolder();
    const file = write(join(folder, 'rows.csv'), text(700));
    const calm = await carry(file, join(folder, 'calm'), small);
    expect(calm).not.toHaveProperty('chaos');
    const found = await carry(file, join(folder, 'chaos'), { ...small, chaos });
    expect(found.report).toMatchObject({ verdict: 'COMPLETE', rows: 701, dead: 0, missing: 0 });
    if (found.chaos === undefined) throw new Error('expected what struck, found nothing');
    expect(holds(found.chaos), renderChaos(found.chaos)).toBe(true);
    expect(results(join(folder, 'chaos'))).toEqual(results(join(folder, 'calm')));
    expect(strikesOf(found.chaos)).toBeGreaterThan(100);
    expect(Object.keys(found.chaos.hits).length).toBeGreaterThan(10);
  });

  it('leaves rows dead that the processor never gets through, and is held to all else', async () => {
    const folder = makeFolder();
    const { file, processor } = writeRowsOfEveryFate(folder, 2_100);
    const { report, chaos } = await carry(file, join(folder, 'out'), { processor, chaos: 3 });
    expect(report).toMatchObject({ verdict: 'HELD', dead: 1, missing: 0 });
    if (chaos === undefined) throw new Error('expected what struck, found nothing');
    expect(holds(chaos), renderChaos(chaos)).toBe(true);
  });

  it('begins anew in the folder of an earlier run', async () => {
    const folder = makeFolder();
    const file = write(join(folder, 'rows.csv'), text(200));
    const out = join(folder, 'out');
    await carry(file, out, small);
    const before = results(out);
    const { chaos } = await carry(file, out, { ...small, chaos: 4 });
    if (chaos === undefined) throw new Error('expected what struck, found nothing');
    expect(holds(chaos), renderChaos(chaos)).toBe(true);
    expect(results(out)).toEqual(before);
  });
});
