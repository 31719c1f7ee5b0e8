import { catchOutput } from '@sluice/core/caught-output';
import { createMemoryRows, type RowFault, type RowScript } from '@sluice/core/memory-rows';
import { finishedEnvelope, type OutcomeTuple, parseFinishedMessage, serialise } from '@sluice/core/messages';
import { createStageHarness, recordOf, visibilitiesOf } from '@sluice/core/stage-harness';
import { describe, expect, it } from 'vitest';
import { createFinishRows } from './finish-rows.ts';

const jobId = '0123456789abcdefghjkmnpqrs';
const secret = 'SECRET-CONTENT';

const isDone = (row: number, result: Readonly<Record<string, unknown>> | null = { secret }): OutcomeTuple => [
  0,
  row,
  'DONE',
  result,
];
const isFailed = (row: number, message = secret): OutcomeTuple => [0, row, 'FAILED', ['UNKNOWN_CURRENCY', message]];

const packOf = (outcomes: readonly OutcomeTuple[]): string => {
  const { head, tail } = finishedEnvelope(jobId);
  return head + outcomes.map(serialise).join(',') + tail;
};

/** A table that holds rows 1 to 4 as PENDING. */
const setUp = async (finish?: RowScript) => {
  const harness = createStageHarness({ stage: 'finish-rows' });
  const rows = createMemoryRows(finish === undefined ? {} : { finish });
  await rows.insert(
    jobId,
    [1, 2, 3, 4].map((row) => [0, row, row + 1, [`value ${row}`]]),
  );
  const handler = createFinishRows({ ...harness.ports, rows });
  return {
    ...harness,
    rows,
    deliver: (...records: Parameters<typeof recordOf>[]) =>
      harness.deliver(handler, ...records.map((record) => recordOf(...record))),
    statuses: () => rows.rowsOf(jobId).map(({ status }) => status),
    finishCalls: () => rows.calls.filter(({ operation }) => operation === 'finish').map((call) => call.rows),
  };
};

const lines = catchOutput();

describe('finish-rows', () => {
  it('writes results and errors to their rows and acknowledges the packs', async () => {
    const { deliver, rows, counts, marks } = await setUp();
    expect(
      await deliver(
        ['a', packOf([isDone(1, { total: 3 }), isFailed(2, 'no such currency')])],
        ['b', packOf([isDone(3, null)])],
      ),
    ).toEqual([]);
    expect(rows.rowsOf(jobId)).toEqual([
      { row: 1, line: 2, status: 'DONE', data: '["value 1"]', result: '{"total":3}' },
      {
        row: 2,
        line: 3,
        status: 'FAILED',
        data: '["value 2"]',
        error: { code: 'UNKNOWN_CURRENCY', message: 'no such currency' },
      },
      { row: 3, line: 4, status: 'DONE', data: '["value 3"]' },
      { row: 4, line: 5, status: 'PENDING', data: '["value 4"]' },
    ]);
    expect(counts).toEqual([{ stage: 'finish-rows', rowsIn: 3, rowsOut: 3, retried: 0, dead: 0, messagesFailed: 0 }]);
    expect(marks).toEqual([]);
  });

  it('changes nothing by a pack that is delivered again, and acknowledges it', async () => {
    const { deliver, rows, marks, queues } = await setUp();
    const body = packOf([isDone(1), isFailed(2)]);
    await deliver(['a', body]);
    const before = rows.rowsOf(jobId);
    expect(await deliver(['a', body, 2], ['twin of a', body])).toEqual([]);
    expect(rows.rowsOf(jobId)).toEqual(before);
    expect(marks).toEqual([]);
    expect(queues.finished.sends).toEqual([]);
  });

  it.each<[string, OutcomeTuple]>([
    ['a different result', isDone(1, { total: 4 })],
    ['a failure', isFailed(1)],
  ])('lets the first outcome win over %s, which leaves a mark for good', async (_, second) => {
    const { deliver, rows, marks, queues } = await setUp();
    await deliver(['a', packOf([isDone(1, { total: 3 })])]);
    expect(await deliver(['b', packOf([second, isDone(2)])])).toEqual([]);
    expect(rows.rowsOf(jobId)[0]).toMatchObject({ status: 'DONE', result: '{"total":3}' });
    expect(rows.rowsOf(jobId)[1]).toMatchObject({ status: 'DONE' });
    expect(marks).toMatchObject([
      { jobId, chunk: 0, row: 1, stage: 'finish-rows', code: 'CONTENT_MISMATCH', attempts: 1, permanent: true },
    ]);
    expect(queues.finished.sends).toEqual([]);
  });

  it('sends the outcome of a row that the table does not hold again alone, and makes no row of it', async () => {
    const { deliver, rows, marks, queues } = await setUp();
    expect(await deliver(['a', packOf([isDone(1), isDone(9, { total: 9 })])])).toEqual([]);
    expect(queues.finished.bodies.map(parseFinishedMessage)).toEqual([
      { v: 1, kind: 'finished', jobId, tried: 1, outcomes: [isDone(9, { total: 9 })] },
    ]);
    expect(rows.rowsOf(jobId).map(({ row }) => row)).toEqual([1, 2, 3, 4]);
    expect(marks).toEqual([]);
  });

  it('marks a row that is still missing on its last delivery', async () => {
    const { deliver, marks } = await setUp();
    expect(await deliver(['a', packOf([isDone(9)]), 19])).toEqual(['a']);
    expect(marks).toEqual([]);
    expect(await deliver(['a', packOf([isDone(9)]), 20])).toEqual(['a']);
    expect(marks).toEqual([
      {
        jobId,
        chunk: 0,
        row: 9,
        stage: 'finish-rows',
        code: 'UNKNOWN',
        message: 'expected the row in the table, found none',
        attempts: 20,
      },
    ]);
  });

  it('marks a row that the table refuses for good, once, and finishes its neighbours', async () => {
    const { deliver, statuses, marks, finishCalls } = await setUp((row) => (row === 2 ? 'refused' : undefined));
    expect(await deliver(['a', packOf([isDone(1), isDone(2), isDone(3)])])).toEqual([]);
    expect(statuses()).toEqual(['DONE', 'PENDING', 'DONE', 'PENDING']);
    expect(finishCalls()).toEqual([[1, 2, 3]]);
    expect(marks).toMatchObject([{ row: 2, code: 'ROW_REFUSED', permanent: true }]);
  });

  it('lets a pack come back whole and marks nothing when the table throttles until the time is short', async () => {
    const { deliver, statuses, marks, queues } = await setUp((row) => (row === 2 ? 'throttled' : undefined));
    expect(await deliver(['a', packOf([isDone(1), isDone(2)])], ['b', packOf([isDone(3)])])).toEqual(['a']);
    expect(statuses()).toEqual(['DONE', 'PENDING', 'DONE', 'PENDING']);
    expect(queues.finished.sends).toEqual([]);
    expect(visibilitiesOf(queues.finished)).toEqual({ a: 5 });
    expect(marks).toEqual([]);
  });

  it('sends a row that fails for an unknown reason again alone, and acknowledges its pack', async () => {
    const { deliver, statuses, marks, queues, finishCalls } = await setUp((row) => (row === 2 ? 'failed' : undefined));
    expect(await deliver(['a', packOf([isDone(1), isDone(2), isDone(3)])])).toEqual([]);
    expect(statuses()).toEqual(['DONE', 'PENDING', 'DONE', 'PENDING']);
    expect(finishCalls()).toEqual([[1, 2, 3], [2], [2]]);
    expect(queues.finished.bodies.map((body) => parseFinishedMessage(body).outcomes)).toEqual([[isDone(2)]]);
    expect(marks).toEqual([]);
  });

  it('is done with a row whose answer was lost and that is final after all', async () => {
    const { deliver, statuses, queues } = await setUp((_, attempt) => (attempt === 1 ? 'lost' : undefined));
    expect(await deliver(['a', packOf([isDone(1), isFailed(2)])])).toEqual([]);
    expect(statuses()).toEqual(['DONE', 'FAILED', 'PENDING', 'PENDING']);
    expect(queues.finished.sends).toEqual([]);
  });

  it('logs neither results nor errors', async () => {
    const faults = new Map<number, RowFault>([
      [2, 'throttled'],
      [3, 'refused'],
      [4, 'failed'],
    ]);
    const { deliver } = await setUp((row) => faults.get(row));
    await deliver(['a', packOf([isDone(1), isFailed(2), isDone(3), isFailed(4)])], ['b', packOf([isFailed(1)])]);
    expect(lines.join('')).toContain('rows are dead');
    expect(lines.join('')).not.toContain(secret);
  });
});
