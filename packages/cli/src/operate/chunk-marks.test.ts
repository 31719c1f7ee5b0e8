import { createMemoryJobs } from '@sluice/core/memory-jobs';
import { describe, expect, it } from 'vitest';
import { createMarkCursor } from './chunk-marks.ts';
import { jobId, markOf } from './operate-harness.ts';

const chunkOf = (chunk: number) => ({ chunk, start: 0, end: 0, firstRow: chunk * 10 + 1, rows: 10, firstLine: 1 });

describe('createMarkCursor', () => {
  it.each([1, 3, 100])('gives each chunk its own marks, whatever the pages are: %i a page', async (pageSize) => {
    const jobs = createMemoryJobs({ pageSize });
    await jobs.putMarks([
      markOf({ code: 'FILE_FORMAT' }),
      markOf({ chunk: 0, row: 10 }),
      markOf({ chunk: 1, row: 11, code: 'TIMEOUT' }),
      markOf({ chunk: 2, code: 'PLAN_MISMATCH' }),
      markOf({ chunk: 2, row: 30, attempts: 1, permanent: true }),
      markOf({ chunk: 4, row: 41 }),
    ]);
    const marksOf = createMarkCursor(jobs, jobId);
    const found: unknown[] = [];
    for (const chunk of [0, 2, 3, 4].map(chunkOf)) {
      const { whole, of } = await marksOf(chunk);
      found.push(whole?.code, of(chunk.firstRow)?.code, of(chunk.firstRow + 9));
    }
    const reason = { stage: 'process-rows', code: 'PROCESSOR_ERROR', attempts: 5 };
    expect(found).toEqual([
      ...[undefined, undefined, reason],
      ...['PLAN_MISMATCH', undefined, { ...reason, attempts: 1, permanent: true }],
      ...[undefined, undefined, undefined],
      ...[undefined, 'PROCESSOR_ERROR', undefined],
    ]);
  });
});
