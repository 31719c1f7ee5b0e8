import { describe, expect, it } from 'vitest';
import { createOperateHarness, jobId, type RowFate } from '../operate/operate-harness.ts';
import { marksReadMax, readJobRows, rejectsReadMax, rowsReadMax } from './job-rows.ts';

const csvOf = (rows: number): string => `n\n${Array.from({ length: rows }, (_, i) => `${i + 1}\n`).join('')}`;
const rowsOf = ({
  counts,
  others,
}: {
  readonly counts: readonly { readonly rows: number }[];
  readonly others: number;
}) => counts.reduce((sum, { rows }) => sum + rows, others);

describe('rows of a job that are not done', () => {
  it('are read up to a bound where many were rejected, and the page says so', async () => {
    const harness = createOperateHarness();
    const all = rejectsReadMax + 5_000;
    const job = await harness.addJob({ csv: csvOf(all), fate: 'REJECTED', rowsPerChunk: 10_000 });
    const { rejects, accepted, chunks } = await readJobRows(job, harness.operator);
    expect(rowsOf(rejects)).toBe(rejectsReadMax);
    expect(rejects.note).toBe('Of 25,000 rejected rows 20,000 were looked at for this.');
    expect(rejects.counts[0]?.examples).toHaveLength(3);
    expect([accepted, chunks]).toEqual([0, 3]);
  });

  it('are read from no more of the table than a bound, however few are found', async () => {
    const harness = createOperateHarness();
    const perChunk = rowsReadMax + 1;
    const fates: Record<number, RowFate> = { 1: 'FAILED', [perChunk]: 'FAILED', [perChunk + 1]: 'FAILED' };
    const job = await harness.addJob({ csv: csvOf(perChunk + 2), fates, rowsPerChunk: perChunk });
    const { failed } = await readJobRows(job, harness.operator);
    const read = harness.rows.calls.filter(({ operation }) => operation === 'readChunk').map(({ chunk }) => chunk);
    expect(read).toEqual([0]);
    expect(rowsOf(failed)).toBeLessThan(3);
    expect(failed.note).toMatch(/^Of 3 failed rows [12] were looked at for this\.$/);
  });

  it('are told by as many marks as a bound lets', async () => {
    const harness = createOperateHarness();
    const all = marksReadMax + 1_000;
    const marks = Array.from({ length: all }, (_, i) => ({ chunk: 0, row: i + 1 }));
    const job = await harness.addJob({ csv: csvOf(all), fate: 'ABSENT', rowsPerChunk: all, marks });
    const { dead } = await readJobRows(job, harness.operator);
    expect(rowsOf(dead)).toBe(marksReadMax);
    expect(dead.note).toMatch(/^By the first 20,000 marks /);
  });

  it('are all rows of a chunk that was given up before it was cleaned', async () => {
    const harness = createOperateHarness();
    const job = await harness.addJob({
      csv: csvOf(20),
      fates: Object.fromEntries(Array.from({ length: 10 }, (_, i) => [i + 11, 'ABSENT'])),
      uncounted: [1],
      marks: [{ jobId, chunk: 1, stage: 'clean-rows', code: 'PLAN_MISMATCH' }],
    });
    const { dead } = await readJobRows(job, harness.operator);
    expect(dead.counts).toEqual([{ stage: 'clean-rows', code: 'PLAN_MISMATCH', rows: 10 }]);
  });
});
