import { describe, expect, it } from 'vitest';
import { codesMax, collectExamples, examplesMax, rawMost } from './collect-examples.ts';

const line = (row: number, more: object = {}): string =>
  JSON.stringify({ row, line: row + 1, byteStart: 0, byteEnd: 1, code: 'REQUIRED', message: 'm', raw: 'x', ...more });

describe('examples', () => {
  it('are the first few rows of each code, and every row counts', () => {
    const examples = collectExamples();
    for (let row = 1; row <= 10; row++) examples.rejected('REQUIRED', line(row, { column: 'n' }));
    examples.rejected('FIELD_COUNT', line(11));
    const { counts, others } = examples.rejects();
    expect(counts.map(({ code, rows }) => [code, rows])).toEqual([
      ['REQUIRED', 10],
      ['FIELD_COUNT', 1],
    ]);
    expect(counts[0]?.examples).toEqual(
      [1, 2, 3].map((row) => ({ row, line: row + 1, column: 'n', message: 'm', raw: 'x' })),
    );
    expect(counts[0]?.examples).toHaveLength(examplesMax);
    expect(others).toBe(0);
  });

  it('do not grow with the codes that a processor makes', () => {
    const examples = collectExamples();
    for (let row = 1; row <= 10_000; row++) examples.failed(row, { code: `CODE_${row}`, message: 'm' });
    const { counts, others } = examples.failures();
    expect(counts).toHaveLength(codesMax);
    expect(others).toBe(10_000 - codesMax);
  });

  it('keep no more of a row than is shown', () => {
    const examples = collectExamples();
    examples.rejected('REQUIRED', line(1, { raw: 'x'.repeat(1_000_000) }));
    examples.rejected('REQUIRED', line(2, { raw: undefined, rawBase64: 'eA==' }));
    expect(examples.rejects().counts[0]?.examples.map(({ raw }) => raw)).toEqual(['x'.repeat(rawMost + 1), 'eA==']);
  });

  it('count dead rows by stage and code, most first', () => {
    const examples = collectExamples();
    const mark = { jobId: 'j', message: 'm', attempts: 1 } as const;
    examples.dead(1, { ...mark, stage: 'LOST', code: 'LOST' });
    for (const row of [2, 3]) examples.dead(row, { ...mark, stage: 'store-rows', code: 'ROW REFUSED' });
    expect(examples.deadRows().counts).toEqual([
      { stage: 'store-rows', code: 'ROW REFUSED', rows: 2 },
      { stage: 'LOST', code: 'LOST', rows: 1 },
    ]);
  });
});
