import { mergedRejectKeysOf, rejectKeyOf, stagedKeyOf } from '@sluice/core/identity';
import { createMemoryJobs } from '@sluice/core/memory-jobs';
import { createMemoryObjects } from '@sluice/core/memory-objects';
import { createMemoryRows } from '@sluice/core/memory-rows';
import type { Job } from '@sluice/core/ports/job-store';
import type { QueueDepth } from '@sluice/core/ports/queue';
import { createScriptedQueue } from '@sluice/core/scripted-queue';
import { describe, expect, it } from 'vitest';
import { forget } from './forget.ts';
import { readForgotten } from './forget-state.ts';
import type { HarnessSettings } from './operate-harness.ts';
import { createOperateHarness, jobId, startsAt } from './operate-harness.ts';
import { putRetryNote } from './retry-note.ts';

const rowCount = 60;
const csv = `a,b\n${Array.from({ length: rowCount }, (_, i) => `${i + 1},x\n`).join('')}`;
const ended: Partial<Job> = { state: 'COMPLETE', announcedAt: startsAt };
const other = 'zzzzzzzzzzzzzzzzzzzzzzzzzz';
const retryKey = `a.retry-${jobId}-1.csv`;

const setUp = async (settings: HarnessSettings = {}, job: Partial<Job> = ended) => {
  const made = createOperateHarness({ answers: [true], ...settings });
  await made.addJob({ csv, rowsPerChunk: 40, fates: { 2: 'REJECTED', 41: 'FAILED' }, job });
  await made.addJob({ csv, job: { ...ended, jobId: other } });
  for (const key of [...Object.values(mergedRejectKeysOf(jobId)), stagedKeyOf(jobId), stagedKeyOf(other)]) {
    await made.objects.put('work', key, 'x'.repeat(100));
  }
  await putRetryNote(made.operator, jobId, { v: 1, n: 1, key: retryKey, at: 1, rows: [[41, 41]], sentAt: 1 });
  const left = async () => {
    const keys: string[] = [];
    for await (const { versions } of made.objects.list('work')) keys.push(...versions.map(({ key }) => key));
    return keys.filter((key) => key.startsWith(`jobs/${jobId}/`));
  };
  const run = (session = made.session) => made.run(forget(session, jobId));
  return { ...made, left, run };
};

describe('forget', () => {
  it('deletes the rows, rejects, copy and notes of the job alone; its ledger and its files stay', async () => {
    const made = await setUp();
    const chunks = made.jobs.chunksOf(jobId);
    expect(await made.run()).toBe(0);
    expect([made.rows.rowsOf(jobId), await made.left()]).toEqual([[], []]);
    expect(made.rows.rowsOf(other)).toHaveLength(rowCount);
    expect(made.objects.bytesOf('work', stagedKeyOf(other))).toBeDefined();
    expect(made.objects.bytesOf('inbox', 'a.csv')?.toString()).toBe(csv);
    expect([made.jobs.chunksOf(jobId), made.jobs.jobOf(jobId)]).toMatchObject([
      chunks,
      { ...ended, forgottenAt: startsAt },
    ]);
    expect(made.value()).toMatchObject({
      jobId,
      forgottenAt: '2026-01-02T03:04:05.000Z',
      rows: rowCount - 1,
      objects: 6,
      stays: ['s3://inbox/a.csv', `s3://inbox/${retryKey}`],
    });
  });

  it('asks before, with the numbers', async () => {
    const made = await setUp({ answers: [false] });
    expect(await made.run()).toBe(1);
    expect(made.questions).toEqual([
      expect.stringMatching(
        /^Delete the results of job \w{26} \(a\.csv\) for good: 59 rows and 6 objects of [\d,]+ bytes, with 1 rejected rows, and no way back\?$/,
      ),
    ]);
    expect(made.rows.rowsOf(jobId)).toHaveLength(rowCount - 1);
    expect(await made.left()).toHaveLength(6);
    expect(made.jobs.jobOf(jobId).forgottenAt).toBeUndefined();
  });

  it.each<[string, Partial<Job>, string]>([
    ['open', { state: 'OPEN' }, `found job ${jobId} OPEN; wait for it, or sluice cancel ${jobId} first`],
    ['held', { state: 'HELD' }, `found job ${jobId} HELD`],
    ['ended a moment ago', { state: 'COMPLETE' }, 'found it is about to be; try again in a minute'],
  ])('refuses a job that is %s', async (_, job, message) => {
    const made = await setUp({ answers: [] }, job);
    await expect(made.run()).rejects.toThrow(message);
    expect(made.rows.rowsOf(jobId)).toHaveLength(rowCount - 1);
  });

  it.each<Partial<Job>>([
    { state: 'REFUSED', announcedAt: 1, reason: { code: 'CANCELLED', message: '' } },
    { state: 'SUPERSEDED', announcedAt: 1 },
  ])('takes a job that ended otherwise: %j', async (job) => {
    const made = await setUp({}, job);
    expect(await made.run()).toBe(0);
    expect(made.rows.rowsOf(jobId)).toEqual([]);
  });

  it('tries again what is throttled, or of which nobody knows', async () => {
    const rows = createMemoryRows({
      remove: (row, attempt) => {
        if (row % 3 === 0 && attempt < 4) return 'throttled';
        if (row % 3 === 1 && attempt < 3) return row % 2 === 0 ? 'lost' : 'failed';
        return undefined;
      },
    });
    const made = await setUp({ rows });
    expect(await made.run()).toBe(0);
    expect(rows.rowsOf(jobId)).toEqual([]);
    expect(made.value()).toMatchObject({ rows: rowCount - 1 });
  });

  it('gives up where the table deletes nothing for long, and goes on when it is called again', async () => {
    let isBroken = true;
    const rows = createMemoryRows({ remove: (row) => (isBroken && row > 20 ? 'throttled' : undefined) });
    const made = await setUp({ rows });
    await expect(made.run()).rejects.toThrow('found it to delete none in 10 tries; the same command goes on');
    expect(await readForgotten(made.operator, made.jobs.jobOf(jobId))).toEqual({ at: startsAt, isFinished: false });
    isBroken = false;
    made.clock.pass(60_000);
    expect(await made.run()).toBe(0);
    expect(made.notes.at(-1)).toBe(
      `job ${jobId} was to be forgotten at 2026-01-02T03:04:05.000Z, which did not come to its end; going on`,
    );
    expect(made.questions).toHaveLength(1);
    expect([rows.rowsOf(jobId), await made.left()]).toEqual([[], []]);
    expect(await readForgotten(made.operator, made.jobs.jobOf(jobId))).toEqual({ at: startsAt, isFinished: true });
  });

  it('deletes what came to the table after it was through, when it is called again', async () => {
    const made = await setUp();
    await made.run();
    await made.rows.insert(jobId, [[0, 7, 8, ['7', 'x']]]);
    const again = createOperateHarness({ jobs: made.jobs, rows: made.rows, objects: made.objects });
    expect(await again.run(forget(again.session, jobId))).toBe(0);
    expect(again.value()).toMatchObject({ rows: 1, objects: 0 });
    expect([made.rows.rowsOf(jobId), await made.left()]).toEqual([[], []]);
  });

  it('says so where dead letters could bring rows back', async () => {
    const made = await setUp();
    await made.jobs.putMarks([
      { jobId, stage: 'process-rows', code: 'TIMEOUT', message: '', attempts: 5, chunk: 0, row: 3 },
    ]);
    await made.run();
    expect(made.notes[0]).toContain(`sluice dlq ls --job ${jobId}`);
  });

  it.each<[string, Partial<Job>, Partial<QueueDepth>, boolean]>([
    ['ended before its rows did, while messages are under way', { state: 'SUPERSEDED' }, { inFlight: 1 }, true],
    ['ended before its rows did, while none are', { state: 'SUPERSEDED' }, {}, false],
    ['is COMPLETE, while messages of others are under way', { state: 'COMPLETE' }, { visible: 7 }, false],
  ])('tells of rows that may come back of a job that %s: %j', async (_, job, depth, isTold) => {
    const rows = {
      ...createScriptedQueue(),
      depth: async () => ({ visible: 0, inFlight: 0, delayed: 0, oldestAgeSeconds: 0, ...depth }),
    };
    const made = await setUp({ queues: { rows } }, { ...job, announcedAt: 1 });
    await made.run();
    expect(made.notes.some((note) => note.endsWith(`once the queues are empty, sluice forget ${jobId} again`))).toBe(
      isTold,
    );
  });

  it('says how far it is every two seconds', async () => {
    const made = await setUp();
    const { rows } = made.operator;
    const remove: typeof rows.remove = (...call) => {
      made.clock.pass(700);
      return rows.remove(...call);
    };
    await made.run({ ...made.session, operator: { ...made.operator, rows: { ...rows, remove } } });
    expect(made.notes).toEqual(['deleted 30 of 59 rows', 'deleted 59 of 59 rows']);
  });
});

describe('a forget that dies', () => {
  /** Effects of a forget, in order. */
  const operations = ['put', 'changeJob', 'remove', 'removeVersion'] as const;

  /** Runs it, dying at the call of this number; false when it needed no more than that. */
  const dieAt = async (call: number, how: 'before' | 'after') => {
    const made = await setUp({ jobs: createMemoryJobs(), rows: createMemoryRows(), objects: createMemoryObjects() });
    let calls = 0;
    const dying = <Port extends object>(port: Port): Port =>
      new Proxy(port, {
        get(target, name) {
          const given: unknown = Reflect.get(target, name);
          if (typeof given !== 'function' || !(operations as readonly unknown[]).includes(name)) return given;
          return async (...args: unknown[]) => {
            calls++;
            if (calls > call || (calls === call && how === 'before')) throw new Error('died');
            const answer: unknown = await Reflect.apply(given, target, args);
            if (calls >= call) throw new Error('died');
            return answer;
          };
        },
      });
    const { jobs, rows, objects } = made.operator;
    const operator = { ...made.operator, jobs: dying(jobs), rows: dying(rows), objects: dying(objects) };
    const ended = await made.run({ ...made.session, operator }).then(
      () => true,
      () => false,
    );
    return { made, ended };
  };

  it('is seen as unfinished until all is gone, and goes on, wherever it died', async () => {
    for (const how of ['before', 'after'] as const) {
      for (let call = 1; ; call++) {
        const { made, ended: isThrough } = await dieAt(call, how);
        const job = made.jobs.jobOf(jobId);
        const forgotten = await readForgotten(made.operator, job);
        const isLeft = made.rows.rowsOf(jobId).length + (await made.left()).length > 0;
        // Nothing is missing of a job that was not to be forgotten yet; nothing is left of one that was.
        if (forgotten === undefined) expect(made.rows.rowsOf(jobId)).toHaveLength(rowCount - 1);
        if (forgotten?.isFinished === true) expect([call, isLeft]).toEqual([call, false]);
        const again = createOperateHarness({
          jobs: made.jobs,
          rows: made.rows,
          objects: made.objects,
          answers: forgotten === undefined ? [true] : [],
        });
        expect(await again.run(forget(again.session, jobId))).toBe(0);
        expect([made.rows.rowsOf(jobId), await made.left()]).toEqual([[], []]);
        expect(made.objects.bytesOf('work', rejectKeyOf(jobId, 0))).toBeUndefined();
        if (isThrough) break;
      }
    }
  });
});
