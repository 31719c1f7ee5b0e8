import type { Context, SQSEvent, SQSRecord } from 'aws-lambda';
import { afterEach, describe, expect, it, vi } from 'vitest';
import wiringJson from '../../../infra/wiring.json' with { type: 'json' };
import { catchOutput } from './caught-output.ts';
import { SluiceError } from './errors.ts';
import { createLogger } from './logger.ts';
import { parseRowsMessage, type RowsMessage, type RowTuple, rowsEnvelope, serialise } from './messages.ts';
import type { DeadMark } from './ports/job-store.ts';
import type { StageCounts } from './ports/metrics.ts';
import type { QueueName } from './ports/queue.ts';
import { createQueueStage, type QueueStage } from './queue-stage.ts';
import { rowPacks } from './row-stage.ts';
import { createScriptedQueue, refuse, type ScriptedQueue } from './scripted-queue.ts';
import type { Delivery, Fate } from './settle.ts';
import { createStageHarness, recordOf } from './stage-harness.ts';
import { createVirtualClock } from './virtual-clock.ts';
import { parseWiring } from './wiring.ts';

const jobId = '0123456789abcdefghjkmnpqrs';
const lastDelivery = wiringJson.stages['process-rows'].maxReceiveCount;
const secret = 'SECRET-CONTENT';

type Batch = readonly Delivery<RowsMessage, RowTuple>[];
type Work = QueueStage<RowsMessage, RowTuple>['work'];

const done: Fate = { kind: 'done' };
const transient: Fate = { kind: 'transient', code: 'PROCESSOR_ERROR', message: 'expected success, found an error' };
const permanent: Fate = { kind: 'permanent', code: 'ROW_REFUSED', message: 'expected the row taken, found it refused' };
const untried: Fate = { kind: 'untried', code: 'TIMEOUT', message: 'expected a first delivery, found a second' };
const later: Fate = { kind: 'later', code: 'THROTTLED', message: 'expected the table to take the row, found it busy' };

/** The work of a stage by row number; rows it does not name are done. */
const fatesByRow =
  (fates: Readonly<Record<number, Fate>>): Work =>
  async (batch) => {
    for (const delivery of batch) {
      delivery.items.forEach(([, row], index) => {
        delivery.fates[index] = fates[row] ?? done;
      });
    }
  };

const packOf = (rows: readonly number[], tried = 0): string => {
  const { head, tail } = rowsEnvelope(jobId, ['a'], tried);
  return head + rows.map((row) => serialise([0, row, row + 1, [`${secret} ${row}`]])).join(',') + tail;
};

type SetUp = {
  readonly work?: Work;
  readonly queue?: ScriptedQueue;
  readonly putMarks?: (marks: readonly DeadMark[]) => Promise<void>;
  readonly random?: () => number;
  readonly stage?: Partial<QueueStage<RowsMessage, RowTuple>>;
};

const setUp = ({
  work = fatesByRow({}),
  queue = createScriptedQueue(),
  putMarks = async () => undefined,
  random = () => 0.5,
  stage = {},
}: SetUp = {}) => {
  const clock = createVirtualClock();
  const marks: DeadMark[] = [];
  const counts: StageCounts[] = [];
  const context = {
    awsRequestId: 'invocation',
    functionName: 'process-rows',
    getRemainingTimeInMillis: () => 120_000 - clock.now(),
  } as Context;
  const handler = createQueueStage<RowsMessage, RowTuple>(
    { ...rowPacks, stage: 'process-rows', work, ...stage },
    {
      clock,
      random,
      wiring: parseWiring(wiringJson, 'aws'),
      logger: createLogger('process-rows', 'DEBUG'),
      metrics: (line) => counts.push(line),
      queues: { uploads: queue, chunks: queue, rows: queue, work: queue, finished: queue, audits: queue },
      jobs: {
        async putMarks(given) {
          await putMarks(given);
          marks.push(...given);
        },
      },
    },
  );
  /** Ids that the handler reports as failed. */
  const deliver = async (...records: SQSRecord[]): Promise<string[]> => {
    const answer = await clock.run(handler({ Records: records }, context));
    expect(Object.keys(answer)).toEqual(['batchItemFailures']);
    return answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  };
  return { deliver, handler, context, queue, marks, counts, clock };
};

const singlesOf = (queue: ScriptedQueue): { row: number | undefined; tried: number | undefined; rows: number }[] =>
  queue.bodies.map((body) => {
    const { rows, tried } = parseRowsMessage(body);
    return { row: rows[0]?.[1], tried, rows: rows.length };
  });

const delaysOf = (queue: ScriptedQueue): [string, number][] =>
  queue.visibilities.flat().map(({ receiptHandle, timeoutSeconds }) => [receiptHandle, timeoutSeconds]);

const brokenMarks = async (): Promise<void> => {
  throw new SluiceError('THROTTLED', 'expected the jobs table to take the marks, found it throttled');
};

const lines = catchOutput();

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('a queue stage', () => {
  it('acknowledges what is done', async () => {
    const { deliver, queue, marks, counts } = setUp();
    expect(await deliver(recordOf('a', packOf([1, 2])), recordOf('b', packOf([3])))).toEqual([]);
    expect(queue.sends).toEqual([]);
    expect(queue.visibilities).toEqual([]);
    expect(marks).toEqual([]);
    expect(counts).toEqual([{ stage: 'process-rows', rowsIn: 3, rowsOut: 0, retried: 0, dead: 0, messagesFailed: 0 }]);
  });

  it('sends the failed rows of a pack again alone, says how often they were tried, and acknowledges the pack', async () => {
    const { deliver, queue, marks } = setUp({ work: fatesByRow({ 2: transient, 4: transient }) });
    expect(await deliver(recordOf('a', packOf([1, 2, 3, 4])))).toEqual([]);
    expect(singlesOf(queue)).toEqual([
      { row: 2, tried: 1, rows: 1 },
      { row: 4, tried: 1, rows: 1 },
    ]);
    expect(marks).toEqual([]);
    expect(queue.visibilities).toEqual([]);
  });

  it('counts earlier tries and deliveries into a row sent alone', async () => {
    const { deliver, queue } = setUp({ work: fatesByRow({ 2: transient }) });
    expect(await deliver(recordOf('a', packOf([1, 2], 3), 2))).toEqual([]);
    expect(singlesOf(queue)).toEqual([{ row: 2, tried: 5, rows: 1 }]);
  });

  it('does not count a delivery in which a row was not tried', async () => {
    const { deliver, queue } = setUp({ work: fatesByRow({ 1: untried, 2: untried }) });
    expect(await deliver(recordOf('a', packOf([1, 2]), 2))).toEqual([]);
    expect(singlesOf(queue)).toEqual([
      { row: 1, tried: 1, rows: 1 },
      { row: 2, tried: 1, rows: 1 },
    ]);
  });

  it.each([
    [0, 3.75],
    [0.5, 5],
    [0.999_999, 6.25],
  ])('sends a row alone with the first delay and jitter (draw %d)', async (draw, delaySeconds) => {
    const { deliver, queue } = setUp({ work: fatesByRow({ 2: transient }), random: () => draw });
    await deliver(recordOf('a', packOf([1, 2])));
    expect(queue.taken[0]?.delaySeconds).toBeCloseTo(delaySeconds, 4);
  });

  it('acknowledges nothing when the resend fails', async () => {
    const queue = createScriptedQueue((entries) => refuse(['0'], entries));
    const { deliver, marks } = setUp({ work: fatesByRow({ 2: transient, 5: transient }), queue });
    expect(await deliver(recordOf('a', packOf([1, 2])), recordOf('b', packOf([4, 5])))).toEqual(['a']);
    expect(singlesOf(queue).map(({ row }) => row)).toEqual([5]);
    expect(delaysOf(queue)).toEqual([['handle of a', 5]]);
    expect(marks).toEqual([]);
  });

  it('acknowledges nothing when the reply to the resend is lost', async () => {
    const queue = createScriptedQueue(() => {
      throw new Error(`socket hang up ${secret}`);
    });
    const { deliver } = setUp({ work: fatesByRow({ 2: transient }), queue });
    expect(await deliver(recordOf('a', packOf([1, 2])))).toEqual(['a']);
  });

  it('reports a single that fails and never sends it again', async () => {
    const { deliver, queue, marks } = setUp({ work: fatesByRow({ 1: transient }) });
    expect(await deliver(recordOf('a', packOf([1])), recordOf('b', packOf([2])))).toEqual(['a']);
    expect(queue.sends).toEqual([]);
    expect(marks).toEqual([]);
  });

  it.each([
    [1, 0, 3.75],
    [1, 0.999_999, 6.25],
    [2, 0.5, 30],
    [3, 0, 90],
    [3, 0.999_999, 150],
    [9, 0.5, 120],
  ])('lets a message come back after delivery %d with draw %d in %d seconds', async (receives, draw, seconds) => {
    const { deliver, queue } = setUp({ work: fatesByRow({ 1: transient }), random: () => draw });
    expect(await deliver(recordOf('a', packOf([1]), receives))).toEqual(['a']);
    expect(delaysOf(queue)).toEqual([['handle of a', expect.closeTo(seconds, 3)]]);
  });

  it('delays more messages than one call takes', async () => {
    const { deliver, queue } = setUp({ work: fatesByRow({ 1: later }) });
    const records = Array.from({ length: 23 }, (_, index) => recordOf(`m${index}`, packOf([1])));
    expect(await deliver(...records)).toEqual(records.map(({ messageId }) => messageId));
    expect(queue.visibilities.map((entries) => entries.length)).toEqual([10, 10, 3]);
    expect(new Set(delaysOf(queue).map(([handle]) => handle)).size).toBe(23);
  });

  it('reports what comes back also when its visibility cannot be changed', async () => {
    const queue = createScriptedQueue(undefined, () => {
      throw new Error(`lost ${secret}`);
    });
    const { deliver } = setUp({ work: fatesByRow({ 1: transient }), queue });
    expect(await deliver(recordOf('a', packOf([1])))).toEqual(['a']);
    expect(lines.join('')).toContain('visibility could not be changed');
  });

  it('marks a row dead on its last delivery with stage, code, message and attempts, and still reports it', async () => {
    const { deliver, marks, counts } = setUp({ work: fatesByRow({ 7: transient }) });
    expect(await deliver(recordOf('a', packOf([7], 2), lastDelivery))).toEqual(['a']);
    expect(marks).toEqual([
      {
        jobId,
        chunk: 0,
        row: 7,
        stage: 'process-rows',
        code: 'PROCESSOR_ERROR',
        message: 'expected success, found an error',
        attempts: 2 + lastDelivery,
      },
    ]);
    expect(counts).toMatchObject([{ dead: 1 }]);
  });

  it('marks nothing before the last delivery', async () => {
    const { deliver, marks } = setUp({ work: fatesByRow({ 7: transient }) });
    expect(await deliver(recordOf('a', packOf([7]), lastDelivery - 1))).toEqual(['a']);
    expect(marks).toEqual([]);
  });

  it('sends rows alone also from a pack on its last delivery, which leaves nobody dead', async () => {
    const { deliver, queue, marks } = setUp({ work: fatesByRow({ 2: transient }) });
    expect(await deliver(recordOf('a', packOf([1, 2]), lastDelivery))).toEqual([]);
    expect(singlesOf(queue)).toEqual([{ row: 2, tried: lastDelivery, rows: 1 }]);
    expect(marks).toEqual([]);
  });

  it('marks every row that is not done when a pack comes back from its last delivery', async () => {
    const { deliver, marks } = setUp({ work: fatesByRow({ 2: later, 3: transient, 4: permanent }) });
    expect(await deliver(recordOf('a', packOf([1, 2, 3, 4]), lastDelivery))).toEqual(['a']);
    expect(marks.map(({ row, code }) => [row, code])).toEqual([
      [2, 'THROTTLED'],
      [3, 'PROCESSOR_ERROR'],
      [4, 'ROW_REFUSED'],
    ]);
  });

  it('marks a permanent failure and acknowledges it', async () => {
    const { deliver, marks, queue, counts } = setUp({ work: fatesByRow({ 2: permanent }) });
    expect(await deliver(recordOf('a', packOf([1, 2])))).toEqual([]);
    expect(marks).toEqual([
      {
        jobId,
        chunk: 0,
        row: 2,
        stage: 'process-rows',
        code: 'ROW_REFUSED',
        message: 'expected the row taken, found it refused',
        attempts: 1,
        permanent: true,
      },
    ]);
    expect(queue.sends).toEqual([]);
    expect(counts).toMatchObject([{ dead: 1 }]);
  });

  it('does not acknowledge a permanent failure whose mark is not written', async () => {
    const { deliver, marks, counts } = setUp({ work: fatesByRow({ 2: permanent }), putMarks: brokenMarks });
    expect(await deliver(recordOf('a', packOf([1, 2])), recordOf('b', packOf([3])))).toEqual(['a']);
    expect(marks).toEqual([]);
    expect(counts).toMatchObject([{ dead: 0 }]);
  });

  it('reports a last delivery also when its mark is not written', async () => {
    const { deliver } = setUp({ work: fatesByRow({ 2: transient }), putMarks: brokenMarks });
    expect(await deliver(recordOf('a', packOf([2]), lastDelivery))).toEqual(['a']);
  });

  it('lets a whole pack come back for one row that must come later, and sends none alone', async () => {
    const { deliver, queue, marks } = setUp({ work: fatesByRow({ 2: later, 3: transient }) });
    expect(await deliver(recordOf('a', packOf([1, 2, 3])), recordOf('b', packOf([4])))).toEqual(['a']);
    expect(queue.sends).toEqual([]);
    expect(marks).toEqual([]);
  });

  it('never acknowledges a row that its work forgot', async () => {
    const work: Work = async (batch: Batch) => {
      for (const { fates } of batch) fates[0] = done;
    };
    const { deliver, queue } = setUp({ work });
    expect(await deliver(recordOf('a', packOf([1, 2])), recordOf('b', packOf([3])))).toEqual(['a']);
    expect(queue.sends).toEqual([]);
  });

  it('answers in the order of the records, each by its own id', async () => {
    const { deliver } = setUp({ work: fatesByRow({ 1: transient, 3: later, 5: transient }) });
    const records = [5, 4, 3, 2, 1].map((row) => recordOf(`m${row}`, packOf([row])));
    expect(await deliver(...records)).toEqual(['m5', 'm3', 'm1']);
  });

  it('answers an event of no records with no failures', async () => {
    const { deliver } = setUp({
      work: async () => {
        throw new Error('expected no work');
      },
    });
    expect(await deliver()).toEqual([]);
  });

  it.each([{}, { Records: null }, { Records: 'SECRET-CONTENT' }, { detail: secret }])(
    'throws for %j, which is no SQS event',
    async (event) => {
      const { handler, context } = setUp();
      await expect(handler(event as unknown as SQSEvent, context)).rejects.toMatchObject({
        code: 'MESSAGE_INVALID',
        message: 'expected an SQS event, found one without Records',
      });
    },
  );

  it('works again after it threw', async () => {
    const { handler, context, deliver } = setUp();
    await expect(handler({} as SQSEvent, context)).rejects.toThrow('without Records');
    expect(await deliver(recordOf('a', packOf([1])))).toEqual([]);
  });

  it('is not built for a stage without a queue', () => {
    expect(() => setUp({ stage: { stage: 'relay-rows' } })).toThrow('stages.relay-rows');
  });
});

describe('an unreadable message', () => {
  it('is reported alone, without being handed to the work', async () => {
    const seen: string[] = [];
    const { deliver, marks } = setUp({
      async work(batch, ...rest) {
        seen.push(...batch.map(({ record }) => record.messageId));
        await fatesByRow({})(batch, ...rest);
      },
    });
    expect(await deliver(recordOf('a', packOf([1])), recordOf('b', `{"${secret}`), recordOf('c', packOf([2])))).toEqual(
      ['b'],
    );
    expect(seen).toEqual(['a', 'c']);
    expect(marks).toEqual([]);
  });

  it('is reported without any work when it is all there is', async () => {
    const { deliver } = setUp({
      work: async () => {
        throw new Error('expected no work');
      },
    });
    expect(await deliver(recordOf('a', secret))).toEqual(['a']);
    expect(lines.join('')).not.toContain('the batch failed as a whole');
  });

  it('is marked on its last delivery when its job can be read', async () => {
    const { deliver, marks, counts } = setUp();
    const body = JSON.stringify({ v: 2, kind: 'rows', jobId, secret });
    expect(await deliver(recordOf('a', body, lastDelivery - 1), recordOf('b', body, lastDelivery))).toEqual(['a', 'b']);
    expect(marks).toEqual([
      {
        jobId,
        stage: 'process-rows',
        code: 'MESSAGE_INVALID',
        message: 'expected a message of a version this stage reads, found another',
        attempts: lastDelivery,
      },
    ]);
    expect(counts).toMatchObject([{ rowsIn: 0, dead: 0 }]);
  });

  it('gets no mark when its job cannot be read', async () => {
    const { deliver, marks } = setUp();
    expect(await deliver(recordOf('a', secret, lastDelivery))).toEqual(['a']);
    expect(marks).toEqual([]);
  });

  it('is reported alone also when reading it fails in a way nobody thought of', async () => {
    const { deliver } = setUp({
      stage: {
        parse(body) {
          if (body.includes('[0,9,')) throw new RangeError(`too deep: ${body}`);
          return parseRowsMessage(body);
        },
      },
    });
    expect(await deliver(recordOf('a', packOf([1])), recordOf('b', packOf([9])))).toEqual(['b']);
  });
});

describe('a message twice in a batch', () => {
  it('is settled twice, by position', async () => {
    const { deliver, queue } = setUp({ work: fatesByRow({ 1: transient }) });
    const twice = recordOf('a', packOf([1]));
    expect(await deliver(twice, recordOf('b', packOf([2])), twice)).toEqual(['a', 'a']);
    expect(queue.visibilities.flat().map(({ receiptHandle }) => receiptHandle)).toEqual(
      [twice, twice].map((record) => record.receiptHandle),
    );
  });

  it('leaves one mark and counts its row once', async () => {
    const { deliver, marks, counts } = setUp({ work: fatesByRow({ 1: permanent }) });
    const twice = recordOf('a', packOf([1]));
    expect(await deliver(twice, twice)).toEqual([]);
    expect(marks.map(({ row }) => row)).toEqual([1]);
    expect(counts).toMatchObject([{ dead: 1 }]);
  });
});

describe('an outage', () => {
  const allOf = (rows: readonly number[], fate: Fate): Record<number, Fate> =>
    Object.fromEntries(rows.map((row) => [row, fate]));

  it('splits nothing and lets everything come back much later, never earlier than it says', async () => {
    const { deliver, queue, marks } = setUp({ work: fatesByRow(allOf([1, 2, 3, 4, 5], transient)) });
    const records = [recordOf('a', packOf([1, 2, 3])), recordOf('b', packOf([4]), 2), recordOf('c', packOf([5]), 3)];
    expect(await deliver(...records)).toEqual(['a', 'b', 'c']);
    expect(queue.sends).toEqual([]);
    expect(marks).toEqual([]);
    expect(delaysOf(queue)).toEqual([
      ['handle of a', 675],
      ['handle of b', 4_050],
      ['handle of c', 24_300],
    ]);
    expect(lines.join('')).toContain('taken for an outage');
  });

  it('is not seen in fewer than five failures', async () => {
    const { deliver, queue } = setUp({ work: fatesByRow(allOf([1, 2, 3, 4], transient)) });
    expect(await deliver(recordOf('a', packOf([1, 2, 3, 4])))).toEqual([]);
    expect(singlesOf(queue)).toHaveLength(4);
  });

  it.each([done, permanent])('is not seen when one row met a fate like %j', async (fate) => {
    const { deliver, queue } = setUp({ work: fatesByRow({ ...allOf([1, 2, 3, 4, 5], transient), 6: fate }) });
    expect(await deliver(recordOf('a', packOf([1, 2, 3, 4, 5])), recordOf('b', packOf([6])))).toEqual([]);
    expect(singlesOf(queue)).toHaveLength(5);
  });

  it('is seen past rows that were not tried', async () => {
    const { deliver, queue } = setUp({
      work: fatesByRow({ ...allOf([1, 2, 3, 4, 5], transient), 6: later }),
    });
    expect(await deliver(recordOf('a', packOf([1, 2, 3, 4, 5])), recordOf('b', packOf([6])))).toEqual(['a', 'b']);
    expect(queue.sends).toEqual([]);
  });

  it('marks rows dead on their last delivery all the same', async () => {
    const { deliver, marks } = setUp({ work: fatesByRow(allOf([1, 2, 3, 4, 5], transient)) });
    const records = [1, 2, 3, 4, 5].map((row) => recordOf(`m${row}`, packOf([row]), row === 3 ? lastDelivery : 1));
    expect(await deliver(...records)).toHaveLength(5);
    expect(marks.map(({ row }) => row)).toEqual([3]);
  });
});

describe('work that throws', () => {
  const thrown = new TypeError(`cannot read ${secret}`);

  it('brings everything back and splits nothing', async () => {
    const { deliver, queue, marks, counts } = setUp({
      work: async () => {
        throw thrown;
      },
    });
    expect(await deliver(recordOf('a', packOf([1, 2])), recordOf('b', packOf([3])))).toEqual(['a', 'b']);
    expect(queue.sends).toEqual([]);
    expect(marks).toEqual([]);
    expect(delaysOf(queue)).toEqual([
      ['handle of a', 5],
      ['handle of b', 5],
    ]);
    expect(counts).toHaveLength(1);
    expect(lines.join('')).toContain('the batch failed as a whole');
  });

  it('splits nothing either when some rows had failed before it', async () => {
    const { deliver, queue } = setUp({
      async work(batch) {
        batch[0]?.fates.splice(0, 2, transient, untried);
        throw thrown;
      },
    });
    expect(await deliver(recordOf('a', packOf([1, 2])))).toEqual(['a']);
    expect(queue.sends).toEqual([]);
  });

  it('keeps what was done before it', async () => {
    const { deliver } = setUp({
      async work(batch) {
        batch[0]?.fates.splice(0, 1, done);
        throw thrown;
      },
    });
    expect(await deliver(recordOf('a', packOf([1])), recordOf('b', packOf([2])))).toEqual(['b']);
  });

  it('is named in the marks of a last delivery by its class alone', async () => {
    const { deliver, marks } = setUp({
      work: async () => {
        throw thrown;
      },
    });
    await deliver(recordOf('a', packOf([1]), lastDelivery));
    expect(marks).toMatchObject([{ code: 'UNKNOWN', message: 'expected success, found an error of class TypeError' }]);
  });
});

describe('settlement that throws', () => {
  const stage: SetUp['stage'] = {
    single: () => {
      throw new RangeError(`too deep: ${secret}`);
    },
  };

  it('brings everything back and says so in the log', async () => {
    const { deliver, counts } = setUp({ work: fatesByRow({ 1: transient }), stage });
    expect(await deliver(recordOf('a', packOf([1, 2])), recordOf('b', packOf([3])))).toEqual(['a', 'b']);
    expect(counts).toMatchObject([{ rowsIn: 0, rowsOut: 0, dead: 0, messagesFailed: 2 }]);
    expect(lines.join('')).toContain('the batch could not be settled');
    expect(lines.join('')).toContain('RangeError');
    expect(lines.join('')).not.toContain(secret);
  });
});

describe('the queues of a queue stage', () => {
  it('must hold the one that feeds it, or there is no handler', () => {
    const { queues: _, ...seams } = createStageHarness({ stage: 'process-rows' }).ports;
    const queue = createScriptedQueue();
    const create = (queues: Partial<Record<QueueName, ScriptedQueue>>) => () =>
      createQueueStage({ ...rowPacks, stage: 'process-rows', work: fatesByRow({}) }, { ...seams, queues });
    expect(create({ rows: queue, finished: queue })).toThrow(
      'process-rows: expected the queue work, which feeds it, among its ports, found none',
    );
    expect(create({ work: queue })).not.toThrow();
  });
});

describe('the log of a queue stage', () => {
  const cases: Record<string, SetUp> = {
    'everything is done': {},
    'rows fail': { work: fatesByRow({ 1: transient, 2: permanent, 3: later, 4: untried }) },
    'the work throws': {
      work: async (batch) => {
        throw new Error(`cannot take ${batch[0]?.record.body}`);
      },
    },
    'the resend is refused': {
      work: fatesByRow({ 1: transient }),
      queue: createScriptedQueue((entries) => {
        throw new Error(`refused ${entries[0]?.body}`);
      }),
    },
    'marks are refused': {
      work: fatesByRow({ 1: permanent }),
      putMarks: async (marks) => {
        throw new Error(`refused ${JSON.stringify(marks)} ${secret}`);
      },
    },
  };

  it.each(Object.keys(cases))('holds no body when %s', async (name) => {
    // What an operator may switch on while looking for a fault.
    vi.stubEnv('POWERTOOLS_LOGGER_LOG_EVENT', 'true');
    const { deliver } = setUp(cases[name]);
    await deliver(
      recordOf('a', packOf([1, 2])),
      recordOf('b', packOf([3])),
      recordOf('c', packOf([4, 5]), lastDelivery),
      recordOf('d', `{"${secret}":`, lastDelivery),
    );
    expect(lines.join('')).not.toContain(secret);
  });

  it('is really listened to by these tests', async () => {
    const { deliver } = setUp({ work: fatesByRow({ 1: permanent }) });
    await deliver(recordOf('a', packOf([1])));
    const line = lines.map((text) => JSON.parse(text) as Record<string, unknown>)[0];
    expect(line).toMatchObject({ level: 'ERROR', message: 'rows are dead', rows: 1, service: 'process-rows' });
  });
});

describe('the counts of a queue stage', () => {
  it('tell how many messages come back, the unreadable ones among them', async () => {
    const { deliver, counts } = setUp({ work: fatesByRow({ 2: later }) });
    await deliver(recordOf('a', packOf([1])), recordOf('b', packOf([2, 3])), recordOf('c', 'nothing'));
    expect(counts).toMatchObject([{ messagesFailed: 2 }]);
  });

  it('tell first deliveries from repeated ones', async () => {
    const { deliver, counts } = setUp();
    await deliver(recordOf('a', packOf([1, 2])), recordOf('b', packOf([3]), 2), recordOf('c', packOf([4], 1)));
    expect(counts).toEqual([{ stage: 'process-rows', rowsIn: 2, rowsOut: 0, retried: 2, dead: 0, messagesFailed: 0 }]);
  });
});
