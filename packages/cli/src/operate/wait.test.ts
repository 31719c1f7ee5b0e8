import { SluiceError } from '@sluice/core/errors';
import { createMemoryJobs } from '@sluice/core/memory-jobs';
import type { JobChange } from '@sluice/core/ports/job-store';
import { jobStates } from '@sluice/core/ports/job-store';
import { describe, expect, it } from 'vitest';
import { createOperateHarness, type JobSettings, jobId, type OperateHarness } from './operate-harness.ts';
import { tellWaited, wait, waitForEnd } from './wait.ts';

const csv = 'a\n1\n2\n3\n';

/** Changes the job when so much time has gone by. */
const later = async ({ clock, jobs }: OperateHarness, milliseconds: number, change: JobChange): Promise<void> => {
  await clock.sleep(milliseconds);
  await jobs.changeJob(jobId, jobStates, change);
};

describe('wait', () => {
  it('ends with 0 when the job completes, and says each change once', async () => {
    const harness = createOperateHarness();
    await harness.addJob({ csv });
    const changes = [
      later(harness, 10_000, { audited: { through: 0, ledger: ledger({ done: 2 }), accounted: 0, fruitless: 0 } }),
      later(harness, 60_000, { state: 'COMPLETE' }),
    ];
    expect(await harness.run(Promise.all([wait(harness.session, jobId, {}), ...changes]))).toEqual([
      0,
      undefined,
      undefined,
    ]);
    expect(harness.notes).toEqual([
      `${jobId}  OPEN  0 of 3 rows accounted for`,
      `${jobId}  OPEN  2 of 3 rows accounted for`,
      `${jobId}  COMPLETE  2 of 3 rows accounted for`,
    ]);
    expect(harness.value()).toMatchObject({ jobId, state: 'COMPLETE', isInTime: true });
  });

  it('looks less and less often', async () => {
    const harness = createOperateHarness();
    await harness.addJob({ csv });
    await harness.run(Promise.all([wait(harness.session, jobId, {}), later(harness, 100_000, { state: 'REFUSED' })]));
    expect(harness.clock.sleeps.filter((sleep) => sleep !== 100_000).slice(0, 7)).toEqual([
      2_000, 3_000, 4_500, 6_750, 10_125, 15_000, 15_000,
    ]);
  });

  it.each([
    ['REFUSED', /^REFUSED {2}a\.csv/],
    ['SUPERSEDED', /^SUPERSEDED/],
    ['HELD', /sluice dlq ls --job/],
    ['STALLED', /sluice repair/],
    ['INCONSISTENT', /sluice verify/],
  ] as const)('ends with 1 when the job is %s', async (state, expected) => {
    const { addJob, session, lines, run } = createOperateHarness();
    await addJob({ csv, fates: { 2: 'PENDING' }, marks: [{ chunk: 0, row: 2 }], job: { state } });
    expect(await run(wait(session, jobId, {}))).toBe(1);
    expect(lines().join('\n')).toMatch(expected);
  });

  it.each<[string, Partial<JobSettings>]>([
    ['a repair of it was asked for', { marks: [{ chunk: 0, row: 2 }], job: { state: 'HELD', askedAt: 7 } }],
    ['a repair of it was asked for, lost rows and all', { job: { state: 'STALLED', askedAt: 7 } }],
    ['its dead rows were sent back', { job: { state: 'HELD' } }],
    ['its dead rows are done by now', { fates: {}, marks: [{ chunk: 0, row: 2 }], job: { state: 'HELD' } }],
  ])('goes on with a job that waited for somebody when %s', async (_, settings) => {
    const harness = createOperateHarness();
    await harness.addJob({ csv, fates: { 2: 'PENDING' }, ...settings });
    const change = later(harness, 20_000, { state: 'COMPLETE' });
    expect(await harness.run(Promise.all([wait(harness.session, jobId, {}), change]))).toEqual([0, undefined]);
  });

  it('reads no row for a job that is still under way when the time is over', async () => {
    const { addJob, session, run, rows, value } = createOperateHarness();
    await addJob({ csv, fates: { 2: 'PENDING' } });
    const before = rows.calls.length;
    await run(wait(session, jobId, { timeout: 30_000 }));
    expect(rows.calls.slice(before)).toEqual([]);
    expect(value()).toMatchObject({ isInTime: false, ledger: { rows: 3 } });
  });

  it('counts what the job came to by itself, and writes nothing', async () => {
    const { addJob, session, value, run, jobs } = createOperateHarness();
    const fates = { 1: 'FAILED', 2: 'PENDING', 3: 'REJECTED' } as const;
    await addJob({ csv, fates, marks: [{ chunk: 0, row: 2 }], job: { state: 'HELD' } });
    const before = jobs.calls.length;
    await run(wait(session, jobId, {}));
    expect(value()).toMatchObject({ ledger: { rows: 3, done: 0, failed: 1, rejected: 1, dead: 1, open: 0 } });
    expect(jobs.calls.slice(before).map(({ operation }) => operation)).not.toContain('closeChunk');
  });

  it('ends with 1 when the time is over, at that time', async () => {
    const { addJob, session, value, lines, run, clock } = createOperateHarness();
    await addJob({ csv });
    const before = clock.now();
    expect(await run(wait(session, jobId, { timeout: 30_000 }))).toBe(1);
    expect(clock.now() - before).toBe(30_000);
    expect(value()).toMatchObject({ state: 'OPEN', isInTime: false });
    expect(lines().at(-1)).toBe('the job did not end within 30 s; it goes on');
  });

  it('waits for a job that is not there yet', async () => {
    const harness = createOperateHarness();
    const appears = async () => {
      await harness.clock.sleep(20_000);
      await harness.addJob({ csv, job: { state: 'COMPLETE' } });
    };
    const waiting = waitForEnd(harness.session, jobId, { timeout: 60_000 });
    const [waited] = await harness.run(Promise.all([waiting, appears()]));
    expect(waited).toMatchObject({ job: { state: 'COMPLETE' }, isInTime: true });
    const never = await harness.run(waitForEnd(harness.session, 'z'.repeat(26), { timeout: 60_000 }));
    expect((await tellWaited(harness.session, never, { timeout: 60_000 })).lines.at(-1)).toMatch(/within 1 min/);
  });

  it('gets over looks that fail for now, and gives up when nothing else comes', async () => {
    const failing = (attempts: (attempt: number) => boolean) => {
      const jobs = createMemoryJobs({
        script: (operation, attempt) => {
          if (operation === 'getJob' && attempts(attempt)) throw new SluiceError('THROTTLED', 'expected x, found y');
          return undefined;
        },
      });
      return createOperateHarness({ jobs });
    };
    // The first look is the one by which the job is found.
    const flaky = failing((attempt) => attempt > 1 && attempt < 6);
    await flaky.addJob({ csv, job: { state: 'COMPLETE' } });
    expect(await flaky.run(wait(flaky.session, jobId, {}))).toBe(0);
    const out = failing((attempt) => attempt > 1);
    await out.addJob({ csv, job: { state: 'COMPLETE' } });
    await expect(out.run(wait(out.session, jobId, {}))).rejects.toThrow('expected x, found y');
  });

  it('gives up when the rows of a job that is held cannot be counted', async () => {
    const { addJob, session, run, operator } = createOperateHarness();
    await addJob({ csv, fates: { 2: 'PENDING' }, marks: [{ chunk: 0, row: 2 }], job: { state: 'HELD' } });
    const readChunk = () => {
      throw new SluiceError('THROTTLED', 'expected x, found y');
    };
    const failing = { ...session, operator: { ...operator, rows: { ...operator.rows, readChunk } } };
    await expect(run(wait(failing, jobId, {}))).rejects.toThrow('expected x, found y');
  });

  it('is broken off by an interrupt', async () => {
    const controller = new AbortController();
    const { addJob, session, run } = createOperateHarness({ signal: controller.signal });
    await addJob({ csv });
    const waiting = wait(session, jobId, {});
    controller.abort(new Error('interrupted'));
    await expect(run(waiting)).rejects.toThrow('interrupted');
  });
});

const ledger = (counts: object) => ({ rows: 3, rejected: 0, done: 0, failed: 0, dead: 0, open: 0, ...counts });
