import { gzipSync } from 'node:zlib';
import { catchOutput } from '@sluice/core/caught-output';
import { SluiceError } from '@sluice/core/errors';
import { cancelledReason } from '@sluice/core/ledger';
import { createMemoryJobs, type JobScript } from '@sluice/core/memory-jobs';
import { createMemoryObjects, type ReadScript } from '@sluice/core/memory-objects';
import { type ChunkMessage, parseChunkMessage } from '@sluice/core/messages';
import type { Job, JobStore, Profile } from '@sluice/core/ports/job-store';
import { createScriptedQueue, refuse, type ScriptedQueue, takeAll } from '@sluice/core/scripted-queue';
import { createStageHarness, recordOf, visibilitiesOf } from '@sluice/core/stage-harness';
import type { Context } from 'aws-lambda';
import { afterEach, describe, expect, it } from 'vitest';
import { createSplitFile, type SplitFileConfig } from './split-file.ts';

const secret = 'SECRET-CONTENT';
const lastDelivery = 10;
/** Longer than any lease is held. */
const leaseMilliseconds = 900_000;

/** A header and as many rows, one of them over two lines, with a blank line between some. */
const fileOf = (rows: number): string => {
  let text = 'id,name\n';
  for (let row = 1; row <= rows; row++) text += `${row},"${secret}${row % 7 === 0 ? '\n' : ' '}${row}"\n`;
  return text.replaceAll('3"\n', '3"\n\n');
};

type Settings = {
  readonly content?: string | Buffer;
  readonly profile?: Partial<Profile>;
  readonly config?: Partial<SplitFileConfig>;
  readonly queue?: ScriptedQueue;
  readonly jobs?: JobScript;
  readonly read?: ReadScript;
  /** Bytes that come from the store at once. */
  readonly pieceBytes?: number;
};

const setUp = async ({
  content = fileOf(30),
  profile = {},
  config = {},
  queue = createScriptedQueue(),
  jobs: jobScript,
  read,
  pieceBytes = 37,
}: Settings = {}) => {
  const harness = createStageHarness({ stage: 'split-file', queues: { chunks: queue }, startAt: 1_000 });
  const jobs = createMemoryJobs(jobScript === undefined ? {} : { script: jobScript });
  const objects = createMemoryObjects({ ...(read === undefined ? {} : { read }), pieceBytes });
  const handler = createSplitFile(
    { ...harness.ports, jobs, objects },
    { profiles: [{ prefix: 'in/', ...profile }], bucket: 'staged', codeVersion: 'v1', chunkBytes: 100, ...config },
  );

  const put = async (bytes: string | Buffer, key = 'in/a.csv'): Promise<string> => {
    const { etag, bytes: size } = await objects.put('bucket', key, bytes);
    const s3 = { bucket: { name: 'bucket' }, object: { key, size, eTag: etag } };
    return JSON.stringify({ Records: [{ eventName: 'ObjectCreated:Put', s3 }] });
  };
  const body = await put(content);

  let invocations = 0;
  /** A new invocation that has time until it was asked so many times for what is left of it. */
  const contextOf = (asksUntilShort = Number.POSITIVE_INFINITY): Context => {
    let asks = 0;
    invocations++;
    return {
      awsRequestId: `invocation ${invocations}`,
      functionName: 'split-file',
      getRemainingTimeInMillis: () => (++asks > asksUntilShort ? 0 : leaseMilliseconds),
    } as Context;
  };

  /** True when the message comes back. */
  const deliver = async ({
    receives = 1,
    asksUntilShort,
    message = body,
  }: {
    receives?: number;
    asksUntilShort?: number;
    message?: string;
  } = {}): Promise<boolean> => {
    const event = { Records: [recordOf('m', message, receives)] };
    const { batchItemFailures } = await harness.clock.run(handler(event, contextOf(asksUntilShort)));
    return batchItemFailures.length > 0;
  };

  const onlyJob = (): Job => {
    expect(jobs.jobIds).toHaveLength(1);
    return jobs.jobOf(jobs.jobIds[0] ?? '');
  };
  const sent = (): ChunkMessage[] => queue.bodies.map(parseChunkMessage);
  return { ...harness, jobs, objects, handler, put, body, contextOf, deliver, onlyJob, queue, sent };
};

type Harness = Awaited<ReturnType<typeof setUp>>;

/** Chunks that were sent, each once, in order. Those sent twice must be the same. */
const distinctSent = ({ sent, onlyJob }: Harness) => {
  const byChunk = new Map<number, Omit<ChunkMessage, 'v' | 'kind' | 'jobId'>>();
  for (const { v, kind, jobId, ...chunk } of sent()) {
    expect({ v, kind, jobId }).toEqual({ v: 1, kind: 'chunk', jobId: onlyJob().jobId });
    expect(chunk).toEqual(byChunk.get(chunk.chunk) ?? chunk);
    byChunk.set(chunk.chunk, chunk);
  }
  return [...byChunk.values()].sort((a, b) => a.chunk - b.chunk);
};

/** What the file comes to when nothing fails. */
const planOf = async (settings: Settings = {}) => {
  const harness = await setUp(settings);
  expect(await harness.deliver()).toBe(false);
  const chunks = harness.jobs.chunksOf(harness.onlyJob().jobId);
  return { chunks, rows: harness.onlyJob().plan?.rows };
};

const expectPlanned = (harness: Harness, plan: Awaited<ReturnType<typeof planOf>>): void => {
  const job = harness.onlyJob();
  expect(job.state).toBe('OPEN');
  expect(job.plan).toMatchObject({ chunks: plan.chunks.length, rows: plan.rows });
  expect(harness.jobs.chunksOf(job.jobId)).toEqual(plan.chunks);
  expect(distinctSent(harness)).toEqual(plan.chunks);
  expect(harness.jobs.marksOf(job.jobId)).toEqual([]);
};

const lines = catchOutput();

afterEach(() => {
  expect(lines.join('')).not.toContain(secret);
});

describe('a planned file', () => {
  it('has chunks that tile its data, a message for each, and a closed plan', async () => {
    const content = fileOf(30);
    const harness = await setUp({ content });
    expect(await harness.deliver()).toBe(false);
    const job = harness.onlyJob();
    const chunks = harness.jobs.chunksOf(job.jobId);
    expect(chunks.length).toBeGreaterThan(3);
    let next = { chunk: 0, start: 8, firstRow: 1, firstLine: 2 };
    for (const chunk of chunks) {
      expect(chunk).toMatchObject(next);
      const text = content.slice(chunk.start, chunk.end);
      expect(text.match(/^\d+,/gm)).toHaveLength(chunk.rows);
      next = {
        chunk: chunk.chunk + 1,
        start: chunk.end,
        firstRow: chunk.firstRow + chunk.rows,
        firstLine: chunk.firstLine + text.split('\n').length - 1,
      };
    }
    expect(next).toMatchObject({ start: content.length, firstRow: 31 });
    expect(distinctSent(harness)).toEqual(chunks);
    expect(harness.sent()).toHaveLength(chunks.length);
    expect(job).toMatchObject({ state: 'OPEN', plan: { chunks: chunks.length, rows: 30, closedAt: 1_000 } });
    expect(job).not.toHaveProperty('reason');
  });

  it('makes a job of the file version, the profile and the code that reads it', async () => {
    const schema = { columns: { id: { type: 'integer' } } };
    const harness = await setUp({ profile: { schema }, config: { rowsPerMessage: 1 } });
    await harness.deliver();
    const head = await harness.objects.head('bucket', 'in/a.csv');
    expect(harness.onlyJob()).toMatchObject({
      file: { bucket: 'bucket', key: 'in/a.csv', ...head },
      profile: { prefix: 'in/', schema },
      codeVersion: 'v1',
      chunkBytes: 100,
      rowsPerMessage: 1,
      createdAt: 1_000,
      repairs: 0,
      auditAt: 1_000,
      layout: { columns: ['id', 'name'], delimiter: ',', dataStart: 8, dataLine: 2 },
    });
  });

  it('takes rows per message from the wiring when nothing else is said', async () => {
    const harness = await setUp();
    await harness.deliver();
    expect(harness.onlyJob().rowsPerMessage).toBe(harness.ports.wiring.pipeline.rowsPerMessage);
  });

  it('counts its rows as taken and handed on', async () => {
    const { deliver, counts } = await setUp();
    await deliver();
    expect(counts).toEqual([{ stage: 'split-file', rowsIn: 30, rowsOut: 30, retried: 0, dead: 0, messagesFailed: 0 }]);
  });

  it('has the same chunks however its bytes come', async () => {
    const plan = await planOf();
    for (const pieceBytes of [1, 8, 100, 1_000_000]) expect(await planOf({ pieceBytes })).toEqual(plan);
    const read: ReadScript = (_, call) => ({ kind: call % 2 === 0 ? 'ends' : 'breaks', afterBytes: 50 });
    expect(await planOf({ read })).toEqual(plan);
    const stalling: ReadScript = (_, call) => (call === 2 ? { kind: 'stalls', afterBytes: 50 } : undefined);
    expect(await planOf({ read: stalling })).toEqual(plan);
  });

  it.each([
    ['no byte', ''],
    ['a byte order mark alone', '\ufeff'],
    ['a header alone', 'id,name'],
    ['a header with its line end', 'id,name\r\n'],
  ])('of %s is OPEN with no rows and no chunks', async (_, content) => {
    const harness = await setUp({ content });
    expect(await harness.deliver()).toBe(false);
    expect(harness.onlyJob()).toMatchObject({ state: 'OPEN', plan: { chunks: 0, rows: 0, closedAt: 1_000 } });
    expect(harness.jobs.chunksOf(harness.onlyJob().jobId)).toEqual([]);
    expect(harness.queue.sends).toEqual([]);
  });

  it('of a header and blank lines has no rows either', async () => {
    const harness = await setUp({ content: 'id,name\n\r\n\n\n' });
    await harness.deliver();
    expect(harness.onlyJob()).toMatchObject({ state: 'OPEN', plan: { chunks: 1, rows: 0 } });
    expect(distinctSent(harness)).toEqual([{ chunk: 0, start: 8, end: 12, firstRow: 1, rows: 0, firstLine: 2 }]);
  });

  it.each([
    [0, 0],
    [1, 1],
    [7, 7],
    [30, 30],
    [31, 30],
  ])('ends after %d rows when the profile says so', async (limit, rows) => {
    const harness = await setUp({ profile: { limit } });
    expect(await harness.deliver()).toBe(false);
    const job = harness.onlyJob();
    const chunks = harness.jobs.chunksOf(job.jobId);
    expect(job).toMatchObject({ state: 'OPEN', plan: { rows, chunks: chunks.length } });
    expect(chunks.reduce((sum, chunk) => sum + chunk.rows, 0)).toBe(rows);
    expect(distinctSent(harness)).toEqual(chunks);
  });

  it('is read from its copy when it is packed', async () => {
    const content = fileOf(30);
    const harness = await setUp({ content: gzipSync(content) });
    // Unpacking takes time of its own, which the virtual clock does not wait for.
    const answer = await harness.handler({ Records: [recordOf('m', harness.body)] }, harness.contextOf());
    expect(answer).toEqual({ batchItemFailures: [] });
    expect(harness.onlyJob().layout).toMatchObject({ source: { bucket: 'staged' }, bytes: content.length });
    expectPlanned(harness, await planOf({ content }));
  });
});

describe('an event', () => {
  it('that comes again finds the plan closed and sends nothing', async () => {
    const harness = await setUp();
    await harness.deliver();
    const sends = harness.queue.sends.length;
    const job = harness.onlyJob();
    harness.clock.pass(86_400_000);
    expect(await harness.deliver()).toBe(false);
    expect(harness.queue.sends).toHaveLength(sends);
    expect(harness.onlyJob()).toEqual(job);
  });

  it.each(['COMPLETE', 'HELD', 'STALLED', 'SUPERSEDED', 'REFUSED', 'INCONSISTENT'] as const)(
    'that comes again changes nothing about a job that is %s',
    async (state) => {
      const harness = await setUp();
      await harness.deliver();
      await harness.jobs.changeJob(harness.onlyJob().jobId, ['OPEN'], { state });
      const sends = harness.queue.sends.length;
      const job = harness.onlyJob();
      expect(await harness.deliver()).toBe(false);
      expect(harness.queue.sends).toHaveLength(sends);
      expect(harness.onlyJob()).toEqual(job);
      expect(harness.counts.at(-1)).toMatchObject({ rowsIn: 0, rowsOut: 0 });
    },
  );

  it('of another version of the object makes another job', async () => {
    const harness = await setUp();
    await harness.deliver();
    expect(await harness.deliver({ message: await harness.put('id\n1\n') })).toBe(false);
    expect(harness.jobs.jobIds).toHaveLength(2);
    expect(harness.jobs.jobIds.map((jobId) => harness.jobs.jobOf(jobId).plan?.rows)).toEqual([30, 1]);
  });

  it('of a key under no profile is acknowledged, and nothing but the event remembered', async () => {
    const harness = await setUp();
    expect(await harness.deliver({ message: await harness.put('id\n1\n', 'elsewhere/a.csv') })).toBe(false);
    expect(harness.jobs.calls).toEqual([{ operation: 'noteFile' }]);
    expect(harness.objects.reads).toEqual([]);
    const head = await harness.objects.head('bucket', 'elsewhere/a.csv');
    expect(await harness.jobs.hasFile({ bucket: 'bucket', key: 'elsewhere/a.csv', etag: head?.etag ?? '' })).toBe(true);
  });

  it('is remembered once its job is there, and not before', async () => {
    const harness = await setUp({
      jobs: (operation) => {
        if (operation === 'createJob') throw new Error('throttled');
        return undefined;
      },
    });
    expect(await harness.deliver()).toBe(true);
    expect(harness.jobs.calls.map(({ operation }) => operation)).toEqual(['createJob']);
    const whole = await setUp();
    await whole.deliver();
    const operations = whole.jobs.calls.map(({ operation }) => operation);
    expect(operations.slice(0, 3)).toEqual(['createJob', 'noteFile', 'takeLease']);
  });

  it('comes back when it cannot be remembered, and is remembered then', async () => {
    const harness = await setUp({
      jobs: (operation, attempt) => {
        if (operation === 'noteFile' && attempt === 1) throw new Error('throttled');
        return undefined;
      },
    });
    expect(await harness.deliver()).toBe(true);
    expect(await harness.jobs.hasFile(harness.onlyJob().file)).toBe(false);
    expect(await harness.deliver({ receives: 2 })).toBe(false);
    expect(await harness.jobs.hasFile(harness.onlyJob().file)).toBe(true);
    expect(harness.onlyJob().state).toBe('OPEN');
  });

  it('that is the test event is acknowledged', async () => {
    const harness = await setUp();
    expect(await harness.deliver({ message: JSON.stringify({ Event: 's3:TestEvent' }) })).toBe(false);
    expect(harness.jobs.calls).toEqual([]);
  });

  it('of two objects plans both', async () => {
    const harness = await setUp();
    const records = [harness.body, await harness.put('id\n1\n', 'in/b.csv')].flatMap(
      (body) => (JSON.parse(body) as { Records: unknown[] }).Records,
    );
    expect(await harness.deliver({ message: JSON.stringify({ Records: records }) })).toBe(false);
    expect(harness.jobs.jobIds.map((jobId) => harness.jobs.jobOf(jobId).plan?.rows)).toEqual([30, 1]);
  });

  it('that nobody can read comes back, and no job is to blame for it', async () => {
    const harness = await setUp();
    expect(await harness.deliver({ message: `{"${secret}`, receives: lastDelivery })).toBe(true);
    expect(harness.jobs.calls).toEqual([]);
  });
});

describe('planning that runs out of time', () => {
  it.each([1, 2, 3, 5])('goes on from the cursor, %d pieces further each time', async (pieces) => {
    const plan = await planOf({ pieceBytes: 120 });
    const harness = await setUp({ pieceBytes: 120 });
    let deliveries = 1;
    // The start and the lease ask for the time as well.
    while (await harness.deliver({ asksUntilShort: pieces + 2 })) {
      expect(harness.onlyJob()).toMatchObject({ state: 'PLANNING' });
      expect(harness.onlyJob().cursor?.chunk).toBe(harness.jobs.chunksOf(harness.onlyJob().jobId).length);
      expect(++deliveries).toBeLessThan(30);
    }
    expect(deliveries).toBeGreaterThan(1);
    expectPlanned(harness, plan);
    expect(harness.sent()).toHaveLength(plan.chunks.length);
    expect(harness.counts.reduce((sum, { rowsOut }) => sum + rowsOut, 0)).toBe(30);
  });

  it('does not read again what lies before the cursor', async () => {
    const harness = await setUp({ pieceBytes: 120 });
    await harness.deliver({ asksUntilShort: 4 });
    const { cursor } = harness.onlyJob();
    expect(cursor).toMatchObject({ chunk: 2 });
    const before = harness.objects.reads.length;
    await harness.deliver();
    expect(harness.objects.reads.slice(before).map(({ start }) => start)).toEqual([cursor?.offset]);
  });

  it('brings the message back when no chunk fits into it, and keeps the layout', async () => {
    const harness = await setUp();
    expect(await harness.deliver({ asksUntilShort: 2 })).toBe(true);
    expect(harness.onlyJob().layout).toBeDefined();
    expect(harness.onlyJob().cursor).toBeUndefined();
    expect(harness.queue.sends).toEqual([]);
    expect(visibilitiesOf(harness.queues.uploads)).toEqual({ m: 5 });
    expect(await harness.deliver()).toBe(false);
    expectPlanned(harness, await planOf());
  });

  it('keeps the limit', async () => {
    const settings = { pieceBytes: 120, profile: { limit: 17 } };
    const plan = await planOf(settings);
    const harness = await setUp(settings);
    for (let deliveries = 0; await harness.deliver({ asksUntilShort: 4 }); deliveries++) {
      expect(deliveries).toBeLessThan(30);
    }
    expect(plan.rows).toBe(17);
    expectPlanned(harness, plan);
  });

  it('frees the file for the next delivery', async () => {
    const harness = await setUp();
    expect(await harness.deliver({ asksUntilShort: 4 })).toBe(true);
    const { now } = harness.clock;
    expect(await harness.jobs.takeLease(harness.onlyJob().jobId, 'plan', 'another', now(), now() + 1)).toBe(true);
  });
});

describe('a file that another invocation plans', () => {
  it('comes back and is left alone until that one is through', async () => {
    const harness = await setUp();
    await harness.deliver({ asksUntilShort: 2 });
    const before = harness.onlyJob();
    const now = harness.clock.now();
    await harness.jobs.takeLease(before.jobId, 'plan', 'another', now, now + 60_000);
    expect(await harness.deliver()).toBe(true);
    expect(harness.onlyJob()).toEqual(before);
    expect(harness.queue.sends).toEqual([]);
    expect(visibilitiesOf(harness.queues.uploads)).toEqual({ m: 5 });
    // It did not free what it does not hold.
    expect(await harness.deliver()).toBe(true);
    await harness.jobs.releaseLease(before.jobId, 'plan', 'another');
    expect(await harness.deliver()).toBe(false);
    expectPlanned(harness, await planOf());
  });

  it('is taken over once the time of that one is past', async () => {
    const harness = await setUp();
    await harness.deliver({ asksUntilShort: 4 });
    const now = harness.clock.now();
    await harness.jobs.takeLease(harness.onlyJob().jobId, 'plan', 'another', now, now + 60_000);
    harness.clock.pass(60_000);
    expect(await harness.deliver()).toBe(false);
    expectPlanned(harness, await planOf());
  });
});

describe('a file that cannot be read as CSV', () => {
  it.each([
    ['FILE_FORMAT', Buffer.from('504b0304140000000800', 'hex'), {}],
    ['FILE_ENCODING', Buffer.from([0xfc, 0x0a]), {}],
    ['FILE_LINE_ENDS', `id\r${secret}\r`, {}],
    ['HEADER_INVALID', `"id\n${secret}\n`, {}],
    ['SCHEMA_MISMATCH', `a\n${secret}\n`, { schema: { columns: { id: { required: true } } } }],
  ] as const)('ends its job REFUSED with %s and is acknowledged', async (code, content, profile) => {
    const harness = await setUp({ content, profile });
    expect(await harness.deliver()).toBe(false);
    expect(harness.onlyJob()).toMatchObject({
      state: 'REFUSED',
      reason: { code, message: expect.stringMatching(/expected|schema/) },
    });
    expect(harness.onlyJob().reason?.message).not.toContain(secret);
    expect(harness.onlyJob()).not.toHaveProperty('plan');
    expect(harness.queue.sends).toEqual([]);
    expect(harness.jobs.marksOf(harness.onlyJob().jobId)).toEqual([]);
    expect(harness.objects.puts).toEqual(['in/a.csv']);
  });

  it('that is a cut gzip file ends its job REFUSED too', async () => {
    const harness = await setUp({ content: gzipSync(fileOf(30)).subarray(0, 60) });
    const answer = await harness.handler({ Records: [recordOf('m', harness.body)] }, harness.contextOf());
    expect(answer).toEqual({ batchItemFailures: [] });
    expect(harness.onlyJob()).toMatchObject({ state: 'REFUSED', reason: { code: 'FILE_TRUNCATED' } });
  });

  it('costs a second file of the same event nothing', async () => {
    const harness = await setUp({ content: `id\r${secret}\r` });
    const records = [harness.body, await harness.put('id\n1\n', 'in/b.csv')].flatMap(
      (body) => (JSON.parse(body) as { Records: unknown[] }).Records,
    );
    expect(await harness.deliver({ message: JSON.stringify({ Records: records }) })).toBe(false);
    expect(harness.jobs.jobIds.map((jobId) => harness.jobs.jobOf(jobId).state)).toEqual(['REFUSED', 'OPEN']);
  });

  it('comes back when its end cannot be written', async () => {
    const harness = await setUp({
      content: `id\r${secret}\r`,
      jobs: (operation, attempt) => {
        if (operation === 'changeJob' && attempt === 1) throw new Error(`throttled ${secret}`);
        return undefined;
      },
    });
    expect(await harness.deliver()).toBe(true);
    expect(harness.onlyJob().state).toBe('PLANNING');
    harness.clock.pass(leaseMilliseconds);
    expect(await harness.deliver()).toBe(false);
    expect(harness.onlyJob().state).toBe('REFUSED');
  });
});

describe('the next audit of a job', () => {
  it('is due at once when its plan is closed, and when its file ends it, whenever it was due before', async () => {
    for (const isReplaced of [false, true]) {
      const harness = await setUp({ pieceBytes: 120 });
      await harness.deliver({ asksUntilShort: 4 });
      await harness.jobs.changeJob(harness.onlyJob().jobId, ['PLANNING'], { auditAt: 2 ** 50 });
      harness.clock.pass(5_000);
      if (isReplaced) await harness.put('id\n1\n');
      await harness.deliver();
      expect(harness.onlyJob()).toMatchObject({ state: isReplaced ? 'SUPERSEDED' : 'OPEN', auditAt: 6_000 });
    }
  });
});

describe('a file that is replaced', () => {
  it('before it is read ends its job SUPERSEDED and is acknowledged', async () => {
    const harness = await setUp();
    await harness.put('id\n1\n');
    expect(await harness.deliver()).toBe(false);
    expect(harness.onlyJob()).toMatchObject({ state: 'SUPERSEDED', reason: { code: 'OBJECT_CHANGED' } });
    expect(harness.queue.sends).toEqual([]);
  });

  it('while it is planned ends its job SUPERSEDED, with chunks of one version alone', async () => {
    const plan = await planOf({ pieceBytes: 120 });
    const harness = await setUp({ pieceBytes: 120 });
    expect(await harness.deliver({ asksUntilShort: 5 })).toBe(true);
    await harness.put('id,name\n');
    expect(await harness.deliver()).toBe(false);
    expect(harness.onlyJob()).toMatchObject({ state: 'SUPERSEDED', reason: { code: 'OBJECT_CHANGED' } });
    expect(harness.onlyJob()).not.toHaveProperty('plan');
    expect(distinctSent(harness)).toEqual(plan.chunks.slice(0, 3));
  });

  it('as clean-rows finds it ends the planning: no chunk is sent for a job that has ended', async () => {
    const queue: ScriptedQueue = createScriptedQueue((entries) => {
      void harness.jobs.changeJob(harness.onlyJob().jobId, ['PLANNING'], { state: 'SUPERSEDED' });
      return takeAll(entries);
    });
    const harness = await setUp({ queue, content: fileOf(500) });
    expect(await harness.deliver()).toBe(false);
    expect(harness.onlyJob()).toMatchObject({ state: 'SUPERSEDED' });
    expect(harness.onlyJob().plan).toBeUndefined();
    expect(harness.sent()).toHaveLength(10);
  });

  it('as another planner finds it while the head is read ends the planning: no chunk is sent, nothing of the job changes', async () => {
    const harness = await setUp();
    const { changeJob } = harness.jobs;
    harness.jobs.changeJob = async (jobId, states, change) => {
      if (change.layout !== undefined) await changeJob(jobId, ['PLANNING'], { state: 'SUPERSEDED' });
      return changeJob(jobId, states, change);
    };
    expect(await harness.deliver()).toBe(false);
    expect(harness.onlyJob()).toMatchObject({ state: 'SUPERSEDED' });
    expect(harness.onlyJob()).not.toHaveProperty('layout');
    expect(harness.queue.sends).toEqual([]);
  });

  it('by the same bytes is planned under the event that tells of them', async () => {
    const harness = await setUp();
    const again = await harness.put(fileOf(30));
    await harness.deliver();
    expect(await harness.deliver({ message: again })).toBe(false);
    expect(harness.jobs.jobIds.map((jobId) => harness.jobs.jobOf(jobId).state)).toEqual(['SUPERSEDED', 'OPEN']);
  });
});

describe('a queue that does not take chunk messages', () => {
  it('brings the message back, with the cursor before them and the plan open', async () => {
    let refusing = true;
    const queue = createScriptedQueue((entries) => refuse(refusing ? entries.map(({ id }) => id) : [], entries));
    const harness = await setUp({ queue });
    expect(await harness.deliver()).toBe(true);
    expect(harness.onlyJob()).toMatchObject({ state: 'PLANNING' });
    expect(harness.onlyJob().cursor).toBeUndefined();
    expect(harness.onlyJob().plan).toBeUndefined();
    expect(harness.counts).toMatchObject([{ rowsIn: 0, rowsOut: 0 }]);
    refusing = false;
    expect(await harness.deliver({ receives: 2 })).toBe(false);
    expectPlanned(harness, await planOf());
  });

  it('keeps the cursor before the first ten of which one was refused', async () => {
    const plan = await planOf({ config: { chunkBytes: 20 } });
    expect(plan.chunks.length).toBeGreaterThan(25);
    let refusing = true;
    const queue = createScriptedQueue((entries) => {
      const late = entries.filter(({ body }) => parseChunkMessage(body).chunk === 13).map(({ id }) => id);
      return refuse(refusing ? late : [], entries);
    });
    const harness = await setUp({ queue, config: { chunkBytes: 20 } });
    expect(await harness.deliver()).toBe(true);
    expect(harness.onlyJob().cursor?.chunk).toBeGreaterThanOrEqual(10);
    expect(harness.onlyJob().cursor?.chunk).toBeLessThanOrEqual(13);
    expect(harness.sent().some(({ chunk }) => chunk === 13)).toBe(false);
    refusing = false;
    expect(await harness.deliver()).toBe(false);
    expectPlanned(harness, plan);
  });

  it('costs no chunk when it took them and its answer was lost', async () => {
    let lost = 0;
    const queue = createScriptedQueue((entries) => {
      if (lost++ < 3) throw new Error(`socket hang up ${entries[0]?.body}`);
      return refuse([], entries);
    });
    const harness = await setUp({ queue });
    expect(await harness.deliver()).toBe(false);
    expectPlanned(harness, await planOf());
  });

  it('marks the file dead on its last delivery, which is reported all the same', async () => {
    const queue = createScriptedQueue((entries) =>
      refuse(
        entries.map(({ id }) => id),
        entries,
      ),
    );
    const harness = await setUp({ queue });
    expect(await harness.deliver({ receives: lastDelivery - 1 })).toBe(true);
    const { jobId } = harness.onlyJob();
    expect(harness.jobs.marksOf(jobId)).toEqual([]);
    expect(await harness.deliver({ receives: lastDelivery })).toBe(true);
    expect(harness.jobs.marksOf(jobId)).toEqual([
      {
        jobId,
        stage: 'split-file',
        code: 'SEND_FAILED',
        message: expect.stringContaining('expected the queue to confirm'),
        attempts: lastDelivery,
      },
    ]);
    expect(harness.onlyJob().state).toBe('PLANNING');
  });

  it('is planned after all when it is delivered again to a job that was held without a plan', async () => {
    const queue = createScriptedQueue((entries, call) =>
      refuse(
        entries.map(({ id }) => id).filter(() => call <= 10),
        entries,
      ),
    );
    const harness = await setUp({ queue });
    expect(await harness.deliver({ receives: lastDelivery })).toBe(true);
    await harness.jobs.changeJob(harness.onlyJob().jobId, ['PLANNING'], { state: 'HELD' });
    while (await harness.deliver()) expect(harness.onlyJob().state).toBe('HELD');
    const plan = await planOf();
    expect(harness.onlyJob()).toMatchObject({ state: 'OPEN', plan: { chunks: plan.chunks.length, rows: plan.rows } });
    expect(distinctSent(harness)).toEqual(plan.chunks);
  });
});

describe('a store that fails for now', () => {
  it('brings the message back when the object cannot be read to its end', async () => {
    let broken = true;
    const read: ReadScript = ({ end }, call) =>
      broken && end === 800 && call > 1 ? { kind: 'breaks', afterBytes: 0 } : undefined;
    const content = fileOf(60).slice(0, 799).padEnd(800, '\n');
    const harness = await setUp({ content, read });
    expect(await harness.deliver()).toBe(true);
    expect(harness.onlyJob().state).toBe('PLANNING');
    expect(harness.onlyJob().plan).toBeUndefined();
    broken = false;
    expect(await harness.deliver()).toBe(false);
    expectPlanned(harness, await planOf({ content }));
  });

  it('blames no file for a call that a service refuses for good: the message comes back', async () => {
    const harness = await setUp({
      jobs: (operation, attempt) => {
        if (operation !== 'putChunks' || attempt > 1) return undefined;
        throw new SluiceError('SERVICE_REFUSED', 'expected the jobs table to take the chunks, found them refused');
      },
    });
    expect(await harness.deliver()).toBe(true);
    expect(harness.onlyJob().state).toBe('PLANNING');
    expect(await harness.deliver({ receives: 2 })).toBe(false);
    expectPlanned(harness, await planOf());
  });

  const operations: readonly (keyof JobStore)[] = [
    'createJob',
    'takeLease',
    'getJob',
    'changeJob',
    'putChunks',
    'releaseLease',
  ];

  it.each(operations.flatMap((operation) => [1, 2, 3, 4].map((attempt) => [operation, attempt] as const)))(
    'costs no chunk when %s fails at call %d, whether or not it took effect',
    async (operation, attempt) => {
      const config = { chunkBytes: 20 };
      const plan = await planOf({ config });
      for (const fault of ['lost', 'throws'] as const) {
        let faults = 0;
        const harness = await setUp({
          config,
          jobs: (asked, asks) => {
            if (asked !== operation || asks !== attempt) return undefined;
            faults++;
            if (fault === 'lost') return 'lost';
            throw new Error(`throttled ${secret}`);
          },
        });
        // Little time each, so that every operation is asked for often enough.
        let deliveries = 0;
        while (await harness.deliver({ asksUntilShort: 5 })) {
          harness.clock.pass(leaseMilliseconds);
          expect(++deliveries).toBeLessThan(12);
        }
        expectPlanned(harness, plan);
        expect(faults).toBe(1);
      }
    },
  );
});

describe('the configuration of split-file', () => {
  it('is refused at the start when a schema is wrong', async () => {
    await expect(setUp({ profile: { schema: { columns: { id: { type: 'number' } } } } })).rejects.toMatchObject({
      code: 'SCHEMA_INVALID',
    });
  });

  it('gives a file the profile of the longest prefix', async () => {
    const profiles = [{ prefix: 'in/' }, { prefix: 'in/plain/', header: false }];
    const harness = await setUp({ config: { profiles } });
    await harness.deliver({ message: await harness.put('1,2\n', 'in/plain/a.csv') });
    expect(harness.onlyJob()).toMatchObject({ profile: profiles[1], plan: { rows: 1 } });
  });

  it('takes profiles that are read at the first file, once', async () => {
    let reads = 0;
    const profiles = async () => {
      reads++;
      return [{ prefix: 'in/' }];
    };
    const harness = await setUp({ config: { profiles } });
    expect(await harness.deliver()).toBe(false);
    expect(await harness.deliver({ message: await harness.put('a\n1\n', 'in/b.csv') })).toBe(false);
    expect(harness.jobs.jobIds).toHaveLength(2);
    expect(reads).toBe(1);
  });

  it('comes back while the profiles cannot be read', async () => {
    let isBroken = true;
    const profiles = async () => {
      if (isBroken) throw new SluiceError('READ_INCOMPLETE', 'expected the profiles, found nothing');
      return [{ prefix: 'in/' }];
    };
    const harness = await setUp({ config: { profiles } });
    expect(await harness.deliver()).toBe(true);
    expect(harness.jobs.jobIds).toEqual([]);
    isBroken = false;
    expect(await harness.deliver()).toBe(false);
    expect(harness.jobs.jobIds).toHaveLength(1);
  });

  it('cuts by the size of the file when no number of bytes is given', async () => {
    const content = fileOf(10_000);
    const harness = createStageHarness({ stage: 'split-file' });
    const jobs = createMemoryJobs();
    const objects = createMemoryObjects();
    const { etag, bytes } = await objects.put('bucket', 'a.csv', content);
    const handler = createSplitFile(
      { ...harness.ports, jobs, objects },
      { profiles: [{ prefix: '' }], bucket: 'staged', codeVersion: 'v1' },
    );
    const s3 = { bucket: { name: 'bucket' }, object: { key: 'a.csv', size: bytes, eTag: etag } };
    const body = JSON.stringify({ Records: [{ eventName: 'ObjectCreated:Put', s3 }] });
    expect(await harness.deliver(handler, recordOf('m', body))).toEqual([]);
    expect(harness.queues.chunks.bodies).toHaveLength(Math.ceil(bytes / (64 * 1024)));
    expect(jobs.jobOf(jobs.jobIds[0] ?? '')).not.toHaveProperty('chunkBytes');
  });
});

describe('a job that is called off', () => {
  const callOff = (jobs: JobStore, jobId: string): Promise<boolean> =>
    jobs.changeJob(jobId, ['PLANNING', 'OPEN'], { state: 'REFUSED', reason: cancelledReason, auditAt: 7 });
  const ended = { state: 'REFUSED', reason: cancelledReason, auditAt: 7 };

  it('before its file comes again is left as it is: no chunk is planned or sent', async () => {
    const harness = await setUp({ pieceBytes: 120 });
    expect(await harness.deliver({ asksUntilShort: 5 })).toBe(true);
    const [sentBefore, planned] = [harness.sent().length, harness.jobs.chunksOf(harness.onlyJob().jobId)];
    await callOff(harness.jobs, harness.onlyJob().jobId);
    const before = harness.onlyJob();
    expect(await harness.deliver()).toBe(false);
    expect(harness.onlyJob()).toEqual(before);
    expect(harness.sent()).toHaveLength(sentBefore);
    expect(harness.jobs.chunksOf(before.jobId)).toEqual(planned);
  });

  it('while its head is read gets no layout, and no chunk', async () => {
    const harness = await setUp();
    const { changeJob } = harness.jobs;
    harness.jobs.changeJob = async (jobId, states, change) => {
      if (change.layout !== undefined) await callOff({ ...harness.jobs, changeJob }, jobId);
      return changeJob(jobId, states, change);
    };
    expect(await harness.deliver()).toBe(false);
    expect(harness.onlyJob()).toMatchObject(ended);
    expect(harness.onlyJob()).not.toHaveProperty('layout');
    expect(harness.queue.sends).toEqual([]);
  });

  it('while its chunks are sent keeps its cursor, and gets ten more chunks at most', async () => {
    const queue: ScriptedQueue = createScriptedQueue((entries) => {
      void callOff(harness.jobs, harness.onlyJob().jobId);
      return takeAll(entries);
    });
    const harness = await setUp({ queue, content: fileOf(500) });
    expect(await harness.deliver()).toBe(false);
    expect(harness.onlyJob()).toMatchObject(ended);
    expect(harness.onlyJob()).not.toHaveProperty('cursor');
    expect(harness.sent()).toHaveLength(10);
  });

  it('as the end of its file is reached is not opened by it', async () => {
    const harness = await setUp();
    const { changeJob } = harness.jobs;
    harness.jobs.changeJob = async (jobId, states, change) => {
      if (change.plan !== undefined) await callOff({ ...harness.jobs, changeJob }, jobId);
      return changeJob(jobId, states, change);
    };
    expect(await harness.deliver()).toBe(false);
    expect(harness.onlyJob()).toMatchObject(ended);
    expect(harness.onlyJob()).not.toHaveProperty('plan');
  });
});
