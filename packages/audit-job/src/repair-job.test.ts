import { catchOutput } from '@sluice/core/caught-output';
import { rejectKeyOf } from '@sluice/core/identity';
import { serialiseAudit, serialiseRepair } from '@sluice/core/messages';
import type { JobState } from '@sluice/core/ports/job-store';
import { createScriptedQueue, refuse } from '@sluice/core/scripted-queue';
import { describe, expect, it } from 'vitest';
import type { ChunkState, SetUp } from './audit-harness.ts';
import { bucket, closedAt, depthOf, jobId, markOf, nothing, range, secret, setUp } from './audit-harness.ts';

const lines = catchOutput();

describe('a repair of a huge job', () => {
  const chunks = range(1, 7).map((row): ChunkState => ({ rows: 1, rejected: [], pending: [row] }));

  it('is cut by the time into passes that go on where the one before stopped, and counts once', async () => {
    // 300 s, of which 60 are kept back. The round takes all the time of two passes, the repair that of two more.
    const made = await setUp({ chunks, chunkMilliseconds: 60_001 });
    made.wait();
    const sends: number[] = [];
    const states: JobState[] = [];
    for (let i = 0; i < 4; i++) {
      states.push(await made.audit());
      sends.push(made.sent().work.length);
      expect(made.jobs.jobOf(jobId).repairs).toBe(i < 3 ? 0 : 1);
      if (i < 3) expect(made.jobs.jobOf(jobId).auditAt).toBe(made.clock.now());
    }
    expect(states).toEqual(['OPEN', 'OPEN', 'OPEN', 'OPEN']);
    expect(sends.at(-1)).toBe(7);
    expect(new Set(sends).size).toBeGreaterThan(2);
    expect(made.sent().work.flat()).toEqual(range(1, 7));
    expect(made.jobs.jobOf(jobId).repairedAt).toBe(made.clock.now());
    expect(made.jobs.jobOf(jobId).audited).not.toHaveProperty('repair');
  });

  it('goes on after a pass that failed, from the chunk that it had reached', async () => {
    let refused = 0;
    const work = createScriptedQueue((entries) => {
      // The fifth chunk is not taken at first.
      if (!entries.some(({ body }) => body.includes('[4,5,')) || refused++ >= 5) return refuse([], entries);
      return refuse(
        entries.map(({ id }) => id),
        entries,
      );
    });
    const made = await setUp({ chunks, chunkMilliseconds: 60_001, queues: { work } });
    made.wait();
    await made.audit();
    await made.audit();
    const backs: string[][] = [];
    for (let i = 0; i < 3; i++) backs.push(await made.deliver(serialiseAudit(jobId)));
    expect(backs.flat()).toEqual(['a']);
    expect(made.jobs.jobOf(jobId).repairs).toBe(1);
    expect(new Set(made.sent().work.flat())).toEqual(new Set(range(1, 7)));
  });

  it('gives rows up in passes too, and is STALLED at the end of the last', async () => {
    const made = await setUp({ chunks, chunkMilliseconds: 60_001, job: { repairs: 3, repairedAt: closedAt } });
    made.clock.pass(400_000);
    const states: JobState[] = [];
    const marked: number[] = [];
    for (let i = 0; i < 4; i++) {
      states.push(await made.audit());
      marked.push(made.marked().length);
    }
    expect(states).toEqual(['OPEN', 'OPEN', 'OPEN', 'STALLED']);
    expect(marked.at(-1)).toBe(7);
    expect(marked[2]).toBeLessThan(7);
  });
});

describe('giving up', () => {
  it('that was cut off behind its marks ends STALLED all the same', async () => {
    let isDead = false;
    const made = await setUp({
      chunks: [{ rows: 1, rejected: [], pending: [1] }],
      job: { repairs: 3, repairedAt: closedAt },
      script: (operation, attempt) => {
        if (isDead) throw new Error('dead');
        isDead = operation === 'putMarks' && attempt === 2;
        return isDead ? 'lost' : undefined;
      },
    });
    made.clock.pass(400_000);
    await made.deliver(serialiseAudit(jobId));
    isDead = false;
    made.clock.pass(300_000);
    expect(made.marked()).toEqual([['LOST', 0, 1]]);
    expect(await made.audit()).toBe('STALLED');
  });
});

describe('a repair that somebody asks for', () => {
  const ask = (made: Awaited<ReturnType<typeof setUp>>): Promise<string[]> => made.deliver(serialiseRepair(jobId));
  const chunks: readonly ChunkState[] = [
    { rows: 3, rejected: [], done: [1, 2, 3] },
    // Absent: 5; dead: 6, in the table, and 7, not there; 8 was rejected.
    { rows: 5, rejected: [8], done: [4], pending: [6] },
    { rows: 2 },
    { rows: 2 },
  ];
  const marks = [
    markOf({ chunk: 1, row: 6 }),
    markOf({ chunk: 1, row: 7, stage: 'LOST' }),
    markOf({ chunk: 3, stage: 'clean-rows' }),
  ];

  it.each<JobState>(['OPEN', 'HELD', 'STALLED'])(
    'sends everything of a job that is %s and not final, dead rows too, and counts as no repair',
    async (state) => {
      const made = await setUp({ chunks, marks, job: { state, repairs: 2 } });
      expect(await ask(made)).toEqual([]);
      expect(made.sent()).toEqual({
        work: [[6]],
        chunks: [
          {
            chunk: 1,
            ranges: [
              [5, 5],
              [7, 7],
            ],
          },
          { chunk: 2 },
          { chunk: 3 },
        ],
      });
      expect(made.jobs.jobOf(jobId)).toMatchObject({ state: 'OPEN', repairs: 2, repairedAt: made.clock.now() });
      expect(made.marked()).toHaveLength(3);
    },
  );

  it('is made once, and again when it is asked for again', async () => {
    const made = await setUp({ chunks, marks, job: { state: 'HELD' } });
    await ask(made);
    await made.audit();
    expect(made.sent().work).toHaveLength(1);
    await ask(made);
    expect(made.sent().work).toHaveLength(2);
  });

  it('waits for no delay and no queue', async () => {
    const made = await setUp({
      chunks,
      job: { repairedAt: closedAt },
      queues: { rows: depthOf({ visible: 9, oldestAgeSeconds: 9_000 }) },
    });
    await ask(made);
    expect(made.sent().work).toHaveLength(1);
  });

  it('has the automatic ones wait as if they had sent the messages', async () => {
    const made = await setUp({ chunks: [{ rows: 1, rejected: [], pending: [1] }] });
    made.clock.pass(99_000);
    await ask(made);
    made.clock.pass(99_000);
    expect(await made.audit()).toBe('OPEN');
    expect(made.jobs.jobOf(jobId).repairs).toBe(0);
    made.clock.pass(1_000);
    await made.audit();
    expect(made.jobs.jobOf(jobId).repairs).toBe(1);
  });

  it('lets a stalled job complete once its rows are final', async () => {
    const made = await setUp({
      chunks: [{ rows: 1, rejected: [], pending: [1] }],
      marks: [markOf({ chunk: 0, row: 1, stage: 'LOST' })],
      job: { state: 'STALLED', repairs: 3 },
    });
    await ask(made);
    expect(made.sent().work).toEqual([[1]]);
    await made.finish(0, [1]);
    expect(await made.audit()).toBe('COMPLETE');
  });

  it('has a job HELD again whose rows stay dead', async () => {
    const made = await setUp({
      chunks: [{ rows: 1, rejected: [], pending: [1] }],
      marks: [markOf({ chunk: 0, row: 1 })],
      job: { state: 'HELD' },
    });
    await ask(made);
    expect(await made.audit()).toBe('HELD');
  });

  it('is kept for the next audit while another holds the lease', async () => {
    const made = await setUp({ chunks, marks, job: { state: 'HELD' } });
    const now = made.clock.now();
    await made.jobs.takeLease(jobId, 'audit', 'another', now, now + 1_000);
    expect(await ask(made)).toEqual([]);
    expect(made.sent()).toEqual(nothing);
    await made.jobs.releaseLease(jobId, 'audit', 'another');
    await made.audit();
    expect(made.sent().work).toEqual([[6]]);
  });

  it('is made in passes', async () => {
    const many = range(1, 7).map((row): ChunkState => ({ rows: 1, rejected: [], pending: [row] }));
    const made = await setUp({ chunks: many, chunkMilliseconds: 100_000, job: { state: 'HELD' } });
    await ask(made);
    expect(made.sent().work.length).toBeLessThan(7);
    expect(made.jobs.jobOf(jobId)).toMatchObject({ state: 'HELD', auditAt: made.clock.now() });
    while (made.sent().work.length < 7) await made.audit();
    expect(made.sent().work.flat()).toEqual(range(1, 7));
    expect(made.jobs.jobOf(jobId).state).toBe('OPEN');
    await made.audit();
    expect(made.sent().work).toHaveLength(7);
  });

  it('comes back when a queue did not confirm it, and is made then', async () => {
    let isOut = true;
    const work = createScriptedQueue((entries) => refuse(isOut ? entries.map(({ id }) => id) : [], entries));
    const made = await setUp({ chunks, marks, job: { state: 'HELD' }, queues: { work } });
    expect(await ask(made)).toEqual(['a']);
    expect(made.jobs.jobOf(jobId).state).toBe('HELD');
    isOut = false;
    await made.audit();
    expect(made.jobs.jobOf(jobId).state).toBe('OPEN');
  });

  it.each<[string, SetUp]>([
    ['that is INCONSISTENT', { chunks: [{ rows: 1, rejected: [1], done: [1] }], job: { state: 'INCONSISTENT' } }],
    ['that is being planned', { chunks: [{ rows: 2 }], isPlanned: false, job: { state: 'PLANNING' } }],
    [
      'whose planner gave up',
      { chunks: [{ rows: 2 }], isPlanned: false, job: { state: 'HELD' }, marks: [markOf({ stage: 'split-file' })] },
    ],
    [
      'that is complete',
      { chunks: [{ rows: 1, rejected: [], done: [1] }], job: { state: 'COMPLETE', announcedAt: 1 } },
    ],
    ['that is superseded', { chunks: [{ rows: 1 }], job: { state: 'SUPERSEDED', announcedAt: 1 } }],
  ])('is a plain audit for a job %s, also later on', async (_, settings) => {
    const made = await setUp(settings);
    const { state } = made.jobs.jobOf(jobId);
    expect(await ask(made)).toEqual([]);
    expect(made.jobs.jobOf(jobId).state).toBe(state);
    expect(made.jobs.jobOf(jobId)).not.toHaveProperty('askedAt');
    expect(made.sent()).toEqual(nothing);
  });

  it('is acknowledged for a job that nobody knows', async () => {
    const made = await setUp();
    expect(await made.deliver(serialiseRepair('zzzzzzzzzzzzzzzzzzzzzzzzzz'))).toEqual([]);
  });
});

describe('a chunk whose reject object is gone', () => {
  const chunks: readonly ChunkState[] = [
    { rows: 4, rejected: [2], done: [1], pending: [3] },
    { rows: 1, rejected: [5] },
  ];
  const lose = ({ objects }: Awaited<ReturnType<typeof setUp>>, chunk = 0): void =>
    objects.remove(bucket, rejectKeyOf(jobId, chunk));

  it('is cleaned again as a whole, which writes it again, when it is repaired; audits go on', async () => {
    const made = await setUp({ chunks });
    lose(made);
    expect(await made.audit()).toBe('OPEN');
    made.wait();
    expect(await made.audit()).toBe('OPEN');
    expect(made.sent()).toEqual({ work: [[3]], chunks: [{ chunk: 0 }] });
    expect(made.jobs.jobOf(jobId).repairs).toBe(1);
  });

  it('has only those rows LOST that the table has: a rejected row is none of them', async () => {
    const made = await setUp({ chunks, job: { repairs: 3, repairedAt: closedAt } });
    lose(made);
    made.clock.pass(400_000);
    expect(await made.audit()).toBe('STALLED');
    expect(made.marked()).toEqual([['LOST', 0, 3]]);
    expect(await made.audit()).toBe('STALLED');
  });

  it('is cleaned again when somebody asks for a repair, also when it is closed', async () => {
    const made = await setUp({ chunks });
    await made.audit();
    lose(made, 1);
    expect(await made.deliver(serialiseRepair(jobId))).toEqual([]);
    expect(made.sent().chunks).toEqual([{ chunk: 0, ranges: [[4, 4]] }, { chunk: 1 }]);
  });

  it('does not complete its job before it is there again; it is asked for as often as any repair, then the job is STALLED', async () => {
    const made = await setUp({ chunks: [{ rows: 2, rejected: [2], done: [1] }] });
    lose(made);
    expect(await made.audit()).toBe('OPEN');
    expect(made.sent()).toEqual(nothing);
    for (let repairs = 1; repairs <= 3; repairs++) {
      made.wait();
      expect(await made.audit()).toBe('OPEN');
      expect(await made.audit()).toBe('OPEN');
      expect(made.sent().chunks).toEqual(range(1, repairs).map(() => ({ chunk: 0 })));
    }
    made.wait();
    expect(await made.audit()).toBe('STALLED');
    expect(made.jobs.jobOf(jobId).reason?.message).toContain('rejects');
    expect(made.events.sent).toEqual([]);
    await made.clean(0, 2, [2]);
    expect(await made.audit()).toBe('COMPLETE');
    expect(made.events.sent).toMatchObject([{ state: 'COMPLETE', rejected: 1 }]);
    expect(made.events.sent[0]).not.toHaveProperty('reason');
  });

  it('holds nothing up where rejects are not merged', async () => {
    const made = await setUp({ chunks: [{ rows: 2, rejected: [2], done: [1] }], config: { mergeRejects: false } });
    lose(made);
    expect(await made.audit()).toBe('COMPLETE');
  });
});

describe('a job that a redrive brought back', () => {
  it('is given its time before it is repaired', async () => {
    const made = await setUp({ chunks: [{ rows: 1 }], marks: [markOf({ chunk: 0, stage: 'clean-rows' })] });
    expect(await made.audit()).toBe('HELD');
    made.clock.pass(500_000);
    await made.clean(0, 1, []);
    expect(await made.audit()).toBe('OPEN');
    expect(await made.audit()).toBe('OPEN');
    expect(made.sent()).toEqual(nothing);
    made.wait();
    await made.audit();
    expect(made.sent().chunks).toEqual([{ chunk: 0, ranges: [[1, 1]] }]);
  });

  it('leaves HELD when its dead row is written off as FAILED', async () => {
    const made = await setUp({
      chunks: [{ rows: 1, rejected: [], pending: [1] }],
      marks: [markOf({ chunk: 0, row: 1 })],
    });
    expect(await made.audit()).toBe('HELD');
    await made.finish(0, [1], 'FAILED');
    expect(await made.audit()).toBe('COMPLETE');
    expect(lines.join('')).not.toContain(secret);
  });
});
