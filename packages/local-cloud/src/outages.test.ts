import { createLogger } from '@sluice/core/logger';
import { parseFinishedMessage, parseRowsMessage, rowsEnvelope, serialise } from '@sluice/core/messages';
import type { DeadMark } from '@sluice/core/ports/job-store';
import type { Queue } from '@sluice/core/ports/queue';
import { defineProcessor } from '@sluice/core/processor';
import type { QueueHandler } from '@sluice/core/queue-stage';
import { createScriptedQueue } from '@sluice/core/scripted-queue';
import { createVirtualClock } from '@sluice/core/virtual-clock';
import { parseWiring, visibilitySeconds } from '@sluice/core/wiring';
import { createProcessRows } from '@sluice/process-rows/process-rows';
import type { SQSEvent } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import wiringJson from '../../../infra/wiring.json' with { type: 'json' };
import { createQueueMapping } from './mapping.ts';
import { createLocalQueue } from './queue.ts';

// Whole outages of the processor, in virtual time, through the queue `work` with AWS's own settings: several environments of
// process-rows, chosen at random for each invocation, which forget everything when nothing came for a while.

const jobId = '0123456789abcdefghjkmnpqrs';
const wiring = parseWiring(wiringJson, 'aws');
const settings = wiring.stages['process-rows'];
const minute = 60_000;
const hour = 60 * minute;
/** Lambda ends an environment that nothing came to for a while; sooner here than there. */
const forgetsAfter = 5 * minute;
/** Rows from here on are of another job. */
const warmRow = 1_000_000;
const startAt = 1_700_000_000_000;

/** Numbers in [0, 1) that a seed decides (mulberry32). */
const createRandom = (seed: number) => {
  let state = seed;
  return (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
};

type Scenario = {
  readonly seed: number;
  /** Rows of each message of the job. */
  readonly packs: readonly number[];
  readonly environments: number;
  /** When the processor is out, in milliseconds since the start. */
  readonly out?: readonly [from: number, until: number];
  /** How long a call takes, and so when the next messages are taken. */
  readonly callMilliseconds?: number;
  readonly poison?: readonly number[];
  /** Good rows that every environment has processed before. */
  readonly isWarm?: boolean;
  /** The process dies over these invocations, counted from 0. */
  readonly deaths?: readonly number[];
};

/** Packs of at most `size` rows. */
const packsOf = (rows: number, size: number): number[] =>
  Array.from({ length: Math.ceil(rows / size) }, (_, index) => Math.min(size, rows - index * size));

const bodyOf = (from: number, rows: number): string => {
  const { head, tail } = rowsEnvelope(jobId, ['n']);
  const tuples = Array.from({ length: rows }, (_, index) => [
    0,
    from + index,
    from + index + 1,
    [String(from + index)],
  ]);
  return head + tuples.map(serialise).join(',') + tail;
};

const run = async ({
  seed,
  packs,
  environments,
  out: [from, until] = [0, 0],
  callMilliseconds = 0,
  poison = [],
  isWarm = false,
  deaths = [],
}: Scenario) => {
  const random = createRandom(seed);
  const clock = createVirtualClock(startAt);
  const seams = { clock, visibilitySeconds: visibilitySeconds(settings) };
  const dead = createLocalQueue({ ...seams, name: 'work-dlq' });
  const maxReceiveCount = settings.maxReceiveCount ?? 1;
  const queue = createLocalQueue({ ...seams, name: 'work', redrive: { to: dead, maxReceiveCount } });
  const { port } = queue;
  let sent = 0;
  const work: Queue = {
    ...port,
    sendBatch(entries) {
      sent += entries.length;
      return port.sendBatch(entries);
    },
  };
  let began = startAt;
  const marks = new Map<number, DeadMark & { readonly at: number }>();
  const doneAt = new Map<number, number>();
  const finished = createScriptedQueue();
  let calls = 0;
  const processor = defineProcessor({
    name: 'test',
    process: ({ row }) => {
      calls++;
      clock.pass(callMilliseconds);
      const at = clock.now() - began;
      if (row >= warmRow) return {};
      if (poison.includes(row) || (at >= from && at < until)) throw new Error('out');
      return {};
    },
  });
  const createEnvironment = (): QueueHandler =>
    createProcessRows(
      {
        clock,
        random,
        wiring,
        logger: createLogger('process-rows', 'SILENT'),
        metrics: () => undefined,
        queues: { work, finished },
        jobs: {
          getJob: async () => undefined,
          async putMarks(written) {
            for (const mark of written) marks.set(mark.row ?? 0, { ...mark, at: clock.now() - began });
          },
        },
      },
      { processor },
    );
  const invoke = (handler: QueueHandler, event: SQSEvent) => {
    const endsAt = clock.now() + settings.timeoutSeconds * 1000;
    const context = {
      awsRequestId: 'id',
      functionName: 'process-rows',
      getRemainingTimeInMillis: () => endsAt - clock.now(),
    };
    return handler(event, context as Parameters<QueueHandler>[1]);
  };

  const fleet = Array.from({ length: environments }, () => ({ handler: createEnvironment(), usedAt: clock.now() }));
  const send = async (rows: readonly number[], firstRow: number): Promise<void> => {
    let row = firstRow;
    for (const size of rows) {
      await port.sendBatch([{ id: '0', body: bodyOf(row, size) }]);
      row += size;
    }
  };
  if (isWarm) {
    for (const { handler } of fleet) {
      await send([1], warmRow);
      const records = queue.receive(1);
      await clock.run(invoke(handler, { Records: records }));
      queue.delete(records.map(({ receiptHandle }) => receiptHandle));
    }
  }
  began = clock.now();
  await send(packs, 1);

  let invocations = 0;
  let read = 0;
  for (;;) {
    // SQS answers with some of what is visible, seldom with all.
    const batchSize = 1 + Math.floor(random() * settings.batchSize);
    const mapping = createQueueMapping(queue, { ...settings, batchSize });
    const readyAt = mapping.readyAt();
    if (readyAt === undefined) break;
    if (readyAt > clock.now()) clock.pass(readyAt - clock.now());
    const environment = fleet[Math.floor(random() * fleet.length)];
    if (environment === undefined) break;
    const carried = mapping.start(async (event) => {
      const dies = deaths.includes(invocations++);
      if (dies || clock.now() - environment.usedAt > forgetsAfter) environment.handler = createEnvironment();
      const response = dies ? undefined : await invoke(environment.handler, event as SQSEvent);
      environment.usedAt = clock.now();
      return response === undefined ? { status: 'failed' } : { status: 'answered', response };
    });
    if (carried !== undefined) await clock.run(carried);
    for (; read < finished.taken.length; read++) {
      const body = finished.taken[read]?.body ?? '';
      for (const [, row] of parseFinishedMessage(body).outcomes) doneAt.set(row, clock.now() - began);
    }
  }
  const rows = packs.reduce((sum, size) => sum + size, 0);
  for (const row of doneAt.keys()) if (row > rows) doneAt.delete(row);
  return {
    done: doneAt.size,
    /** When the last row was done, in minutes. */
    lastMinute: Math.max(0, ...doneAt.values()) / minute,
    dead: [...marks.values()].map(({ row, attempts, at }) => ({ row, attempts, minutes: at / minute })),
    deadLetters: dead.peek().flatMap(({ body }) => parseRowsMessage(body).rows.map(([, row]) => row)),
    calls,
    sent,
  };
};

const seeds = [1, 2, 3, 4, 5, 6, 7, 8];
const rowsOf = (packs: readonly number[]): number => packs.reduce((sum, size) => sum + size, 0);

/** Tries at 0, 10 min, 1 h 10 min and 7 h 10 min, each delay at most a quarter longer, and minutes of retries between them. */
const longestMinutes = (10 + 60 + 360) * 1.25 + 15;

type Job = readonly [name: string, packs: readonly number[]];
const packed: readonly Job[] = [
  ['6 rows in a pack', [6]],
  ['50 rows in packs of 10', packsOf(50, 10)],
  ['500 rows in packs of 60', packsOf(500, 60)],
  ['5,000 rows in packs of 300', packsOf(5_000, 300)],
];
const single: readonly Job[] = [
  ['3 rows in a pack', [3]],
  ['3 messages of one row', packsOf(3, 1)],
  ['6 messages of one row', packsOf(6, 1)],
  ['50 messages of one row', packsOf(50, 1)],
  ['500 messages of one row', packsOf(500, 1)],
];

const jobs = [
  ...[1, 3, 100].flatMap((environments) => packed.map(([name, packs]) => ({ name, packs, environments }))),
  ...single.map(([name, packs]) => ({ name, packs, environments: 1 })),
  ...[3, 6].map((environments) => ({ name: '500 messages of one row', packs: packsOf(500, 1), environments })),
];

describe.each(jobs)(
  'an outage of six hours from the start, $name, $environments environments',
  ({ packs, environments }) => {
    it.each(seeds)('kills no row, seed %i', async (seed) => {
      const found = await run({ seed, packs, environments, out: [0, 6 * hour] });
      expect([found.done, found.dead, found.deadLetters]).toEqual([rowsOf(packs), [], []]);
      expect(found.lastMinute).toBeGreaterThan(360);
      expect(found.lastMinute).toBeLessThan(longestMinutes);
    });
  },
);

describe.each(jobs.filter(({ packs }) => rowsOf(packs) >= 50))(
  'an outage of six hours from the middle, $name, $environments environments',
  ({ packs, environments }) => {
    it.each(seeds.slice(0, 3))('kills no row, seed %i', async (seed) => {
      const middle = rowsOf(packs) * 50;
      const scenario = { seed, packs, environments, isWarm: true, callMilliseconds: 100 };
      const found = await run({ ...scenario, out: [middle, middle + 6 * hour] });
      expect([found.done, found.dead, found.deadLetters]).toEqual([rowsOf(packs), [], []]);
      expect(found.lastMinute).toBeLessThan(longestMinutes + middle / minute);
    });
  },
);

describe('an outage that is shorter', () => {
  it.each<[minutes: number, lastMinute: number]>([
    // A row that was first tried a minute before the end.
    [1, 10 * 1.25],
    [11, 70 * 1.25],
    [65, 70 * 1.25],
    [180, 430 * 1.25],
  ])('of %i minutes is over for the last row after %f minutes at most', async (minutes, lastMinute) => {
    for (const seed of seeds) {
      const found = await run({ seed, packs: packsOf(50, 10), environments: 3, out: [0, minutes * minute] });
      expect([found.done, found.dead]).toEqual([50, []]);
      expect(found.lastMinute).toBeLessThan(lastMinute + 1);
    }
  });
});

describe('an outage in which the process dies too', () => {
  it.each(seeds)('kills no row, seed %i', async (seed) => {
    const packs = packsOf(500, 60);
    const found = await run({ seed, packs, environments: 3, out: [0, 6 * hour], deaths: [0, 5, 9, 40] });
    expect([found.done, found.dead, found.deadLetters]).toEqual([500, [], []]);
  });
});

describe('an outage without an end', () => {
  it('kills every row in the tenth hour at the latest, each tried eight times at most', async () => {
    const found = await run({ seed: 1, packs: packsOf(50, 10), environments: 3, out: [0, 1_000 * hour] });
    expect([found.done, found.dead.length, found.deadLetters.length]).toEqual([0, 50, 50]);
    for (const { attempts, minutes } of found.dead) {
      expect(attempts).toBeLessThanOrEqual(8);
      expect(minutes).toBeGreaterThan(430);
      expect(minutes).toBeLessThan(longestMinutes);
    }
  });
});

describe('rows that always fail', () => {
  it.each<[name: string, environments: number, packs: readonly number[], poison: readonly number[]]>([
    ['one alone', 1, [1], [1]],
    ['one alone', 3, [1], [1]],
    ['one among good rows', 1, packsOf(500, 60), [7]],
    ['one among good rows', 100, packsOf(500, 60), [7]],
    ['four among good rows', 1, packsOf(500, 60), [7, 8, 300, 499]],
    ['four among good rows', 3, packsOf(500, 60), [7, 8, 300, 499]],
    ['three among good messages of one row', 6, packsOf(50, 1), [7, 8, 30]],
  ])(
    'die within minutes, tried five times, and hold nobody: %s, %i environments',
    async (_, environments, packs, poison) => {
      for (const seed of seeds) {
        const found = await run({ seed, packs, environments, poison, isWarm: true });
        expect(found.dead.map(({ row }) => row).sort((a = 0, b = 0) => a - b)).toEqual(poison);
        expect(found.deadLetters.length).toBe(poison.length);
        for (const { attempts, minutes } of found.dead) {
          expect(attempts).toBe(5);
          expect(minutes).toBeLessThan(4);
        }
        expect(found.done).toBe(rowsOf(packs) - poison.length);
        expect(found.lastMinute).toBeLessThan(1);
      }
    },
  );

  it('die only after an outage would have been over when they are several and nothing else is there', async () => {
    const found = await run({ seed: 1, packs: [3], environments: 1, poison: [1, 2, 3] });
    expect(found.dead).toHaveLength(3);
    for (const { attempts, minutes } of found.dead) {
      expect(attempts).toBe(5);
      expect(minutes).toBeLessThan(longestMinutes);
    }
  });

  it('are not told from the last few rows of a job at which an outage begins: those die too', async () => {
    const packs = packsOf(6, 1);
    const found = await run({
      seed: 1,
      packs,
      environments: 1,
      isWarm: true,
      callMilliseconds: 100,
      out: [350, 6 * hour],
    });
    expect(found.dead.map(({ row }) => row).sort()).toEqual([4, 5, 6]);
  });
});
