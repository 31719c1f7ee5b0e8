import { catchOutput } from '@sluice/core/caught-output';
import {
  type OutcomeTuple,
  parseFinishedMessage,
  parseRowsMessage,
  type RowTuple,
  rowsEnvelope,
  serialise,
} from '@sluice/core/messages';
import { type Processor, permanent } from '@sluice/core/processor';
import { createScriptedQueue, refuse, type ScriptedQueue } from '@sluice/core/scripted-queue';
import { createStageHarness, recordOf, type StageHarnessSettings, visibilitiesOf } from '@sluice/core/stage-harness';
import { describe, expect, it } from 'vitest';
import { createProcessRows } from './process-rows.ts';

const jobId = '0123456789abcdefghjkmnpqrs';
const otherJobId = 'zzzzzzzzzzzzzzzzzzzzzzzzzz';
const secret = 'SECRET-CONTENT';

type Process = Processor['process'];

const tuple = (row: number): RowTuple => [0, row, row + 1, [`value ${row}`]];

const packOf = (rows: readonly number[], { job = jobId, tried = 0, columns = ['a'] } = {}): string => {
  const { head, tail } = rowsEnvelope(job, columns, tried);
  return head + rows.map((row) => serialise(tuple(row))).join(',') + tail;
};

const away = (): never => {
  throw new Error(`${secret}: service is away`);
};

/** Fails the rows named, answers the others at once. */
const failing =
  (...rows: readonly number[]): Process =>
  ({ row }) =>
    rows.includes(row) ? away() : { row };

const setUp = (process: Process, settings: Omit<StageHarnessSettings, 'stage'> = {}) => {
  const harness = createStageHarness({ stage: 'process-rows', ...settings });
  const calls: { readonly row: number; readonly rowId: string; readonly attempt: number }[] = [];
  const noted: Process = (row, context) => {
    calls.push({ row: row.row, rowId: context.rowId, attempt: context.attempt });
    return process(row, context) as ReturnType<Process>;
  };
  const handler = createProcessRows(harness.ports, { processor: { name: 'test', process: noted as Process } });
  return {
    ...harness,
    calls,
    deliver: (...records: Parameters<typeof recordOf>[]) =>
      harness.deliver(handler, ...records.map((record) => recordOf(...record))),
  };
};

/** A pack as an outage sent it again, by when it was first delivered and how often. */
const sentAgain = (
  id: string,
  rows: readonly number[],
  { tried = 1, firstAfterSeconds = 0, receives = 1 },
): Parameters<typeof recordOf> => [id, packOf(rows, { tried }), receives, firstAfterSeconds * 1_000];

/** Every outcome that the queue confirmed. */
const outcomesOf = (queue: ScriptedQueue): OutcomeTuple[] =>
  queue.bodies.flatMap((body) => parseFinishedMessage(body).outcomes);

/** Rows sent again alone, with the tries they say they had; fails on a message of more than one row. */
const singlesOf = (queue: ScriptedQueue): { readonly row: RowTuple | undefined; readonly tried: number }[] =>
  queue.bodies.map((body) => {
    const { rows, tried = 0 } = parseRowsMessage(body);
    expect(rows).toHaveLength(1);
    return { row: rows[0], tried };
  });

const lines = catchOutput();

describe('process-rows', () => {
  it.each<[string, Process]>([
    ['at once', ({ row }) => (row === 2 ? undefined : { row })],
    ['later', async ({ row }) => (row === 2 ? null : { row })],
  ])('sends the outcome of every row to finished when the processor answers %s', async (_, process) => {
    const { deliver, queues, counts, marks } = setUp(process);
    expect(await deliver(['a', packOf([1, 2])], ['b', packOf([3])])).toEqual([]);
    expect(outcomesOf(queues.finished)).toEqual([
      [0, 1, 'DONE', { row: 1 }],
      [0, 2, 'DONE', null],
      [0, 3, 'DONE', { row: 3 }],
    ]);
    expect(queues.work.sends).toEqual([]);
    expect(marks).toEqual([]);
    expect(counts).toEqual([{ stage: 'process-rows', rowsIn: 3, rowsOut: 3, retried: 0, dead: 0, messagesFailed: 0 }]);
  });

  it('keeps the outcomes of two jobs in messages of their own', async () => {
    const { deliver, queues, calls } = setUp(({ row }) => ({ row }));
    await deliver(['a', packOf([1])], ['b', packOf([1], { job: otherJobId })], ['c', packOf([2])]);
    expect(calls.map(({ rowId }) => rowId)).toEqual([`${jobId}-1`, `${otherJobId}-1`, `${jobId}-2`]);
    expect(
      queues.finished.bodies.map(parseFinishedMessage).map((message) => [message.jobId, message.outcomes.length]),
    ).toEqual([
      [jobId, 2],
      [otherJobId, 1],
    ]);
  });

  it('sends FAILED for a row that cannot be mended, and never calls it again', async () => {
    const { deliver, queues, marks, calls } = setUp(({ row }) => {
      if (row === 1) throw permanent('UNKNOWN_CURRENCY', 'no such currency');
      return row === 2 ? ({ at: new Date(0) } as Record<string, unknown>) : { t: 'x'.repeat(64 * 1024) };
    });
    expect(await deliver(['a', packOf([1, 2, 3])])).toEqual([]);
    expect(outcomesOf(queues.finished)).toEqual([
      [0, 1, 'FAILED', ['UNKNOWN_CURRENCY', 'no such currency']],
      [0, 2, 'FAILED', ['BAD_RESULT', expect.stringContaining('class of its own')]],
      [0, 3, 'FAILED', ['RESULT_TOO_LARGE', expect.stringContaining('65536')]],
    ]);
    expect(calls).toHaveLength(3);
    expect(queues.work.sends).toEqual([]);
    expect(marks).toEqual([]);
  });

  it('sends a row that failed again alone, with its try counted, and acknowledges its pack', async () => {
    const { deliver, queues, marks } = setUp(failing(2));
    expect(await deliver(['a', packOf([1, 2, 3])])).toEqual([]);
    expect(outcomesOf(queues.finished)).toEqual([
      [0, 1, 'DONE', { row: 1 }],
      [0, 3, 'DONE', { row: 3 }],
    ]);
    expect(singlesOf(queues.work)).toEqual([{ row: tuple(2), tried: 1 }]);
    expect(queues.work.taken.map(({ delaySeconds }) => delaySeconds)).toEqual([5]);
    expect(marks).toEqual([]);
  });

  it('gives a row as many tries that came in a pack of one', async () => {
    const { deliver, queues, calls, marks } = setUp(failing(2));
    expect(await deliver(['a', packOf([2])])).toEqual([]);
    expect(singlesOf(queues.work)).toEqual([{ row: tuple(2), tried: 1 }]);
    for (const receives of [1, 2, 3, 4]) await deliver(['alone', queues.work.bodies[0] ?? '', receives]);
    expect(calls.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5]);
    expect(marks).toMatchObject([{ row: 2, attempts: 5 }]);
    expect(queues.work.bodies).toHaveLength(1);
  });

  it('tells the processor the number of each try, from the pack through every delivery of the row alone', async () => {
    const { deliver, queues, calls } = setUp(failing(2));
    await deliver(['a', packOf([1, 2])]);
    const alone = queues.work.bodies[0] ?? '';
    for (const receives of [1, 2, 3, 4]) await deliver(['alone', alone, receives]);
    expect(calls.filter(({ row }) => row === 2)).toEqual(
      [1, 2, 3, 4, 5].map((attempt) => ({ row: 2, rowId: `${jobId}-2`, attempt })),
    );
  });

  it('lets a row alone come back until its last delivery, and then marks it with all its tries', async () => {
    const { deliver, queues, marks } = setUp(failing(2));
    const alone = packOf([2], { tried: 1 });
    for (const receives of [1, 2, 3]) expect(await deliver(['a', alone, receives])).toEqual(['a']);
    expect(marks).toEqual([]);
    expect(await deliver(['a', alone, 4])).toEqual(['a']);
    expect(marks).toEqual([
      {
        jobId,
        chunk: 0,
        row: 2,
        stage: 'process-rows',
        code: 'PROCESSOR_ERROR',
        message: `${secret}: service is away`,
        attempts: 5,
      },
    ]);
    expect(queues.work.sends).toEqual([]);
    expect(queues.work.visibilities.flat().map(({ timeoutSeconds }) => timeoutSeconds)).toEqual([5, 30, 120, 120]);
  });

  it('gives a row that never answers up after its time, aborts its signal, and finishes its neighbours', async () => {
    const signals: AbortSignal[] = [];
    const { deliver, queues, clock } = setUp(({ row }, { signal }): Promise<Record<string, unknown>> => {
      if (row !== 2) return Promise.resolve({ row });
      signals.push(signal);
      return new Promise<never>(() => undefined);
    });
    expect(await deliver(['a', packOf([1, 2, 3])])).toEqual([]);
    expect(outcomesOf(queues.finished)).toHaveLength(2);
    expect(singlesOf(queues.work)).toEqual([{ row: tuple(2), tried: 1 }]);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    expect(clock.now()).toBe(30_000);
  });

  it('gives a slow row no more time than the invocation has, less a second to settle', async () => {
    const { deliver, queues, clock } = setUp(() => new Promise<never>(() => undefined), {
      timeoutMilliseconds: 20_000,
    });
    expect(await deliver(['a', packOf([1, 2])])).toEqual([]);
    expect(singlesOf(queues.work).map(({ tried }) => tried)).toEqual([1, 1]);
    expect(clock.now()).toBe(19_000);
  });

  it('calls a row that is delivered twice in a batch once, and acknowledges both', async () => {
    const { deliver, queues, calls, counts } = setUp(({ row }) => ({ row }));
    expect(await deliver(['a', packOf([1, 2])], ['b', packOf([2, 3])], ['c', packOf([1])])).toEqual([]);
    expect(calls.map(({ row }) => row)).toEqual([1, 2, 3]);
    expect(outcomesOf(queues.finished)).toHaveLength(3);
    expect(counts).toMatchObject([{ rowsIn: 5, rowsOut: 3 }]);
  });

  it('lets the twin of a row that failed share its fate', async () => {
    const { deliver, queues, calls } = setUp(failing(2));
    expect(await deliver(['a', packOf([1, 2])], ['b', packOf([2], { tried: 1 })])).toEqual(['b']);
    expect(calls.map(({ row }) => row)).toEqual([1, 2]);
    expect(singlesOf(queues.work)).toEqual([{ row: tuple(2), tried: 1 }]);
  });

  it('splits a pack that comes a second time into rows alone, without calling any and without counting a try', async () => {
    const draws = [0, 0.5, 1];
    const { deliver, queues, calls, marks } = setUp(({ row }) => ({ row }), { random: () => draws.shift() ?? 0 });
    expect(await deliver(['a', packOf([1, 2, 3]), 2], ['b', packOf([4])])).toEqual([]);
    expect(calls.map(({ row }) => row)).toEqual([4]);
    // One try: the delivery over which the process died.
    expect(singlesOf(queues.work)).toEqual([1, 2, 3].map((row) => ({ row: tuple(row), tried: 1 })));
    expect(queues.work.taken.map(({ delaySeconds }) => delaySeconds)).toEqual([3.75, 5, 6.25]);
    expect(marks).toEqual([]);
  });

  it('lets a pack that comes a second time come back when its rows cannot be sent alone', async () => {
    const work = createScriptedQueue((entries) => refuse(['1'], entries));
    const { deliver, calls } = setUp(({ row }) => ({ row }), { queues: { work } });
    expect(await deliver(['a', packOf([1, 2, 3]), 2])).toEqual(['a']);
    expect(calls).toEqual([]);
  });

  it('calls a row alone also when it comes a second time', async () => {
    const { deliver, queues, calls } = setUp(({ row }) => ({ row }));
    expect(await deliver(['a', packOf([1]), 2])).toEqual([]);
    expect(calls).toEqual([{ row: 1, rowId: `${jobId}-1`, attempt: 2 }]);
    expect(outcomesOf(queues.finished)).toHaveLength(1);
  });

  it('gives rows that come again each a time of its own to come back, before it calls any: the process may die over one', async () => {
    const chances = [0.25, 0.75];
    const { deliver, queues } = setUp(
      () => {
        seen.push(queues.work.visibilities.flat().length);
      },
      { random: () => chances.shift() ?? 0 },
    );
    const seen: number[] = [];
    expect(await deliver(['a', packOf([1]), 2], ['b', packOf([2]), 3], ['c', packOf([3]), 1])).toEqual([]);
    expect(seen).toEqual([2, 2, 2]);
    const { a = 0, b = 0, c } = visibilitiesOf(queues.work);
    // Not before this invocation's 120 s are over, and not together.
    expect(Math.min(a, b)).toBeGreaterThanOrEqual(120);
    expect(a).not.toBe(b);
    expect(c).toBeUndefined();
  });

  it('sends packs again whole and lets rows alone come back, much later, when five calls fail and none succeeds', async () => {
    const { deliver, queues, marks } = setUp(away);
    const batch: Parameters<typeof recordOf>[] = [
      ['a', packOf([1, 2, 3])],
      ['b', packOf([4])],
      ['c', packOf([5]), 2],
    ];
    expect(await deliver(...batch)).toEqual(['b', 'c']);
    expect(queues.work.bodies).toEqual([packOf([1, 2, 3], { tried: 1 })]);
    expect(queues.work.taken.map(({ delaySeconds }) => delaySeconds)).toEqual([675]);
    expect(visibilitiesOf(queues.work)).toEqual({ b: 675, c: 4050 });
    expect(queues.finished.sends).toEqual([]);
    expect(marks).toEqual([]);
  });

  it('lets a pack come back as it is when the queue does not take it again', async () => {
    const work = createScriptedQueue((entries) => refuse(['0'], entries));
    const { deliver, queues } = setUp(away, { queues: { work } });
    expect(await deliver(['a', packOf([1, 2, 3, 4, 5])])).toEqual(['a']);
    expect(visibilitiesOf(queues.work)).toEqual({ a: 675 });
  });

  it('calls the rows of a pack that an outage put away together, and tells them the number of their try', async () => {
    const { deliver, calls, queues } = setUp(({ row }) => ({ row }));
    expect(await deliver(sentAgain('a', [1, 2, 3], { tried: 1, firstAfterSeconds: 600 }))).toEqual([]);
    expect(calls.map(({ row, attempt }) => [row, attempt])).toEqual([1, 2, 3].map((row) => [row, 2]));
    expect(outcomesOf(queues.finished)).toHaveLength(3);
  });

  it.each([
    [2, 3_600 - 900],
    [3, 21_600 - 900],
  ])(
    'keeps a pack tried %i times waiting for the %i s that no queue delays a message, and then calls it',
    async (tried, seconds) => {
      const { deliver, calls, queues, counts } = setUp(({ row }) => ({ row }));
      const again = { tried, firstAfterSeconds: 900 };
      expect(await deliver(sentAgain('a', [1, 2], again), ['b', packOf([3])])).toEqual(['a']);
      expect(calls.map(({ row }) => row)).toEqual([3]);
      expect(visibilitiesOf(queues.work)).toEqual({ a: seconds * 1.125 });
      expect(counts).toMatchObject([{ rowsIn: 1, retried: 0 }]);
      expect(await deliver(sentAgain('a', [1, 2], { ...again, receives: 2 }))).toEqual([]);
      expect(calls.slice(1).map(({ row, attempt }) => [row, attempt])).toEqual([1, 2].map((row) => [row, tried + 1]));
    },
  );

  it.each([
    [1, 600, 2],
    [2, 900, 3],
  ])(
    'splits a pack tried %i times over which the process died all the same',
    async (tried, firstAfterSeconds, receives) => {
      const { deliver, calls, queues } = setUp(({ row }) => ({ row }));
      expect(await deliver(sentAgain('a', [1, 2], { tried, firstAfterSeconds, receives }))).toEqual([]);
      expect(calls).toEqual([]);
      expect(singlesOf(queues.work)).toEqual([1, 2].map((row) => ({ row: tuple(row), tried: tried + 1 })));
    },
  );

  it('sends a pack three times again, longer each time, and then its rows alone, which die soon', async () => {
    const { deliver, queues, marks } = setUp(away);
    const rows = [1, 2, 3, 4, 5];
    for (const tried of [0, 1, 2, 3]) {
      const isParked = tried > 1;
      const firstAfterSeconds = [0, 600, 900, 900][tried] ?? 0;
      expect(await deliver(sentAgain('a', rows, { tried, firstAfterSeconds, receives: isParked ? 2 : 1 }))).toEqual([]);
    }
    const { taken } = queues.work;
    expect(taken.slice(0, 3)).toMatchObject([
      { body: packOf(rows, { tried: 1 }), delaySeconds: 675 },
      { body: packOf(rows, { tried: 2 }), delaySeconds: 900 },
      { body: packOf(rows, { tried: 3 }), delaySeconds: 900 },
    ]);
    expect(taken.slice(3).map(({ body }) => body)).toEqual(rows.map((row) => packOf([row], { tried: 4 })));
    expect(
      await deliver(...rows.map((row): Parameters<typeof recordOf> => [`${row}`, packOf([row], { tried: 4 }), 4])),
    ).toHaveLength(5);
    expect(marks.map(({ row, attempts }) => [row, attempts])).toEqual(rows.map((row) => [row, 8]));
    expect(Object.values(visibilitiesOf(queues.work))).toEqual(rows.map(() => 120));
  });

  it('takes five rows that fail at the end of an invocation as an outage that began in it, and what is not done stays a pack', async () => {
    const { deliver, queues } = setUp(({ row }) => (row > 3 ? away() : { row }));
    expect(await deliver(['a', packOf([1, 2, 3, 4, 5, 6, 7, 8])])).toEqual([]);
    expect(outcomesOf(queues.finished)).toHaveLength(3);
    expect(queues.work.bodies).toEqual([packOf([4, 5, 6, 7, 8], { tried: 1 })]);
  });

  it('takes five rows that fail in a row over several invocations as an outage', async () => {
    const { deliver, queues } = setUp(away);
    expect(await deliver(['a', packOf([1, 2])])).toEqual([]);
    expect(await deliver(['b', packOf([3, 4, 5])])).toEqual([]);
    expect(queues.work.bodies.map((body) => parseRowsMessage(body).rows.length)).toEqual([1, 1, 3]);
  });

  it('keeps a row alive on its last delivery when that meets an outage the row has not been through', async () => {
    const { deliver, queues, marks } = setUp(away);
    expect(await deliver(['a', packOf([1], { tried: 1 }), 4], ['b', packOf([2, 3, 4, 5])])).toEqual([]);
    expect(queues.work.bodies).toEqual([packOf([1], { tried: 5 }), packOf([2, 3, 4, 5], { tried: 1 })]);
    expect(marks).toEqual([]);
    // Once, or a row could go round for ever.
    expect(await deliver(['c', packOf([1], { tried: 5 }), 4])).toEqual(['c']);
    expect(marks).toMatchObject([{ row: 1, attempts: 9 }]);
  });

  it('tries a bad row that comes alone five times, and four where those before it made it look like an outage', async () => {
    const startAt = 9 * 3_600_000;
    const { deliver, marks } = setUp(away, { startAt });
    const alone = (row: number): string => packOf([row], { tried: 1 });
    // Whether the third comes before the first is tried again is chance.
    expect(await deliver(['a', packOf([1]), 1, startAt])).toEqual([]);
    expect(await deliver(['b', packOf([2]), 1, startAt])).toEqual([]);
    expect(await deliver(['c', alone(1), 1, startAt], ['d', packOf([3]), 1, startAt])).toEqual(['c', 'd']);
    expect(await deliver(['c', alone(1), 4, 0], ['d', packOf([3]), 4, 0])).toEqual(['c', 'd']);
    expect(marks.map(({ row, attempts }) => [row, attempts])).toEqual([
      [1, 5],
      [3, 4],
    ]);
  });

  it('takes rows that time out together as an outage', async () => {
    const { deliver, queues } = setUp(() => new Promise<never>(() => undefined));
    expect(await deliver(['a', packOf([1, 2, 3, 4, 5])])).toEqual([]);
    expect(queues.work.bodies).toEqual([packOf([1, 2, 3, 4, 5], { tried: 1 })]);
  });

  it('splits a pack of which every row fails when they are fewer than five', async () => {
    const { deliver, queues } = setUp(away);
    expect(await deliver(['a', packOf([1, 2, 3, 4])])).toEqual([]);
    expect(singlesOf(queues.work).map(({ row, tried }) => [row?.[1], tried])).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
      [4, 1],
    ]);
  });

  it.each<[string, () => Record<string, unknown>]>([
    ['one success', () => ({})],
    [
      'one failure for good',
      () => {
        throw permanent('X', 'x');
      },
    ],
  ])('splits a pack when there is %s among its failures', async (_, answer) => {
    const { deliver, queues } = setUp(({ row }) => (row === 6 ? answer() : away()));
    expect(await deliver(['a', packOf([1, 2, 3, 4, 5, 6, 7])])).toEqual([]);
    expect(singlesOf(queues.work).map(({ row }) => row?.[1])).toEqual([1, 2, 3, 4, 5, 7]);
    expect(outcomesOf(queues.finished)).toHaveLength(1);
  });

  it('keeps at most rowsInFlightMax calls under way, across packs, and calls every row', async () => {
    let under = 0;
    let most = 0;
    const harness = setUp(
      async ({ row }) => {
        most = Math.max(most, ++under);
        await harness.clock.sleep(row % 3 === 0 ? 500 : 100);
        under--;
        return { row };
      },
      { pipeline: { rowsInFlightMax: 4 } },
    );
    const rows = Array.from({ length: 20 }, (_, index) => index + 1);
    expect(await harness.deliver(['a', packOf(rows.slice(0, 10))], ['b', packOf(rows.slice(10))])).toEqual([]);
    expect(most).toBe(4);
    expect(harness.calls.map(({ row }) => row)).toEqual(rows);
    expect(outcomesOf(harness.queues.finished)).toHaveLength(20);
  });

  it('sends rows that the time did not suffice for on alone, without counting a try', async () => {
    const harness = setUp(({ row }) => {
      harness.clock.pass(20_000);
      return { row };
    });
    expect(await harness.deliver(['a', packOf([1, 2, 3, 4, 5, 6, 7])])).toEqual([]);
    expect(harness.calls.map(({ row }) => row)).toEqual([1, 2, 3, 4, 5]);
    expect(outcomesOf(harness.queues.finished)).toHaveLength(5);
    expect(singlesOf(harness.queues.work)).toEqual([6, 7].map((row) => ({ row: tuple(row), tried: 0 })));
  });

  it('lets a pack of which no row was reached come back whole', async () => {
    const harness = setUp(({ row }) => {
      harness.clock.pass(60_000);
      return { row };
    });
    expect(await harness.deliver(['a', packOf([1, 2])], ['b', packOf([3, 4])], ['c', packOf([5])])).toEqual(['b', 'c']);
    expect(harness.calls.map(({ row }) => row)).toEqual([1, 2]);
    expect(harness.queues.work.sends).toEqual([]);
    expect(visibilitiesOf(harness.queues.work)).toEqual({ b: 5, c: 5 });
    expect(harness.marks).toEqual([]);
  });

  it('stops taking rows when the time runs short while calls are under way, and waits for those', async () => {
    const harness = setUp(
      async ({ row }) => {
        await harness.clock.sleep(25_000);
        return { row };
      },
      { pipeline: { rowsInFlightMax: 1 } },
    );
    expect(await harness.deliver(['a', packOf([1, 2, 3, 4, 5, 6])])).toEqual([]);
    expect(harness.calls.map(({ row }) => row)).toEqual([1, 2, 3, 4]);
    expect(outcomesOf(harness.queues.finished)).toHaveLength(4);
    expect(singlesOf(harness.queues.work).map(({ row, tried }) => [row?.[1], tried])).toEqual([
      [5, 0],
      [6, 0],
    ]);
  });

  it('lets exactly the messages come back whose outcomes the queue did not confirm', async () => {
    const finished = createScriptedQueue((entries) => refuse(['1'], entries));
    const { deliver, queues, counts } = setUp(({ row }) => ({ row, t: 'x'.repeat(25 * 1024) }), {
      queues: { finished },
    });
    expect(await deliver(['a', packOf([1, 2])], ['b', packOf([3, 4])], ['c', packOf([5, 6])])).toEqual(['b']);
    expect(outcomesOf(finished).map(([, row]) => row)).toEqual([1, 2, 5, 6]);
    expect(queues.work.sends).toEqual([]);
    expect(visibilitiesOf(queues.work)).toEqual({ b: 5 });
    expect(counts).toMatchObject([{ rowsOut: 4 }]);
  });

  it('lets a message come back when the answer of the queue is lost', async () => {
    const finished = createScriptedQueue(() => {
      throw new Error(`socket hang up ${secret}`);
    });
    const { deliver, marks } = setUp(({ row }) => ({ row }), { queues: { finished } });
    expect(await deliver(['a', packOf([1, 2])])).toEqual(['a']);
    expect(marks).toEqual([]);
  });

  it('hands a column called __proto__ over as a property of the row', async () => {
    const { deliver, queues } = setUp(({ data }) => ({
      names: Object.keys(data),
      own: Object.getOwnPropertyDescriptor(data, '__proto__')?.value,
    }));
    expect(await deliver(['a', packOf([1], { columns: ['__proto__'] })])).toEqual([]);
    expect(outcomesOf(queues.finished)).toEqual([[0, 1, 'DONE', { names: ['__proto__'], own: 'value 1' }]]);
  });

  it('sends the row as it was, whatever the processor did to its data', async () => {
    const { deliver, queues } = setUp(({ row, data }) => {
      (data as Record<string, unknown>)['a'] = 'changed';
      delete (data as Record<string, unknown>)['b'];
      return row === 1 ? away() : { a: data['a'] };
    });
    expect(await deliver(['a', packOf([1, 2])])).toEqual([]);
    expect(singlesOf(queues.work)).toEqual([{ row: tuple(1), tried: 1 }]);
    expect(outcomesOf(queues.finished)).toEqual([[0, 2, 'DONE', { a: 'changed' }]]);
  });

  it('fails a row alone whose result throws when it is looked at', async () => {
    const { deliver, queues } = setUp(({ row }) =>
      row === 2 ? Object.defineProperty({}, 'total', { get: away, enumerable: true }) : { row },
    );
    expect(await deliver(['a', packOf([1, 2, 3])])).toEqual([]);
    expect(outcomesOf(queues.finished)).toHaveLength(2);
    expect(singlesOf(queues.work)).toEqual([{ row: tuple(2), tried: 1 }]);
  });

  it('logs neither the text of an error nor the content of a row', async () => {
    const { deliver } = setUp(async ({ row }) => {
      if (row === 1) throw permanent(secret, secret);
      return away();
    });
    await deliver(['a', packOf([1, 2, 3])], ['b', packOf([4]), 4]);
    await deliver(['c', packOf([12, 13, 14, 15, 16])]);
    expect(lines.join('')).toContain('rows are dead');
    expect(lines.join('')).not.toContain(secret);
    expect(lines.join('')).not.toContain('value 1');
  });
});
