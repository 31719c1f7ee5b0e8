import type { OutcomeTuple, RowTuple } from '@sluice/core/messages';
import { statementsMax } from '@sluice/core/ports/row-store';
import { rowStoreContract } from '@sluice/core/ports/row-store.contract';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createManualClock } from './clock.ts';
import { openDatabase } from './database.ts';
import { createLocalRows } from './row-store.ts';
import { createLocalStream } from './stream.ts';

const jobId = '0123456789abcdefghjkmnpqrs';

rowStoreContract('the local rows table', async () => {
  const database = openDatabase(':memory:');
  const stream = createLocalStream(1, () => undefined);
  const { port } = createLocalRows(database, stream, createManualClock());
  return {
    store: port,
    async close() {
      database.close();
    },
  };
});

const fullCall = Array.from({ length: statementsMax }, (_, index) => index + 1);
const rowOf = (row: number, text = `value of ${row}`): RowTuple => [0, row, row + 1, [text]];
const doneOf = (row: number): OutcomeTuple => [0, row, 'DONE', { of: row }];
const failedOf = (row: number): OutcomeTuple => [0, row, 'FAILED', ['CODE', 'why']];

const setUp = () => {
  const database = openDatabase(':memory:');
  onTestFinished(() => database.close());
  const clock = createManualClock(1000);
  let appends = 0;
  const stream = createLocalStream(1, () => appends++);
  const { port, readImage } = createLocalRows(database, stream, clock);
  /** What the stream holds beyond what was looked at before. */
  const takeChanges = () => {
    const [shard] = stream.shards;
    const changes = shard?.read(Number.MAX_SAFE_INTEGER) ?? [];
    shard?.advance(changes.length);
    return changes;
  };
  return { store: port, clock, readImage, takeChanges, appends: () => appends };
};

/** Row numbers by kind of change, in stream order. */
const summarise = (changes: readonly { eventName: string; row: number; status: string }[]): string[] =>
  changes.map(({ eventName, row, status }) => `${eventName} ${row} ${status}`);

describe('the stream of the local rows table', () => {
  it('holds one INSERT with its image for a new row', async () => {
    const { store, clock, takeChanges, appends } = setUp();
    await clock.advance(500);
    await store.insert(jobId, [[3, 1, 2, ['a', null, 1.5]]]);
    expect(takeChanges()).toEqual([
      {
        eventName: 'INSERT',
        jobId,
        chunk: 3,
        row: 1,
        status: 'PENDING',
        at: 1500,
        image: { line: 2, data: '["a",null,1.5]' },
      },
    ]);
    expect(appends()).toBe(1);
  });

  it('holds a row that was written off as FAILED from the start, which no mapping asks for', async () => {
    const { store, takeChanges } = setUp();
    const rows = fullCall.map((row) => rowOf(row));
    await store.insert(jobId, rows, { code: 'DROPPED', message: 'why' });
    expect(summarise(takeChanges())).toEqual(fullCall.map((row) => `INSERT ${row} FAILED`));
  });

  it('holds nothing of rows that are removed', async () => {
    const { store, takeChanges } = setUp();
    await store.insert(jobId, [rowOf(1), rowOf(2)]);
    await store.finish(jobId, [doneOf(2)]);
    takeChanges();
    await store.remove(jobId, 0, [1, 2, 3]);
    expect(takeChanges()).toEqual([]);
  });

  it('holds one MODIFY for a row that ends', async () => {
    const { store, clock, takeChanges, appends } = setUp();
    await store.insert(jobId, [rowOf(1), rowOf(2)]);
    takeChanges();
    await clock.advance(500);
    await store.finish(jobId, [doneOf(1), failedOf(2)]);
    expect(takeChanges()).toEqual([
      { eventName: 'MODIFY', jobId, chunk: 0, row: 1, status: 'DONE', at: 1500 },
      { eventName: 'MODIFY', jobId, chunk: 0, row: 2, status: 'FAILED', at: 1500 },
    ]);
    expect(appends()).toBe(4);
  });

  it('tells the image of a change that came without it', async () => {
    const { store, readImage, takeChanges } = setUp();
    await store.insert(jobId, [rowOf(1)]);
    await store.finish(jobId, [doneOf(1)]);
    const [inserted, modified] = takeChanges();
    if (inserted === undefined || modified === undefined) throw new Error('expected two changes');
    expect({ ...readImage(modified) }).toEqual({ line: 2, data: '["value of 1"]' });
    expect({ ...readImage(inserted) }).toEqual(inserted.image);
  });

  it('holds nothing for rows that stand there, the same or otherwise', async () => {
    const { store, takeChanges, appends } = setUp();
    await store.insert(jobId, [rowOf(1), rowOf(2)]);
    takeChanges();
    expect(await store.insert(jobId, [rowOf(1), rowOf(2, 'other')])).toEqual(['same', 'different']);
    expect(takeChanges()).toEqual([]);
    expect(appends()).toBe(2);
  });

  it('holds nothing for rows that have ended or are missing', async () => {
    const { store, takeChanges } = setUp();
    await store.insert(jobId, [rowOf(1), rowOf(2)]);
    await store.finish(jobId, [doneOf(1), doneOf(2)]);
    takeChanges();
    expect(await store.finish(jobId, [doneOf(1), failedOf(2), doneOf(3)])).toEqual(['same', 'different', 'missing']);
    expect(takeChanges()).toEqual([]);
  });

  it('holds each row of a full call once, in the order of the call', async () => {
    const { store, takeChanges } = setUp();
    const backwards = fullCall.toReversed();
    await store.insert(
      jobId,
      backwards.map((row) => rowOf(row)),
    );
    expect(summarise(takeChanges())).toEqual(backwards.map((row) => `INSERT ${row} PENDING`));
    await store.finish(jobId, backwards.map(doneOf));
    expect(summarise(takeChanges())).toEqual(backwards.map((row) => `MODIFY ${row} DONE`));
  });

  it('holds nothing for a full call again', async () => {
    const { store, takeChanges } = setUp();
    const rows = fullCall.map((row) => rowOf(row));
    const outcomes = fullCall.map(doneOf);
    await store.insert(jobId, rows);
    await store.finish(jobId, outcomes);
    takeChanges();
    await store.insert(jobId, rows);
    await store.finish(jobId, outcomes);
    await store.finish(jobId, fullCall.map(failedOf));
    expect(takeChanges()).toEqual([]);
  });

  it.each([[[1]], [[25]], [[4, 5, 24]], [fullCall.slice(1)]])(
    'holds of a full insert what did not stand there: all but %j',
    async (rows) => {
      const { store, takeChanges } = setUp();
      await store.insert(
        jobId,
        rows.map((row) => rowOf(row)),
      );
      takeChanges();
      await store.insert(
        jobId,
        fullCall.map((row) => rowOf(row)),
      );
      const added = fullCall.filter((row) => !rows.includes(row));
      expect(summarise(takeChanges())).toEqual(added.map((row) => `INSERT ${row} PENDING`));
    },
  );

  it.each([[[1]], [[25]], [[4, 5, 24]], [fullCall.slice(1)]])(
    'holds of a full finish what is not missing: all but %j',
    async (rows) => {
      const { store, takeChanges } = setUp();
      const present = fullCall.filter((row) => !rows.includes(row));
      await store.insert(
        jobId,
        present.map((row) => rowOf(row)),
      );
      takeChanges();
      await store.finish(jobId, fullCall.map(doneOf));
      expect(summarise(takeChanges())).toEqual(present.map((row) => `MODIFY ${row} DONE`));
    },
  );

  it.each([[[1]], [[25]], [[4, 5, 24]], [fullCall.slice(1)]])(
    'holds of a full finish what had not ended: all but %j',
    async (rows) => {
      const { store, takeChanges } = setUp();
      await store.insert(
        jobId,
        fullCall.map((row) => rowOf(row)),
      );
      await store.finish(jobId, rows.map(failedOf));
      takeChanges();
      await store.finish(jobId, fullCall.map(doneOf));
      const ended = fullCall.filter((row) => !rows.includes(row));
      expect(summarise(takeChanges())).toEqual(ended.map((row) => `MODIFY ${row} DONE`));
    },
  );

  it('holds nothing of a call that is refused', async () => {
    const { store, takeChanges } = setUp();
    await expect(store.insert(jobId, [rowOf(1), rowOf(1)])).rejects.toMatchObject({ code: 'SERVICE_REFUSED' });
    expect(takeChanges()).toEqual([]);
  });
});

describe('the local rows table', () => {
  it('refuses a call of no rows', async () => {
    const { store } = setUp();
    await expect(store.insert(jobId, [])).rejects.toMatchObject({ code: 'SERVICE_REFUSED' });
    await expect(store.finish(jobId, [])).rejects.toMatchObject({ code: 'SERVICE_REFUSED' });
  });

  it.each([
    ['characters', 'a'.repeat(400 * 1024)],
    ['bytes', 'é'.repeat(200 * 1024)],
  ])('refuses a row of 400 KiB, counted in %s, and takes its neighbours', async (_, text) => {
    const { store, takeChanges } = setUp();
    expect(await store.insert(jobId, [rowOf(1), rowOf(2, text), rowOf(3)])).toEqual([
      'inserted',
      'refused',
      'inserted',
    ]);
    expect(summarise(takeChanges())).toEqual(['INSERT 1 PENDING', 'INSERT 3 PENDING']);
    expect(await store.countChunk(jobId, 0)).toMatchObject({ PENDING: 2, DONE: 0, FAILED: 0 });
  });

  it('refuses a row of 400 KiB in a full call, and takes its neighbours', async () => {
    const { store } = setUp();
    const outcomes = await store.insert(
      jobId,
      fullCall.map((row) => rowOf(row, row === 7 ? 'a'.repeat(400 * 1024) : 'a')),
    );
    expect(outcomes).toEqual(fullCall.map((row) => (row === 7 ? 'refused' : 'inserted')));
  });

  it('keeps the JSON text of the values to the letter', async () => {
    const { store } = setUp();
    const values = ['a\uffff', '\ud83d', 1e21, 0.1, null, true];
    await store.insert(jobId, [[0, 1, 2, values]]);
    for await (const page of store.readChunk(jobId, 0)) {
      expect(page).toEqual([{ row: 1, line: 2, status: 'PENDING', data: JSON.stringify(values) }]);
    }
  });

  it('reads a chunk in pages of 2,000 rows, none of them empty', async () => {
    const { store } = setUp();
    for (let first = 1; first <= 4000; first += statementsMax) {
      await store.insert(
        jobId,
        fullCall.map((row) => rowOf(first + row - 1)),
      );
    }
    const sizes: number[] = [];
    for await (const page of store.readChunk(jobId, 0)) sizes.push(page.length);
    expect(sizes).toEqual([2000, 2000]);
  });
});
