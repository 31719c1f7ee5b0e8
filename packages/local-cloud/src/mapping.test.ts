import type { StageSettings } from '@sluice/core/wiring';
import type { DynamoDBStreamEvent, SQSEvent } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { createManualClock } from './clock.ts';
import type { InvocationResult } from './function.ts';
import type { GivenUp, Invoke, Mapping } from './mapping.ts';
import { createQueueMapping, createStreamMapping } from './mapping.ts';
import { createLocalQueue } from './queue.ts';
import type { Change } from './stream.ts';
import { createLocalStream } from './stream.ts';

const failed: InvocationResult = { status: 'failed' };
const answer = (...ids: readonly string[]): InvocationResult => ({
  status: 'answered',
  response: { batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })) },
});

/** An invocation that is under way until it is resolved. */
const createPending = () => {
  let resolve: (result: InvocationResult) => void = () => undefined;
  const promise = new Promise<InvocationResult>((done) => {
    resolve = done;
  });
  return { promise, resolve: (result: InvocationResult) => resolve(result) };
};

const isReady = (mapping: Mapping, now: number): boolean => (mapping.readyAt() ?? Number.POSITIVE_INFINITY) <= now;

const setUpQueue = (changes: Partial<StageSettings> = {}, returnAfterSeconds?: () => number) => {
  const clock = createManualClock(1_000);
  const queue = createLocalQueue({ name: 'work', clock, visibilitySeconds: 30 });
  const settings = { batchSize: 3, windowSeconds: 0, timeoutSeconds: 5, memoryMegabytes: 1024, ...changes };
  const mapping = createQueueMapping(queue, settings, returnAfterSeconds);
  const batches: string[][] = [];
  return {
    clock,
    mapping,
    batches,
    send: async (...bodies: readonly string[]) => {
      await queue.port.sendBatch(bodies.map((body, id) => ({ id: String(id), body })));
    },
    sendLater: async (body: string, delaySeconds: number) => {
      await queue.port.sendBatch([{ id: '0', body, delaySeconds }]);
    },
    bodies: () => queue.peek().map(({ body }) => body),
    /** One batch; the decision names the bodies that fail, or fails the invocation. */
    serve: (failing: readonly string[] | 'throw' = []) =>
      mapping.start(async (event) => {
        const { Records } = event as SQSEvent;
        batches.push(Records.map(({ body }) => body));
        if (failing === 'throw') return failed;
        return answer(...Records.filter(({ body }) => failing.includes(body)).map(({ messageId }) => messageId));
      }),
  };
};

describe('the mapping of a queue', () => {
  it('is ready never while the queue is empty', () => {
    const { mapping, serve } = setUpQueue();
    expect(mapping.readyAt()).toBeUndefined();
    expect(serve()).toBeUndefined();
  });

  it('takes at most a batch at a time, oldest first', async () => {
    const { send, serve, batches } = setUpQueue();
    await send('a', 'b', 'c', 'd', 'e');
    await serve();
    await serve();
    expect(batches).toEqual([
      ['a', 'b', 'c'],
      ['d', 'e'],
    ]);
    expect(serve()).toBeUndefined();
  });

  it('hands over records as SQS has them', async () => {
    const { send, mapping } = setUpQueue();
    await send('a');
    const events: unknown[] = [];
    await mapping.start(async (event) => {
      events.push(event);
      return failed;
    });
    expect(events).toEqual([
      {
        Records: [
          expect.objectContaining({
            body: 'a',
            eventSource: 'aws:sqs',
            attributes: expect.objectContaining({ ApproximateReceiveCount: '1', SentTimestamp: '1000' }),
          }),
        ],
      },
    ]);
  });

  it('waits for the window while a batch is not full', async () => {
    const { clock, send, mapping } = setUpQueue({ windowSeconds: 2 });
    await send('a');
    await clock.advance(500);
    await send('b');
    expect(mapping.readyAt()).toBe(3_000);
  });

  it('is ready as soon as a batch is full, whatever its window', async () => {
    const { clock, send, mapping } = setUpQueue({ windowSeconds: 2 });
    await send('a', 'b');
    expect(isReady(mapping, clock.now())).toBe(false);
    await send('c');
    expect(isReady(mapping, clock.now())).toBe(true);
  });

  it('is ready when a delayed message becomes visible', async () => {
    const { mapping, sendLater } = setUpQueue();
    await sendLater('late', 9);
    await sendLater('soon', 4);
    expect(mapping.readyAt()).toBe(5_000);
  });

  it('deletes what was acknowledged, and nothing else', async () => {
    const { send, serve, bodies } = setUpQueue();
    await send('a', 'b', 'c');
    await serve(['b']);
    expect(bodies()).toEqual(['b']);
  });

  it('deletes nothing before the function has answered', async () => {
    const { send, mapping, bodies } = setUpQueue();
    await send('a');
    const { promise, resolve } = createPending();
    const carried = mapping.start(() => promise);
    expect(bodies()).toEqual(['a']);
    resolve(answer());
    await carried;
    expect(bodies()).toEqual([]);
  });

  it('brings the whole batch back after a throw, once its visibility has passed', async () => {
    const { clock, send, serve, bodies, batches, mapping } = setUpQueue();
    await send('a', 'b');
    await serve('throw');
    expect(bodies()).toEqual(['a', 'b']);
    expect(mapping.readyAt()).toBe(31_000);
    expect(serve()).toBeUndefined();
    await clock.advance(30_000);
    await serve();
    expect(batches).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]);
    expect(bodies()).toEqual([]);
  });

  it('brings each message back after a throw at the time it is told, where it is told one', async () => {
    const delays = [3, 1, 2];
    const { clock, send, serve, batches, mapping } = setUpQueue({}, () => delays.shift() ?? 0);
    await send('a', 'b', 'c');
    await serve('throw');
    for (let readyAt = mapping.readyAt(); readyAt !== undefined; readyAt = mapping.readyAt()) {
      expect(readyAt).toBe(clock.now() + 1_000);
      await clock.advance(1_000);
      await serve();
    }
    expect(batches).toEqual([['a', 'b', 'c'], ['b'], ['c'], ['a']]);
  });

  it('leaves to its visibility what was only reported as failed, whatever it is told', async () => {
    const { send, serve, mapping } = setUpQueue({}, () => 1);
    await send('a');
    await serve(['a']);
    expect(mapping.readyAt()).toBe(31_000);
  });

  it('deletes nothing for an answer that names a message it does not know', async () => {
    const { send, mapping, bodies } = setUpQueue();
    await send('a', 'b');
    await mapping.start(async () => answer('unknown'));
    expect(bodies()).toEqual(['a', 'b']);
  });

  it('deletes nothing that was delivered again in the meantime', async () => {
    const { clock, send, mapping, serve, bodies } = setUpQueue();
    await send('a');
    const { promise, resolve } = createPending();
    const slow = mapping.start(() => promise);
    await clock.advance(30_000);
    await serve(['a']);
    resolve(answer());
    await slow;
    expect(bodies()).toEqual(['a']);
  });
});

const imageOf = (row: number) => ({ line: row + 1, data: `["row ${row}"]` });

/** One attempt as the function saw it. */
type Attempt = { readonly at: number; readonly rows: readonly number[] };

const rowsOf = (records: DynamoDBStreamEvent['Records']): number[] =>
  records.map(({ dynamodb }) => Number(dynamodb?.NewImage?.['row']?.N));

const setUpStream = (changes: Partial<StageSettings> = {}, shards = 1) => {
  const clock = createManualClock(1_000);
  const stream = createLocalStream(shards, () => undefined);
  const settings = { batchSize: 4, windowSeconds: 0, timeoutSeconds: 5, memoryMegabytes: 1024, ...changes };
  const lost: GivenUp[] = [];
  const read: number[] = [];
  const attempts: Attempt[] = [];
  const mapping = createStreamMapping(
    'relay-rows',
    stream,
    settings,
    clock,
    ({ row }) => {
      read.push(row);
      return imageOf(row);
    },
    async (given) => {
      lost.push(given);
    },
  );
  const append = (...rows: readonly (number | Partial<Change>)[]): void => {
    for (const part of rows) {
      const change = typeof part === 'number' ? { row: part } : part;
      stream.append({
        eventName: 'INSERT',
        jobId: 'job',
        chunk: 0,
        row: 0,
        status: 'PENDING',
        at: clock.now(),
        ...change,
      });
    }
  };
  /** One batch; the decision names the rows that fail, or the rows that make the function throw. */
  const serve = (decision: { fail?: readonly number[]; throwOn?: readonly number[] } = {}) =>
    mapping.start(async (event) => {
      const { Records } = event as DynamoDBStreamEvent;
      const rows = rowsOf(Records);
      attempts.push({ at: clock.now(), rows });
      if (decision.throwOn?.some((row) => rows.includes(row))) return failed;
      const failing = Records.filter((_, i) => decision.fail?.includes(rows[i] ?? 0));
      return answer(...failing.map(({ dynamodb }) => dynamodb?.SequenceNumber ?? ''));
    });
  return {
    clock,
    stream,
    mapping,
    lost,
    read,
    attempts,
    append,
    serve,
    batches: () => attempts.map(({ rows }) => rows),
    waiting: () => stream.shards.map((shard) => shard.waiting()),
    /** Serves until nothing waits, moving the time on to when the mapping is ready. */
    async drain(decision: Parameters<typeof serve>[0] = {}) {
      for (let readyAt = mapping.readyAt(); readyAt !== undefined; readyAt = mapping.readyAt()) {
        await clock.advance(Math.max(0, readyAt - clock.now()));
        await serve(decision);
      }
    },
  };
};

describe('the mapping of a stream', () => {
  it('is ready never while the stream is empty', () => {
    const { mapping, serve } = setUpStream();
    expect(mapping.readyAt()).toBeUndefined();
    expect(serve()).toBeUndefined();
  });

  it('takes at most a batch at a time, in order', async () => {
    const { append, drain, batches } = setUpStream();
    append(1, 2, 3, 4, 5, 6);
    await drain();
    expect(batches()).toEqual([
      [1, 2, 3, 4],
      [5, 6],
    ]);
  });

  it('hands over records as a DynamoDB stream has them', async () => {
    const { append, mapping } = setUpStream();
    append({ row: 17, chunk: 2 });
    const events: unknown[] = [];
    await mapping.start(async (event) => {
      events.push(event);
      return answer();
    });
    expect(events).toEqual([
      {
        Records: [
          expect.objectContaining({
            eventName: 'INSERT',
            eventSource: 'aws:dynamodb',
            dynamodb: expect.objectContaining({
              Keys: { pk: { S: 'job#2#1' }, row: { N: '17' } },
              NewImage: {
                pk: { S: 'job#2#1' },
                row: { N: '17' },
                line: { N: '18' },
                status: { S: 'PENDING' },
                data: { S: '["row 17"]' },
                created: { N: '1000' },
              },
            }),
          }),
        ],
      },
    ]);
  });

  it('reads from the table only the images that are not in the change', async () => {
    const { append, drain, read } = setUpStream();
    append({ row: 1, image: imageOf(1) }, 2);
    await drain();
    expect(read).toEqual([2]);
  });

  it('passes over whatever is not an insert of a pending row', async () => {
    const { append, drain, batches, waiting } = setUpStream();
    append(1, { row: 1, eventName: 'MODIFY', status: 'DONE' }, { row: 2, status: 'DONE' }, 3);
    append({ row: 3, eventName: 'MODIFY' });
    await drain();
    expect(batches()).toEqual([[1, 3]]);
    expect(waiting()).toEqual([0]);
  });

  it('does not call the function for a batch without a pending row', async () => {
    const { append, serve, attempts, waiting, read } = setUpStream();
    append({ row: 1, eventName: 'MODIFY', status: 'DONE' }, { row: 2, eventName: 'MODIFY', status: 'FAILED' });
    await serve();
    expect(attempts).toEqual([]);
    expect(read).toEqual([]);
    expect(waiting()).toEqual([0]);
  });

  it('waits for the window while a batch is not full', async () => {
    const { append, clock, mapping } = setUpStream({ windowSeconds: 2 });
    append(1);
    await clock.advance(500);
    append(2, 3);
    expect(mapping.readyAt()).toBe(3_000);
    append(4);
    expect(isReady(mapping, clock.now())).toBe(true);
  });

  it('has one batch of a shard under way at a time, so that order is kept', async () => {
    const { append, mapping, waiting } = setUpStream();
    append(1, 2, 3, 4, 5);
    const { promise, resolve } = createPending();
    const carried = mapping.start(() => promise);
    expect(mapping.readyAt()).toBeUndefined();
    expect(mapping.start(async () => answer())).toBeUndefined();
    resolve(answer());
    await carried;
    expect(waiting()).toEqual([1]);
    expect(mapping.readyAt()).toBe(1_000);
  });

  it('serves other shards while one is under way or is tried again later', async () => {
    const { append, clock, serve, batches, waiting, mapping } = setUpStream({}, 2);
    append(1, 2, 3, 4);
    await serve({ throwOn: [2, 4] });
    await serve();
    expect(batches()).toEqual([
      [2, 4],
      [1, 3],
    ]);
    expect(waiting()).toEqual([2, 0]);
    expect(isReady(mapping, clock.now())).toBe(false);
  });

  it('goes on at the lowest failed record', async () => {
    const { append, drain, serve, batches, waiting } = setUpStream();
    append(1, 2, 3, 4);
    await serve({ fail: [4, 3] });
    expect(waiting()).toEqual([2]);
    await drain();
    expect(batches()).toEqual([
      [1, 2, 3, 4],
      [3, 4],
    ]);
  });

  it('finds the lowest failed record behind changes it passed over', async () => {
    const { append, drain, serve, batches } = setUpStream({ batchSize: 6 });
    append({ row: 9, eventName: 'MODIFY' }, 1, { row: 9, eventName: 'MODIFY' }, 2, { row: 9, eventName: 'MODIFY' }, 3);
    await serve({ fail: [2] });
    await drain();
    expect(batches()).toEqual([
      [1, 2, 3],
      [2, 3],
    ]);
  });

  it('brings the whole batch back when its first record failed, and does not halve it', async () => {
    const { append, drain, serve, batches } = setUpStream();
    append(1, 2, 3, 4);
    await serve({ fail: [1, 4] });
    await drain();
    expect(batches()).toEqual([
      [1, 2, 3, 4],
      [1, 2, 3, 4],
    ]);
  });

  it('halves a batch whose function failed until what breaks it stands alone', async () => {
    const { append, drain, batches, lost } = setUpStream({ batchSize: 8, maximumRetryAttempts: 5 });
    append(1, 2, 3, 4, 5, 6, 7, 8);
    await drain({ throwOn: [3] });
    expect(batches().slice(0, 3)).toEqual([
      [1, 2, 3, 4, 5, 6, 7, 8],
      [1, 2, 3, 4],
      [1, 2],
    ]);
    expect(lost.map(({ records }) => rowsOf(records))).toEqual([[3]]);
    expect(batches().at(-1)).toEqual([4, 5, 6, 7, 8]);
  });

  it('takes full batches again after a success', async () => {
    const { append, drain, serve, batches } = setUpStream();
    append(1, 2, 3, 4, 5, 6);
    await serve({ throwOn: [1] });
    await drain();
    expect(batches()).toEqual([
      [1, 2, 3, 4],
      [1, 2],
      [3, 4, 5, 6],
    ]);
  });

  it('waits twice as long after every failure, at most a minute', async () => {
    const { append, drain, attempts } = setUpStream({ batchSize: 1, maximumRetryAttempts: 12 });
    append(1);
    await drain({ throwOn: [1] });
    const waits = attempts.slice(1).map(({ at }, i) => at - (attempts[i]?.at ?? 0));
    expect(waits).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 51_200, 60_000, 60_000]);
  });

  it('waits as after a first failure once part of a batch went through', async () => {
    const { append, clock, mapping, serve } = setUpStream();
    append(1, 2, 3, 4);
    await serve({ fail: [1] });
    await clock.advance(100);
    await serve({ fail: [1] });
    expect(mapping.readyAt()).toBe(clock.now() + 200);
    await clock.advance(200);
    await serve({ fail: [2] });
    expect(mapping.readyAt()).toBe(clock.now() + 100);
  });

  it.each([
    ['failed', { throwOn: [1] }],
    ['reported', { fail: [1] }],
  ])('gives a %s record up after its retries, and goes on behind it', async (_, decision) => {
    const { append, drain, batches, lost, waiting } = setUpStream({ batchSize: 1, maximumRetryAttempts: 2 });
    append(1, 2);
    await drain(decision);
    expect(batches()).toEqual([[1], [1], [1], [2]]);
    expect(lost).toEqual([
      { stage: 'relay-rows', shard: 0, records: [expect.objectContaining({ eventName: 'INSERT' })] },
    ]);
    expect(lost.map(({ records }) => rowsOf(records))).toEqual([[1]]);
    expect(waiting()).toEqual([0]);
  });

  it('gives up the records it was asked for, and none that it passed over', async () => {
    const { append, drain, lost } = setUpStream({ maximumRetryAttempts: 0 });
    append(1, { row: 9, eventName: 'MODIFY', status: 'DONE' }, 2);
    await drain({ fail: [1] });
    expect(lost.map(({ records }) => rowsOf(records))).toEqual([[1, 2]]);
  });

  it('begins to count anew for what comes after a record that was given up', async () => {
    const { append, drain, batches, lost } = setUpStream({ batchSize: 1, maximumRetryAttempts: 1 });
    append(1, 2);
    await drain({ fail: [1, 2] });
    expect(batches()).toEqual([[1], [1], [2], [2]]);
    expect(lost.map(({ records }) => rowsOf(records))).toEqual([[1], [2]]);
  });

  it('gives up without another attempt what is older than its age, and not before', async () => {
    const { append, clock, serve, attempts, lost, waiting } = setUpStream({ maximumRecordAgeSeconds: 60 });
    append(1, 2);
    await clock.advance(60_000);
    await serve({ fail: [1] });
    expect(lost).toEqual([]);
    await clock.advance(100);
    await serve();
    expect(attempts).toHaveLength(1);
    expect(lost.map(({ records }) => rowsOf(records))).toEqual([[1, 2]]);
    expect(waiting()).toEqual([0]);
  });

  it('keeps the records when giving them up fails, and says so', async () => {
    const clock = createManualClock();
    const stream = createLocalStream(1, () => undefined);
    const invoke: Invoke = async () => failed;
    const mapping = createStreamMapping(
      'relay-rows',
      stream,
      { batchSize: 1, windowSeconds: 0, timeoutSeconds: 5, memoryMegabytes: 1024, maximumRetryAttempts: 0 },
      clock,
      ({ row }) => imageOf(row),
      async () => {
        throw new Error('disk full');
      },
    );
    stream.append({ eventName: 'INSERT', jobId: 'job', chunk: 0, row: 1, status: 'PENDING', at: 0 });
    await mapping.start(invoke);
    await clock.advance(100);
    await expect(mapping.start(invoke)).rejects.toThrow('disk full');
    expect(stream.shards[0]?.waiting()).toBe(1);
    expect(isReady(mapping, clock.now())).toBe(true);
  });
});

describe('a stream whose past comes again', () => {
  it('delivers what lies behind the checkpoint once more, under the same sequence numbers', async () => {
    const { stream, append, drain, batches } = setUpStream();
    append(1, 2, 3);
    const numbers = [0, 1, 2].map((distance) => stream.shards[0]?.sequenceNumber(distance));
    await drain();
    stream.shards[0]?.rewind(2);
    expect([0, 1].map((distance) => stream.shards[0]?.sequenceNumber(distance))).toEqual(numbers.slice(1));
    append(4);
    await drain();
    expect(batches()).toEqual([
      [1, 2, 3],
      [2, 3, 4],
    ]);
    expect(stream.bytes()).toBe(0);
  });

  it('goes back no further than to the first change', async () => {
    const { stream, append, drain, batches } = setUpStream();
    append(1);
    await drain();
    stream.shards[0]?.rewind(100);
    await drain();
    expect(batches()).toEqual([[1], [1]]);
  });
});

describe('a shard that splits', () => {
  it('has its children read after itself, and each change once', async () => {
    const { stream, append, drain, batches } = setUpStream({ batchSize: 100 });
    const rows = [1, 2, 3, 4, 5, 6, 7, 8];
    append(...rows);
    const [shard] = stream.shards;
    if (shard !== undefined) stream.split(shard);
    append(...rows.map((row) => row + 16));
    expect(stream.shards).toHaveLength(3);
    await drain();
    expect(batches()[0]).toEqual(rows);
    const [left = [], right = []] = batches().slice(1);
    expect(left.length * right.length).toBeGreaterThan(0);
    expect([...left, ...right].sort((a, b) => a - b)).toEqual(rows.map((row) => row + 16));
  });

  it('sends a key to the same shard as long as none splits, also among grandchildren', () => {
    const { stream, append, waiting } = setUpStream({}, 2);
    for (const shard of [...stream.shards]) stream.split(shard);
    for (const shard of [...stream.shards].slice(2)) stream.split(shard);
    expect(stream.shards).toHaveLength(2 + 4 + 8);
    append({ row: 5 });
    const before = waiting();
    append({ row: 5 }, { row: 21 });
    expect(waiting()).toEqual(before.map((count) => count * 3));
  });

  it('splits once', () => {
    const { stream } = setUpStream();
    const [shard] = stream.shards;
    if (shard === undefined) throw new Error('expected a shard');
    stream.split(shard);
    stream.split(shard);
    expect(stream.shards).toHaveLength(3);
  });
});
