import { rowIdOf } from '@sluice/core/identity';
import { checkResult, type Processor, readPermanent } from '@sluice/core/processor';
import { createVirtualClock } from '@sluice/core/virtual-clock';
import { describe, expect, it } from 'vitest';
import type { FaultClass } from './fault-classes.ts';
import { createUserCode } from './user-code.ts';

const jobId = '0123456789abcdefghjkmnpqrs';

type Seen = { readonly calls: string[]; readonly hits: string[]; deaths: number };

/** What a call came to, as one word; `open` when it is never answered, and not until `timeout` either. */
const outcomeOf = (returned: unknown): string => {
  const complaint = checkResult(returned);
  if (complaint !== undefined) return 'BAD_RESULT';
  const text = JSON.stringify(returned ?? null);
  return text.length > 64 * 1024 ? 'RESULT_TOO_LARGE' : `DONE ${text}`;
};

const errorOf = (thrown: unknown): string => {
  const { code } = readPermanent(thrown) ?? {};
  return code ?? (thrown instanceof Error ? thrown.name : 'thrown');
};

const setUp = (seed: number, rates: Partial<Record<FaultClass, number>> = {}) => {
  const seen: Seen = { calls: [], hits: [], deaths: 0 };
  const clock = createVirtualClock();
  const code = createUserCode(seed, rates, {
    called: (job, row, attempt) => seen.calls.push(`${job} ${row} ${attempt}`),
    hit: (fault, stage) => seen.hits.push(`${stage} ${fault}`),
  });
  const processorIn = (): Processor => code.processorIn({ clock, die: () => seen.deaths++ });
  const processor = processorIn();
  const call = async (row: number, attempt = 1, by = processor): Promise<string> => {
    const controller = new AbortController();
    const given = { row, line: row + 1, data: { a: null, b: `cnry${row}` } };
    const context = { jobId, rowId: rowIdOf(jobId, row), attempt, signal: controller.signal };
    const work = (async () => by.process(given, context))().then(outcomeOf, errorOf);
    const timeout = clock.sleep(30_000).then(() => 'open');
    return clock.run(Promise.race([work, timeout]));
  };
  const callAll = async (rows: readonly number[], by?: Processor): Promise<string[]> => {
    const outcomes: string[] = [];
    for (const row of rows) outcomes.push(await call(row, 1, by));
    return outcomes;
  };
  return { seen, clock, code, call, callAll, processorIn };
};

const rows = Array.from({ length: 120 }, (_, index) => index + 1);
const kindsOf = (outcomes: readonly string[]): Set<string> => new Set(outcomes.map((text) => text.split(' ')[0] ?? ''));

describe('the user code', () => {
  it('answers the same for a row, in whatever order and process it is called', async () => {
    const rates = { 'processor-fails': 0.3 };
    const forward = setUp(1, rates);
    const backward = setUp(1, rates);
    const expected = await forward.callAll(rows);
    expect((await backward.callAll(rows.toReversed(), backward.processorIn())).toReversed()).toEqual(expected);
    expect(await setUp(2, rates).callAll(rows)).not.toEqual(expected);
  });

  it('without faults answers every row for good at its first call, some with a failure, and again the same', async () => {
    const { call, callAll, seen } = setUp(3);
    const many = Array.from({ length: 1_500 }, (_, index) => index + 1);
    const first = await callAll(many);
    expect(kindsOf(first)).toEqual(new Set(['DONE', 'NOT_WANTED', 'BAD_RESULT', 'RESULT_TOO_LARGE']));
    expect(await callAll(many.slice(0, 50))).toEqual(first.slice(0, 50));
    expect(seen.hits).toEqual([]);
    await call(7, 4);
    expect([seen.calls[0], seen.calls.at(-1)]).toEqual([`${jobId} 1 1`, `${jobId} 7 4`]);
  });

  it.each<[FaultClass, string]>([
    ['processor-fails', 'RangeError'],
    ['processor-hangs', 'open'],
    ['processor-kills', 'open'],
  ])('with %s spoils some calls of a row or all of them, and none once healed', async (fault, spoilt) => {
    const { callAll, code, seen } = setUp(4, { [fault]: 1 });
    expect(kindsOf(await callAll(rows))).toEqual(new Set([spoilt]));
    expect(seen.hits).toEqual(rows.map(() => `process-rows ${fault}`));
    expect(seen.deaths).toBe(fault === 'processor-kills' ? rows.length : 0);
    for (let attempt = 2; attempt < 5; attempt++) await callAll(rows);
    const fifth = await callAll(rows);
    const struck = fifth.filter((outcome) => outcome === spoilt).length;
    expect(struck).toBeGreaterThan(0);
    expect(struck).toBeLessThan(rows.length / 2);
    code.heal();
    const healed = await callAll(rows);
    expect(healed).not.toContain(spoilt);
    expect(healed).toEqual(await setUp(4).callAll(rows));
  });

  it('wavers: every call of a row answers for good and differently, until it is healed', async () => {
    const { call, code, seen } = setUp(5, { 'processor-wavers': 1 });
    const row = rows.find((each) => each % 5 !== 0) ?? 1;
    const outcomes = [await call(row), await call(row), await call(row), await call(row)];
    expect(new Set(outcomes).size).toBe(4);
    expect(seen.hits).toHaveLength(3);
    code.heal();
    expect(await call(row)).toBe(await call(row));
  });

  it('fails every call during an outage, and no row is the worse for it', async () => {
    const { callAll, code, seen } = setUp(6, { 'processor-fails': 0.5 });
    code.setOutage(true);
    expect(kindsOf(await callAll(rows))).toEqual(new Set(['Error']));
    expect(new Set(seen.hits)).toEqual(new Set(['process-rows processor-outage']));
    code.setOutage(false);
    expect(await callAll(rows)).toEqual(await setUp(6, { 'processor-fails': 0.5 }).callAll(rows));
  });

  it('stays healed whatever outage is announced', async () => {
    const { callAll, code } = setUp(7);
    const expected = await callAll(rows);
    code.setOutage(true);
    code.heal();
    code.setOutage(true);
    expect(await callAll(rows)).toEqual(expected);
  });

  it('says what it knows of the row in everything it throws, so that a log that holds it is found', async () => {
    const { code, clock } = setUp(8, { 'processor-fails': 1 });
    const { process } = code.processorIn({ clock, die: () => undefined });
    const context = { jobId, rowId: 'x-1', attempt: 1, signal: new AbortController().signal };
    const thrown = await clock.run(
      (async () => process({ row: 1, line: 2, data: { a: 'cnry1' } }, context))().catch((error) => error),
    );
    expect(String(thrown)).toContain('cnry1');
  });
});
