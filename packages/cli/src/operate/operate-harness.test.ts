import { expect, it } from 'vitest';
import { createOperateHarness, jobId } from './operate-harness.ts';

it('makes a job whose chunks tile the file and whose rows stand where they are told to', async () => {
  const { addJob, jobs, rows, objects } = createOperateHarness();
  const csv = 'a,b\n1,"x\ny"\n\n2,\n3,z\n4,"p ""q"""\n5,w';
  await addJob({ csv, rowsPerChunk: 2, fates: { 2: 'FAILED', 3: 'REJECTED', 4: 'PENDING', 5: 'ABSENT' } });
  const chunks = jobs.chunksOf(jobId);
  expect(chunks.map(({ start, end, firstRow, rows: planned }) => [start, end, firstRow, planned])).toEqual([
    [4, 16, 1, 2],
    [16, 32, 3, 2],
    [32, 35, 5, 1],
  ]);
  expect(chunks.map(({ cleaned, closed }) => [cleaned, closed])).toEqual([
    [
      { accepted: 2, rejected: 0 },
      { done: 1, failed: 1 },
    ],
    [{ accepted: 1, rejected: 1, rejects: `jobs/${jobId}/rejects/00000001.ndjson` }, undefined],
    [{ accepted: 1, rejected: 0 }, undefined],
  ]);
  expect(rows.rowsOf(jobId).map(({ row, line, status, data }) => [row, line, status, data])).toEqual([
    [1, 2, 'DONE', '["1","x\\ny"]'],
    [2, 5, 'FAILED', '["2",null]'],
    [4, 7, 'PENDING', '["4","p \\"q\\""]'],
  ]);
  expect(objects.bytesOf('work', `jobs/${jobId}/rejects/00000001.ndjson`)?.toString()).toContain('"raw":"3,z"');
  expect(jobs.jobOf(jobId)).toMatchObject({ state: 'OPEN', plan: { chunks: 3, rows: 5 }, layout: { dataStart: 4 } });
});
