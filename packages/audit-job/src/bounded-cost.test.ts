import { catchOutput } from '@sluice/core/caught-output';
import { sweepBody } from '@sluice/core/messages';
import type { JobState } from '@sluice/core/ports/job-store';
import { describe, expect, it } from 'vitest';
import type { ChunkState } from './audit-harness.ts';
import { closedAt, depthOf, jobId, markOf, nothing, range, setUp } from './audit-harness.ts';

// What a pass may cost, and that nothing is judged by a part.

const minute = 60_000;

catchOutput();

/** Chunks of one row each; chunk `n` holds row `n + 1`. */
const chunksOf = (count: number, stateOf: (row: number) => 'done' | 'pending' | 'uncleaned' | 'absent'): ChunkState[] =>
  range(1, count).map((row) => {
    const state = stateOf(row);
    if (state === 'uncleaned') return { rows: 1 };
    return { rows: 1, rejected: [], ...(state === 'absent' ? {} : { [state]: [row] }) };
  });

describe('a pass', () => {
  it('counts at most 64 chunks, and the next one those behind them; what is closed is not even read again', async () => {
    const { audit, counted, jobs, listedFrom } = await setUp({ chunks: chunksOf(150, () => 'done') });
    expect(await audit()).toBe('OPEN');
    expect(counted()).toEqual(range(0, 63));
    expect(jobs.jobOf(jobId).audited).toMatchObject({ through: 64, ledger: { rows: 64, done: 64 } });
    expect(await audit()).toBe('OPEN');
    expect(counted()).toEqual(range(0, 127));
    expect(await audit()).toBe('COMPLETE');
    expect(counted()).toEqual(range(0, 149));
    expect(listedFrom.slice(0, 3)).toEqual([0, 64, 128]);
  });

  it('is due again at once when its budget was used up by chunks that closed', async () => {
    const { audit, jobs, clock } = await setUp({ chunks: chunksOf(65, () => 'done') });
    await audit();
    expect(jobs.jobOf(jobId).auditAt).toBe(clock.now());
  });

  it('asks nothing of the rows of a chunk whose counts are not in', async () => {
    const { audit, rows } = await setUp({
      chunks: chunksOf(100, () => 'uncleaned'),
      marks: [markOf({ chunk: 3, stage: 'clean-rows' })],
    });
    expect(await audit()).toBe('OPEN');
    expect(rows.calls.filter(({ operation }) => operation === 'countChunk' || operation === 'readChunk')).toEqual([]);
  });

  it('ends after eight counts in vain, and every chunk has its turn', async () => {
    const { audit, counted } = await setUp({ chunks: chunksOf(20, (row) => (row === 20 ? 'done' : 'pending')) });
    await audit();
    expect(counted()).toEqual(range(0, 7));
    await audit();
    expect(counted()).toEqual(range(0, 15));
    await audit();
    expect(counted()).toEqual(range(0, 19));
  });

  it('counts a chunk again only once the row that kept it open is final, or a mark has come', async () => {
    const { audit, counted, finish, rows, jobs } = await setUp({
      chunks: [
        { rows: 3, rejected: [], pending: [1, 2, 3] },
        { rows: 2, rejected: [], pending: [4, 5] },
        { rows: 2, rejected: [6] },
      ],
    });
    // Of the third chunk a row is lost: nobody can tell which.
    await audit();
    expect(counted()).toEqual([0, 1, 2]);
    await finish(0, [2, 3]);
    await audit();
    expect(counted()).toEqual([0, 1, 2, 2]);
    await finish(0, [1]);
    await audit();
    expect(counted()).toEqual([0, 1, 2, 2, 0, 2]);
    expect(jobs.chunksOf(jobId)[0]?.closed).toEqual({ done: 3, failed: 0 });
    await jobs.putMarks([markOf({ chunk: 1, row: 5 })]);
    await audit();
    const read = rows.calls.filter(({ operation }) => operation === 'readChunk').map(({ chunk }) => chunk);
    expect(read).toEqual([1]);
    await audit();
    expect(rows.calls.filter(({ operation }) => operation === 'readChunk')).toHaveLength(1);
  });

  it('holds a job by its last dead row, and by no dead row while another is open', async () => {
    const { audit, finish, jobs, store } = await setUp({
      chunks: [{ rows: 3, rejected: [], pending: [1, 2] }],
      marks: [markOf({ chunk: 0, row: 1 })],
    });
    expect(await audit()).toBe('OPEN');
    await finish(0, [2]);
    // Row 3 is in no table.
    expect(await audit()).toBe('OPEN');
    await store(0, [3]);
    await jobs.putMarks([markOf({ chunk: 0, row: 3 })]);
    expect(await audit()).toBe('HELD');
    expect(await audit()).toBe('HELD');
    await finish(0, [1]);
    expect(await audit()).toBe('HELD');
    await finish(0, [3]);
    expect(await audit()).toBe('COMPLETE');
  });

  it('remembers what keeps two hundred chunks open, and no more', async () => {
    const { audit, jobs, counted } = await setUp({ chunks: chunksOf(250, () => 'pending') });
    for (let i = 0; i < 32; i++) await audit();
    expect(counted()).toEqual(range(0, 249));
    expect(jobs.jobOf(jobId).audited?.witnesses).toHaveLength(200);
    expect(JSON.stringify(jobs.jobOf(jobId).audited).length).toBeLessThan(8_000);
    await audit();
    expect(counted()).toEqual([...range(0, 249), ...range(200, 207)]);
  });

  it('goes on behind counts in vain as long as others close', async () => {
    const { audit, counted } = await setUp({ chunks: chunksOf(60, (row) => (row % 10 === 0 ? 'pending' : 'done')) });
    expect(await audit()).toBe('OPEN');
    expect(counted()).toEqual(range(0, 59));
  });

  it('goes on as far as its time goes', async () => {
    // 300 s, of which 60 are kept back: three counts begin.
    const { audit, counted, jobs, clock } = await setUp({
      chunks: chunksOf(7, () => 'done'),
      chunkMilliseconds: 100_000,
    });
    expect(await audit()).toBe('OPEN');
    expect(counted()).toEqual([0, 1, 2]);
    expect(jobs.jobOf(jobId).auditAt).toBe(clock.now());
    expect(await audit()).toBe('OPEN');
    expect(await audit()).toBe('COMPLETE');
    expect(counted()).toEqual(range(0, 6));
  });

  it('reads a bounded number of chunk records', async () => {
    const { audit, jobs } = await setUp({ chunks: chunksOf(4_200, () => 'uncleaned') });
    await audit();
    expect(jobs.jobOf(jobId).audited?.round?.next).toBe(4_096);
    await audit();
    expect(jobs.jobOf(jobId).audited).not.toHaveProperty('round');
  });

  it('has no bounds where nothing is paid for', async () => {
    const { audit, counted } = await setUp({
      chunks: chunksOf(150, (row) => (row === 150 ? 'pending' : 'done')),
      auditEverySeconds: 0,
    });
    await audit();
    expect(counted()).toEqual(range(0, 149));
  });

  it('reads the marks of the chunks that it looks at, and each row of them once', async () => {
    const { audit, rows, jobs } = await setUp({
      chunks: [
        { rows: 2, rejected: [], done: [1, 2] },
        { rows: 3, rejected: [], done: [3], pending: [4, 5] },
      ],
      marks: [markOf({ chunk: 1, row: 4 }), markOf({ chunk: 1, row: 3 })],
    });
    await audit();
    await audit();
    const calls = rows.calls.map(({ operation, chunk }) => `${operation} ${chunk}`);
    expect(calls.filter((call) => !/^(insert|finish)/.test(call))).toEqual(['countChunk 0', 'readChunk 1', 'getRow 1']);
    expect(jobs.chunksOf(jobId)[1]).not.toHaveProperty('closed');
  });
});

describe('a part of a job', () => {
  const held = (count: number) => ({
    chunks: chunksOf(count, () => 'pending'),
    marks: range(1, count).map((row) => markOf({ chunk: row - 1, row })),
  });

  it('holds nothing before every chunk was seen', async () => {
    const { audit } = await setUp(held(20));
    const states: JobState[] = [];
    for (let i = 0; i < 3; i++) states.push(await audit());
    expect(states).toEqual(['OPEN', 'OPEN', 'HELD']);
  });

  it('does not hold a job whose open row stands in the last chunk', async () => {
    const { marks, chunks } = held(20);
    const { audit } = await setUp({ chunks, marks: marks.slice(0, 19) });
    for (let i = 0; i < 6; i++) expect(await audit()).toBe('OPEN');
  });

  it('is INCONSISTENT only once every chunk was seen, though the sum evens it out', async () => {
    const chunks = chunksOf(20, (row) => (row === 20 ? 'absent' : 'pending'));
    chunks[0] = { rows: 1, rejected: [1], pending: [], done: [1] };
    const { audit } = await setUp({ chunks });
    const states: JobState[] = [];
    for (let i = 0; i < 3; i++) states.push(await audit());
    expect(states).toEqual(['OPEN', 'OPEN', 'INCONSISTENT']);
  });

  it('is INCONSISTENT in every audit for a closed chunk that holds too many rows, though another evens it out', async () => {
    const { audit, jobs } = await setUp({
      chunks: [
        { rows: 2, done: [1, 2] },
        { rows: 1, rejected: [], pending: [3] },
      ],
    });
    await jobs.putCounts(jobId, 0, { accepted: 2, rejected: 1 });
    for (let i = 0; i < 3; i++) expect(await audit()).toBe('INCONSISTENT');
    expect(jobs.chunksOf(jobId)[0]?.closed).toEqual({ done: 2, failed: 0 });
  });

  it('completes nothing while a chunk behind the budget is open', async () => {
    const { audit, finish } = await setUp({ chunks: chunksOf(65, (row) => (row === 65 ? 'pending' : 'done')) });
    for (let i = 0; i < 4; i++) expect(await audit()).toBe('OPEN');
    await finish(64, [65]);
    expect(await audit()).toBe('COMPLETE');
  });

  it('repairs nothing; a repair that is due has the round gone through faster, and then comes', async () => {
    const { audit, wait, sent, jobs, counted, clock } = await setUp({ chunks: chunksOf(100, () => 'pending') });
    wait();
    expect(await audit()).toBe('OPEN');
    expect(counted()).toHaveLength(64);
    expect(sent()).toEqual(nothing);
    expect(jobs.jobOf(jobId)).toMatchObject({ repairs: 0, auditAt: clock.now() });
    expect(await audit()).toBe('OPEN');
    expect(sent().work).toHaveLength(100);
    expect(jobs.jobOf(jobId).repairs).toBe(1);
  });

  it('refuses a job as soon as too many rows are rejected for what comes after to change that', async () => {
    const chunks = range(1, 100).map((row): ChunkState => ({ rows: 1, rejected: row <= 60 ? [row] : [], pending: [] }));
    const { audit, counted } = await setUp({ chunks, job: { profile: { prefix: '', maxRejectedRatio: 0.5 } } });
    expect(await audit()).toBe('REFUSED');
    expect(counted().length).toBeLessThanOrEqual(68);
  });
});

describe('the next audit of a job', () => {
  const minutesUntilDue = async (
    settings: Parameters<typeof setUp>[0],
    audits: number,
    onAudit: (at: number, made: Awaited<ReturnType<typeof setUp>>) => Promise<void> = async () => undefined,
  ): Promise<number[]> => {
    const made = await setUp(settings);
    const minutes: number[] = [];
    for (let i = 0; i < audits; i++) {
      await onAudit(i, made);
      await made.nextAudit();
      minutes.push((made.jobs.jobOf(jobId).auditAt - made.clock.now()) / minute);
    }
    return minutes;
  };
  // Never due for a repair: something waits in a queue that is older than the job.
  const queues = { work: depthOf({ visible: 1, oldestAgeSeconds: Number.POSITIVE_INFINITY }) };
  const open = {
    chunks: [{ rows: 9, rejected: [], pending: range(1, 9) }],
    queues,
    job: { repairedAt: closedAt - 1e9 },
  };

  it('comes at growing intervals while it does not get on, at most a quarter of an hour', async () => {
    // The first sees that the counts of the chunk are in.
    expect(await minutesUntilDue(open, 8)).toEqual([1, 1, 2, 4, 8, 15, 15, 15]);
  });

  it('comes after a minute again once a row became final', async () => {
    const minutes = await minutesUntilDue(open, 7, async (at, { finish }) => {
      if (at === 4) await finish(0, [1]);
    });
    expect(minutes).toEqual([1, 1, 2, 4, 1, 1, 2]);
  });

  it('comes after a minute again once a chunk has its counts', async () => {
    const chunks = [{ rows: 1 }, { rows: 1 }];
    const minutes = await minutesUntilDue({ ...open, chunks }, 5, async (at, { clean }) => {
      if (at === 3) await clean(1, 1, []);
    });
    expect(minutes).toEqual([1, 2, 4, 1, 1]);
  });

  it.each<[JobState, Parameters<typeof setUp>[0]]>([
    ['HELD', { chunks: [{ rows: 1, rejected: [], pending: [1] }], marks: [markOf({ chunk: 0, row: 1 })] }],
    ['STALLED', { chunks: [{ rows: 1, rejected: [], pending: [1] }], job: { state: 'STALLED' } }],
    ['INCONSISTENT', { chunks: [{ rows: 1, rejected: [1], done: [1] }] }],
  ])('comes after a quarter of an hour for one that is %s', async (state, settings) => {
    const { nextAudit, jobs, clock } = await setUp({ queues, ...settings });
    for (let i = 0; i < 3; i++) expect(await nextAudit()).toBe(state);
    expect(jobs.jobOf(jobId).auditAt - clock.now()).toBe(15 * minute);
  });

  it('comes after a minute while rows of a held job become final', async () => {
    const { nextAudit, finish, jobs, clock } = await setUp({
      chunks: [{ rows: 3, rejected: [], pending: [1, 2, 3] }],
      marks: [1, 2, 3].map((row) => markOf({ chunk: 0, row })),
    });
    for (let i = 0; i < 3; i++) await nextAudit();
    await finish(0, [1]);
    expect(await nextAudit()).toBe('HELD');
    expect(jobs.jobOf(jobId).auditAt - clock.now()).toBe(minute);
  });

  it('grows while a file is being planned, and comes after a quarter of an hour once its planner gave up', async () => {
    const settings = { isPlanned: false, job: { state: 'PLANNING' } } as const;
    expect(await minutesUntilDue(settings, 6)).toEqual([1, 2, 4, 8, 15, 15]);
    const held = { ...settings, marks: [markOf({ stage: 'split-file' })] };
    expect(await minutesUntilDue(held, 2)).toEqual([15, 15]);
  });

  it('comes when the next repair is due, if that is sooner', async () => {
    const { nextAudit, jobs } = await setUp({ chunks: [{ rows: 1, rejected: [], pending: [1] }] });
    await nextAudit();
    await nextAudit();
    expect(jobs.jobOf(jobId).auditAt).toBe(closedAt + 100_000);
    await nextAudit();
    expect(jobs.jobOf(jobId).repairs).toBe(1);
  });

  it('is due at once where somebody waits', async () => {
    expect(await minutesUntilDue({ ...open, auditEverySeconds: 0 }, 5)).toEqual([0, 0, 0, 0, 0]);
  });

  it('comes later when one failed, whose message is tried again all the same', async () => {
    const { deliver, jobs, clock } = await setUp({
      chunks: [{ rows: 1, rejected: [], done: [1] }],
      script: (operation, attempt) => {
        if (operation === 'listChunks' && attempt < 3) throw new Error('broken');
        return undefined;
      },
    });
    const body = JSON.stringify({ v: 1, kind: 'audit', jobId, due: clock.now() });
    expect(await deliver(body)).toEqual(['a']);
    expect(jobs.jobOf(jobId).auditAt - clock.now()).toBe(15 * minute);
    expect(await deliver(body, 2)).toEqual(['a']);
    expect(await deliver(body, 3)).toEqual([]);
    expect(jobs.jobOf(jobId).state).toBe('COMPLETE');
  });
});

describe('many messages about one sweep', () => {
  it('make one audit', async () => {
    const { deliver, queues, counted, clock } = await setUp({ chunks: [{ rows: 1, rejected: [], pending: [1] }] });
    for (let i = 0; i < 3; i++) {
      await deliver(sweepBody);
      clock.pass(1_000);
    }
    const bodies = queues.audits.bodies.slice();
    expect(bodies).toHaveLength(3);
    for (const body of bodies) expect(await deliver(body)).toEqual([]);
    expect(counted()).toEqual([0]);
  });

  it('do not hinder one that somebody asks for', async () => {
    const { audit, counted, finish } = await setUp({ chunks: [{ rows: 3, rejected: [], pending: [1, 2, 3] }] });
    await finish(0, [1]);
    await audit();
    await finish(0, [2]);
    await audit();
    expect(counted()).toEqual([0, 0]);
  });
});
