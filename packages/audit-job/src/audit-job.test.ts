import { catchOutput } from '@sluice/core/caught-output';
import {
  parseAuditMessage,
  parseChunkMessage,
  parseRowsMessage,
  serialiseAudit,
  sweepBody,
} from '@sluice/core/messages';
import type { DeadMark, JobState } from '@sluice/core/ports/job-store';
import type { JobsWaiting } from '@sluice/core/ports/metrics';
import type { QueueDepth, QueueName } from '@sluice/core/ports/queue';
import { createScriptedQueue, refuse } from '@sluice/core/scripted-queue';
import { describe, expect, it } from 'vitest';
import type { ChunkState, SetUp } from './audit-harness.ts';
import {
  closedAt,
  delaysMilliseconds,
  depthOf,
  jobId,
  markOf,
  nothing,
  range,
  secret,
  setUp,
  textOf,
} from './audit-harness.ts';
import { countChunk } from './count-chunk.ts';

const lines = catchOutput();

describe('a sweep', () => {
  const manyJobs = (count: number): string[] => range(1, count).map((index) => String(index).padStart(26, '0'));

  it('becomes one message per job that is due, or is so before the next sweep', async () => {
    const { deliver, jobs, queues } = await setUp();
    const ids = manyJobs(12);
    for (const id of ids) await jobs.createJob({ ...jobs.jobOf(jobId), jobId: id });
    await jobs.changeJob(ids[0] ?? '', ['OPEN'], { state: 'COMPLETE', announcedAt: 1 });
    await jobs.changeJob(ids[1] ?? '', ['OPEN'], { state: 'REFUSED' });
    await jobs.changeJob(ids[2] ?? '', ['OPEN'], { state: 'STALLED' });
    await jobs.changeJob(ids[3] ?? '', ['OPEN'], { auditAt: closedAt + 30_001 });
    await jobs.changeJob(ids[4] ?? '', ['OPEN'], { auditAt: closedAt + 30_000 });
    expect(await deliver(sweepBody)).toEqual([]);
    const due = [jobId, ...ids.slice(1, 3), ...ids.slice(5), ids[4]];
    const asked = queues.audits.bodies.map(parseAuditMessage);
    expect(asked).toEqual(due.map((id) => ({ v: 1, kind: 'audit', jobId: id, due: closedAt })));
  });

  it('comes back when not every message was confirmed', async () => {
    const audits = createScriptedQueue((entries) => refuse(['0'], entries));
    const { deliver } = await setUp({ queues: { audits } });
    expect(await deliver(sweepBody)).toEqual(['a']);
  });

  it('audits nothing itself', async () => {
    const { deliver, counted, jobs } = await setUp({ chunks: [{ rows: 1, rejected: [], done: [1] }] });
    expect(await deliver(sweepBody)).toEqual([]);
    expect(counted()).toEqual([]);
    expect(jobs.jobOf(jobId).state).toBe('OPEN');
  });
});

describe('a chunk', () => {
  it('closes with its counts once they are in and its accepted rows are all final', async () => {
    const { audit, jobs, counts } = await setUp({ chunks: [{ rows: 4, rejected: [2], done: [1, 3], failed: [4] }] });
    await audit();
    expect(jobs.chunksOf(jobId)).toMatchObject([{ closed: { done: 2, failed: 1 } }]);
    const jobsWaiting = { held: 0, stalled: 0, inconsistent: 0 };
    expect(counts).toEqual([
      { stage: 'audit-job', rowsIn: 4, rowsOut: 4, retried: 0, dead: 0, messagesFailed: 0, jobs: jobsWaiting },
    ]);
  });

  it('is never counted again once it is closed, while its neighbours are', async () => {
    const { audit, counted, finish, counts } = await setUp({
      chunks: [
        { rows: 2, rejected: [], done: [1, 2] },
        { rows: 4, rejected: [], done: [3], pending: [4, 5, 6] },
      ],
    });
    for (let row = 4; row <= 6; row++) {
      expect(await audit()).toBe('OPEN');
      await finish(1, [row]);
    }
    expect(await audit()).toBe('COMPLETE');
    expect(counted()).toEqual([0, 1, 1, 1, 1]);
    expect(counts.map(({ rowsIn }) => rowsIn)).toEqual([2, 0, 0, 4]);
  });

  it.each<[string, ChunkState]>([
    ['its counts are not in', { rows: 2, done: [1, 2] }],
    ['a row is PENDING', { rows: 2, rejected: [], done: [1], pending: [2] }],
    ['a row is not in the table', { rows: 3, rejected: [3], done: [1] }],
  ])('stays open while %s', async (_, chunk) => {
    const { audit, jobs } = await setUp({ chunks: [chunk] });
    expect(await audit()).toBe('OPEN');
    expect(jobs.chunksOf(jobId)[0]).not.toHaveProperty('closed');
  });

  it.each<[string, ChunkState, Partial<DeadMark>[], Record<string, number>]>([
    ['not cleaned', { rows: 5, done: [1], pending: [2] }, [{ row: 2 }], { open: 5 }],
    ['cleaned', { rows: 5, rejected: [4, 5], done: [1], pending: [2] }, [], { rejected: 2, done: 1, open: 2 }],
    ['closed', { rows: 3, rejected: [3], done: [1], failed: [2] }, [], { rejected: 1, done: 1, failed: 1 }],
    [
      'with dead rows, one of which became final',
      { rows: 5, rejected: [5], done: [1], failed: [2], pending: [3] },
      [{ row: 1 }, { row: 2 }, { row: 3 }, { row: 4 }],
      { rejected: 1, done: 1, failed: 1, dead: 2 },
    ],
    ['given up before it was cleaned', { rows: 5, done: [1], pending: [2] }, [{}, { row: 2 }], { dead: 5 }],
    [
      'cleaned after it was given up',
      { rows: 5, rejected: [5], done: [1] },
      [{}, { row: 2 }],
      { rejected: 1, done: 1, dead: 1, open: 2 },
    ],
    ['of which every row is final before its counts are in', { rows: 2, done: [1, 2] }, [], { open: 2 }],
  ])('has rows = rejected + done + failed + dead + open when %s', async (_, state, places, expected) => {
    const { jobs, rows } = await setUp({ chunks: [state] });
    const [chunk] = jobs.chunksOf(jobId);
    if (chunk === undefined) throw new Error('expected a chunk, found none');
    const marks = places.map((place) => markOf({ chunk: 0, ...place }));
    const { ledger } = await countChunk(jobId, chunk, marks, { rows, jobs });
    expect(ledger).toEqual({ rows: state.rows, rejected: 0, done: 0, failed: 0, dead: 0, open: 0, ...expected });
    expect(ledger.rejected + ledger.done + ledger.failed + ledger.dead + ledger.open).toBe(state.rows);
  });
});

describe('an audit', () => {
  it('completes a job with every chunk closed, whatever still waits in the queues', async () => {
    const waiting = depthOf({ visible: 7, inFlight: 3, oldestAgeSeconds: 9_000 });
    const { audit } = await setUp({
      chunks: [
        { rows: 2, rejected: [1], done: [2] },
        { rows: 1, rejected: [], failed: [3] },
        { rows: 1, rejected: [4] },
      ],
      queues: { rows: waiting, work: waiting, finished: waiting },
    });
    expect(await audit()).toBe('COMPLETE');
  });

  it('completes a file without rows', async () => {
    const { audit, sent } = await setUp({ chunks: [] });
    expect(await audit()).toBe('COMPLETE');
    expect(sent()).toEqual(nothing);
  });

  it('does not complete a job whose rows are all final while a chunk is not closed', async () => {
    const { audit, clean } = await setUp({
      chunks: [
        { rows: 1, rejected: [], done: [1] },
        { rows: 1, done: [2] },
      ],
    });
    expect(await audit()).toBe('OPEN');
    await clean(1, 1, []);
    expect(await audit()).toBe('COMPLETE');
  });

  it('holds a job of which nothing is open and some rows are dead', async () => {
    const { audit, marked } = await setUp({
      chunks: [
        { rows: 2, rejected: [], done: [1], pending: [2] },
        { rows: 2, rejected: [4] },
      ],
      marks: [markOf({ chunk: 0, row: 2 }), markOf({ chunk: 1, row: 3, stage: 'store-rows', permanent: true })],
    });
    expect(await audit()).toBe('HELD');
    expect(await audit()).toBe('HELD');
    expect(marked()).toHaveLength(2);
  });

  it('does not hold a job while rows are open besides the dead ones', async () => {
    const { audit } = await setUp({
      chunks: [{ rows: 2, rejected: [], pending: [1, 2] }],
      marks: [markOf({ chunk: 0, row: 2 })],
    });
    expect(await audit()).toBe('OPEN');
  });

  it('counts no mark on a row that became final', async () => {
    const { audit, finish } = await setUp({
      chunks: [{ rows: 2, rejected: [], pending: [2], done: [1] }],
      marks: [markOf({ chunk: 0, row: 1, code: 'CONTENT_MISMATCH' }), markOf({ chunk: 0, row: 2 })],
    });
    expect(await audit()).toBe('HELD');
    await finish(0, [2]);
    expect(await audit()).toBe('COMPLETE');
  });

  it('takes the rest of a chunk that was given up as dead until its counts come in', async () => {
    const { audit, clean, finish, store } = await setUp({
      chunks: [{ rows: 3, done: [1] }],
      marks: [markOf({ chunk: 0, stage: 'clean-rows' })],
    });
    expect(await audit()).toBe('HELD');
    await clean(0, 3, [3]);
    await store(0, [2]);
    expect(await audit()).toBe('OPEN');
    await finish(0, [2]);
    expect(await audit()).toBe('COMPLETE');
  });

  it('takes no row of a planned job as dead for a mark on its file', async () => {
    const { audit } = await setUp({
      chunks: [{ rows: 1, rejected: [], pending: [1] }],
      marks: [markOf({ stage: 'split-file' })],
    });
    expect(await audit()).toBe('OPEN');
  });

  it.each<[string, SetUp]>([
    ['more rows are final than were planned', { chunks: [{ rows: 2, rejected: [2], done: [1, 2] }] }],
    [
      'too many rows of one chunk are evened out by too few of another',
      {
        chunks: [
          { rows: 2, rejected: [2], done: [1, 2] },
          { rows: 2, rejected: [], done: [3], pending: [4] },
        ],
      },
    ],
    [
      'the chunks hold fewer rows than the plan',
      { chunks: [{ rows: 1, rejected: [], done: [1] }], job: { plan: { chunks: 1, rows: 2, closedAt } } },
    ],
    [
      'there are more chunks than planned',
      {
        chunks: [
          { rows: 1, rejected: [], done: [1] },
          { rows: 1, rejected: [], done: [2] },
        ],
        job: { plan: { chunks: 1, rows: 2, closedAt } },
      },
    ],
  ])('says INCONSISTENT when %s, and repairs nothing', async (_, settings) => {
    const { audit, sent, wait, marked } = await setUp(settings);
    wait();
    expect(await audit()).toBe('INCONSISTENT');
    expect(sent()).toEqual(nothing);
    expect(marked().filter(([stage]) => stage === 'LOST')).toEqual([]);
    expect(lines.join('')).toContain('the ledger does not add up');
  });

  it.each<[JobState, ChunkState, JobState]>([
    ['INCONSISTENT', { rows: 1, rejected: [], done: [1] }, 'COMPLETE'],
    ['INCONSISTENT', { rows: 1, rejected: [], pending: [1] }, 'OPEN'],
    ['HELD', { rows: 1, rejected: [], done: [1] }, 'COMPLETE'],
    ['HELD', { rows: 1, rejected: [], pending: [1] }, 'OPEN'],
    ['STALLED', { rows: 1, rejected: [], done: [1] }, 'COMPLETE'],
  ])('leaves %s with chunk %j for %s', async (state, chunk, next) => {
    const { audit } = await setUp({ chunks: [chunk], job: { state } });
    expect(await audit()).toBe(next);
  });

  it('refuses a job with a greater share of rejected rows than its profile allows', async () => {
    const chunks = [
      { rows: 2, rejected: [1, 2] },
      { rows: 2, rejected: [3], pending: [4] },
    ];
    const at = await setUp({ chunks, job: { profile: { prefix: '', maxRejectedRatio: 0.75 } } });
    expect(await at.audit()).toBe('OPEN');
    const above = await setUp({ chunks, job: { profile: { prefix: '', maxRejectedRatio: 0.74 } } });
    expect(await above.audit()).toBe('REFUSED');
    expect(above.jobs.jobOf(jobId).reason).toEqual({
      code: 'TOO_MANY_REJECTS',
      message: 'expected at most 0.74 of 4 rows rejected, found 3',
    });
  });

  it.each<JobState>(['COMPLETE', 'SUPERSEDED', 'REFUSED'])(
    'leaves a job that is %s alone once that was told',
    async (state) => {
      const { audit, counted, jobs, sent, wait } = await setUp({
        chunks: [{ rows: 2, rejected: [], pending: [1] }],
        job: { state, announcedAt: closedAt },
      });
      const before = jobs.jobOf(jobId);
      wait();
      expect(await audit()).toBe(state);
      expect(jobs.jobOf(jobId)).toEqual(before);
      expect(counted()).toEqual([]);
      expect(sent()).toEqual(nothing);
    },
  );

  it('acknowledges a message about a job that nobody knows', async () => {
    const { deliver, counts } = await setUp();
    expect(await deliver(serialiseAudit('zzzzzzzzzzzzzzzzzzzzzzzzzz'))).toEqual([]);
    expect(counts).toMatchObject([{ rowsIn: 0, rowsOut: 0 }]);
  });

  it('holds a job whose planner gave up, for the reason it gave', async () => {
    const { audit, jobs } = await setUp({
      isPlanned: false,
      job: { state: 'PLANNING' },
      marks: [markOf({ stage: 'split-file', code: 'READ_INCOMPLETE', message: 'expected the file, found nothing' })],
    });
    expect(await audit()).toBe('HELD');
    expect(jobs.jobOf(jobId).reason).toEqual({
      code: 'READ_INCOMPLETE',
      message: 'expected the file, found nothing',
    });
  });

  it.each<[string, readonly DeadMark[]]>([
    ['nobody gave up', []],
    ['a chunk of the part that is planned was given up', [markOf({ stage: 'clean-rows', chunk: 0 })]],
  ])('leaves a job alone that is being planned when %s', async (_, marks) => {
    const { audit, counted, wait, sent } = await setUp({
      chunks: [{ rows: 2 }],
      isPlanned: false,
      job: { state: 'PLANNING' },
      marks,
    });
    wait();
    expect(await audit()).toBe('PLANNING');
    expect(counted()).toEqual([]);
    expect(sent()).toEqual(nothing);
  });

  it('does nothing while another holds the lease, and its work once that has run out', async () => {
    const { audit, counted, jobs, clock } = await setUp({ chunks: [{ rows: 1, rejected: [], done: [1] }] });
    await jobs.takeLease(jobId, 'audit', 'another invocation', clock.now(), clock.now() + 60_000);
    expect(await audit()).toBe('OPEN');
    expect(counted()).toEqual([]);
    clock.pass(60_000);
    expect(await audit()).toBe('COMPLETE');
  });

  it('gives its lease back, also when it fails', async () => {
    const { audit, deliver, jobs, clock, rows } = await setUp({ chunks: [{ rows: 1, rejected: [], pending: [1] }] });
    const take = (owner: string): Promise<boolean> =>
      jobs.takeLease(jobId, 'audit', owner, clock.now(), clock.now() + 1);
    await audit();
    expect(await take('second')).toBe(true);
    await jobs.releaseLease(jobId, 'audit', 'second');
    rows.getRow = async () => {
      throw new Error(`broken ${secret}`);
    };
    expect(await deliver(serialiseAudit(jobId))).toEqual(['a']);
    expect(await take('third')).toBe(true);
  });

  it.each([1, 4])(
    'comes back when the ledger cannot be read, and leaves nobody dead on delivery %d',
    async (receives) => {
      const { deliver, jobs } = await setUp({
        chunks: [{ rows: 1, rejected: [], done: [1] }],
        script: (operation) => {
          if (operation === 'listChunks') throw new Error(`broken ${secret}`);
          return undefined;
        },
      });
      expect(await deliver(serialiseAudit(jobId), receives)).toEqual(['a']);
      expect(jobs.jobOf(jobId).state).toBe('OPEN');
      expect(jobs.marksOf(jobId)).toEqual([]);
      expect(lines.join('')).not.toContain(secret);
    },
  );
});

describe('a repair', () => {
  const chunks: readonly ChunkState[] = [
    { rows: 3, rejected: [], done: [1, 2, 3] },
    // Absent: 4, 5, 8, 10 (dead), 13, of which 12 was rejected.
    { rows: 10, rejected: [9, 12], done: [6], pending: [7, 11] },
    { rows: 4 },
  ];
  const marks = [markOf({ chunk: 1, row: 10 })];

  it('sends rows that the table has to work, absent ones to chunks by ranges, and a chunk without counts whole', async () => {
    const { audit, sent, wait, jobs, queues, clock } = await setUp({ chunks, marks });
    wait();
    expect(await audit()).toBe('OPEN');
    expect(sent()).toEqual({
      work: [[7, 11]],
      chunks: [
        {
          chunk: 1,
          ranges: [
            [4, 5],
            [8, 8],
            [13, 13],
          ],
        },
        { chunk: 2 },
      ],
    });
    expect(parseRowsMessage(queues.work.bodies[0] ?? '')).toEqual({
      v: 1,
      kind: 'rows',
      jobId,
      columns: ['a'],
      rows: [7, 11].map((row) => [1, row, row + 1, [textOf(row)]]),
    });
    expect(parseChunkMessage(queues.chunks.bodies[1] ?? '')).toEqual({
      v: 1,
      kind: 'chunk',
      jobId,
      chunk: 2,
      start: 140,
      end: 180,
      firstRow: 14,
      rows: 4,
      firstLine: 15,
    });
    expect(jobs.jobOf(jobId)).toMatchObject({ repairs: 1, repairedAt: clock.now() });
    expect(lines.join('')).not.toContain(secret);
  });

  it('leaves rows alone that are dead though the table has them', async () => {
    const { audit, sent, wait } = await setUp({
      chunks: [{ rows: 3, rejected: [], pending: [1, 2, 3] }],
      marks: [markOf({ chunk: 0, row: 2 })],
    });
    wait();
    await audit();
    expect(sent()).toEqual({ work: [[1, 3]], chunks: [] });
  });

  it('leaves a chunk alone that was given up, while it repairs another', async () => {
    const { audit, sent, wait } = await setUp({
      chunks: [{ rows: 2 }, { rows: 2 }],
      marks: [markOf({ chunk: 0, stage: 'clean-rows' })],
    });
    wait();
    expect(await audit()).toBe('OPEN');
    expect(sent()).toEqual({ work: [], chunks: [{ chunk: 1 }] });
  });

  it('sends a chunk again of which every row is final and only the counts are missing', async () => {
    const { audit, sent, wait, clean } = await setUp({
      chunks: [
        { rows: 1, rejected: [], done: [1] },
        { rows: 2, done: [2], failed: [3] },
      ],
    });
    wait();
    expect(await audit()).toBe('OPEN');
    expect(sent()).toEqual({ work: [], chunks: [{ chunk: 1 }] });
    await clean(1, 2, []);
    expect(await audit()).toBe('COMPLETE');
  });

  it('puts no more rows into a message than the job says', async () => {
    const { audit, sent, wait } = await setUp({
      chunks: [{ rows: 3, rejected: [], pending: [1, 2, 3] }],
      job: { rowsPerMessage: 2 },
    });
    wait();
    await audit();
    expect(sent().work).toEqual([[1, 2], [3]]);
  });

  it('names at most a thousand ranges in a message', async () => {
    const stored = range(1, 1_001).map((index) => index * 2);
    const { audit, sent, wait } = await setUp({ chunks: [{ rows: 2_003, rejected: [], done: stored }] });
    wait();
    await audit();
    const ranges = sent().chunks.map((message) => message.ranges ?? []);
    expect(ranges.map(({ length }) => length)).toEqual([1_000, 2]);
    expect(ranges.flat()).toEqual(range(0, 1_001).map((index) => [index * 2 + 1, index * 2 + 1]));
  });

  it('comes no more often than the wiring has delays, each only after its delay, and then marks rows LOST', async () => {
    const { audit, sent, clock, jobs, marked } = await setUp({ chunks: [{ rows: 2, rejected: [], pending: [1, 2] }] });
    const sends: number[] = [];
    for (const milliseconds of delaysMilliseconds) {
      clock.pass(milliseconds - 1);
      expect(await audit()).toBe('OPEN');
      sends.push(sent().work.length);
      clock.pass(1);
      await audit();
      sends.push(sent().work.length);
    }
    expect(sends).toEqual([0, 1, 1, 2, 2, 3, 3, 3]);
    expect(jobs.jobOf(jobId)).toMatchObject({ state: 'STALLED', repairs: 3 });
    expect(marked()).toEqual([
      ['LOST', 0, 1],
      ['LOST', 0, 2],
    ]);
  });

  it.each<[QueueName, keyof QueueDepth]>([
    ['uploads', 'visible'],
    ['chunks', 'inFlight'],
    ['rows', 'delayed'],
    ['work', 'visible'],
    ['finished', 'inFlight'],
  ])('waits while a message in %s (%s) is as old as the last send', async (queue, state) => {
    const seconds = (delaysMilliseconds[0] ?? 0) / 1000;
    const chunk = [{ rows: 1, rejected: [], pending: [1] }];
    const older = await setUp({
      chunks: chunk,
      queues: { [queue]: depthOf({ [state]: 1, oldestAgeSeconds: seconds }) },
    });
    older.wait();
    expect(await older.audit()).toBe('OPEN');
    expect(older.jobs.jobOf(jobId).repairs).toBe(0);
    expect(older.queues.work.sends).toEqual([]);
    const younger = await setUp({
      chunks: chunk,
      queues: { [queue]: depthOf({ [state]: 1, oldestAgeSeconds: seconds - 1 }) },
    });
    younger.wait();
    await younger.audit();
    expect(younger.jobs.jobOf(jobId).repairs).toBe(1);
  });

  it('does not wait for audits, nor for the age of a message that is gone', async () => {
    const { audit, wait, jobs } = await setUp({
      chunks: [{ rows: 1, rejected: [], pending: [1] }],
      queues: {
        audits: depthOf({ visible: 5, oldestAgeSeconds: 9_000 }),
        rows: depthOf({ oldestAgeSeconds: 9_000 }),
      },
    });
    wait();
    await audit();
    expect(jobs.jobOf(jobId).repairs).toBe(1);
  });

  it.each<QueueName>(['work', 'chunks'])('does not count when %s did not confirm it', async (queue) => {
    const broken = createScriptedQueue((entries) =>
      refuse(
        entries.map(({ id }) => id),
        entries,
      ),
    );
    const { deliver, wait, jobs } = await setUp({
      chunks: [{ rows: 2, rejected: [], pending: [1] }],
      queues: { [queue]: broken },
    });
    wait();
    expect(await deliver(serialiseAudit(jobId))).toEqual(['a']);
    expect(jobs.jobOf(jobId)).toMatchObject({ state: 'OPEN', repairs: 0 });
    expect(jobs.jobOf(jobId)).not.toHaveProperty('repairedAt');
  });
});

describe('the metrics of an audit', () => {
  const none = { held: 0, stalled: 0, inconsistent: 0 };

  it.each<[string, SetUp, Partial<JobsWaiting>]>([
    ['that is complete', { chunks: [{ rows: 1, rejected: [], done: [1] }] }, {}],
    ['that is open', { chunks: [{ rows: 1, rejected: [], pending: [1] }] }, {}],
    [
      'that comes to be held',
      { chunks: [{ rows: 1, rejected: [], pending: [1] }], marks: [markOf({ chunk: 0, row: 1 })] },
      { held: 1 },
    ],
    [
      'whose planner gave up',
      { isPlanned: false, job: { state: 'PLANNING' }, marks: [markOf({ stage: 'split-file' })] },
      { held: 1 },
    ],
    ['that is being planned', { isPlanned: false, job: { state: 'PLANNING' } }, {}],
    [
      'that stays stalled',
      {
        chunks: [{ rows: 1, rejected: [], pending: [1] }],
        job: { state: 'STALLED', repairs: 3, repairedAt: closedAt },
      },
      { stalled: 1 },
    ],
    [
      'that does not add up',
      { chunks: [{ rows: 1, rejected: [], done: [1] }], job: { plan: { chunks: 2, rows: 0, closedAt } } },
      { inconsistent: 1 },
    ],
  ])('count the state of a job %s', async (_, settings, expected) => {
    const { audit, counts } = await setUp(settings);
    await audit();
    expect(counts).toMatchObject([{ jobs: { ...none, ...expected } }]);
  });

  it('count a job as stalled in the audit that gives its rows up', async () => {
    const { audit, clock, counts } = await setUp({
      chunks: [{ rows: 1, rejected: [], pending: [1] }],
      job: { repairs: 3, repairedAt: closedAt },
    });
    await audit();
    clock.pass(400_000);
    await audit();
    expect(counts.map(({ jobs }) => jobs)).toEqual([none, { ...none, stalled: 1 }]);
  });

  it('count nothing for a job that another audit holds', async () => {
    const { deliver, jobs, counts, clock } = await setUp({
      chunks: [{ rows: 1, rejected: [], pending: [1] }],
      job: { state: 'HELD' },
    });
    await jobs.takeLease(jobId, 'audit', 'another', clock.now(), clock.now() + 1_000);
    await deliver(serialiseAudit(jobId));
    expect(counts).toMatchObject([{ jobs: none }]);
  });
});

describe('a job after all repairs', () => {
  const job = { repairs: 3, repairedAt: closedAt };
  const wait = ({ clock }: { readonly clock: { pass(milliseconds: number): void } }): void => clock.pass(400_000);

  it('is STALLED, with what is open marked LOST: row by row, or the chunk when it has no counts', async () => {
    const stalled = await setUp({
      chunks: [
        { rows: 6, rejected: [6], done: [1], pending: [2, 5] },
        { rows: 2, done: [7] },
        { rows: 1, rejected: [], done: [9] },
      ],
      marks: [markOf({ chunk: 0, row: 3 })],
      job,
    });
    wait(stalled);
    expect(await stalled.audit()).toBe('STALLED');
    expect(stalled.marked()).toEqual([
      ['LOST', 0, 2],
      ['process-rows', 0, 3],
      ['LOST', 0, 4],
      ['LOST', 0, 5],
      ['LOST', 1, undefined],
    ]);
    expect(stalled.jobs.marksOf(jobId)[0]).toEqual({
      jobId,
      stage: 'LOST',
      chunk: 0,
      row: 2,
      code: 'LOST',
      message: 'expected the row to become final, found it open after every repair',
      attempts: 3,
    });
    expect(stalled.sent()).toEqual(nothing);
  });

  it('stays STALLED, and is neither marked nor repaired again', async () => {
    const stalled = await setUp({ chunks: [{ rows: 2, rejected: [], pending: [1] }], job });
    wait(stalled);
    await stalled.audit();
    const marks = stalled.jobs.marksOf(jobId);
    const written = stalled.jobs.calls.filter(({ operation }) => operation === 'putMarks').length;
    wait(stalled);
    expect(await stalled.audit()).toBe('STALLED');
    expect(stalled.jobs.marksOf(jobId)).toEqual(marks);
    expect(stalled.jobs.calls.filter(({ operation }) => operation === 'putMarks')).toHaveLength(written);
    expect(stalled.sent()).toEqual(nothing);
  });

  it('leaves STALLED when its rows become final after all', async () => {
    const stalled = await setUp({ chunks: [{ rows: 2, rejected: [], pending: [1] }], job });
    wait(stalled);
    expect(await stalled.audit()).toBe('STALLED');
    await stalled.finish(0, [1], 'FAILED');
    expect(await stalled.audit()).toBe('STALLED');
    await stalled.store(0, [2]);
    await stalled.finish(0, [2]);
    expect(await stalled.audit()).toBe('COMPLETE');
  });

  it('is not STALLED before the last delay is over, nor while an older message waits', async () => {
    const chunks = [{ rows: 1, rejected: [], pending: [1] }];
    const early = await setUp({ chunks, job });
    early.clock.pass(399_999);
    expect(await early.audit()).toBe('OPEN');
    const waiting = await setUp({ chunks, job, queues: { work: depthOf({ visible: 1, oldestAgeSeconds: 400 }) } });
    wait(waiting);
    expect(await waiting.audit()).toBe('OPEN');
    expect(waiting.marked()).toEqual([]);
  });

  it('comes back when the marks cannot be written, and is not STALLED', async () => {
    const broken = await setUp({
      chunks: [{ rows: 1, rejected: [], pending: [1] }],
      job,
      script: (operation, attempt) => {
        if (operation === 'putMarks' && attempt === 2) throw new Error('throttled');
        return undefined;
      },
    });
    wait(broken);
    expect(await broken.deliver(serialiseAudit(jobId))).toEqual(['a']);
    expect(broken.jobs.jobOf(jobId).state).toBe('OPEN');
    expect(await broken.audit()).toBe('STALLED');
  });
});
