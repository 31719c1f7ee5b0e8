import type { SQSRecord } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import wiringJson from '../../../../infra/wiring.json' with { type: 'json' };
import type { Invocation } from '../invocation.ts';
import type { FinishedMessage, OutcomeTuple, RowsMessage, RowTuple } from '../messages.ts';
import { finishedEnvelope, parseFinishedMessage, parseRowsMessage, rowsEnvelope, serialise } from '../messages.ts';
import type { Clock } from '../ports/clock.ts';
import type { RowStore } from '../ports/row-store.ts';
import type { Delivery, Fate } from '../settle.ts';
import { notReached } from '../settle.ts';
import { parseWiring } from '../wiring.ts';
import { writeRows } from '../write-rows.ts';
import { createAwsRows } from './row-store.ts';
import { createScriptedDynamoDb } from './scripted-dynamodb.ts';
import type { ScriptedEndpoint } from './scripted-endpoint.ts';
import { startScriptedEndpoint } from './scripted-endpoint.ts';
import type { TableSetUps } from './table-contract-set-up.ts';
import { createTableSetUps, rowsTable } from './table-contract-set-up.ts';

// The writing stages over the table: what its throttles and lost answers come to for the rows.

const jobId = '0123456789abcdefghjkmnpqrs';
const timeoutMilliseconds = 60_000;
const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

/** Units that the table has for writes in a second of the clock; each statement costs one. */
let unitsPerSecond: number;
let now: number;
let unitsUsed: Map<number, number>;
/** Statements asked for in each second of the clock, also those that were throttled. */
let asked: Map<number, number>;
let endpoint: ScriptedEndpoint;
let setUps: TableSetUps;
let store: RowStore;
let table: string;

/** Time passes by sleeping alone: calls take none of it. */
const clock: Clock = {
  now: () => now,
  async sleep(milliseconds) {
    now += milliseconds;
  },
};

const scripted = createScriptedDynamoDb({
  statementFault() {
    const second = Math.floor(now / 1000);
    asked.set(second, (asked.get(second) ?? 0) + 1);
    const used = unitsUsed.get(second) ?? 0;
    if (used >= unitsPerSecond) return 'ThrottlingError';
    unitsUsed.set(second, used + 1);
    return undefined;
  },
});

beforeAll(async () => {
  endpoint = await startScriptedEndpoint({ dynamodb: scripted.service });
  setUps = createTableSetUps(endpoint.url);
});
afterAll(() => endpoint.close());
beforeEach(async () => {
  unitsPerSecond = Number.POSITIVE_INFINITY;
  now = 0;
  unitsUsed = new Map();
  asked = new Map();
  ({ table } = await setUps.createTable(rowsTable));
  store = createAwsRows(setUps.clients, table, clock);
});

const packOf = (rows: readonly number[]): Delivery<RowsMessage, RowTuple> => {
  const { head, tail } = rowsEnvelope(jobId, ['a']);
  const body = head + rows.map((row) => serialise([0, row, row + 1, [`value of ${row}`]])).join(',') + tail;
  const message = parseRowsMessage(body);
  const record = { messageId: String(rows[0]), body } as SQSRecord;
  return { record, receives: 1, message, items: message.rows, fates: rows.map((): Fate => notReached) };
};

const outcomesOf = (rows: readonly number[]): Delivery<FinishedMessage, OutcomeTuple> => {
  const { head, tail } = finishedEnvelope(jobId);
  const body = head + rows.map((row) => serialise([0, row, 'DONE', { of: row }])).join(',') + tail;
  const message = parseFinishedMessage(body);
  const record = { messageId: String(rows[0]), body } as SQSRecord;
  return { record, receives: 1, message, items: message.outcomes, fates: rows.map((): Fate => notReached) };
};

/** An invocation that begins now. */
const invocationNow = (): Invocation => {
  const end = now + timeoutMilliseconds;
  const spare = (): number => end - now - timeoutMilliseconds * 0.2;
  return { id: '', remainingMilliseconds: () => end - now, spareMilliseconds: spare, isShort: () => spare() < 0 };
};

const ports = (writeUnitsPerSecond = 0) => {
  const aws = parseWiring(wiringJson, 'aws');
  const wiring = { ...aws, pipeline: { ...aws.pipeline, writeUnitsPerSecond } };
  return { clock, random: () => 0.5, wiring };
};

const insert = (batch: readonly Delivery<RowsMessage, RowTuple>[], budget?: number): Promise<number> =>
  writeRows('store-rows', batch, store.insert, ports(budget), invocationNow());
const finish = (batch: readonly Delivery<FinishedMessage, OutcomeTuple>[]): Promise<number> =>
  writeRows('finish-rows', batch, store.finish, ports(), invocationNow());

const kindsOf = (batch: readonly { readonly fates: readonly Fate[] }[]): string[] =>
  batch.flatMap(({ fates }) => fates.map(({ kind }) => kind));
/** Delivers what is not acknowledged until everything is, within the receives that its queue has. */
const deliverAgain = async <Pack extends { readonly fates: readonly Fate[] }>(
  batch: readonly Pack[],
  write: (batch: readonly Pack[]) => Promise<number>,
): Promise<void> => {
  const { maxReceiveCount = 0 } = wiringJson.stages['store-rows'];
  let waiting = batch;
  for (let receives = 2; waiting.length > 0; receives++) {
    expect(receives).toBeLessThanOrEqual(maxReceiveCount);
    waiting = waiting.filter(({ fates }) => fates.some(({ kind }) => kind !== 'done'));
    await write(waiting);
  }
  expect(new Set(kindsOf(batch))).toEqual(new Set(['done']));
};

const statuses = (): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { status } of scripted.itemsOf(table)) {
    const text = JSON.stringify(status);
    counts[text] = (counts[text] ?? 0) + 1;
  }
  return counts;
};

describe('writing rows to a table that throttles', () => {
  it('loses nothing: what one invocation leaves comes back and goes in', async () => {
    unitsPerSecond = 3;
    const batch = [1, 51, 101, 151].map((row) => packOf(range(row, row + 49)));
    const first = await insert(batch);
    expect(first).toBeGreaterThan(100);
    expect(first).toBeLessThan(200);
    expect(statuses()).toEqual({ '{"S":"PENDING"}': first });
    // A row that was not reached or stayed throttled goes back with its pack: none is dead, none is acknowledged.
    expect(new Set(kindsOf(batch))).toEqual(new Set(['done', 'later']));
    expect(kindsOf(batch).filter((kind) => kind === 'done')).toHaveLength(first);
    await deliverAgain(batch, insert);
    expect(statuses()).toEqual({ '{"S":"PENDING"}': 200 });
  });

  it('ends every row once, by the same way', async () => {
    const starts = [1, 51, 101, 151];
    await insert(starts.map((row) => packOf(range(row, row + 49))));
    unitsPerSecond = 3;
    const batch = starts.map((row) => outcomesOf(range(row, row + 49)));
    expect(await finish(batch)).toBeLessThan(200);
    await deliverAgain(batch, finish);
    expect(statuses()).toEqual({ '{"S":"DONE"}': 200 });
  });

  it('takes an answer that is lost for a failure, and finds its rows the same', async () => {
    const rows = range(1, 100);
    const batch = [packOf(rows)];
    endpoint.script({ when: ({ operation }) => operation === 'BatchExecuteStatement', times: 4, after: 'lose' });
    expect(await insert(batch)).toBe(100);
    expect(new Set(kindsOf(batch))).toEqual(new Set(['done']));
    const outcomes = [outcomesOf(rows)];
    endpoint.script({ when: ({ operation }) => operation === 'BatchExecuteStatement', times: 4, after: 'lose' });
    expect(await finish(outcomes)).toBe(100);
    expect(statuses()).toEqual({ '{"S":"DONE"}': 100 });
  });

  it('asks for no more than its share of the budget, and is not throttled then', async () => {
    // 4,000 units, half for this stage, an eighth for each invocation; a wave of 100 rows may begin just before a second ends.
    unitsPerSecond = 350;
    const batch = [packOf(range(1, 2_000))];
    expect(await insert(batch, 4_000)).toBe(2_000);
    expect(now).toBeCloseTo(8_000, 6);
    for (const count of asked.values()) expect(count).toBeLessThanOrEqual(350);
    expect([...asked.values()].reduce((sum, count) => sum + count, 0)).toBe(2_000);
  });
});
