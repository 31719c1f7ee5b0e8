import { catchOutput } from '@sluice/core/caught-output';
import { createMemoryEvents } from '@sluice/core/memory-events';
import { serialiseAudit, sweepBody } from '@sluice/core/messages';
import type { JobState, JobStore } from '@sluice/core/ports/job-store';
import { describe, expect, it } from 'vitest';
import type { SetUp } from './audit-harness.ts';
import { closedAt, jobId, setUp } from './audit-harness.ts';

catchOutput();

const complete: SetUp = {
  chunks: [
    { rows: 4, rejected: [2], done: [1, 3], failed: [4] },
    { rows: 1, rejected: [], done: [5] },
  ],
};
const told = {
  rows: 5,
  rejected: 1,
  done: 3,
  failed: 1,
  jobId,
  file: { bucket: 'uploads', key: 'a.csv', etag: 'etag' },
};

describe('the end of a job', () => {
  it('is told once the job is complete, with its sums, and the job is open no longer', async () => {
    const made = await setUp(complete);
    expect(await made.audit()).toBe('COMPLETE');
    expect(made.events.sent).toEqual([
      { ...told, state: 'COMPLETE', at: closedAt, rejects: `jobs/${jobId}/rejects.csv` },
    ]);
    expect(made.jobs.jobOf(jobId).announcedAt).toBe(closedAt);
    await made.deliver(sweepBody);
    expect(made.queues.audits.bodies).toEqual([]);
    await made.audit();
    expect(made.events.sent).toHaveLength(1);
  });

  it.each<JobState>(['SUPERSEDED', 'REFUSED'])(
    'is told of one that is %s, with its reason and what is known',
    async (state) => {
      const reason = { code: 'OBJECT_CHANGED', message: 'expected the file, found another' };
      const made = await setUp({
        chunks: [{ rows: 2, rejected: [1], done: [2] }, { rows: 3, rejected: [4], done: [3] }, { rows: 9 }],
        job: { state, reason },
      });
      await made.jobs.closeChunk(jobId, 0, { done: 1, failed: 0 });
      expect(await made.audit()).toBe(state);
      expect(made.events.sent).toEqual([
        { ...told, rows: 14, rejected: 2, done: 1, failed: 0, state, reason, at: closedAt },
      ]);
      expect(made.jobs.jobOf(jobId).announcedAt).toBe(closedAt);
      expect(made.counted()).toEqual([]);
    },
  );

  it('is told of a file that was refused before it was planned', async () => {
    const made = await setUp({
      isPlanned: false,
      job: { state: 'REFUSED', reason: { code: 'FILE_FORMAT', message: 'x' } },
    });
    await made.audit();
    expect(made.events.sent).toMatchObject([{ state: 'REFUSED', rows: 0, rejected: 0, done: 0, failed: 0 }]);
  });

  it('is told in the audit that refuses a job', async () => {
    const made = await setUp({
      chunks: [{ rows: 2, rejected: [1, 2] }],
      job: { profile: { prefix: '', maxRejectedRatio: 0.5 } },
    });
    expect(await made.audit()).toBe('REFUSED');
    expect(made.events.sent).toMatchObject([{ state: 'REFUSED', rejected: 2, reason: { code: 'TOO_MANY_REJECTS' } }]);
  });

  it('is told again when the answer was lost: at least once', async () => {
    const events = createMemoryEvents((call) => (call === 1 ? 'lost' : undefined));
    const made = await setUp({ ...complete, events });
    expect(await made.deliver(serialiseAudit(jobId))).toEqual(['a']);
    expect(made.jobs.jobOf(jobId)).not.toHaveProperty('announcedAt');
    expect(await made.audit()).toBe('COMPLETE');
    expect(events.sent).toHaveLength(2);
    const [first, second] = events.sent.map(({ at: _, ...event }) => event);
    expect(second).toEqual(first);
  });

  it('is swept up until it was told', async () => {
    const events = createMemoryEvents((call) => {
      if (call === 1) throw new Error('throttled');
      return undefined;
    });
    const made = await setUp({ ...complete, events });
    await made.deliver(serialiseAudit(jobId));
    expect(made.jobs.jobOf(jobId).state).toBe('COMPLETE');
    made.clock.pass(15 * 60_000);
    await made.deliver(sweepBody);
    const [body = ''] = made.queues.audits.bodies;
    expect(await made.deliver(body)).toEqual([]);
    expect(events.sent).toMatchObject([{ ...told, state: 'COMPLETE' }]);
    expect(made.jobs.jobOf(jobId)).toHaveProperty('announcedAt');
  });
});

describe('a crash', () => {
  // The process dies at each call in turn, before its effect or after it. What it leaves, the next audit mends.
  const operations: readonly (keyof JobStore)[] = [
    'takeLease',
    'getJob',
    'listMarks',
    'listChunks',
    'closeChunk',
    'changeJob',
    'releaseLease',
  ];
  const cases = operations.flatMap((operation) =>
    [1, 2, 3].flatMap((attempt) => (['before', 'after'] as const).map((when) => [operation, attempt, when] as const)),
  );

  it.each(cases)('at %s number %d, %s its effect, is mended by the next audit', async (operation, attempt, when) => {
    let isDead = false;
    const made = await setUp({
      ...complete,
      script: (asked, number) => {
        if (isDead) throw new Error('dead');
        if (asked !== operation || number !== attempt) return undefined;
        isDead = true;
        if (when === 'before') throw new Error('dead');
        return 'lost';
      },
    });
    await made.deliver(serialiseAudit(jobId));
    isDead = false;
    // Its lease runs out by itself.
    made.clock.pass(300_000);
    for (let i = 0; i < 2; i++) await made.deliver(serialiseAudit(jobId));
    expect(made.jobs.jobOf(jobId)).toMatchObject({ state: 'COMPLETE', announcedAt: expect.any(Number) });
    expect(made.events.sent.length).toBeGreaterThanOrEqual(1);
    for (const event of made.events.sent) expect(event).toMatchObject({ ...told, state: 'COMPLETE' });
    expect(made.jobs.chunksOf(jobId).map(({ closed }) => closed)).toEqual([
      { done: 2, failed: 1 },
      { done: 1, failed: 0 },
    ]);
  });
});
