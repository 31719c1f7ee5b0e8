import { catchOutput } from '@sluice/core/caught-output';
import { createMemoryRows, type RowFault, type RowScript } from '@sluice/core/memory-rows';
import { parseRowsMessage, type RowTuple, rowsEnvelope, serialise } from '@sluice/core/messages';
import { createStageHarness, recordOf, visibilitiesOf } from '@sluice/core/stage-harness';
import { describe, expect, it } from 'vitest';
import { createStoreRows } from './store-rows.ts';

const jobId = '0123456789abcdefghjkmnpqrs';
const secret = 'SECRET-CONTENT';

const tuple = (row: number, value = `${secret} ${row}`): RowTuple => [0, row, row + 1, [value]];

const packOf = (rows: readonly RowTuple[]): string => {
  const { head, tail } = rowsEnvelope(jobId, ['a']);
  return head + rows.map(serialise).join(',') + tail;
};

const setUp = (insert?: RowScript) => {
  const harness = createStageHarness({ stage: 'store-rows' });
  const rows = createMemoryRows(insert === undefined ? {} : { insert });
  const handler = createStoreRows({ ...harness.ports, rows });
  return {
    ...harness,
    rows,
    deliver: (...records: Parameters<typeof recordOf>[]) =>
      harness.deliver(handler, ...records.map((record) => recordOf(...record))),
    stored: () => rows.rowsOf(jobId).map(({ row, line, status, data }) => [row, line, status, data]),
  };
};

const lines = catchOutput();

describe('store-rows', () => {
  it('inserts the rows of every pack as PENDING and acknowledges the packs', async () => {
    const { deliver, stored, counts, marks, queues } = setUp();
    expect(await deliver(['a', packOf([tuple(1, 'x'), tuple(2, 'y')])], ['b', packOf([tuple(3, 'z')])])).toEqual([]);
    expect(stored()).toEqual([
      [1, 2, 'PENDING', '["x"]'],
      [2, 3, 'PENDING', '["y"]'],
      [3, 4, 'PENDING', '["z"]'],
    ]);
    expect(counts).toEqual([{ stage: 'store-rows', rowsIn: 3, rowsOut: 3, retried: 0, dead: 0, messagesFailed: 0 }]);
    expect(marks).toEqual([]);
    expect(queues.rows.sends).toEqual([]);
  });

  it('changes nothing by a pack that is delivered again, and acknowledges it', async () => {
    const { deliver, stored, rows, counts, marks } = setUp();
    await deliver(['a', packOf([tuple(1), tuple(2)])]);
    await rows.finish(jobId, [[0, 1, 'DONE', { kept: true }]]);
    const before = rows.rowsOf(jobId);
    expect(await deliver(['a', packOf([tuple(1), tuple(2)]), 2])).toEqual([]);
    expect(rows.rowsOf(jobId)).toEqual(before);
    expect(stored().map(([, , status]) => status)).toEqual(['DONE', 'PENDING']);
    expect(counts.at(-1)).toEqual({
      stage: 'store-rows',
      rowsIn: 0,
      rowsOut: 2,
      retried: 2,
      dead: 0,
      messagesFailed: 0,
    });
    expect(marks).toEqual([]);
  });

  it('keeps the first content of a row that comes with another, and marks the row for good', async () => {
    const { deliver, stored, marks, counts, queues } = setUp();
    await deliver(['a', packOf([tuple(1, 'first')])]);
    expect(await deliver(['b', packOf([tuple(1, 'second'), tuple(2, 'y')])])).toEqual([]);
    expect(stored()).toEqual([
      [1, 2, 'PENDING', '["first"]'],
      [2, 3, 'PENDING', '["y"]'],
    ]);
    expect(marks).toEqual([
      {
        jobId,
        chunk: 0,
        row: 1,
        stage: 'store-rows',
        code: 'CONTENT_MISMATCH',
        message: expect.stringContaining('found other content'),
        attempts: 1,
        permanent: true,
      },
    ]);
    expect(counts.at(-1)).toMatchObject({ rowsOut: 1, dead: 1 });
    expect(queues.rows.sends).toEqual([]);
  });

  it('marks a row that the table refuses for good, once, and stores its neighbours', async () => {
    const { deliver, stored, rows, marks } = setUp((row) => (row === 2 ? 'refused' : undefined));
    expect(await deliver(['a', packOf([tuple(1), tuple(2), tuple(3)])])).toEqual([]);
    expect(stored().map(([row]) => row)).toEqual([1, 3]);
    expect(rows.calls).toHaveLength(1);
    expect(marks).toMatchObject([{ row: 2, code: 'ROW_REFUSED', permanent: true }]);
  });

  it('writes throttled rows again until the table takes them', async () => {
    const { deliver, stored, rows, marks } = setUp((row, attempt) =>
      row === 2 && attempt < 4 ? 'throttled' : undefined,
    );
    expect(await deliver(['a', packOf([tuple(1), tuple(2)])])).toEqual([]);
    expect(stored().map(([row]) => row)).toEqual([1, 2]);
    expect(rows.calls.map((call) => call.rows)).toEqual([[1, 2], [2], [2], [2]]);
    expect(marks).toEqual([]);
  });

  it('lets a pack come back whole and marks nothing when the table throttles until the time is short', async () => {
    const { deliver, stored, marks, queues, counts, clock } = setUp((row) => (row === 2 ? 'throttled' : undefined));
    expect(await deliver(['a', packOf([tuple(1), tuple(2)])], ['b', packOf([tuple(3)])])).toEqual(['a']);
    expect(stored().map(([row]) => row)).toEqual([1, 3]);
    expect(queues.rows.sends).toEqual([]);
    expect(visibilitiesOf(queues.rows)).toEqual({ a: 5 });
    expect(marks).toEqual([]);
    expect(counts).toMatchObject([{ rowsIn: 3, rowsOut: 2, dead: 0 }]);
    expect(clock.now()).toBeLessThan(60_000);
  });

  it('sends a pack again as it is whose rows were throttled through every delivery, and marks none', async () => {
    const { deliver, marks, queues } = setUp((row) => (row === 2 ? 'throttled' : undefined));
    const pack = packOf([tuple(1), tuple(2)]);
    expect(await deliver(['a', pack, 20])).toEqual([]);
    expect(queues.rows.bodies).toEqual([pack]);
    expect(marks).toEqual([]);
  });

  it('sends a row that fails for an unknown reason again alone, and acknowledges its pack', async () => {
    const { deliver, stored, marks, queues } = setUp((row) => (row === 2 ? 'failed' : undefined));
    expect(await deliver(['a', packOf([tuple(1), tuple(2), tuple(3)])])).toEqual([]);
    expect(stored().map(([row]) => row)).toEqual([1, 3]);
    expect(queues.rows.bodies.map(parseRowsMessage)).toEqual([
      { v: 1, kind: 'rows', jobId, columns: ['a'], tried: 1, rows: [tuple(2)] },
    ]);
    expect(queues.rows.taken.map(({ delaySeconds }) => delaySeconds)).toEqual([5]);
    expect(marks).toEqual([]);
  });

  it('is done with a row whose answer was lost and that stands there after all', async () => {
    const { deliver, stored, queues } = setUp((_, attempt) => (attempt === 1 ? 'lost' : undefined));
    expect(await deliver(['a', packOf([tuple(1), tuple(2)])])).toEqual([]);
    expect(stored().map(([row]) => row)).toEqual([1, 2]);
    expect(queues.rows.sends).toEqual([]);
  });

  it('logs no content of a row that is stored, throttled, refused or different', async () => {
    const faults = new Map<number, RowFault>([
      [2, 'throttled'],
      [3, 'refused'],
      [4, 'failed'],
    ]);
    const { deliver } = setUp((row) => faults.get(row));
    await deliver(['a', packOf([1, 2, 3, 4].map((row) => tuple(row)))], ['b', packOf([tuple(1, `${secret} else`)])]);
    expect(lines.join('')).toContain('rows are dead');
    expect(lines.join('')).not.toContain(secret);
  });
});
