import { SluiceError } from '@sluice/core/errors';
import { createMemoryDeadLetters } from '@sluice/core/memory-dead-letters';
import { createMemoryJobs } from '@sluice/core/memory-jobs';
import { createMemoryRows } from '@sluice/core/memory-rows';
import type { Job } from '@sluice/core/ports/job-store';
import type { QueueDepth } from '@sluice/core/ports/queue';
import { createScriptedQueue, type ScriptedQueue } from '@sluice/core/scripted-queue';
import { stageNames } from '@sluice/core/wiring';
import { describe, expect, it } from 'vitest';
import { createTerminalHarness } from '../view/terminal-harness.ts';
import type { JobStatus } from './job-status.ts';
import type { MetricReader } from './metrics.ts';
import type { HarnessSettings, JobSettings } from './operate-harness.ts';
import { createOperateHarness, jobId, startsAt } from './operate-harness.ts';
import { onceRowsMax, watchRowsPerSecond } from './reading-budget.ts';
import { status } from './status.ts';

const minute = 60_000;
const csv = `a\n${Array.from({ length: 30 }, (_, index) => `v${index + 1}`).join('\n')}\n`;

const queueWith = (depth: Partial<QueueDepth>): ScriptedQueue => ({
  ...createScriptedQueue(),
  depth: async () => ({ visible: 0, inFlight: 0, delayed: 0, oldestAgeSeconds: 0, ...depth }),
});

/** Rows that each stage handed on in the last complete minute, and the relay's lag in milliseconds. */
const metricsOf =
  (rows: number, lag = 0): MetricReader =>
  async (queries, { to }) =>
    new Map(queries.map(({ id, name }) => [id, [{ at: to - minute, value: name === 'IteratorAge' ? lag : rows }]]));

const setUp = async (job: Partial<JobSettings> = {}, settings: HarnessSettings = {}) => {
  const harness = createOperateHarness(settings);
  await harness.addJob({ csv, ...job });
  const terminal = createTerminalHarness(100, 40);
  const { stream: stdout } = createTerminalHarness();
  Object.assign(stdout, { isTTY: false });
  const screen = { stdout, stderr: terminal.stream, environment: { TERM: 'xterm' } };
  const ask = (watch = false): Promise<number> => harness.run(status(harness.session, jobId, { watch }, screen));
  return { ...harness, terminal, screen, ask, found: () => harness.value() as JobStatus };
};

const stageOf = ({ stages }: JobStatus, name: string) => stages.find(({ stage }) => stage === name);

const underWay: Partial<JobSettings> = {
  fates: { 1: 'FAILED', 2: 'REJECTED', 11: 'PENDING', 12: 'ABSENT' },
  uncounted: [2],
  marks: [{ row: 11, chunk: 1 }],
};

describe('the status of a job', () => {
  it('counts its rows, tells of every stage, and writes nothing', async () => {
    const work = queueWith({ visible: 7, inFlight: 2, delayed: 1, oldestAgeSeconds: 61 });
    const deadLetters = { work: createMemoryDeadLetters({ bodies: ['one', 'two'] }) };
    const { ask, found, jobs, rows } = await setUp(underWay, {
      queues: { work },
      deadLetters,
      metrics: metricsOf(600),
    });
    const before = [jobs.jobOf(jobId), jobs.chunksOf(jobId), rows.rowsOf(jobId)];
    expect(await ask()).toBe(0);
    expect(found()).toMatchObject({
      jobId,
      key: 'a.csv',
      state: 'OPEN',
      ledger: { rows: 30, done: 16, failed: 1, rejected: 1, dead: 1, open: 11 },
      ledgerFrom: 'counted',
      isPlanned: true,
      chunks: { planned: 3, cleaned: 2, closed: 1 },
      rowsPerSecond: 10,
      secondsLeft: 2,
      stalled: [],
      unknown: [],
    });
    expect(stageOf(found(), 'process-rows')).toEqual({
      stage: 'process-rows',
      queue: 'work',
      waiting: 7,
      inFlight: 2,
      delayed: 1,
      oldestAgeSeconds: 61,
      deadLetters: 2,
      rows: null,
      rowsLeft: null,
      rowsPerSecond: 10,
      rateFrom: 'metrics',
      secondsLeft: null,
      isStuck: false,
    });
    const rowsOf = (name: string) => [stageOf(found(), name)?.rows, stageOf(found(), name)?.rowsLeft];
    expect(['split-file', 'clean-rows', 'store-rows', 'finish-rows'].map(rowsOf)).toEqual([
      [30, 0],
      [20, 10],
      [18, 11],
      [17, 11],
    ]);
    expect([jobs.jobOf(jobId), jobs.chunksOf(jobId), rows.rowsOf(jobId)]).toEqual(before);
  });

  it('reads well', async () => {
    const work = queueWith({ visible: 1_234, inFlight: 20, oldestAgeSeconds: 61 });
    const { ask, lines, clock } = await setUp(underWay, { queues: { work }, metrics: metricsOf(600) });
    clock.pass(12 * minute);
    await ask();
    expect(lines()).toEqual([
      'OPEN  a.csv',
      `  ${jobId}   12 min old`,
      '  its rows are on their way',
      '',
      '  rows 30   done 16   failed 1   rejected 1   dead 1   open 11',
      '  counted just now',
      '',
      `  ${'█'.repeat(25)}${'░'.repeat(15)}  63 %  about 2 s left`,
      '',
      '  stage         waiting  in flight  delayed  oldest  DLQ  rows  rows/s  left',
      '  split-file          0          0        0       -    0    30      10',
      '  clean-rows          0          0        0       -    0    20      10   1 s',
      '  store-rows          0          0        0       -    0    18      10   2 s',
      '  relay-rows          -          -        -     0 s    -     -      10     -',
      '  process-rows    1,234         20        0    61 s    0     -      10     -',
      '  finish-rows         0          0        0       -    0    17      10   2 s',
      '  audit-job           0          0        0       -    0    10      10     -',
      '  messages are those of all jobs; rows/s of all jobs in the last minute',
      '',
      expect.stringMatching(/^ {2}predicted \d+ s in all, about \$0\.000\d+$/),
      '',
      '  next audit due now   repairs made 0 of 3, the next due in 18 min at the earliest',
    ]);
  });

  it.each<[string, Partial<Job>, number, RegExp, RegExp | undefined]>([
    ['PLANNING', { state: 'PLANNING' }, 0, /being read and planned/, undefined],
    ['COMPLETE', { state: 'COMPLETE', announcedAt: 1 }, 0, /every row is accounted for/, undefined],
    ['HELD', { state: 'HELD' }, 1, /dead ones wait/, /sluice dlq ls --job/],
    ['STALLED', { state: 'STALLED' }, 1, /after every repair/, /A job is stalled/],
    ['INCONSISTENT', { state: 'INCONSISTENT' }, 1, /impossible/, /A job is inconsistent/],
    ['SUPERSEDED', { state: 'SUPERSEDED' }, 1, /replaced or deleted/, /sluice upload/],
    [
      'REFUSED',
      { state: 'REFUSED', reason: { code: 'TOO_MANY_REJECTS', message: 'm' } },
      1,
      /refused/,
      /sluice rejects/,
    ],
    ['CANCELLED', { state: 'REFUSED', reason: { code: 'CANCELLED', message: 'm' } }, 1, /somebody ended it/, undefined],
  ])('says what %s means and what to do', async (name, job, exit, means, todo) => {
    const { ask, found, lines } = await setUp({ job });
    expect(await ask()).toBe(exit);
    expect(lines()[0]).toBe(`${name}  a.csv`);
    expect(found().means).toMatch(means);
    if (todo === undefined) expect(found().todo).toEqual([]);
    else expect(found().todo.join('\n')).toMatch(todo);
  });

  it('is told of a file that nobody has read yet, and of one that could not be planned', async () => {
    const jobs = createMemoryJobs();
    const { ask, lines, clock } = createHarnessOf({ jobs });
    const { layout: _, plan: __, ...bare } = await bareJob(jobs, clock.now());
    await jobs.createJob({ ...bare, state: 'PLANNING' });
    expect(await ask()).toBe(0);
    expect(lines().slice(0, 5)).toEqual([
      'PLANNING  a.csv',
      `  ${jobId}   0 s old`,
      '  its file is being read and planned',
      '',
      '  rows 0 so far   done 0   failed 0   rejected 0   dead 0   open 0',
    ]);
    await jobs.changeJob(jobId, ['PLANNING'], { state: 'HELD', reason: { code: 'READ_INCOMPLETE', message: 'm' } });
    const again = createHarnessOf({ jobs });
    expect(await again.ask()).toBe(1);
    expect(again.lines().join('\n')).toContain(`sluice dlq redrive --queue uploads --job ${jobId}`);
  });

  it('tells how far a file is planned', async () => {
    const cursor = { chunk: 2, offset: 60, row: 21, line: 22 };
    const { ask, lines, jobs } = await setUp({ job: { state: 'PLANNING', cursor } });
    const { plan: _, ...planning } = jobs.jobOf(jobId);
    const other = createMemoryJobs();
    await other.createJob(planning);
    await other.putChunks(jobId, jobs.chunksOf(jobId).slice(0, 2));
    const again = createHarnessOf({ jobs: other });
    await ask();
    expect(lines().join('\n')).toContain('rows 30   ');
    await again.ask();
    expect(again.lines().join('\n')).toMatch(/rows 20 so far, \d\d % of the file/);
  });

  it('of a job that was forgotten counts no row, and shows what is left of its ledger', async () => {
    const { ask, found, rows } = await setUp({
      fates: { 11: 'PENDING' },
      job: { state: 'REFUSED', reason: { code: 'CANCELLED', message: 'm' }, forgottenAt: startsAt },
    });
    rows.countChunk = () => Promise.reject(new Error('expected nobody to count'));
    await ask();
    expect(found().ledger).toMatchObject({ rows: 30, done: 20, open: 10 });
    expect(found()).toMatchObject({ ledgerFrom: 'audited', means: expect.stringContaining('were deleted since') });
  });

  it('shows what the last audit found, and says so, where there are too many rows to count', async () => {
    const jobs = createMemoryJobs();
    const rows = createMemoryRows();
    rows.countChunk = () => Promise.reject(new Error('expected nobody to count'));
    const accepted = onceRowsMax + 1;
    const harness = createHarnessOf({ jobs, rows });
    await jobs.createJob({
      ...(await bareJob(jobs, startsAt)),
      plan: { chunks: 1, rows: accepted, closedAt: startsAt },
      auditAt: startsAt + 2 * minute,
      audited: {
        through: 0,
        ledger: { rows: 0, rejected: 0, done: 0, failed: 0, dead: 0, open: 0 },
        witnesses: [[0, 9, 0, 1_000, 10, 0]],
        accounted: 1,
        fruitless: 2,
      },
    });
    await jobs.putChunks(jobId, [{ chunk: 0, start: 2, end: 100, firstRow: 1, rows: accepted, firstLine: 2 }]);
    await jobs.putCounts(jobId, 0, { accepted, rejected: 0 });
    harness.clock.pass(2 * minute);
    await harness.ask();
    const { ledger, ledgerFrom } = harness.value() as JobStatus;
    expect({ ledger, ledgerFrom }).toMatchObject({ ledger: { done: 1_000, failed: 10 }, ledgerFrom: 'audited' });
    expect(harness.lines().join('\n')).toContain(
      'in part as of the last audit, about 2 min ago: too many rows to count them now',
    );
  });

  it('lets nothing from outside act on a terminal', async () => {
    const hostile = '\u001b]0;pwned\u0007\u001b[2J\r\nCOMPLETE \u202e';
    const file = { bucket: 'inbox', key: `${hostile}.csv`, etag: 'e', bytes: 1 };
    const { ask, lines } = await setUp({
      job: { state: 'REFUSED', file, reason: { code: hostile, message: hostile } },
    });
    await ask();
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    expect(lines().join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/u);
    expect(lines()[0]).toContain('\\u{1b}]0;pwned');
  });

  it('goes without the rates where CloudWatch cannot be read, and says so', async () => {
    const metrics = () => Promise.reject(new SluiceError('UNKNOWN', 'expected metrics, found AccessDenied'));
    const { ask, found } = await setUp(underWay, { metrics });
    expect(await ask()).toBe(0);
    expect(found()).toMatchObject({ rowsPerSecond: null, secondsLeft: null, stalled: [] });
    expect(found().unknown).toEqual([expect.stringContaining('AccessDenied')]);
  });

  it('never guesses the time that is left', async () => {
    const { ask, found } = await setUp(underWay, { metrics: metricsOf(0) });
    await ask();
    expect([found().secondsLeft, ...found().stages.map(({ secondsLeft }) => secondsLeft)]).toEqual(
      Array.from({ length: stageNames.length + 1 }, () => null),
    );
  });
});

describe('a stall', () => {
  // 6 times the time-out of process-rows.
  const old = queueWith({ inFlight: 3, oldestAgeSeconds: 721 });

  it('is a queue whose oldest message outlasts its visibility while nothing moves', async () => {
    const { ask, found, lines } = await setUp(underWay, { queues: { work: old }, metrics: metricsOf(0) });
    await ask();
    expect(found().stalled).toEqual([expect.stringMatching(/process-rows .*"A queue is stuck".*--queue work/)]);
    expect(lines().join('\n')).toContain('  stalled: nothing gets through process-rows');
  });

  it.each<[string, HarnessSettings]>([
    ['rows get through', { queues: { work: old }, metrics: metricsOf(1) }],
    ['the message is not that old', { queues: { work: queueWith({ inFlight: 3, oldestAgeSeconds: 720 }) } }],
    ['nobody knows how old it is', { queues: { work: queueWith({ visible: 1, oldestAgeSeconds: Infinity }) } }],
    ['the queue is empty', { queues: { work: queueWith({ oldestAgeSeconds: 900 }) } }],
  ])('is none while %s', async (_, settings) => {
    const { ask, found } = await setUp(underWay, settings);
    await ask();
    expect(found().stalled).toEqual([]);
  });

  it('is a relay that is far behind', async () => {
    const { ask, found } = await setUp(underWay, { metrics: metricsOf(1, 901_000) });
    await ask();
    expect(found().stalled).toEqual([expect.stringContaining('The relay is behind')]);
  });

  const note = { through: 1, ledger: { rows: 10, rejected: 1, done: 8, failed: 1, dead: 0, open: 0 } };

  it('is a job of which audits found nothing new for a quarter of an hour', async () => {
    const audited = { ...note, accounted: 21, fruitless: 7 };
    const { ask, found } = await setUp({ ...underWay, job: { audited } });
    await ask();
    expect(found().stalled).toEqual([expect.stringMatching(/no progress for 15 minutes: .*sluice repair/)]);
  });

  it.each([
    ['audits found nothing new for a shorter time', { ...note, accounted: 21, fruitless: 3 }],
    ['rows became final since', { ...note, accounted: 20, fruitless: 7 }],
  ])('is none while %s', async (_, audited) => {
    const { ask, found } = await setUp({ ...underWay, job: { audited } });
    await ask();
    expect(found().stalled).toEqual([]);
  });
});

describe('a watch', () => {
  /** Makes the rows of chunk 1 final, one a look, and completes the job. */
  const completing = (
    harness: Awaited<ReturnType<typeof setUp>>,
    lookFails: (look: number) => boolean = () => false,
  ) => {
    let look = 0;
    const { jobs, rows } = harness;
    const { getJob } = jobs;
    jobs.getJob = async (id) => {
      look++;
      if (lookFails(look)) throw new SluiceError('THROTTLED', 'expected an answer, found it throttled');
      if (look > 2 && look <= 12) await rows.finish(jobId, [[1, 8 + look, 'DONE', { ok: 1 }]]);
      if (look === 14) {
        await jobs.closeChunk(jobId, 1, { done: 10, failed: 0 });
        await jobs.changeJob(jobId, ['OPEN'], { state: 'COMPLETE', announcedAt: 1 });
      }
      return getJob(id);
    };
  };
  const pending = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [11 + index, 'PENDING' as const]));

  it('is a line for each change off a terminal, and ends with the status', async () => {
    const harness = await setUp({ fates: pending });
    Object.assign(harness.terminal.stream, { isTTY: false });
    completing(harness);
    expect(await harness.ask(true)).toBe(0);
    expect(harness.notes).toHaveLength(12);
    expect(harness.notes[0]).toBe(
      '2026-01-02T03:04:05Z  OPEN  rows 30  done 20  failed 0  rejected 0  dead 0  open 10',
    );
    expect(harness.notes.at(-1)).toMatch(/COMPLETE {2}rows 30 {2}done 30/);
    expect(harness.lines()[0]).toBe('COMPLETE  a.csv');
    expect(harness.terminal.writes()).toBe(0);
  });

  it('is a picture on a terminal, which goes at the end', async () => {
    const harness = await setUp({ fates: pending });
    completing(harness);
    const seen: string[][] = [];
    harness.operator.clock.sleep = async (milliseconds) => {
      seen.push(await harness.terminal.screen());
      harness.clock.pass(milliseconds);
    };
    expect(await status(harness.session, jobId, { watch: true }, harness.screen)).toBe(0);
    expect(seen[0]?.[0]).toBe('OPEN  a.csv');
    expect(seen[9]?.join('\n')).toMatch(/rows 30 {3}done 29 .*open 1/);
    // One row a look, every two seconds.
    expect(seen[9]?.find((line) => line.includes('finish-rows'))).toMatch(/ 29 +0.5 +2 s$/);
    expect(await harness.terminal.screen()).toEqual([]);
    expect(await harness.terminal.isCursorShown()).toBe(true);
    expect(harness.notes).toEqual([]);
    expect(harness.lines()[0]).toBe('COMPLETE  a.csv');
  });

  it('is a line of JSON for each look with --json', async () => {
    const harness = await setUp({ fates: pending }, { isJson: true });
    const written: string[] = [];
    Object.assign(harness.screen.stdout, { write: (text: string) => written.push(text) });
    completing(harness);
    expect(await harness.ask(true)).toBe(0);
    const looks = written.map((text) => JSON.parse(text) as JobStatus);
    expect(written.every((text) => text.endsWith('\n') && text.indexOf('\n') === text.length - 1)).toBe(true);
    expect(looks).toHaveLength(13);
    expect(harness.terminal.writes()).toBe(0);
    expect(looks.at(-1)).toMatchObject({ state: 'COMPLETE', ledger: { done: 30 } });
    expect(harness.hasResult()).toBe(false);
  });

  it('with --json tells a terminal nothing that it would obey', async () => {
    const key = 'a\u009b31m\u202e.csv';
    const file = { bucket: 'inbox', key, etag: '', bytes: 0 };
    const harness = await setUp({ job: { state: 'REFUSED', file } }, { isJson: true });
    const written: string[] = [];
    Object.assign(harness.screen.stdout, { write: (text: string) => written.push(text) });
    await harness.ask(true);
    expect(written.join('')).toMatch(/^[\n -~]+$/);
    expect((JSON.parse(written.join('')) as JobStatus).key).toBe(key);
  });

  it.each(['HELD', 'STALLED', 'INCONSISTENT', 'REFUSED', 'SUPERSEDED'] as const)(
    'ends at once with a job that is %s',
    async (state) => {
      const marks = Array.from({ length: 10 }, (_, index) => ({ chunk: 1, row: 11 + index }));
      const harness = await setUp({ fates: pending, marks, job: { state } });
      expect(await harness.ask(true)).toBe(1);
      expect(harness.clock.sleeps).toEqual([]);
      expect(harness.lines()[0]).toBe(`${state}  a.csv`);
    },
  );

  it('goes on with a job that waited for somebody while a repair of it was asked for', async () => {
    const harness = await setUp({ job: { state: 'HELD', askedAt: startsAt } });
    const { getJob } = harness.jobs;
    let looks = 0;
    harness.jobs.getJob = async (id) => {
      looks++;
      if (looks === 4) await harness.jobs.changeJob(jobId, ['HELD'], { state: 'COMPLETE', announcedAt: 1 });
      return getJob(id);
    };
    expect(await harness.ask(true)).toBe(0);
    expect(looks).toBe(4);
  });

  it('goes on with a job whose dead rows were sent back, which its next audit notices', async () => {
    const harness = await setUp({ fates: pending, job: { state: 'HELD' } });
    completing(harness);
    const { changeJob } = harness.jobs;
    harness.jobs.changeJob = (id, _, change) => changeJob(id, ['HELD'], change);
    expect(await harness.ask(true)).toBe(0);
    expect(harness.lines()[0]).toBe('COMPLETE  a.csv');
  });

  it('ends quietly with status 1 when it is interrupted', async () => {
    const controller = new AbortController();
    const harness = await setUp({ fates: pending }, { signal: controller.signal });
    let sleeps = 0;
    const { sleep } = harness.operator.clock;
    harness.operator.clock.sleep = async (milliseconds, signal) => {
      sleeps++;
      if (sleeps === 3) controller.abort(new Error('interrupted'));
      return sleep(milliseconds, signal);
    };
    expect(await harness.ask(true)).toBe(1);
    expect(harness.hasResult()).toBe(false);
    expect(await harness.terminal.screen()).toEqual([]);
  });

  it('gets over looks that fail for now, not over a service that is out', async () => {
    const harness = await setUp({ fates: pending });
    completing(harness, (look) => look >= 4 && look <= 7);
    expect(await harness.ask(true)).toBe(0);
    const out = await setUp({ fates: pending });
    completing(out, (look) => look >= 4);
    await expect(out.ask(true)).rejects.toThrow('expected an answer, found it throttled');
    expect(await out.terminal.screen()).toEqual([]);
  });

  it('asks CloudWatch once a minute, and reads no more rows than it may', async () => {
    let asked = 0;
    let read = 0;
    let looks = 0;
    const jobs = createMemoryJobs();
    const rows = createMemoryRows();
    const accepted = 90_000;
    rows.countChunk = async () => {
      read += accepted;
      return { PENDING: accepted - 1, DONE: 1, FAILED: 0, pendingRow: 1 };
    };
    const harness = createHarnessOf({
      jobs,
      rows,
      metrics: async () => {
        asked++;
        return new Map();
      },
    });
    const chunks = 6;
    await jobs.createJob({
      ...(await bareJob(jobs, startsAt)),
      plan: { chunks, rows: chunks * accepted, closedAt: startsAt },
    });
    for (let chunk = 0; chunk < chunks; chunk++) {
      await jobs.putChunks(jobId, [
        { chunk, start: chunk, end: chunk + 1, firstRow: chunk * accepted + 1, rows: accepted, firstLine: 2 },
      ]);
      await jobs.putCounts(jobId, chunk, { accepted, rejected: 0 });
    }
    const { getJob } = jobs;
    jobs.getJob = async (id) => {
      looks++;
      if (looks === 300) await jobs.changeJob(jobId, ['OPEN'], { state: 'STALLED' });
      return getJob(id);
    };
    await harness.ask(true);
    const seconds = (harness.clock.now() - startsAt) / 1000;
    expect(asked).toBeLessThanOrEqual(Math.ceil(seconds / 60));
    expect(asked).toBeGreaterThan(8);
    expect(read).toBeLessThanOrEqual((seconds + 10) * watchRowsPerSecond);
    // What may be read is read.
    expect(read).toBeGreaterThan(seconds * watchRowsPerSecond * 0.9);
    expect(harness.value()).toMatchObject({ ledger: { done: chunks }, ledgerFrom: 'counted' });
  });
});

/** A job without chunks. */
const bareJob = async (_jobs: unknown, at: number): Promise<Job> => ({
  jobId,
  file: { bucket: 'inbox', key: 'a.csv', etag: 'e', bytes: 100 },
  profile: { prefix: '' },
  schemaHash: '',
  codeVersion: '1',
  rowsPerMessage: 0,
  createdAt: at,
  state: 'OPEN',
  repairs: 0,
  auditAt: at,
});

/** A deployment without jobs of its own. */
const createHarnessOf = (settings: HarnessSettings) => {
  const harness = createOperateHarness(settings);
  const { stream } = createTerminalHarness(100, 40);
  Object.assign(stream, { isTTY: false });
  const screen = { stdout: stream, stderr: stream, environment: {} };
  return {
    ...harness,
    ask: (watch = false): Promise<number> => harness.run(status(harness.session, jobId, { watch }, screen)),
  };
};
