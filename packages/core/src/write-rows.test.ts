import type { SQSRecord } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import wiringJson from '../../../infra/wiring.json' with { type: 'json' };
import type { Invocation } from './invocation.ts';
import type { RowsMessage, RowTuple } from './messages.ts';
import { parseRowsMessage, rowsEnvelope, serialise } from './messages.ts';
import type { InsertOutcome } from './ports/row-store.ts';
import { callBytesMax, statementsMax } from './ports/row-store.ts';
import { type Delivery, type Fate, notReached } from './settle.ts';
import { createVirtualClock } from './virtual-clock.ts';
import { parseWiring } from './wiring.ts';
import { writeRows } from './write-rows.ts';

const jobId = '0123456789abcdefghjkmnpqrs';
const otherJobId = 'zzzzzzzzzzzzzzzzzzzzzzzzzz';
const timeoutMilliseconds = 60_000;
const reserveMilliseconds = 12_000;

const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

const deliveryOf = (
  rows: readonly number[],
  { job = jobId, value = (row: number): string => `value of ${row}` } = {},
): Delivery<RowsMessage, RowTuple> => {
  const { head, tail } = rowsEnvelope(job, ['a']);
  const body = head + rows.map((row) => serialise([0, row, row + 1, [value(row)]])).join(',') + tail;
  const message = parseRowsMessage(body);
  const record = { messageId: String(rows[0]), body } as SQSRecord;
  return { record, receives: 1, message, items: message.rows, fates: rows.map((): Fate => notReached) };
};

type Call = { readonly job: string; readonly rows: readonly number[]; readonly bytes: number; readonly at: number };
/** What a row meets at its n-th call (from 1); the whole call fails when it throws. */
type Script = (row: number, attempt: number) => InsertOutcome;

const setUp = (
  script: Script,
  { writeUnitsPerSecond = 0, maximumConcurrency = 8, callMilliseconds = 0, random = 0.5 } = {},
) => {
  const clock = createVirtualClock();
  const aws = parseWiring(wiringJson, 'aws');
  const wiring = {
    stages: { ...aws.stages, 'store-rows': { ...aws.stages['store-rows'], maximumConcurrency } },
    pipeline: { ...aws.pipeline, writeUnitsPerSecond },
  };
  const remaining = (): number => timeoutMilliseconds - clock.now();
  const invocation: Invocation = {
    id: 'invocation',
    remainingMilliseconds: remaining,
    spareMilliseconds: () => remaining() - reserveMilliseconds,
    isShort: () => remaining() < reserveMilliseconds,
  };
  const calls: Call[] = [];
  const attempts = new Map<string, number>();
  let under = 0;
  let mostUnder = 0;
  const write = async (job: string, tuples: readonly RowTuple[]): Promise<readonly InsertOutcome[]> => {
    const bytes = tuples.reduce((sum, tuple) => sum + Buffer.byteLength(JSON.stringify(tuple)), 0);
    calls.push({ job, rows: tuples.map(([, row]) => row), bytes, at: clock.now() });
    mostUnder = Math.max(mostUnder, ++under);
    await clock.sleep(callMilliseconds);
    under--;
    return tuples.map(([, row]) => {
      const attempt = (attempts.get(`${job}/${row}`) ?? 0) + 1;
      attempts.set(`${job}/${row}`, attempt);
      return script(row, attempt);
    });
  };
  const run = (...batch: Delivery<RowsMessage, RowTuple>[]): Promise<number> =>
    clock.run(writeRows('store-rows', batch, write, { clock, random: () => random, wiring }, invocation));
  return { run, calls, clock, mostUnder: () => mostUnder };
};

const kinds = ({ fates }: Delivery<RowsMessage, RowTuple>): string[] => fates.map(({ kind }) => kind);
const inserted: Script = () => 'inserted';

describe('writeRows', () => {
  it('writes every row once, in calls of at most 25 distinct rows, at most four under way', async () => {
    const batch = [deliveryOf(range(1, 130)), deliveryOf(range(131, 200))];
    const { run, calls, mostUnder } = setUp(inserted, { callMilliseconds: 10 });
    expect(await run(...batch)).toBe(200);
    expect(calls.map(({ rows }) => rows.length)).toEqual([25, 25, 25, 25, 25, 25, 25, 25]);
    expect(calls.flatMap(({ rows }) => rows).sort((a, b) => a - b)).toEqual(range(1, 200));
    expect(mostUnder()).toBe(4);
    expect(new Set(batch.flatMap(kinds))).toEqual(new Set(['done']));
  });

  it('takes a row that stands there with the same content as done', async () => {
    const batch = deliveryOf([1, 2]);
    const { run } = setUp((row) => (row === 1 ? 'same' : 'inserted'));
    expect(await run(batch)).toBe(2);
    expect(kinds(batch)).toEqual(['done', 'done']);
  });

  it('keeps the rows of two jobs apart', async () => {
    const { run, calls } = setUp(inserted);
    await run(deliveryOf([1, 2]), deliveryOf([1, 2], { job: otherJobId }));
    expect(calls.map(({ job, rows }) => [job, rows])).toEqual([
      [jobId, [1, 2]],
      [otherJobId, [1, 2]],
    ]);
  });

  it.each<[InsertOutcome, string]>([
    ['inserted', 'done'],
    ['different', 'permanent'],
    ['refused', 'permanent'],
    ['failed', 'transient'],
  ])('writes a row that stands twice in a batch once, and both share the fate of %s', async (outcome, kind) => {
    const batch = [deliveryOf([1, 2, 1]), deliveryOf([2])];
    const { run, calls } = setUp((row) => (row === 2 ? 'inserted' : outcome));
    await run(...batch);
    expect(calls[0]?.rows).toEqual([1, 2]);
    for (const { rows } of calls) expect(new Set(rows).size).toBe(rows.length);
    expect(batch.map(kinds)).toEqual([[kind, 'done', kind], ['done']]);
  });

  it.each<[InsertOutcome, string, string]>([
    ['different', 'permanent', 'CONTENT_MISMATCH'],
    ['refused', 'permanent', 'ROW_REFUSED'],
  ])('does not try a row again that is %s', async (outcome, kind, code) => {
    const batch = deliveryOf([1, 2]);
    const { run, calls } = setUp((row) => (row === 1 ? outcome : 'inserted'));
    expect(await run(batch)).toBe(1);
    expect(calls).toHaveLength(1);
    expect(batch.fates).toMatchObject([{ kind, code }, { kind: 'done' }]);
  });

  it('tries a row again that fails for an unknown reason, three times in all, and alone', async () => {
    const batch = deliveryOf([1, 2, 3]);
    const { run, calls } = setUp((row) => (row === 2 ? 'failed' : 'inserted'));
    expect(await run(batch)).toBe(2);
    expect(calls.map(({ rows }) => rows)).toEqual([[1, 2, 3], [2], [2]]);
    expect(batch.fates[1]).toMatchObject({ kind: 'transient', code: 'UNKNOWN' });
  });

  it('is done with a row that failed and then stood there', async () => {
    const batch = deliveryOf([1]);
    const { run } = setUp((_, attempt) => (attempt < 3 ? 'failed' : 'same'));
    expect(await run(batch)).toBe(1);
    expect(kinds(batch)).toEqual(['done']);
  });

  it('takes a lost answer as a failure of every row of the call, and no other', async () => {
    const batch = deliveryOf(range(1, 30));
    const { run, calls } = setUp((row) => {
      if (row <= statementsMax) throw new Error('socket hang up');
      return 'inserted';
    });
    expect(await run(batch)).toBe(5);
    expect(calls).toHaveLength(4);
    expect(kinds(batch)).toEqual([...range(1, 25).map(() => 'transient'), ...range(26, 30).map(() => 'done')]);
  });

  it('takes an answer that leaves rows out as a failure of those', async () => {
    const batch = deliveryOf([1, 2]);
    const clock = createVirtualClock();
    const wiring = parseWiring(wiringJson, 'local');
    const invocation: Invocation = {
      id: '',
      remainingMilliseconds: () => 60_000,
      spareMilliseconds: () => 60_000,
      isShort: () => false,
    };
    const write = async (): Promise<readonly InsertOutcome[]> => ['inserted'];
    const ports = { clock, random: () => 0, wiring };
    const rows = [batch];
    await clock.run(
      writeRows('store-rows', rows, async (_, tuples) => (tuples.length > 1 ? write() : []), ports, invocation),
    );
    expect(kinds(batch)).toEqual(['done', 'transient']);
  });

  it('tries throttled rows again, with waits that double up to two seconds, until the table takes them', async () => {
    const batch = deliveryOf([1, 2]);
    const { run, calls, clock } = setUp((row, attempt) => (row === 2 && attempt < 9 ? 'throttled' : 'inserted'));
    expect(await run(batch)).toBe(2);
    expect(kinds(batch)).toEqual(['done', 'done']);
    expect(calls.map(({ rows }) => rows)).toEqual([[1, 2], ...range(1, 8).map(() => [2])]);
    expect(clock.sleeps.filter((milliseconds) => milliseconds > 0)).toEqual([50, 100, 200, 400, 800, 1000, 1000, 1000]);
  });

  it('hands throttled rows back as later when the time runs short, with the reserve untouched', async () => {
    const batch = deliveryOf([1, 2]);
    const { run, clock } = setUp((row) => (row === 2 ? 'throttled' : 'inserted'));
    expect(await run(batch)).toBe(1);
    expect(batch.fates).toMatchObject([{ kind: 'done' }, { kind: 'later', code: 'THROTTLED' }]);
    const late = clock.now() - (timeoutMilliseconds - reserveMilliseconds);
    expect(late).toBeGreaterThan(0);
    expect(late).toBeLessThanOrEqual(2_000);
  });

  it('takes no further rows once the time runs short, and leaves those as not reached', async () => {
    const batch = [deliveryOf(range(1, 100)), deliveryOf(range(101, 200), {}), deliveryOf([1], { job: otherJobId })];
    const { run, calls } = setUp(inserted, { callMilliseconds: 50_000 });
    expect(await run(...batch)).toBe(100);
    expect(calls.flatMap(({ rows }) => rows)).toHaveLength(100);
    expect(batch.map((delivery) => [...new Set(kinds(delivery))])).toEqual([['done'], ['later'], ['later']]);
    expect(batch[1]?.fates[0]).toBe(notReached);
  });

  it('keeps its share of the write budget, waves of a hundred rows apart', async () => {
    const { run, calls, clock } = setUp(inserted, { writeUnitsPerSecond: 4_000, maximumConcurrency: 8 });
    await run(deliveryOf(range(1, 1_000)));
    // 4,000 units, half for this stage, an eighth for each invocation: 250 rows a second.
    expect(clock.now()).toBeCloseTo(4_000, 6);
    for (const second of [0, 1, 2, 3]) {
      const rows = calls
        .filter(({ at }) => at >= second * 1000 && at < (second + 1) * 1000)
        .flatMap((call) => call.rows);
      expect(rows.length).toBeLessThanOrEqual(300);
    }
  });

  it('does not wait for the budget while the table is slower than it', async () => {
    const { run, clock } = setUp(inserted, { writeUnitsPerSecond: 4_000, callMilliseconds: 500 });
    await run(deliveryOf(range(1, 500)));
    expect(clock.now()).toBe(2_500);
  });

  it('counts rows that are tried again against the budget', async () => {
    const { run, clock } = setUp((_, attempt) => (attempt === 1 ? 'throttled' : 'inserted'), {
      writeUnitsPerSecond: 4_000,
      random: 0,
    });
    await run(deliveryOf(range(1, 100)));
    expect(clock.now()).toBeCloseTo(800, 6);
  });

  it.each([
    [900, 1],
    [1_000, 2],
    [3_000, 4],
  ])('counts a row of %i bytes as %i units of the budget', async (bytes, units) => {
    const { run, clock } = setUp(inserted, { writeUnitsPerSecond: 4_000, maximumConcurrency: 8 });
    await run(deliveryOf(range(1, 250), { value: () => 'a'.repeat(bytes) }));
    expect(clock.now()).toBeCloseTo(units * 1_000, 6);
  });

  it('counts what is written, not its characters', async () => {
    const { run, clock } = setUp(inserted, { writeUnitsPerSecond: 4_000, maximumConcurrency: 8 });
    await run(deliveryOf(range(1, 250), { value: () => '€'.repeat(500) }));
    expect(clock.now()).toBeCloseTo(2_000, 6);
  });

  it('waits for nothing without a budget', async () => {
    const { run, clock } = setUp(inserted);
    await run(deliveryOf(range(1, 1_000)));
    expect(clock.now()).toBe(0);
  });

  it('never waits for the budget into the time that is kept back for settling', async () => {
    // Five rows a second: the third hundred is due after the time is up.
    const batch = deliveryOf(range(1, 300));
    const { run, clock } = setUp(inserted, { writeUnitsPerSecond: 20, maximumConcurrency: 2 });
    expect(await run(batch)).toBe(300);
    expect(clock.now()).toBe(timeoutMilliseconds - reserveMilliseconds);
  });

  it('keeps a call of large rows within the bytes that one call may carry', async () => {
    const batch = range(1, 10).map((row) => deliveryOf([row], { value: () => '€'.repeat(60_000) }));
    const { run, calls } = setUp(inserted);
    expect(await run(...batch)).toBe(10);
    expect(calls.flatMap(({ rows }) => rows).sort((a, b) => a - b)).toEqual(range(1, 10));
    for (const { bytes } of calls) expect(bytes).toBeLessThanOrEqual(callBytesMax);
  });

  it('tells the second of two rows of one number that differ, and the first stays', async () => {
    const batch = [deliveryOf([1]), deliveryOf([1], { value: () => 'another value' }), deliveryOf([1])];
    const { run, calls } = setUp(inserted);
    await run(...batch);
    expect(calls.flatMap(({ rows }) => rows)).toEqual([1]);
    expect(batch.map(({ fates }) => fates[0])).toMatchObject([
      { kind: 'done' },
      { kind: 'permanent', code: 'CONTENT_MISMATCH' },
      { kind: 'done' },
    ]);
  });
});
