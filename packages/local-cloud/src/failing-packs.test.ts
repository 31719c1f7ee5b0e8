import { createAuditJob } from '@sluice/audit-job/audit-job';
import { createCleanRows } from '@sluice/clean-rows/clean-rows';
import { SluiceError } from '@sluice/core/errors';
import { createLogger } from '@sluice/core/logger';
import { createMemoryEvents } from '@sluice/core/memory-events';
import { createOpenJob } from '@sluice/core/memory-jobs';
import { createMemoryObjects } from '@sluice/core/memory-objects';
import type { OutcomeTuple, RowTuple } from '@sluice/core/messages';
import { finishedEnvelope, rowsEnvelope, serialise, serialiseAudit, serialiseChunk } from '@sluice/core/messages';
import type { DeadMark } from '@sluice/core/ports/job-store';
import type { Queue, QueueName } from '@sluice/core/ports/queue';
import { queueNames } from '@sluice/core/ports/queue';
import type { FinishOutcome, InsertOutcome, RowStore } from '@sluice/core/ports/row-store';
import { defineProcessor, permanent } from '@sluice/core/processor';
import type { QueueHandler } from '@sluice/core/queue-stage';
import { createScriptedQueue, refuse } from '@sluice/core/scripted-queue';
import type { StagePorts } from '@sluice/core/stage';
import { createVirtualClock } from '@sluice/core/virtual-clock';
import type { StageName } from '@sluice/core/wiring';
import { parseWiring, visibilitySeconds } from '@sluice/core/wiring';
import { createFinishRows } from '@sluice/finish-rows/finish-rows';
import { createProcessRows } from '@sluice/process-rows/process-rows';
import { createSplitFile } from '@sluice/split-file/split-file';
import { createStoreRows } from '@sluice/store-rows/store-rows';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import wiringJson from '../../../infra/wiring.json' with { type: 'json' };
import { openDatabase } from './database.ts';
import type { InvocationResult } from './function.ts';
import { createLocalJobs } from './job-store.ts';
import { createQueueMapping } from './mapping.ts';
import { createLocalQueue } from './queue.ts';
import { createLocalRows } from './row-store.ts';
import { createLocalStream } from './stream.ts';

// One message of each failing kind through every queue stage, over the local cloud's queues and tables with AWS's own settings:
// what the event's response says of each message, when it comes back, what is set aside, and what stands in the ledger.

const jobId = '0123456789abcdefghjkmnpqrs';
const columns = ['n'];
const source = 'n\n1\n2\n3\n4\n5\n';

const rowOf = (row: number): RowTuple => [0, row, row + 1, [String(row)]];
const doneOf = (row: number): OutcomeTuple => [0, row, 'DONE', { n: row }];

const pack = (...rows: number[]): string => {
  const { head, tail } = rowsEnvelope(jobId, columns);
  return head + rows.map((row) => serialise(rowOf(row))).join(',') + tail;
};
const finishedPack = (...rows: number[]): string => {
  const { head, tail } = finishedEnvelope(jobId);
  return head + rows.map((row) => serialise(doneOf(row))).join(',') + tail;
};
const chunk = { chunk: 0, start: 2, end: 12, firstRow: 1, rows: 5, firstLine: 2 };
const unreadable = `{"v":99,"jobId":"${jobId}"}`;
const upload = JSON.stringify({
  Records: [
    {
      eventName: 'ObjectCreated:Put',
      s3: { bucket: { name: 'inbox' }, object: { key: 'a.csv', size: source.length, eTag: 'etag-1' } },
    },
  ],
});

/** What a message holds, told from its body. */
const nameOf = (body: string): string => {
  const message = JSON.parse(body) as Readonly<Record<string, unknown>>;
  if (body === unreadable) return 'unreadable';
  const tuples = (message['rows'] ?? message['outcomes']) as readonly (readonly number[])[] | number | undefined;
  if (!Array.isArray(tuples)) return String(message['kind'] ?? 'upload');
  const rows = tuples.map(([, row]) => row);
  return rows.length === 1 ? `row ${rows[0]}` : `pack ${rows[0]}-${rows.at(-1)}`;
};

type Breakage = {
  /** What the table answers for a row; by default what it does. */
  readonly answer?: (row: number, hours: number) => InsertOutcome | FinishOutcome | undefined;
  readonly processor?: (row: number) => unknown;
  /** A service of this name throws at every call. */
  readonly out?: 'marks' | 'jobs';
  /** Queues that take nothing. */
  readonly refusing?: readonly QueueName[];
  /** The function dies over these events. */
  readonly dies?: (event: SQSEvent) => boolean;
  /** Rows that stand in the table before. */
  readonly stored?: readonly RowTuple[];
  readonly finished?: readonly OutcomeTuple[];
  readonly chunkRows?: number;
  readonly isLeased?: boolean;
};

const nominalDelays = [5, 30, 120, 600, 900, 3_600, 21_600];
/** A delay as the settings have it, without its jitter of a quarter. */
const toNominal = (seconds: number): string => {
  const nominal = nominalDelays.find((delay) => Math.abs(seconds - delay) <= delay / 4);
  return nominal === undefined ? `${seconds} s` : `${nominal} s`;
};

/** Runs of the same told once: `19 x back in 120 s`. */
const compress = (events: readonly string[]): string[] => {
  const runs: { text: string; times: number }[] = [];
  for (const text of events) {
    const last = runs.at(-1);
    if (last?.text === text) last.times++;
    else runs.push({ text, times: 1 });
  }
  return runs.map(({ text, times }) => (times === 1 ? text : `${times} x ${text}`));
};

const breakRows = (rows: RowStore, answerAt: NonNullable<Breakage['answer']>, hours: () => number): RowStore => {
  const answer = (row: number) => answerAt(row, hours());
  const call = async <Tuple extends readonly [number, number, ...unknown[]], Outcome>(
    tuples: readonly Tuple[],
    write: (good: readonly Tuple[]) => Promise<readonly Outcome[]>,
  ): Promise<readonly Outcome[]> => {
    const good = tuples.filter(([, row]) => answer(row) === undefined);
    const outcomes = good.length === 0 ? [] : [...(await write(good))];
    return tuples.map(([, row]) => (answer(row) as Outcome | undefined) ?? (outcomes.shift() as Outcome));
  };
  return {
    ...rows,
    insert: (job, tuples) => call(tuples, (good) => rows.insert(job, good)),
    finish: (job, tuples) => call(tuples, (good) => rows.finish(job, good)),
  };
};

const handlerOf = (stage: StageName, ports: StagePorts, breakage: Breakage): QueueHandler => {
  const config = { bucket: 'work' };
  const process = breakage.processor ?? (() => undefined);
  switch (stage) {
    case 'split-file':
      return createSplitFile(ports, { ...config, profiles: [{ prefix: '' }], codeVersion: '' });
    case 'clean-rows':
      return createCleanRows(ports, config);
    case 'store-rows':
      return createStoreRows(ports);
    case 'process-rows': {
      const processor = defineProcessor({ name: 'test', process: ({ row }) => process(row) as undefined });
      return createProcessRows(ports, { processor });
    }
    case 'finish-rows':
      return createFinishRows(ports);
    default:
      return createAuditJob(ports, config);
  }
};

/** Sends the messages to the stage's queue and delivers until nothing is left to deliver. */
const follow = async (stage: StageName, bodies: readonly string[], breakage: Breakage = {}) => {
  const wiring = parseWiring(wiringJson, 'aws');
  const settings = wiring.stages[stage];
  const name = settings.queue as QueueName;
  const startAt = 1_000_000;
  const clock = createVirtualClock(startAt);
  const database = openDatabase(':memory:');
  const objects = createMemoryObjects();
  await objects.put('inbox', 'a.csv', source);

  const seams = { clock, visibilitySeconds: visibilitySeconds(settings) };
  const dead = createLocalQueue({ ...seams, name: `${name}-dlq` });
  const maxReceiveCount = settings.maxReceiveCount ?? 1;
  const queue = createLocalQueue({ ...seams, name, redrive: { to: dead, maxReceiveCount } });
  const { port } = queue;
  const history = new Map<string, string[]>();
  const note = (body: string, event: string): void => {
    history.set(nameOf(body), [...(history.get(nameOf(body)) ?? []), event]);
  };
  const waits = new Map<string, number>();
  const refusing = createScriptedQueue((entries) =>
    refuse(
      entries.map(({ id }) => id),
      entries,
    ),
  );
  const own: Queue = {
    ...port,
    async sendBatch(entries) {
      if (breakage.refusing?.includes(name)) return refusing.sendBatch(entries);
      for (const { body, delaySeconds = 0 } of entries) note(body, `sent, due in ${toNominal(delaySeconds)}`);
      return port.sendBatch(entries);
    },
    async changeVisibilityBatch(entries) {
      for (const { receiptHandle, timeoutSeconds } of entries) waits.set(receiptHandle, timeoutSeconds);
      return port.changeVisibilityBatch(entries);
    },
  };
  const others = createScriptedQueue();
  const queues = Object.fromEntries(
    queueNames.map((other) => {
      if (other === name) return [other, own];
      return [other, breakage.refusing?.includes(other) ? refusing : others];
    }),
  ) as Record<QueueName, Queue>;

  const stream = createLocalStream(1, () => undefined);
  const { port: rows } = createLocalRows(database, stream, clock);
  const jobs = createLocalJobs(database);
  await jobs.createJob(
    createOpenJob(jobId, { bucket: 'inbox', key: 'a.csv', etag: 'etag-1', bytes: source.length }, columns),
  );
  await jobs.putChunks(jobId, [{ ...chunk, rows: breakage.chunkRows ?? chunk.rows }]);
  if (breakage.stored !== undefined) await rows.insert(jobId, breakage.stored);
  if (breakage.finished !== undefined) await rows.finish(jobId, breakage.finished);

  const outage = async (): Promise<never> => {
    throw new SluiceError('UNKNOWN', 'expected the service, found it out');
  };
  const handler = handlerOf(
    stage,
    {
      clock,
      random: () => 0.5,
      wiring,
      logger: createLogger(stage, 'SILENT'),
      metrics: () => undefined,
      objects,
      events: createMemoryEvents(),
      queues,
      rows:
        breakage.answer === undefined
          ? rows
          : breakRows(rows, breakage.answer, () => (clock.now() - startAt) / 3600_000),
      jobs: {
        ...jobs,
        ...(breakage.out === 'marks' ? { putMarks: outage } : {}),
        ...(breakage.out === 'jobs'
          ? { getJob: outage, createJob: outage, takeLease: outage, noteFile: outage, listDueJobs: outage }
          : {}),
        ...(breakage.isLeased ? { takeLease: async () => false } : {}),
      } as StagePorts['jobs'],
    },
    breakage,
  );

  const invoke = async (event: SQSEvent): Promise<InvocationResult> => {
    if (breakage.dies?.(event)) {
      for (const { body } of event.Records) note(body, 'died');
      return { status: 'failed' };
    }
    const endsAt = clock.now() + settings.timeoutSeconds * 1000;
    const context = { awsRequestId: 'id', functionName: stage, getRemainingTimeInMillis: () => endsAt - clock.now() };
    const response: SQSBatchResponse = await handler(event, context as Parameters<QueueHandler>[1]);
    const failed = new Set(response.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    for (const { messageId, receiptHandle, body } of event.Records) {
      const wait = waits.get(receiptHandle);
      const when = wait === undefined ? 'after the visibility timeout' : `in ${toNominal(wait)}`;
      note(body, failed.has(messageId) ? `back ${when}` : 'deleted');
    }
    return { status: 'answered', response };
  };

  for (let id = 0; id < bodies.length; id++) await port.sendBatch([{ id: String(id), body: bodies[id] ?? '' }]);
  const mapping = createQueueMapping(queue, settings);
  const timesBack: number[] = [];
  for (let readyAt = mapping.readyAt(); readyAt !== undefined; readyAt = mapping.readyAt()) {
    if (readyAt > clock.now()) {
      timesBack.push(Math.round((readyAt - clock.now()) / 1000));
      clock.pass(readyAt - clock.now());
    }
    const carried = mapping.start((event) => invoke(event as SQSEvent));
    if (carried !== undefined) await clock.run(carried);
  }

  const marks: Partial<DeadMark>[] = [];
  for await (const open of jobs.listDueJobs(Number.MAX_SAFE_INTEGER)) {
    for (const id of open) {
      for await (const page of jobs.listMarks(id))
        for (const { jobId: _, message: __, ...mark } of page) marks.push(mark);
    }
  }
  const stored: Record<number, string> = {};
  for await (const page of rows.readChunk(jobId, 0)) for (const { row, status } of page) stored[row] = status;
  return {
    history: Object.fromEntries([...history].map(([message, events]) => [message, compress(events)])),
    deadLetters: dead.peek().map(({ body }) => nameOf(body)),
    marks,
    stored,
    sent: others.bodies.map(nameOf),
    timesBack,
    job: await jobs.getJob(jobId),
  };
};

const markOf = (stage: StageName, row: number, code: string, attempts: number) => ({
  stage,
  chunk: 0,
  row,
  code,
  attempts,
});

describe.each<[stage: StageName, receives: number]>([
  ['split-file', 10],
  ['clean-rows', 4],
  ['store-rows', 20],
  ['process-rows', 4],
  ['finish-rows', 20],
  ['audit-job', 4],
])('a message that nobody can read at %s', (stage, receives) => {
  it(`comes back ${receives - 1} times, later each time, and is set aside with a mark on its job`, async () => {
    const { history, deadLetters, marks } = await follow(stage, [unreadable]);
    const late = receives - 2;
    expect(history).toEqual({
      unreadable: ['back in 5 s', 'back in 30 s', late === 1 ? 'back in 120 s' : `${late} x back in 120 s`],
    });
    expect(deadLetters).toEqual(['unreadable']);
    // Nobody knows which upload an unreadable event spoke of; an audit that fails costs its job nothing but time.
    const isMarked = stage !== 'split-file';
    expect(marks).toEqual(isMarked ? [{ stage, code: 'MESSAGE_INVALID', attempts: receives }] : []);
  });
});

describe.each<[stage: StageName, body: string, seconds: number, receives: number]>([
  ['split-file', upload, 5_400, 10],
  ['clean-rows', serialiseChunk({ jobId, ...chunk }), 1_800, 4],
  ['store-rows', pack(1, 2), 360, 20],
  ['finish-rows', finishedPack(1, 2), 360, 20],
  ['audit-job', serialiseAudit(jobId), 1_800, 4],
])('a message over which the function of %s dies', (stage, body, seconds, receives) => {
  it(`comes back after ${seconds} s as often as the queue lets it, and is set aside without a mark`, async () => {
    const { history, deadLetters, marks, timesBack } = await follow(stage, [body], { dies: () => true });
    expect(history).toEqual({ [nameOf(body)]: [`${receives} x died`] });
    expect(timesBack).toEqual(Array.from({ length: receives }, () => seconds));
    expect(deadLetters).toEqual([nameOf(body)]);
    expect(marks).toEqual([]);
  });
});

describe.each<[stage: StageName, packOf: (...rows: number[]) => string, breakage: Breakage]>([
  ['store-rows', pack, {}],
  ['finish-rows', finishedPack, { stored: [1, 2, 3, 4, 5, 6, 7].map(rowOf) }],
])('a pack at %s', (stage, packOf, breakage) => {
  const status = stage === 'store-rows' ? 'PENDING' : 'DONE';
  const neighbours = Object.fromEntries([1, 2, 4, 5, 6, 7].map((row) => [row, status]));
  const packs = [packOf(1, 2, 3, 4, 5), packOf(6, 7)];

  it('is deleted when all its rows are written', async () => {
    const found = await follow(stage, packs, breakage);
    expect(found.history).toEqual({ 'pack 1-5': ['deleted'], 'pack 6-7': ['deleted'] });
    expect(found.stored).toEqual({ ...neighbours, 3: status });
    expect([found.deadLetters, found.marks]).toEqual([[], []]);
  });

  it('is deleted though a row fails, which goes on alone until it is dead, tried 21 times in all', async () => {
    const answer = (row: number) => (row === 3 ? 'failed' : undefined);
    const found = await follow(stage, packs, { ...breakage, answer });
    expect(found.history).toEqual({
      'pack 1-5': ['deleted'],
      'pack 6-7': ['deleted'],
      'row 3': ['sent, due in 5 s', 'back in 5 s', 'back in 30 s', '18 x back in 120 s'],
    });
    expect(found.deadLetters).toEqual(['row 3']);
    expect(found.marks).toEqual([markOf(stage, 3, 'UNKNOWN', 21)]);
    expect(found.stored).toMatchObject(neighbours);
  });

  it('is deleted though a row is refused for good, which gets its mark at once', async () => {
    const answer = (row: number) => (row === 3 ? 'refused' : undefined);
    const found = await follow(stage, packs, { ...breakage, answer });
    expect(found.history).toEqual({ 'pack 1-5': ['deleted'], 'pack 6-7': ['deleted'] });
    expect(found.deadLetters).toEqual([]);
    expect(found.marks).toEqual([{ ...markOf(stage, 3, 'ROW_REFUSED', 1), permanent: true }]);
    expect(found.stored).toMatchObject(neighbours);
  });

  it('keeps a permanent failure until its mark is written, and never acknowledges it without', async () => {
    const answer = (row: number) => (row === 3 ? 'refused' : undefined);
    const found = await follow(stage, packs, { ...breakage, answer, out: 'marks' });
    expect(found.history).toEqual({
      'pack 1-5': ['back in 5 s', 'back in 30 s', '18 x back in 120 s'],
      'pack 6-7': ['deleted'],
    });
    expect([found.deadLetters, found.marks]).toEqual([['pack 1-5'], []]);
    expect(found.stored).toMatchObject(neighbours);
  });

  it('comes back whole while a row is throttled, and is sent again on its last delivery: nothing of it is dead', async () => {
    const answer = (row: number, hours: number) => (row === 3 && hours < 3.1 ? 'throttled' : undefined);
    const found = await follow(stage, packs, { ...breakage, answer });
    expect(found.history).toEqual({
      'pack 1-5': [
        'back in 5 s',
        'back in 30 s',
        'back in 120 s',
        '16 x back in 600 s',
        'sent, due in 600 s',
        '2 x deleted',
      ],
      'pack 6-7': ['deleted'],
    });
    expect(found.deadLetters).toEqual([]);
    expect(found.marks).toEqual([]);
    expect(found.stored).toMatchObject(neighbours);
  });

  it('comes back whole while a failed row cannot be sent alone', async () => {
    const answer = (row: number) => (row === 3 ? 'failed' : undefined);
    const queue = stage === 'store-rows' ? 'rows' : 'finished';
    const found = await follow(stage, packs, { ...breakage, answer, refusing: [queue] });
    expect(found.history).toEqual({
      'pack 1-5': ['back in 5 s', 'back in 30 s', '18 x back in 120 s'],
      'pack 6-7': ['deleted'],
    });
    expect(found.deadLetters).toEqual(['pack 1-5']);
    expect(found.marks).toEqual([markOf(stage, 3, 'UNKNOWN', 20)]);
  });

  it('comes back whole and much later when everything fails: that is an outage and no row to blame', async () => {
    const found = await follow(stage, packs, { ...breakage, answer: () => 'failed' });
    const late = ['back in 600 s', 'back in 3600 s', '18 x back in 21600 s'];
    expect(found.history).toEqual({ 'pack 1-5': late, 'pack 6-7': late });
    expect(found.deadLetters).toEqual(['pack 1-5', 'pack 6-7']);
    expect(found.marks).toEqual([1, 2, 3, 4, 5, 6, 7].map((row) => markOf(stage, row, 'UNKNOWN', 20)));
  });
});

describe('a pack at store-rows', () => {
  it('is deleted though a row stands there with other content, which stays', async () => {
    const found = await follow('store-rows', [pack(1, 2, 3)], { stored: [[0, 3, 4, ['another']]] });
    expect(found.history).toEqual({ 'pack 1-3': ['deleted'] });
    expect(found.marks).toEqual([{ ...markOf('store-rows', 3, 'CONTENT_MISMATCH', 1), permanent: true }]);
    expect(found.deadLetters).toEqual([]);
  });
});

describe('a pack at finish-rows', () => {
  it('is deleted though the table lacks a row, whose outcome goes on alone and is never made up', async () => {
    const found = await follow('finish-rows', [finishedPack(1, 2, 3)], { stored: [1, 2].map(rowOf) });
    expect(found.history).toEqual({
      'pack 1-3': ['deleted'],
      'row 3': ['sent, due in 5 s', 'back in 5 s', 'back in 30 s', '18 x back in 120 s'],
    });
    expect(found.stored).toEqual({ 1: 'DONE', 2: 'DONE' });
    expect(found.marks).toEqual([markOf('finish-rows', 3, 'UNKNOWN', 21)]);
  });

  it('is deleted though a row is final with another outcome, which stays', async () => {
    const found = await follow('finish-rows', [finishedPack(1, 2)], {
      stored: [1, 2].map(rowOf),
      finished: [[0, 2, 'FAILED', ['FIRST', 'the first outcome']]],
    });
    expect(found.history).toEqual({ 'pack 1-2': ['deleted'] });
    expect(found.stored).toEqual({ 1: 'DONE', 2: 'FAILED' });
    expect(found.marks).toEqual([{ ...markOf('finish-rows', 2, 'CONTENT_MISMATCH', 1), permanent: true }]);
  });
});

describe('a pack at process-rows', () => {
  const packs = [pack(1, 2, 3, 4, 5), pack(6, 7)];

  it('is deleted when every outcome is confirmed, failed rows among them', async () => {
    const processor = (row: number) => {
      if (row === 3) throw permanent('NEVER', 'no');
      return { row };
    };
    const found = await follow('process-rows', packs, { processor });
    expect(found.history).toEqual({ 'pack 1-5': ['deleted'], 'pack 6-7': ['deleted'] });
    expect(found.sent).toEqual(['pack 1-7']);
    expect([found.deadLetters, found.marks]).toEqual([[], []]);
  });

  it('is deleted though a row fails, which goes on alone until it is dead, tried five times in all', async () => {
    const processor = (row: number) => {
      if (row === 3) throw new Error('always');
      return { row };
    };
    const found = await follow('process-rows', packs, { processor });
    expect(found.history).toEqual({
      'pack 1-5': ['deleted'],
      'pack 6-7': ['deleted'],
      'row 3': ['sent, due in 5 s', 'back in 5 s', 'back in 30 s', '2 x back in 120 s'],
    });
    expect(found.sent).toEqual(['pack 1-7']);
    expect(found.deadLetters).toEqual(['row 3']);
    expect(found.marks).toEqual([markOf('process-rows', 3, 'PROCESSOR_ERROR', 5)]);
  });

  it('is neither split nor marked before its last delivery when every call fails', async () => {
    const processor = () => {
      throw new Error('out');
    };
    const found = await follow('process-rows', packs, { processor });
    // It is sent again, since one that comes a second time is split. No queue delays a message for more than 900 s, so it comes
    // early and waits for the rest.
    const again = [
      'sent, due in 600 s',
      'deleted',
      'sent, due in 900 s',
      'deleted',
      'back in 3600 s',
      'sent, due in 900 s',
      'deleted',
      'back in 21600 s',
      'deleted',
    ];
    const alone = ['sent, due in 5 s', 'back in 5 s', 'back in 30 s', '2 x back in 120 s'];
    const rows = [1, 2, 3, 4, 5, 6, 7];
    expect(found.history).toEqual({
      'pack 1-5': again,
      'pack 6-7': again,
      ...Object.fromEntries(rows.map((row) => [`row ${row}`, alone])),
    });
    expect(found.deadLetters).toEqual(rows.map((row) => `row ${row}`));
    expect(found.marks).toEqual(rows.map((row) => markOf('process-rows', row, 'PROCESSOR_ERROR', 8)));
  });

  it('comes back whole while its outcomes are not confirmed', async () => {
    const found = await follow('process-rows', [pack(6)], { refusing: ['finished'] });
    expect(found.history).toEqual({ 'row 6': ['back in 5 s', 'back in 30 s', '2 x back in 120 s'] });
    expect(found.deadLetters).toEqual(['row 6']);
    expect(found.marks).toEqual([markOf('process-rows', 6, 'SEND_FAILED', 4)]);
  });

  it('is split when it comes a second time, because the function died over it the first time', async () => {
    let deaths = 0;
    const dies = (event: SQSEvent): boolean => {
      const isDeadly = event.Records.some(({ body }) => nameOf(body) === 'pack 1-5');
      if (isDeadly) deaths++;
      return isDeadly && deaths === 1;
    };
    const found = await follow('process-rows', packs, { dies });
    expect(found.timesBack[0]).toBe(720);
    const alone = Object.fromEntries([1, 2, 3, 4, 5].map((row) => [`row ${row}`, ['sent, due in 5 s', 'deleted']]));
    expect(found.history).toEqual({
      'pack 1-5': ['died', 'deleted'],
      'pack 6-7': ['died', 'deleted'],
      ...alone,
      'row 6': ['sent, due in 5 s', 'deleted'],
      'row 7': ['sent, due in 5 s', 'deleted'],
    });
    expect([found.deadLetters, found.marks]).toEqual([[], []]);
  });
});

describe('a chunk at clean-rows', () => {
  const body = serialiseChunk({ jobId, ...chunk });

  it('is deleted when every pack is confirmed and its counts are in', async () => {
    const found = await follow('clean-rows', [body]);
    expect(found.history).toEqual({ chunk: ['deleted'] });
    expect(found.sent).toEqual(['pack 1-5']);
  });

  it('comes back when its bytes do not hold the planned rows, and is marked as a whole on the last delivery', async () => {
    const found = await follow('clean-rows', [serialiseChunk({ jobId, ...chunk, rows: 6 })], { chunkRows: 6 });
    expect(found.history).toEqual({ chunk: ['back in 5 s', 'back in 30 s', '2 x back in 120 s'] });
    expect(found.deadLetters).toEqual(['chunk']);
    expect(found.marks).toEqual([{ stage: 'clean-rows', chunk: 0, code: 'PLAN_MISMATCH', attempts: 4 }]);
  });

  it('comes back while a pack is not confirmed, and counts nothing', async () => {
    const found = await follow('clean-rows', [body], { refusing: ['rows'] });
    expect(found.history).toEqual({ chunk: ['back in 5 s', 'back in 30 s', '2 x back in 120 s'] });
    expect(found.marks).toEqual([{ stage: 'clean-rows', chunk: 0, code: 'SEND_FAILED', attempts: 4 }]);
  });
});

describe('an upload at split-file', () => {
  it('is deleted when its plan is closed', async () => {
    const found = await follow('split-file', [upload]);
    expect(found.history).toEqual({ upload: ['deleted'] });
    expect(found.sent).toEqual(['chunk']);
  });

  it.each<[why: string, code: string, breakage: Breakage]>([
    ['another plans the same file', 'LEASE_HELD', { isLeased: true }],
    ['its chunks are not confirmed', 'SEND_FAILED', { refusing: ['chunks'] }],
  ])('comes back while %s, and waits with the file marked after the tenth delivery', async (_, code, breakage) => {
    const found = await follow('split-file', [upload], breakage);
    expect(found.history).toEqual({ upload: ['back in 5 s', 'back in 30 s', '8 x back in 120 s'] });
    expect(found.deadLetters).toEqual(['upload']);
    expect(found.marks).toEqual([{ stage: 'split-file', code, attempts: 10 }]);
  });
});

describe('an audit', () => {
  it('comes back when the ledger is out, and is set aside without any mark: the next audit reads the same truth', async () => {
    const found = await follow('audit-job', [serialiseAudit(jobId)], { out: 'jobs' });
    expect(found.history).toEqual({ audit: ['back in 5 s', 'back in 30 s', '2 x back in 120 s'] });
    expect([found.deadLetters, found.marks]).toEqual([['audit'], []]);
  });
});
