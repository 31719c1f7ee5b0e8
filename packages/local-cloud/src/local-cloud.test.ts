import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMemoryObjects } from '@sluice/core/memory-objects';
import type { QueueName } from '@sluice/core/ports/queue';
import { batchEntriesMax, messageBytesMax } from '@sluice/core/ports/queue';
import type { StageName, StageSettings, Wiring } from '@sluice/core/wiring';
import { parseWiring, stageNames } from '@sluice/core/wiring';
import type { DynamoDBStreamEvent, SQSEvent } from 'aws-lambda';
import { afterEach, describe, expect, it } from 'vitest';
import wiringJson from '../../../infra/wiring.json' with { type: 'json' };
import { createManualClock } from './clock.ts';
import type { LocalDatabase } from './database.ts';
import { openDatabase } from './database.ts';
import type { LocalFunction } from './function.ts';
import type { LocalCloud, LocalCloudOptions } from './local-cloud.ts';
import { createLocalCloud } from './local-cloud.ts';

const jobId = '0123456789abcdefghjkmnpqrs';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

type Overrides = Partial<Record<StageName, Partial<StageSettings>>>;

const wiringWith = (overrides: Overrides): Wiring => {
  const wiring = parseWiring(wiringJson, 'local');
  const stages = Object.fromEntries(
    stageNames.map((name) => [name, { ...wiring.stages[name], ...overrides[name] }]),
  ) as Wiring['stages'];
  return { ...wiring, stages };
};

const setUp = (overrides: Overrides = {}, options: Partial<LocalCloudOptions> = {}) => {
  const clock = createManualClock(1_000_000);
  const folder = mkdtempSync(join(tmpdir(), 'sluice-cloud-'));
  const database = options.database ?? openDatabase(':memory:');
  closers.push(() => {
    database.close();
    rmSync(folder, { recursive: true });
  });
  const cloud = createLocalCloud({
    wiring: wiringWith(overrides),
    clock,
    database,
    buckets: { work: folder },
    ...options,
  });
  closers.unshift(cloud.close);
  return { clock, cloud, folder };
};

/** Lets everything happen that no time has to pass for. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 60; turn++) await new Promise((resolve) => setImmediate(resolve));
};

/** The state of a promise, as far as it is known by now. */
const watch = (promise: Promise<unknown>) => {
  const state: { now: 'pending' | 'resolved' | 'rejected' } = { now: 'pending' };
  promise.then(
    () => {
      state.now = 'resolved';
    },
    () => {
      state.now = 'rejected';
    },
  );
  return state;
};

/** Holds whoever waits at it; lets them through one by one. */
const createGate = () => {
  const waiting: (() => void)[] = [];
  return {
    wait: () =>
      new Promise<void>((resolve) => {
        waiting.push(resolve);
      }),
    waiting: () => waiting.length,
    open(count = waiting.length) {
      for (const go of waiting.splice(0, count)) go();
    },
  };
};

const send = async (cloud: LocalCloud, queue: QueueName, bodies: readonly string[], delaySeconds = 0) => {
  const port = cloud.services.queues[queue];
  for (let from = 0; from < bodies.length; from += batchEntriesMax) {
    await port.sendBatch(
      bodies.slice(from, from + batchEntriesMax).map((body, id) => ({ id: String(id), body, delaySeconds })),
    );
  }
};

const insertRows = (cloud: LocalCloud, ...rows: readonly number[]) =>
  cloud.services.rows.insert(
    jobId,
    rows.map((row) => [0, row, row + 1, ['text']]),
  );

const bodiesOf = (event: unknown): string[] => (event as SQSEvent).Records.map(({ body }) => body);

const acknowledge: LocalFunction = async () => ({ batchItemFailures: [] });
const broken: LocalFunction = async () => {
  throw new Error('broken');
};

describe('serving', () => {
  it('brings a message to the function of its queue, and is idle then', async () => {
    const { cloud } = setUp();
    const served: string[] = [];
    cloud.attach('process-rows', async (event) => {
      served.push(...bodiesOf(event));
    });
    await send(cloud, 'work', ['a', 'b']);
    await cloud.runUntilIdle();
    expect(served).toEqual(['a', 'b']);
    expect(cloud.queue('work').size()).toEqual({ messages: 0, bytes: 0 });
  });

  it('brings inserted rows to the relay, in the batches of its mapping', async () => {
    const { cloud } = setUp({ 'relay-rows': { batchSize: 2 } });
    const served: unknown[] = [];
    cloud.attach('relay-rows', async (event) => {
      served.push((event as DynamoDBStreamEvent).Records.map(({ dynamodb }) => dynamodb?.NewImage?.['row']?.N));
    });
    await insertRows(cloud, 1, 2, 3);
    await cloud.runUntilIdle();
    expect(served).toEqual([['1', '2'], ['3']]);
  });

  it('follows what functions send on until nothing is left', async () => {
    const { cloud } = setUp();
    const seen: string[] = [];
    const pass = (from: StageName, to: QueueName): void =>
      cloud.attach(from, async (event) => {
        const bodies = bodiesOf(event);
        seen.push(...bodies.map((body) => `${from} ${body}`));
        await cloud.services.queues[to].sendBatch(bodies.map((body, id) => ({ id: String(id), body })));
      });
    pass('split-file', 'chunks');
    pass('clean-rows', 'rows');
    cloud.attach('store-rows', async (event) => {
      seen.push(...bodiesOf(event).map((body) => `store-rows ${body}`));
    });
    await send(cloud, 'uploads', ['x']);
    await cloud.runUntilIdle();
    expect(seen).toEqual(['split-file x', 'clean-rows x', 'store-rows x']);
  });

  it('serves the most downstream stage first', async () => {
    const { cloud } = setUp();
    const served: StageName[] = [];
    for (const stage of stageNames) {
      cloud.attach(
        stage,
        async () => {
          served.push(stage);
        },
        { thread: 'only' },
      );
    }
    for (const queue of ['uploads', 'chunks', 'rows', 'work', 'finished', 'audits'] as const) {
      await send(cloud, queue, ['x']);
    }
    await insertRows(cloud, 1);
    await cloud.runUntilIdle();
    expect(served).toEqual([...stageNames].reverse());
  });

  it('brings what a function made to an end before it begins anything new', async () => {
    const { cloud } = setUp({ 'process-rows': { batchSize: 1 } });
    const seen: string[] = [];
    cloud.attach(
      'process-rows',
      async (event) => {
        const [body = ''] = bodiesOf(event);
        seen.push(`process ${body}`);
        await cloud.services.queues.finished.sendBatch([{ id: '0', body }]);
      },
      { thread: 'only' },
    );
    cloud.attach(
      'finish-rows',
      async (event) => {
        seen.push(`finish ${bodiesOf(event)}`);
      },
      { thread: 'only' },
    );
    await send(cloud, 'work', ['a', 'b']);
    await cloud.runUntilIdle();
    expect(seen).toEqual(['process a', 'finish a', 'process b', 'finish b']);
  });

  it('runs as many invocations of a stage at once as its concurrency, and no more', async () => {
    const { cloud } = setUp({ 'process-rows': { batchSize: 1, maximumConcurrency: 3 } });
    const gate = createGate();
    cloud.attach('process-rows', gate.wait);
    await send(cloud, 'work', ['a', 'b', 'c', 'd', 'e']);
    const run = cloud.runUntilIdle();
    await settle();
    expect(gate.waiting()).toBe(3);
    gate.open(1);
    await settle();
    expect(gate.waiting()).toBe(3);
    expect(cloud.stats()['process-rows'].invocations).toBe(4);
    gate.open();
    await settle();
    gate.open();
    await run;
    expect(cloud.stats()['process-rows'].invocations).toBe(5);
  });

  it.each([
    ['one', { thread: 'one' }, 1],
    ['no', {}, 4],
  ])('has functions of %s thread run so many at once', async (_, options, most) => {
    const { cloud } = setUp({
      'process-rows': { batchSize: 1, maximumConcurrency: 2 },
      'finish-rows': { batchSize: 1, maximumConcurrency: 2 },
    });
    let running = 0;
    let runningMost = 0;
    const run: LocalFunction = async () => {
      running++;
      runningMost = Math.max(runningMost, running);
      await settle();
      running--;
    };
    cloud.attach('process-rows', run, options);
    cloud.attach('finish-rows', run, options);
    await send(cloud, 'work', ['a', 'b', 'c']);
    await send(cloud, 'finished', ['d', 'e', 'f']);
    await cloud.runUntilIdle();
    expect(runningMost).toBe(most);
    expect(cloud.stats()['process-rows'].invocations).toBe(3);
    expect(cloud.stats()['finish-rows'].invocations).toBe(3);
  });

  it('lets functions of different threads overlap', async () => {
    const { cloud } = setUp();
    const gate = createGate();
    cloud.attach('process-rows', gate.wait, { thread: 'one' });
    cloud.attach('finish-rows', gate.wait, { thread: 'other' });
    await send(cloud, 'work', ['a']);
    await send(cloud, 'finished', ['b']);
    const run = cloud.runUntilIdle();
    await settle();
    expect(gate.waiting()).toBe(2);
    gate.open();
    await run;
  });

  it('gives a stage nothing more while too much waits behind it, and goes on when that is through', async () => {
    const { cloud } = setUp({ 'clean-rows': { batchSize: 10 } });
    const gate = createGate();
    const piece = 'x'.repeat(messageBytesMax);
    cloud.attach('split-file', async () => {
      const { chunks } = cloud.services.queues;
      // 25 MiB: one more than may wait.
      for (let i = 0; i < 25; i++) await chunks.sendBatch(['0', '1', '2', '3'].map((id) => ({ id, body: piece })));
    });
    cloud.attach('clean-rows', gate.wait);
    cloud.attach('store-rows', acknowledge);
    await send(cloud, 'uploads', ['a', 'b']);
    const run = cloud.runUntilIdle();
    const state = watch(run);
    await settle();
    expect(cloud.stats()['split-file'].invocations).toBe(1);

    // What lies upstream of the backlog waits; what lies behind it does not.
    await send(cloud, 'rows', ['c']);
    await settle();
    expect(cloud.stats()['store-rows'].invocations).toBe(1);
    expect(cloud.stats()['split-file'].invocations).toBe(1);

    gate.open();
    await settle();
    expect(cloud.stats()['split-file'].invocations).toBe(2);

    while (state.now === 'pending') {
      gate.open();
      await settle();
    }
    await run;
    expect(cloud.stats()['split-file']).toMatchObject({ invocations: 2, failedInvocations: 0 });
    expect(cloud.queue('chunks').size()).toEqual({ messages: 0, bytes: 0 });
  });

  it('counts the rows that wait in the stream as a backlog', async () => {
    const { cloud } = setUp({ 'store-rows': { batchSize: 1 } });
    const gate = createGate();
    cloud.attach('store-rows', async () => {
      const text = 'x'.repeat(350 * 1024);
      // More than 24 MiB, within the bytes of a call.
      for (let row = 1; row < 72; row += 2) {
        await cloud.services.rows.insert(jobId, [
          [0, row, row, [text]],
          [0, row + 1, row + 1, [text]],
        ]);
      }
    });
    cloud.attach('relay-rows', gate.wait);
    await send(cloud, 'rows', ['a', 'b']);
    const run = cloud.runUntilIdle();
    await settle();
    expect(gate.waiting()).toBe(1);
    expect(cloud.stats()['store-rows'].invocations).toBe(1);
    gate.open();
    await run;
    expect(cloud.stats()['store-rows']).toMatchObject({ invocations: 2, failedInvocations: 0 });
  });

  it('serves nothing once it is closed', async () => {
    const { cloud } = setUp();
    cloud.attach('process-rows', acknowledge);
    await send(cloud, 'work', ['due']);
    cloud.close();
    await send(cloud, 'work', ['late']);
    await settle();
    expect(cloud.stats()['process-rows'].invocations).toBe(0);
    expect(cloud.queue('work').size().messages).toBe(2);
  });
});

describe('running until idle', () => {
  it('resolves at once when nothing is there', async () => {
    const { cloud } = setUp();
    await expect(cloud.runUntilIdle()).resolves.toBeUndefined();
  });

  it('tells everybody who waits', async () => {
    const { cloud } = setUp();
    cloud.attach('process-rows', acknowledge);
    await send(cloud, 'work', ['a']);
    await Promise.all([cloud.runUntilIdle(), cloud.runUntilIdle()]);
    expect(cloud.stats()['process-rows'].invocations).toBe(1);
  });

  it('waits for delayed messages', async () => {
    const { cloud, clock } = setUp();
    const served: [string, number][] = [];
    cloud.attach('process-rows', async (event) => {
      for (const body of bodiesOf(event)) served.push([body, clock.now() - 1_000_000]);
    });
    await send(cloud, 'work', ['later'], 9);
    await send(cloud, 'work', ['soon'], 4);
    const state = watch(cloud.runUntilIdle());
    await clock.advance(8_999);
    await settle();
    expect(served).toEqual([['soon', 8_999]]);
    expect(state.now).toBe('pending');
    await clock.advance(1);
    await settle();
    expect(served).toEqual([
      ['soon', 8_999],
      ['later', 9_000],
    ]);
    expect(state.now).toBe('resolved');
  });

  it('waits for an invocation whose messages are gone already', async () => {
    const { cloud } = setUp();
    const gate = createGate();
    cloud.attach('process-rows', async (event) => {
      cloud.queue('work').delete((event as SQSEvent).Records.map(({ receiptHandle }) => receiptHandle));
      await gate.wait();
    });
    await send(cloud, 'work', ['a']);
    const run = cloud.runUntilIdle();
    const state = watch(run);
    await settle();
    expect(cloud.queue('work').size().messages).toBe(0);
    expect(state.now).toBe('pending');
    gate.open();
    await run;
  });

  it('waits for rows in the stream', async () => {
    const { cloud } = setUp();
    const gate = createGate();
    await insertRows(cloud, 1);
    const run = cloud.runUntilIdle();
    const state = watch(run);
    await settle();
    expect(state.now).toBe('pending');
    cloud.attach('relay-rows', gate.wait);
    await insertRows(cloud, 2);
    await settle();
    gate.open();
    await run;
    expect(cloud.stats()['relay-rows'].invocations).toBe(1);
  });

  it('makes what was written durable before it resolves', async () => {
    const database = openDatabase(':memory:');
    let commits = 0;
    const counted: LocalDatabase = {
      ...database,
      commit() {
        commits++;
        database.commit();
      },
    };
    const { cloud } = setUp({}, { database: counted });
    await cloud.runUntilIdle();
    expect(commits).toBe(1);
  });

  it('rejects with the reason when it is aborted, and goes on serving', async () => {
    const { cloud } = setUp();
    const gate = createGate();
    cloud.attach('process-rows', gate.wait);
    await send(cloud, 'work', ['a']);
    const controller = new AbortController();
    const run = cloud.runUntilIdle(controller.signal);
    const state = watch(run);
    await settle();
    expect(state.now).toBe('pending');
    controller.abort(new Error('interrupted'));
    await expect(run).rejects.toThrow('interrupted');
    gate.open();
    await cloud.runUntilIdle();
    expect(cloud.queue('work').size().messages).toBe(0);
  });

  it('rejects with the reason when it was aborted before it began', async () => {
    const { cloud } = setUp();
    await expect(cloud.runUntilIdle(AbortSignal.abort(new Error('interrupted')))).rejects.toThrow('interrupted');
  });

  it('rejects when what the stream gives up cannot be put away', async () => {
    const { cloud, clock } = setUp(
      { 'relay-rows': { maximumRecordAgeSeconds: 60 } },
      {
        objects: {
          ...createMemoryObjects(),
          async put() {
            throw new Error('disk full');
          },
        },
      },
    );
    await insertRows(cloud, 1);
    await clock.advance(60_001);
    cloud.attach('relay-rows', acknowledge);
    await expect(cloud.runUntilIdle()).rejects.toThrow('disk full');
    expect(cloud.stats()['relay-rows'].invocations).toBe(0);
  });

  it('rejects when the database fails as it is made durable', async () => {
    const database = openDatabase(':memory:');
    const { cloud } = setUp(
      {},
      {
        database: {
          ...database,
          commit() {
            throw new Error('disk full');
          },
        },
      },
    );
    await expect(cloud.runUntilIdle()).rejects.toThrow('disk full');
  });
});

describe('failures', () => {
  it('sets a message aside after its last delivery', async () => {
    const { cloud, clock } = setUp({ 'process-rows': { maxReceiveCount: 3, timeoutSeconds: 5 } });
    const receives: string[] = [];
    cloud.attach('process-rows', async (event) => {
      const [record] = (event as SQSEvent).Records;
      receives.push(record?.attributes.ApproximateReceiveCount ?? '');
      throw new Error('broken');
    });
    await send(cloud, 'work', ['poison']);
    const state = watch(cloud.runUntilIdle());
    for (let i = 0; i < 2; i++) {
      await settle();
      await clock.advance(30_000);
    }
    await settle();
    expect(state.now).toBe('pending');
    expect(cloud.deadLetters('work').peek()).toEqual([]);
    await clock.advance(30_000);
    await settle();
    expect(state.now).toBe('resolved');
    expect(receives).toEqual(['1', '2', '3']);
    expect(cloud.deadLetters('work').peek()).toEqual([expect.objectContaining({ body: 'poison' })]);
    expect(cloud.queue('work').size().messages).toBe(0);
    expect(cloud.stats()['process-rows']).toMatchObject({ invocations: 3, failedInvocations: 3 });
  });

  it('goes on to a later message after one was set aside', async () => {
    const { cloud, clock } = setUp({ 'process-rows': { maxReceiveCount: 1, timeoutSeconds: 5 } });
    cloud.attach('process-rows', async (event) => {
      if (bodiesOf(event).includes('poison')) throw new Error('broken');
    });
    await send(cloud, 'work', ['poison']);
    const state = watch(cloud.runUntilIdle());
    await send(cloud, 'work', ['later'], 40);
    await settle();
    await clock.advance(30_000);
    await settle();
    expect(cloud.deadLetters('work').peek()).toHaveLength(1);
    await clock.advance(10_000);
    await settle();
    expect(state.now).toBe('resolved');
    expect(cloud.stats()['process-rows']).toMatchObject({ invocations: 2, failedInvocations: 1 });
  });

  it('fails an invocation at its time-out, and brings its message back', async () => {
    const { cloud, clock } = setUp({ 'process-rows': { timeoutSeconds: 5 } });
    let invocations = 0;
    cloud.attach('process-rows', () => (++invocations === 1 ? new Promise(() => undefined) : Promise.resolve()));
    await send(cloud, 'work', ['a']);
    const state = watch(cloud.runUntilIdle());
    await settle();
    await clock.advance(5_000);
    await settle();
    expect(cloud.stats()['process-rows']).toMatchObject({ invocations: 1, failedInvocations: 1 });
    await clock.advance(25_000);
    await settle();
    expect(state.now).toBe('resolved');
    expect(cloud.stats()['process-rows']).toMatchObject({ invocations: 2, failedInvocations: 1 });
  });

  it('puts what the stream gives up into the work bucket', async () => {
    const { cloud, clock, folder } = setUp({ 'relay-rows': { maximumRetryAttempts: 0 } });
    cloud.attach('relay-rows', broken);
    await insertRows(cloud, 7);
    const run = cloud.runUntilIdle();
    await settle();
    await clock.advance(100);
    await run;
    const [name = ''] = readdirSync(join(folder, 'failures', 'relay-rows'));
    expect(name).toBe('0-100000000000000000001.json');
    const { records } = JSON.parse(readFileSync(join(folder, 'failures', 'relay-rows', name), 'utf8'));
    expect(records).toEqual([
      expect.objectContaining({
        eventName: 'INSERT',
        dynamodb: expect.objectContaining({ NewImage: expect.objectContaining({ row: { N: '7' } }) }),
      }),
    ]);
    expect(cloud.stats()['relay-rows']).toMatchObject({ invocations: 1, failedInvocations: 1 });
  });
});

describe('the numbers', () => {
  it('are nothing for a stage without a function', () => {
    const { cloud } = setUp();
    expect(cloud.stats()).toEqual(
      Object.fromEntries(stageNames.map((stage) => [stage, { invocations: 0, failedInvocations: 0, busySeconds: 0 }])),
    );
  });

  it('tell invocations, failures, and the time from start to end', async () => {
    let milliseconds = 0;
    const { cloud } = setUp({ 'process-rows': { batchSize: 1 } }, { stopwatch: () => milliseconds });
    cloud.attach('process-rows', async (event) => {
      milliseconds += 1_500;
      if (bodiesOf(event).includes('poison')) throw new Error('broken');
    });
    await send(cloud, 'work', ['a', 'poison', 'b']);
    const run = watch(cloud.runUntilIdle());
    await settle();
    expect(run.now).toBe('pending');
    expect(cloud.stats()['process-rows']).toEqual({ invocations: 3, failedInvocations: 1, busySeconds: 4.5 });
    expect(cloud.stats()['finish-rows']).toEqual({ invocations: 0, failedInvocations: 0, busySeconds: 0 });
  });

  it('take the busy time from a function that knows its own', async () => {
    let milliseconds = 700;
    let busy = 10_000;
    const { cloud } = setUp({ 'process-rows': { batchSize: 1 } }, { stopwatch: () => milliseconds });
    const run: LocalFunction = async () => {
      milliseconds += 900;
      busy += 250;
    };
    cloud.attach('process-rows', run, { busyMilliseconds: () => busy });
    await send(cloud, 'work', ['a', 'b']);
    await cloud.runUntilIdle();
    expect(cloud.stats()['process-rows'].busySeconds).toBe(0.5);
  });
});

describe('the wiring', () => {
  it('has to feed a stage from every queue', () => {
    expect(() => setUp({ 'audit-job': { queue: 'work' } })).toThrow(
      'wiring.json: expected a stage fed by the queue audits',
    );
  });
});

describe('what an operator may do', () => {
  it('redrives what lies in a dead-letter queue: its receives are counted anew', async () => {
    const { cloud, clock } = setUp({ 'store-rows': { maxReceiveCount: 1 } });
    await cloud.services.queues.rows.sendBatch([{ id: '0', body: 'a' }]);
    cloud.queue('rows').receive(1);
    await clock.advance(1_000_000);
    cloud.queue('rows').receive(1);
    expect([cloud.queue('rows').size().messages, cloud.deadLetters('rows').size().messages]).toEqual([0, 1]);
    expect(cloud.redrive('rows')).toBe(1);
    expect([cloud.queue('rows').size().messages, cloud.deadLetters('rows').size().messages]).toEqual([1, 0]);
    expect(cloud.queue('rows').receive(1)[0]?.attributes.ApproximateReceiveCount).toBe('1');
    expect(cloud.redrive('rows')).toBe(0);
  });

  it('switches a mapping off and on', async () => {
    const { cloud } = setUp();
    cloud.pause('store-rows');
    cloud.attach('store-rows', acknowledge);
    await cloud.services.queues.rows.sendBatch([{ id: '0', body: 'a' }]);
    await settle();
    expect(cloud.stats()['store-rows'].invocations).toBe(0);
    cloud.resume('store-rows');
    await cloud.runUntilIdle();
    expect(cloud.stats()['store-rows'].invocations).toBe(1);
  });
});
