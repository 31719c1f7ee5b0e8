import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SluiceError } from '@sluice/core/errors';
import type { Job } from '@sluice/core/ports/job-store';
import type { StageCounts } from '@sluice/core/ports/metrics';
import { queueNames } from '@sluice/core/ports/queue';
import { realClock } from '@sluice/core/real-clock';
import type { ScriptedQueue } from '@sluice/core/scripted-queue';
import { createScriptedQueue } from '@sluice/core/scripted-queue';
import type { Services } from '@sluice/core/stage';
import type { StageName } from '@sluice/core/wiring';
import type { Context } from 'aws-lambda';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { openDatabase } from './database.ts';
import { invoke } from './function.ts';
import { createLocalJobs } from './job-store.ts';
import { createWorkerFunctions } from './worker-function.ts';

const fixture = new URL('./worker-function.fixture.ts', import.meta.url).href;

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  vi.restoreAllMocks();
});

const job: Job = {
  jobId: '0123456789abcdefghjkmnpqrs',
  file: { bucket: 'inbox', key: 'a.csv', etag: 'e', bytes: 10 },
  profile: { prefix: '' },
  schemaHash: 'hash',
  codeVersion: 'test',
  rowsPerMessage: 0,
  createdAt: 1,
  state: 'OPEN',
  repairs: 0,
  auditAt: 0,
};

/** A promise that resolves when it is told. */
const createSignal = () => {
  let done: () => void = () => undefined;
  const promise = new Promise<void>((resolve) => {
    done = resolve;
  });
  return { promise, resolve: () => done() };
};

/** Memory that a worker shares with its test. */
const createCounter = () => {
  const counter = new Int32Array(new SharedArrayBuffer(4));
  /** False when the worker has not counted on for this long. */
  const isCounting = (): boolean => Atomics.wait(counter, 0, Atomics.load(counter, 0), 150) !== 'timed-out';
  return { counter, isCounting };
};

type Answer = { readonly invocations: number };

const contextFor = (remainingMilliseconds: number): Context =>
  ({
    functionName: 'process-rows',
    awsRequestId: 'request-1',
    getRemainingTimeInMillis: () => remainingMilliseconds,
  }) as Context;

const open = (data: unknown, module = fixture) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-worker-'));
  const database = openDatabase(':memory:');
  const jobs = createLocalJobs(database);
  const getJob = async (id: string): Promise<Job | undefined> => {
    if (id === 'refused') throw new SluiceError('SERVICE_REFUSED', 'expected a job id, found another');
    if (id === 'broken') throw new TypeError('no table');
    return jobs.getJob(id);
  };
  const queues = Object.fromEntries(queueNames.map((name) => [name, createScriptedQueue()])) as Record<
    keyof Services['queues'],
    ScriptedQueue
  >;
  const callers: StageName[] = [];
  const counts: StageCounts[] = [];
  const crashes: string[] = [];
  const functions = createWorkerFunctions({
    module,
    buckets: { work: folder },
    data,
    services: (caller) => {
      callers.push(caller);
      return { jobs: { ...jobs, getJob }, queues };
    },
    metrics: (line) => counts.push(line),
    onCrash: (reason) => crashes.push(reason),
  });
  const close = async (): Promise<void> => {
    await functions.close();
    database.close();
    rmSync(folder, { recursive: true });
  };
  const run = functions.function('process-rows');
  const ask = (what: string, text?: string, remainingMilliseconds = 30_000): Promise<unknown> =>
    run({ do: what, text }, contextFor(remainingMilliseconds));
  return { folder, functions, jobs, queues, callers, counts, crashes, run, ask, close };
};

/** One worker for the tests that leave it as it is: starting one takes a while. */
const shared = open({ schema: ['a'] });
afterAll(shared.close);

const setUp = (data: unknown = null, module?: string) => {
  const opened = open(data, module);
  closers.push(opened.close);
  return opened;
};

describe('a function in a worker', () => {
  it('answers, with the event, its context and its data at hand', async () => {
    const { ask } = shared;
    expect(await ask('answer', 'hello')).toEqual({
      text: 'hello',
      data: { schema: ['a'] },
      invocations: expect.any(Number),
      functionName: 'process-rows',
      requestId: 'request-1',
    });
  });

  it('finds the worker of the invocation before', async () => {
    const { functions, ask } = shared;
    const { invocations } = (await ask('answer')) as Answer;
    expect(await ask('answer')).toMatchObject({ invocations: invocations + 1 });
    expect(await functions.function('finish-rows')({}, contextFor(30_000))).toBe('finished');
  });

  it('sees the time that remains', async () => {
    const { ask } = shared;
    const remaining = await ask('remaining', '', 20_000);
    expect(remaining).toBeGreaterThan(0);
    expect(remaining).toBeLessThanOrEqual(20_000);
  });

  it('fails when it throws, and leaves the worker as it is', async () => {
    const { ask } = shared;
    const { invocations } = (await ask('answer')) as Answer;
    await expect(ask('throw')).rejects.toThrow('expected the function to answer, found it throwing');
    expect(await ask('answer')).toMatchObject({ invocations: invocations + 2 });
  });

  it('fails when its answer cannot be copied', async () => {
    const { ask } = shared;
    await expect(ask('answer with a function')).rejects.toThrow('found it throwing');
  });

  it('fails when its module has none for the stage', async () => {
    const { functions } = shared;
    await expect(functions.function('audit-job')({}, contextFor(30_000))).rejects.toThrow('found it throwing');
  });

  it('hands on what it counts', async () => {
    const { ask, counts } = shared;
    await ask('count');
    expect(counts).toEqual([{ stage: 'process-rows', rowsIn: 1, rowsOut: 2, retried: 3, dead: 4, messagesFailed: 5 }]);
  });

  it('adds up the time its stage was at work', async () => {
    const { ask, functions } = shared;
    await ask('answer');
    const first = functions.busyMilliseconds('process-rows');
    expect(first).toBeGreaterThan(0);
    await ask('answer');
    expect(functions.busyMilliseconds('process-rows')).toBeGreaterThan(first);
    expect(functions.busyMilliseconds('store-rows')).toBe(0);
  });

  it('prints to standard error', async () => {
    const { ask } = shared;
    const printed: string[] = [];
    const { promise, resolve } = createSignal();
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      printed.push(`out ${text}`);
      return true;
    });
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      if (!String(text).includes('from the processor')) return true;
      printed.push(`err ${text}`);
      resolve();
      return true;
    });
    await ask('print', 'from the processor');
    await promise;
    expect(printed).toEqual(['err from the processor\n']);
  });
});

describe('the services of a worker', () => {
  it('send to the queues of the main thread, in the name of the stage', async () => {
    const { ask, queues, callers } = shared;
    callers.length = 0;
    expect(await ask('send', 'outcome')).toEqual({ sent: ['0'], failed: [] });
    expect(queues.finished.bodies).toEqual(['outcome']);
    expect(callers).toEqual(['process-rows']);
  });

  it('read the jobs of the main thread', async () => {
    const { ask, jobs } = shared;
    await jobs.createJob(job);
    expect(await ask('get job', job.jobId)).toEqual(job);
    expect(await ask('get job', 'another')).toBeUndefined();
  });

  it('list what the main thread has, page by page', async () => {
    const { ask, jobs } = shared;
    const plan = (chunk: number) => ({
      chunk,
      start: chunk,
      end: chunk + 1,
      firstRow: chunk + 1,
      rows: 1,
      firstLine: 1,
    });
    const chunks = Array.from({ length: 1_500 }, (_, chunk) => plan(chunk));
    await jobs.putChunks(job.jobId, chunks);
    const pages = (await ask('list chunks', job.jobId)) as unknown[][];
    expect(pages).toEqual(await Array.fromAsync(jobs.listChunks(job.jobId)));
    expect(pages.flat()).toMatchObject(chunks);
    expect(await ask('list chunks', 'another')).toEqual([]);
  });

  it('remember files in the main thread', async () => {
    const { ask, jobs } = shared;
    expect(await ask('note file', 'in/a.csv')).toBe(true);
    expect(await jobs.hasFile({ bucket: 'inbox', key: 'in/a.csv', etag: 'etag' })).toBe(true);
  });

  it('write objects themselves', async () => {
    const { ask, folder } = shared;
    await ask('put', 'body');
    expect(readFileSync(join(folder, 'from-worker.txt'), 'utf8')).toBe('body');
  });

  it('throw a SluiceError with its code', async () => {
    expect(await shared.ask('catch', 'refused')).toEqual({
      name: 'SluiceError',
      code: 'SERVICE_REFUSED',
      permanent: true,
      message: 'expected a job id, found another',
    });
  });

  it('throw any other error without a code', async () => {
    expect(await shared.ask('catch', 'broken')).toEqual({ name: 'Error', message: 'no table' });
  });
});

describe('a worker that ends', () => {
  it('has stopped a function that loops for ever at its remaining time, and the next invocation finds a new one', async () => {
    const { functions, ask } = setUp();
    await functions.start();
    await expect(ask('loop', '', 100)).rejects.toThrow('expected the worker to go on, found it ended');
    expect(await ask('answer')).toMatchObject({ invocations: 1 });
  });

  it('goes on with nothing after it was stopped', async () => {
    const { counter, isCounting } = createCounter();
    const { functions, ask } = setUp(counter);
    await functions.start();
    await expect(ask('loop', '', 100)).rejects.toThrow('found it ended');
    await vi.waitFor(() => expect(isCounting()).toBe(false), { timeout: 4_000 });
    expect(Atomics.load(counter, 0)).toBeGreaterThan(0);
  });

  it('loses no invocation that begins as another is stopped', async () => {
    const { functions, run } = setUp();
    await functions.start();
    const settings = { batchSize: 1, windowSeconds: 0, timeoutSeconds: 0.1, memoryMegabytes: 1024 };
    const stopped = await invoke(run, 'process-rows', settings, { do: 'loop' }, 'request-1', realClock);
    expect(stopped).toEqual({ status: 'failed' });
    // The cloud begins the next one a turn later.
    await new Promise((resolve) => setImmediate(resolve));
    const longer = { ...settings, timeoutSeconds: 30 };
    const next = await invoke(run, 'process-rows', longer, { do: 'answer' }, 'request-2', realClock);
    expect(next).toMatchObject({ status: 'answered', response: { invocations: 1, requestId: 'request-2' } });
  });

  it('fails everything else it was doing when one invocation is stopped', async () => {
    const { functions, ask, crashes } = setUp();
    await functions.start();
    const other = ask('hang');
    const looping = ask('loop', '', 100);
    await Promise.all([
      expect(looping).rejects.toThrow('found it ended'),
      expect(other).rejects.toThrow('found it ended'),
    ]);
    expect(crashes).toEqual(['no answer in 0.1 s']);
    expect(await ask('answer')).toMatchObject({ invocations: 1 });
  });

  it.each([
    ['exits', 'exit', 'exit status 7'],
    ['crashes', 'crash', 'crash'],
    ['leaves a rejection unhandled', 'forget', 'forgotten'],
  ])('fails the invocations under way when it %s, says why, and the next finds a new one', async (_, what, reason) => {
    const { functions, ask, crashes } = setUp();
    await functions.start();
    const other = ask('hang');
    const ending = ask(what);
    await Promise.all([
      expect(ending).rejects.toThrow('found it ended'),
      expect(other).rejects.toThrow('found it ended'),
    ]);
    expect(crashes).toEqual([reason]);
    expect(await ask('answer')).toMatchObject({ invocations: 1 });
  });

  it('fails what it was doing when it is ended, is not told of as a crash, and the next invocation finds a new one', async () => {
    const { functions, ask, crashes } = setUp();
    await functions.start();
    const hanging = ask('hang');
    functions.end();
    await expect(hanging).rejects.toThrow('found it ended');
    expect(await ask('answer')).toMatchObject({ invocations: 1 });
    expect(crashes).toEqual([]);
  });

  it('is not heard any more once it was ended', async () => {
    const { functions, ask, callers } = setUp();
    await functions.start();
    const called = callers.length;
    const sending = ask('send', 'hello');
    // It has sent by the time this thread looks; what it said was not taken yet.
    const end = Date.now() + 200;
    while (Date.now() < end) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    functions.end();
    await expect(sending).rejects.toThrow('found it ended');
    expect(await ask('answer')).toMatchObject({ invocations: 1 });
    expect(callers).toHaveLength(called);
  });

  it('may be ended when there is none', () => {
    const { functions } = setUp();
    expect(() => functions.end()).not.toThrow();
  });

  it('is not stopped by an invocation that has answered in time', async () => {
    const { functions, ask } = setUp();
    await functions.start();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      await ask('answer', '', 100);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('starting and closing', () => {
  it('rejects with what the module throws as it starts', async () => {
    const { functions } = setUp('throw');
    await expect(functions.start()).rejects.toThrow('expected a processor, found none');
  });

  it('rejects when there is no such module', async () => {
    const { functions } = setUp(null, new URL('./none.ts', import.meta.url).href);
    await expect(functions.start()).rejects.toThrow('Cannot find module');
  });

  it('rejects when the module ends the worker as it starts', async () => {
    const { functions } = setUp('exit');
    await expect(functions.start()).rejects.toThrow('expected the worker to start, found it ended');
  });

  it('fails the invocation that finds a module which cannot start', async () => {
    const { ask } = setUp('throw');
    await expect(ask('answer')).rejects.toThrow('found it ended');
  });

  it('may start twice', async () => {
    const { functions } = setUp();
    await functions.start();
    await expect(functions.start()).resolves.toBeUndefined();
  });

  it('fails what is under way when it is closed', async () => {
    const { functions, ask } = setUp();
    await functions.start();
    const hanging = ask('hang');
    const closing = functions.close();
    await expect(hanging).rejects.toThrow('expected the functions to be open, found them closed');
    await closing;
  });

  it('has ended the worker once it is closed', async () => {
    const { counter, isCounting } = createCounter();
    const { functions, ask } = setUp(counter);
    await functions.start();
    const looping = ask('loop');
    await vi.waitFor(() => expect(isCounting()).toBe(true), { timeout: 4_000 });
    await Promise.all([expect(looping).rejects.toThrow('found them closed'), functions.close()]);
    expect(isCounting()).toBe(false);
  });

  it('starts nothing any more once it is closed', async () => {
    const { functions, ask } = setUp();
    await functions.close();
    await expect(ask('answer', 'hello')).rejects.toThrow('found them closed');
  });

  it('closes without having started', async () => {
    const { functions, crashes } = setUp();
    await expect(functions.close()).resolves.toBeUndefined();
    expect(crashes).toEqual([]);
  });
});
