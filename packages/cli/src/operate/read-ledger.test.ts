import { describe, expect, it } from 'vitest';
import { createOperateHarness, jobId } from './operate-harness.ts';
import { countLedger, readLastLedger } from './read-ledger.ts';

const csv = `a\n${'x\n'.repeat(8)}`;
/** Chunks of two rows: closed; half through; not counted at all; closed. */
const setUp = async (audited?: object) => {
  const harness = createOperateHarness();
  const job = await harness.addJob({
    csv,
    rowsPerChunk: 2,
    fates: { 1: 'FAILED', 2: 'REJECTED', 4: 'PENDING', 5: 'ABSENT', 6: 'ABSENT' },
    uncounted: [2],
    marks: [{ chunk: 1, row: 4 }],
    ...(audited === undefined ? {} : { job: { audited: audited as never } }),
  });
  return { ...harness, job };
};

const first = { rows: 2, rejected: 1, done: 0, failed: 1, dead: 0, open: 0 };

describe('the ledger of a job', () => {
  it('as audits left it has what was counted without being through, and reads no row', async () => {
    const { jobs, rows, job } = await setUp({ through: 1, ledger: first, witnesses: [[1, 4, 1, 1, 0, 1]] });
    const before = rows.calls.length;
    const from = jobs.calls.length;
    expect(await readLastLedger(jobs, job)).toEqual({ rows: 8, rejected: 1, done: 3, failed: 1, dead: 1, open: 2 });
    expect(rows.calls).toHaveLength(before);
    expect(jobs.calls.slice(from).map(({ operation }) => operation)).not.toContain('listMarks');
  });

  it('is the sum of its chunks before the first audit', async () => {
    const { jobs, job } = await setUp();
    expect(await readLastLedger(jobs, job)).toEqual({ rows: 8, rejected: 1, done: 2, failed: 1, dead: 0, open: 4 });
  });

  it('as it is now counts what is not closed, and closes nothing', async () => {
    const { operator, jobs, job } = await setUp({ through: 1, ledger: first });
    const now = { rows: 8, rejected: 1, done: 3, failed: 1, dead: 1, open: 2 };
    expect(await countLedger(operator, job)).toEqual(now);
    await operator.rows.finish(jobId, [[1, 4, 'DONE', null]]);
    expect(await countLedger(operator, job)).toEqual({ ...now, done: 4, dead: 0 });
    expect(jobs.chunksOf(jobId)[1]?.closed).toBeUndefined();
  });

  it('is not known before the plan is closed', async () => {
    const { operator, job } = await setUp();
    const { plan: _, ...planning } = job;
    expect(await readLastLedger(operator.jobs, planning)).toBeUndefined();
    expect(await countLedger(operator, planning)).toBeUndefined();
  });
});
