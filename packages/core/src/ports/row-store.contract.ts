import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OutcomeTuple, RowTuple, Value } from '../messages.ts';
import type { FinishOutcome, InsertOutcome, RowStore, StoredRow } from './row-store.ts';
import { callBytesMax, statementsMax } from './row-store.ts';

// What every RowStore promises. An adapter runs it from a test of its own.

/** An empty table for one test alone. */
export type RowStoreSetUp = { readonly store: RowStore; close(): Promise<void> };

const jobId = '0123456789abcdefghjkmnpqrs';
const otherJobId = 'zzzzzzzzzzzzzzzzzzzzzzzzzz';
const chunk = 3;
const otherChunk = 4;

const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

const rowOf = (row: number, values: readonly Value[] = [`value of ${row}`], inChunk = chunk): RowTuple => [
  inChunk,
  row,
  row + 1,
  values,
];
const doneOf = (row: number, result: Readonly<Record<string, unknown>> | null = { of: row }): OutcomeTuple => [
  chunk,
  row,
  'DONE',
  result,
];
const failedOf = (row: number, code = 'BAD_ROW', message = `why ${row}`): OutcomeTuple => [
  chunk,
  row,
  'FAILED',
  [code, message],
];

const refusal = { name: 'SluiceError', code: 'SERVICE_REFUSED' };

/** More than a call may weigh when every row of a full call has it, counted in bytes; by characters it would pass. */
const heavyText = 'é'.repeat(Math.ceil(callBytesMax / statementsMax / 2));
/** As much as a full call may weigh, but for what the rows need besides their text. */
const fittingText = 'a'.repeat(Math.floor(callBytesMax / statementsMax) - 1024);

const fullCall = range(1, statementsMax);

/** Rows of a full call that meet something else than their neighbours: at its ends, in it, alone, and all of them. */
const placesInFullCall: readonly (readonly number[])[] = [
  [1],
  [statementsMax],
  [7, 8, 20],
  range(1, statementsMax - 1),
  fullCall,
];

const oddValues: readonly (readonly [name: string, value: Value])[] = [
  ['nothing', null],
  ['empty text', ''],
  ['true', true],
  ['false', false],
  ['zero', 0],
  ['the largest safe number', Number.MAX_SAFE_INTEGER],
  ['the largest number', Number.MAX_VALUE],
  ['the smallest number', -Number.MIN_VALUE],
  ['a fraction', 0.1],
  ['digits beyond a number', '123456789012345678901234567890.10'],
  ['the name of a prototype', '__proto__'],
  ['quotes', `'"\`''""\\`],
  ['a statement', `'); DROP TABLE rows; --`],
  ['placeholders', '? :a $1 %s {}'],
  ['control characters', '\u0000\u0001\t\r\n\u007f\u2028'],
  ['noncharacters', '\ufffe\uffff\u{1ffff}'],
  ['half a pair', '\ud83d'],
  ['an emoji', '👩‍👩‍👧‍👦'],
  ['letters with marks', 'e\u0301 é ﬀ'],
  ['right to left', 'שלום \u202e'],
  ['JSON', '{"a":[1,null]}'],
];

export const rowStoreContract = (name: string, setUp: () => Promise<RowStoreSetUp>): void => {
  describe(name, () => {
    let store: RowStore;
    let close: () => Promise<void>;
    beforeEach(async () => {
      const made = await setUp();
      store = made.store;
      close = () => made.close();
    });
    afterEach(() => close());

    const readAll = async (job = jobId, inChunk = chunk): Promise<StoredRow[]> => {
      const rows: StoredRow[] = [];
      for await (const page of store.readChunk(job, inChunk)) rows.push(...page);
      return rows;
    };

    /** A row as it is read, with JSON texts parsed: how an adapter writes JSON is its own affair. */
    const readOne = async (row: number, job = jobId, inChunk = chunk) => {
      const found = (await readAll(job, inChunk)).find((stored) => stored.row === row);
      if (found === undefined) return undefined;
      const { line, status, data, result, error } = found;
      return {
        line,
        status,
        values: JSON.parse(data) as unknown,
        result: JSON.parse(result ?? 'null') as unknown,
        error,
      };
    };

    /** Inserts by calls of at most 25. */
    const fill = async (rows: readonly RowTuple[], job = jobId): Promise<void> => {
      for (let from = 0; from < rows.length; from += statementsMax) {
        const call = rows.slice(from, from + statementsMax);
        expect(await store.insert(job, call)).toEqual(call.map(() => 'inserted'));
      }
    };

    describe('insert', () => {
      it('answers inserted and keeps the row as PENDING', async () => {
        expect(await store.insert(jobId, [rowOf(1, ['a', 2, null])])).toEqual(['inserted']);
        expect(await readOne(1)).toEqual({
          line: 2,
          status: 'PENDING',
          values: ['a', 2, null],
          result: null,
          error: undefined,
        });
      });

      it('answers same for a row that stands there with the same content', async () => {
        await fill([rowOf(1)]);
        expect(await store.insert(jobId, [rowOf(1)])).toEqual(['same']);
        expect(await readAll()).toHaveLength(1);
      });

      it.each<readonly [string, RowTuple]>([
        ['another value', rowOf(1, ['other'])],
        ['a value of another type', rowOf(1, [1])],
        ['one value more', rowOf(1, ['value of 1', null])],
        ['another line', [chunk, 1, 9, ['value of 1']]],
      ])('answers different for a row with %s, and the first stays', async (_, row) => {
        await fill([rowOf(1)]);
        const before = await readAll();
        expect(await store.insert(jobId, [row])).toEqual(['different']);
        expect(await readAll()).toEqual(before);
      });

      it('leaves a final row final', async () => {
        await fill([rowOf(1), rowOf(2)]);
        await store.finish(jobId, [doneOf(1), failedOf(2)]);
        const before = await readAll();
        expect(await store.insert(jobId, [rowOf(1), rowOf(2)])).toEqual(['same', 'same']);
        expect(await store.insert(jobId, [rowOf(1, ['other']), rowOf(2, ['other'])])).toEqual([
          'different',
          'different',
        ]);
        expect(await readAll()).toEqual(before);
      });

      it('answers in the order of the call', async () => {
        await fill([rowOf(4), rowOf(2)]);
        const call = [rowOf(5), rowOf(4), rowOf(3), rowOf(2, ['other']), rowOf(1)];
        expect(await store.insert(jobId, call)).toEqual(['inserted', 'same', 'inserted', 'different', 'inserted']);
        expect((await readAll()).map(({ row }) => row)).toEqual([1, 2, 3, 4, 5]);
      });

      it('takes a full call', async () => {
        await fill(fullCall.map((row) => rowOf(row)));
        expect((await readAll()).map(({ row }) => row)).toEqual(fullCall);
        expect(await readOne(statementsMax)).toMatchObject({
          status: 'PENDING',
          values: [`value of ${statementsMax}`],
        });
      });

      it.each(placesInFullCall.map((rows) => [rows]))(
        'tells in a full call which rows stood there: %j',
        async (rows) => {
          await fill(rows.map((row) => rowOf(row)));
          const expected = fullCall.map((row): InsertOutcome => (rows.includes(row) ? 'same' : 'inserted'));
          expect(
            await store.insert(
              jobId,
              fullCall.map((row) => rowOf(row)),
            ),
          ).toEqual(expected);
          expect((await readAll()).map(({ row }) => row)).toEqual(fullCall);
        },
      );

      it.each(placesInFullCall.map((rows) => [rows]))(
        'tells in a full call which rows stand there otherwise: %j',
        async (rows) => {
          await fill(rows.map((row) => rowOf(row, ['first'])));
          const expected = fullCall.map((row): InsertOutcome => (rows.includes(row) ? 'different' : 'inserted'));
          expect(
            await store.insert(
              jobId,
              fullCall.map((row) => rowOf(row)),
            ),
          ).toEqual(expected);
          expect((await readAll()).map(({ data }) => JSON.parse(data) as unknown)).toEqual(
            fullCall.map((row) => [rows.includes(row) ? 'first' : `value of ${row}`]),
          );
        },
      );

      it('takes a call that weighs nearly 1 MiB', async () => {
        await fill(fullCall.map((row) => rowOf(row, [fittingText])));
        expect(await readOne(1)).toMatchObject({ values: [fittingText] });
      });

      it.each<readonly [string, readonly RowTuple[]]>([
        ['of 26 rows', range(1, statementsMax + 1).map((row) => rowOf(row))],
        ['with a row twice', [rowOf(1), rowOf(2), rowOf(1)]],
        ['with a row twice, otherwise the second time', [rowOf(1), rowOf(1, ['other'])]],
        ['of 25 rows with the last one twice', [...range(1, statementsMax - 1), 1].map((row) => rowOf(row))],
        ['of more than 1 MiB', fullCall.map((row) => rowOf(row, [heavyText]))],
      ])('refuses a call %s, and writes nothing of it', async (_, call) => {
        await expect(store.insert(jobId, call)).rejects.toMatchObject(refusal);
        expect(await readAll()).toEqual([]);
      });

      it('keeps two jobs apart', async () => {
        await fill([rowOf(1)]);
        expect(await store.insert(otherJobId, [rowOf(1, ['other'])])).toEqual(['inserted']);
        expect(await readOne(1)).toMatchObject({ values: ['value of 1'] });
        expect(await readOne(1, otherJobId)).toMatchObject({ values: ['other'] });
      });

      it('keeps two chunks apart, even within a call', async () => {
        const call = [rowOf(1), rowOf(1, ['other'], otherChunk)];
        expect(await store.insert(jobId, call)).toEqual(['inserted', 'inserted']);
        expect(await store.insert(jobId, call)).toEqual(['same', 'same']);
        expect(await readOne(1)).toMatchObject({ values: ['value of 1'] });
        expect(await readOne(1, jobId, otherChunk)).toMatchObject({ values: ['other'] });
      });

      it('lets one of two calls at once create a row', async () => {
        const calls = [1, 2].map(() => store.insert(jobId, [rowOf(1)]));
        expect((await Promise.all(calls)).flat().sort()).toEqual(['inserted', 'same']);
        const others = ['a', 'b'].map((value) => store.insert(jobId, [rowOf(2, [value])]));
        expect((await Promise.all(others)).flat().sort()).toEqual(['different', 'inserted']);
      });

      it.each(oddValues)('keeps %s as it is', async (_, value) => {
        const values = [value, 'between', value];
        await fill([rowOf(1, values)]);
        expect(await store.insert(jobId, [rowOf(1, values)])).toEqual(['same']);
        expect(await readOne(1)).toMatchObject({ values });
      });

      it('keeps odd values in a full call as they are', async () => {
        const rows = fullCall.map((row) => rowOf(row, [oddValues[row % oddValues.length]?.[1] ?? null]));
        await fill(rows);
        expect(await store.insert(jobId, rows)).toEqual(rows.map(() => 'same'));
        expect((await readAll()).map(({ data }) => JSON.parse(data) as unknown)).toEqual(
          rows.map(([, , , values]) => values),
        );
      });

      it('keeps a row without values', async () => {
        await fill([rowOf(1, [])]);
        expect(await readOne(1)).toMatchObject({ values: [] });
      });

      it('keeps large numbers of chunks, rows and lines', async () => {
        const large = 2 ** 40;
        expect(await store.insert(jobId, [[large, large + 1, large + 2, ['a']]])).toEqual(['inserted']);
        expect(await store.finish(jobId, [[large, large + 1, 'DONE', null]])).toEqual(['finished']);
        expect(await readAll(jobId, large)).toMatchObject([{ row: large + 1, line: large + 2, status: 'DONE' }]);
      });
    });

    describe('insert of rows that are written off', () => {
      const why = { code: 'DROPPED', message: `it's "odd" \uffff 👍` };

      it('makes them FAILED from the start', async () => {
        expect(await store.insert(jobId, [rowOf(1, ['a', 2, null]), rowOf(2)], why)).toEqual(['inserted', 'inserted']);
        expect(await readOne(1)).toEqual({
          line: 2,
          status: 'FAILED',
          values: ['a', 2, null],
          result: null,
          error: why,
        });
        expect(await store.countChunk(jobId, chunk)).toEqual({ PENDING: 0, DONE: 0, FAILED: 2 });
      });

      it('takes a full call', async () => {
        const rows = fullCall.map((row) => rowOf(row));
        expect(await store.insert(jobId, rows, why)).toEqual(rows.map(() => 'inserted'));
        expect(await readAll()).toHaveLength(statementsMax);
        expect((await readAll()).every(({ error }) => error?.code === 'DROPPED')).toBe(true);
        expect(await store.insert(jobId, rows, why)).toEqual(rows.map(() => 'same'));
      });

      it('leaves rows that stand there, whatever their status', async () => {
        await fill([rowOf(1), rowOf(2), rowOf(3)]);
        await store.finish(jobId, [doneOf(2), failedOf(3)]);
        const before = await readAll();
        expect(await store.insert(jobId, [rowOf(1), rowOf(2), rowOf(3), rowOf(4)], why)).toEqual([
          'same',
          'same',
          'same',
          'inserted',
        ]);
        expect(await store.insert(jobId, [rowOf(1, ['other'])], why)).toEqual(['different']);
        expect((await readAll()).slice(0, 3)).toEqual(before);
      });

      it('leaves them final', async () => {
        await store.insert(jobId, [rowOf(1)], why);
        expect(await store.finish(jobId, [doneOf(1)])).toEqual(['different']);
        expect(await store.finish(jobId, [failedOf(1, why.code, why.message)])).toEqual(['same']);
        expect(await store.insert(jobId, [rowOf(1)])).toEqual(['same']);
        expect(await readOne(1)).toMatchObject({ status: 'FAILED', error: why });
      });

      it.each<readonly [string, readonly RowTuple[]]>([
        ['of 26 rows', range(1, statementsMax + 1).map((row) => rowOf(row))],
        ['with a row twice', [rowOf(1), rowOf(2), rowOf(1)]],
      ])('refuses a call %s, and writes nothing of it', async (_, call) => {
        await expect(store.insert(jobId, call, why)).rejects.toMatchObject(refusal);
        expect(await readAll()).toEqual([]);
      });
    });

    describe('finish', () => {
      it('moves a PENDING row to DONE with its result', async () => {
        await fill([rowOf(1)]);
        expect(await store.finish(jobId, [doneOf(1, { total: 3, of: ['a', null, { b: true }] })])).toEqual([
          'finished',
        ]);
        expect(await readOne(1)).toEqual({
          line: 2,
          status: 'DONE',
          values: ['value of 1'],
          result: { total: 3, of: ['a', null, { b: true }] },
          error: undefined,
        });
      });

      it('moves a PENDING row to DONE without a result', async () => {
        await fill([rowOf(1)]);
        expect(await store.finish(jobId, [doneOf(1, null)])).toEqual(['finished']);
        expect(await readOne(1)).toMatchObject({ status: 'DONE', values: ['value of 1'], error: undefined });
        expect((await readAll())[0]?.result).toBeUndefined();
      });

      it('moves a PENDING row to DONE with an empty result', async () => {
        await fill([rowOf(1)]);
        expect(await store.finish(jobId, [doneOf(1, {})])).toEqual(['finished']);
        expect(await readOne(1)).toMatchObject({ status: 'DONE', result: {} });
      });

      it('moves a PENDING row to FAILED with its error', async () => {
        await fill([rowOf(1)]);
        expect(await store.finish(jobId, [failedOf(1)])).toEqual(['finished']);
        expect(await readOne(1)).toEqual({
          line: 2,
          status: 'FAILED',
          values: ['value of 1'],
          result: null,
          error: { code: 'BAD_ROW', message: 'why 1' },
        });
      });

      it.each<readonly [string, OutcomeTuple]>([
        ['DONE with a result', doneOf(1)],
        ['DONE with an empty result', doneOf(1, {})],
        ['DONE without a result', doneOf(1, null)],
        ['FAILED', failedOf(1)],
      ])('answers same for the same outcome again: %s', async (_, outcome) => {
        await fill([rowOf(1)]);
        await store.finish(jobId, [outcome]);
        const before = await readAll();
        expect(await store.finish(jobId, [outcome])).toEqual(['same']);
        expect(await readAll()).toEqual(before);
      });

      const outcomes: readonly (readonly [name: string, outcome: OutcomeTuple])[] = [
        ['DONE with a result', doneOf(1)],
        ['DONE with another result', doneOf(1, { of: 'other' })],
        ['DONE with an empty result', doneOf(1, {})],
        ['DONE without a result', doneOf(1, null)],
        ['FAILED', failedOf(1)],
        ['FAILED with another code', failedOf(1, 'OTHER')],
        ['FAILED with another message', failedOf(1, 'BAD_ROW', 'other')],
      ];
      it.each(
        outcomes.flatMap(([firstName, first]) =>
          outcomes
            .filter(([, other]) => other !== first)
            .map(([otherName, other]) => [firstName, otherName, first, other] as const),
        ),
      )('answers different when a row that is %s ends %s, and the first stays', async (_, __, first, other) => {
        await fill([rowOf(1)]);
        await store.finish(jobId, [first]);
        const before = await readAll();
        expect(await store.finish(jobId, [other])).toEqual(['different']);
        expect(await readAll()).toEqual(before);
      });

      it('answers missing where there is no such row, and makes none', async () => {
        expect(await store.finish(jobId, [doneOf(1), failedOf(2)])).toEqual(['missing', 'missing']);
        expect(await readAll()).toEqual([]);
        expect(await store.countChunk(jobId, chunk)).toEqual({ PENDING: 0, DONE: 0, FAILED: 0 });
        expect(await store.insert(jobId, [rowOf(1)])).toEqual(['inserted']);
        expect(await readOne(1)).toMatchObject({ status: 'PENDING' });
      });

      it('answers missing for a row of another job and another chunk', async () => {
        await fill([rowOf(1)]);
        expect(await store.finish(otherJobId, [doneOf(1)])).toEqual(['missing']);
        expect(await store.finish(jobId, [[otherChunk, 1, 'DONE', null]])).toEqual(['missing']);
        expect(await readOne(1)).toMatchObject({ status: 'PENDING' });
      });

      it('answers missing in a full call for rows of another job and another chunk', async () => {
        await fill(fullCall.map((row) => rowOf(row, ['a'], row === 5 ? otherChunk : chunk)));
        await fill([rowOf(5)], otherJobId);
        const call = fullCall.map((row) => doneOf(row));
        expect(await store.finish(jobId, call)).toEqual(call.map(([, row]) => (row === 5 ? 'missing' : 'finished')));
        expect(await readOne(5, jobId, otherChunk)).toMatchObject({ status: 'PENDING' });
        expect(await readOne(5, otherJobId)).toMatchObject({ status: 'PENDING' });
      });

      it('keeps two jobs and two chunks apart', async () => {
        const both = [rowOf(1), rowOf(1, ['other'], otherChunk)];
        await fill(both);
        await fill(both, otherJobId);
        expect(await store.finish(jobId, [doneOf(1), [otherChunk, 1, 'FAILED', ['A', 'b']]])).toEqual([
          'finished',
          'finished',
        ]);
        expect(await readOne(1)).toMatchObject({ status: 'DONE' });
        expect(await readOne(1, jobId, otherChunk)).toMatchObject({ status: 'FAILED' });
        expect(await readOne(1, otherJobId)).toMatchObject({ status: 'PENDING' });
        expect(await readOne(1, otherJobId, otherChunk)).toMatchObject({ status: 'PENDING' });
      });

      it('answers in the order of the call', async () => {
        await fill([4, 3, 2].map((row) => rowOf(row)));
        await store.finish(jobId, [doneOf(4), doneOf(2)]);
        const call = [doneOf(5), doneOf(4), failedOf(3), failedOf(2), doneOf(1)];
        expect(await store.finish(jobId, call)).toEqual(['missing', 'same', 'finished', 'different', 'missing']);
      });

      it('takes a full call of both outcomes', async () => {
        await fill(fullCall.map((row) => rowOf(row)));
        const call = fullCall.map((row) => (row % 2 === 0 ? doneOf(row) : failedOf(row)));
        expect(await store.finish(jobId, call)).toEqual(call.map(() => 'finished'));
        expect(await store.finish(jobId, call)).toEqual(call.map(() => 'same'));
        expect(await readOne(2)).toMatchObject({ status: 'DONE', result: { of: 2 } });
        expect(await readOne(25)).toMatchObject({ status: 'FAILED', error: { code: 'BAD_ROW', message: 'why 25' } });
      });

      it.each(placesInFullCall.map((rows) => [rows]))(
        'tells in a full call which rows are missing: %j',
        async (rows) => {
          await fill(fullCall.filter((row) => !rows.includes(row)).map((row) => rowOf(row)));
          const expected = fullCall.map((row): FinishOutcome => (rows.includes(row) ? 'missing' : 'finished'));
          expect(
            await store.finish(
              jobId,
              fullCall.map((row) => doneOf(row)),
            ),
          ).toEqual(expected);
          expect((await readAll()).map(({ row, status }) => [row, status])).toEqual(
            fullCall.filter((row) => !rows.includes(row)).map((row) => [row, 'DONE']),
          );
        },
      );

      it.each(placesInFullCall.map((rows) => [rows]))(
        'tells in a full call which rows are final, one of them otherwise: %j',
        async (rows) => {
          await fill(fullCall.map((row) => rowOf(row)));
          const [first, ...others] = rows;
          await store.finish(
            jobId,
            rows.map((row) => (row === first ? failedOf(row) : doneOf(row))),
          );
          const expected = fullCall.map((row): FinishOutcome => {
            if (row === first) return 'different';
            return others.includes(row) ? 'same' : 'finished';
          });
          expect(
            await store.finish(
              jobId,
              fullCall.map((row) => doneOf(row)),
            ),
          ).toEqual(expected);
          expect((await readAll()).map(({ status }) => status)).toEqual(
            fullCall.map((row) => (row === first ? 'FAILED' : 'DONE')),
          );
        },
      );

      it('tells everything apart in a full call', async () => {
        await fill(fullCall.filter((row) => row % 5 !== 0).map((row) => rowOf(row)));
        const final = fullCall.filter((row) => row % 5 === 1 || row % 5 === 2);
        await store.finish(
          jobId,
          final.map((row) => doneOf(row)),
        );
        const call = fullCall.map((row) => (row % 5 === 2 ? doneOf(row, null) : doneOf(row)));
        const expected: readonly FinishOutcome[] = ['missing', 'same', 'different', 'finished', 'finished'];
        expect(await store.finish(jobId, call)).toEqual(fullCall.map((row) => expected[row % 5]));
        expect(await store.countChunk(jobId, chunk)).toEqual({ PENDING: 0, DONE: 20, FAILED: 0 });
      });

      it.each<readonly [string, readonly OutcomeTuple[]]>([
        ['of 26 rows', range(1, statementsMax + 1).map((row) => doneOf(row))],
        ['with a row twice', [doneOf(1), doneOf(2), doneOf(1)]],
        ['with a row twice, otherwise the second time', [doneOf(1), failedOf(1)]],
        ['of 25 rows with the first one twice', [...range(1, statementsMax - 1), 1].map((row) => doneOf(row))],
        ['of more than 1 MiB', fullCall.map((row) => doneOf(row, { text: heavyText }))],
      ])('refuses a call %s, and changes nothing', async (_, call) => {
        await fill(range(1, statementsMax + 1).map((row) => rowOf(row)));
        await expect(store.finish(jobId, call)).rejects.toMatchObject(refusal);
        expect(await store.countChunk(jobId, chunk)).toMatchObject({ PENDING: 26, DONE: 0, FAILED: 0 });
      });

      it('lets one of two calls at once end a row', async () => {
        await fill([rowOf(1)]);
        const calls = [doneOf(1), failedOf(1)].map((outcome) => store.finish(jobId, [outcome]));
        expect((await Promise.all(calls)).flat().sort()).toEqual(['different', 'finished']);
      });

      it.each(oddValues)('keeps a result that holds %s', async (_, value) => {
        await fill([rowOf(1)]);
        const result = { value, nested: { values: [value, [value]] } };
        expect(await store.finish(jobId, [doneOf(1, result)])).toEqual(['finished']);
        expect(await store.finish(jobId, [doneOf(1, result)])).toEqual(['same']);
        expect(await readOne(1)).toMatchObject({ result });
      });

      it('keeps a result whose names are odd', async () => {
        await fill([rowOf(1)]);
        const text = '{"__proto__":{"a":1},"constructor":null,"":0,"a.b":[],"👍":"👎","\\uffff":1}';
        expect(await store.finish(jobId, [doneOf(1, JSON.parse(text) as Record<string, unknown>)])).toEqual([
          'finished',
        ]);
        const [stored] = await readAll();
        expect(Object.entries(JSON.parse(stored?.result ?? 'null') as object)).toEqual(
          Object.entries(JSON.parse(text)),
        );
      });

      it.each(oddValues.filter(([, value]) => typeof value === 'string'))(
        'keeps an error that holds %s',
        async (_, value) => {
          await fill([rowOf(1)]);
          const error = { code: String(value), message: `${value} and ${value}` };
          await store.finish(jobId, [failedOf(1, error.code, error.message)]);
          expect(await readOne(1)).toMatchObject({ status: 'FAILED', error });
        },
      );
    });

    describe('countChunk', () => {
      it('counts nothing in a chunk that has no rows', async () => {
        expect(await store.countChunk(jobId, chunk)).toEqual({ PENDING: 0, DONE: 0, FAILED: 0 });
      });

      it('counts the rows of its chunk alone, by status', async () => {
        await fill(range(1, 60).map((row) => rowOf(row)));
        await fill(range(61, 70).map((row) => rowOf(row, ['other'], otherChunk)));
        await fill(
          range(1, 5).map((row) => rowOf(row)),
          otherJobId,
        );
        await store.finish(
          jobId,
          range(1, 20).map((row) => doneOf(row)),
        );
        await store.finish(
          jobId,
          range(21, 27).map((row) => failedOf(row)),
        );
        await store.finish(jobId, [
          [otherChunk, 61, 'DONE', null],
          [otherChunk, 62, 'DONE', null],
          [otherChunk, 63, 'FAILED', ['A', 'b']],
        ]);
        await store.finish(otherJobId, [doneOf(1)]);
        expect(await store.countChunk(jobId, chunk)).toMatchObject({ PENDING: 33, DONE: 20, FAILED: 7 });
        expect(await store.countChunk(jobId, otherChunk)).toMatchObject({ PENDING: 7, DONE: 2, FAILED: 1 });
        expect(await store.countChunk(otherJobId, chunk)).toMatchObject({ PENDING: 4, DONE: 1, FAILED: 0 });
      });
    });

    describe('the row that countChunk names', () => {
      it('is one that is PENDING, and there is none where none is', async () => {
        await fill(range(1, 40).map((row) => rowOf(row)));
        await fill([rowOf(41, ['other'], otherChunk)]);
        const pending = new Set(range(1, 40));
        for (const row of [...range(1, 16), 20, 40, ...range(30, 39), ...range(17, 19), ...range(21, 29)]) {
          const { pendingRow } = await store.countChunk(jobId, chunk);
          expect(pending.has(pendingRow ?? 0)).toBe(true);
          await store.finish(jobId, [row % 2 === 0 ? doneOf(row) : failedOf(row)]);
          pending.delete(row);
        }
        expect(await store.countChunk(jobId, chunk)).not.toHaveProperty('pendingRow');
        expect((await store.countChunk(jobId, otherChunk)).pendingRow).toBe(41);
      });
    });

    describe('getRow', () => {
      it('is the row as a page has it, and no other', async () => {
        await fill([rowOf(1), rowOf(2), rowOf(17), rowOf(18)]);
        await fill([rowOf(3, ['other'], otherChunk)]);
        await fill([rowOf(4)], otherJobId);
        await store.finish(jobId, [doneOf(2), failedOf(17), doneOf(18, null)]);
        for (const stored of await readAll()) {
          expect(await store.getRow(jobId, chunk, stored.row)).toMatchObject(stored);
        }
        for (const row of [3, 4, 33]) expect(await store.getRow(jobId, chunk, row)).toBeUndefined();
        expect(await store.getRow(jobId, otherChunk, 3)).toMatchObject({ row: 3, status: 'PENDING' });
        expect(await store.getRow(otherJobId, chunk, 4)).toMatchObject({ row: 4, status: 'PENDING' });
      });

      it('is that of a write which was just confirmed', async () => {
        await fill([rowOf(1)]);
        expect((await store.getRow(jobId, chunk, 1))?.status).toBe('PENDING');
        await store.finish(jobId, [doneOf(1)]);
        expect((await store.getRow(jobId, chunk, 1))?.status).toBe('DONE');
      });

      it('says when the row was created, and when it was finished once it is', async () => {
        await fill([rowOf(1), rowOf(2)]);
        const pending = await store.getRow(jobId, chunk, 1);
        expect(pending?.createdAt).toEqual(expect.any(Number));
        expect(pending).not.toHaveProperty('finishedAt');
        await store.finish(jobId, [doneOf(1), failedOf(2)]);
        for (const row of [1, 2]) {
          const found = await store.getRow(jobId, chunk, row);
          expect(found?.createdAt).toBe(pending?.createdAt);
          expect(found?.finishedAt).toBeGreaterThanOrEqual(found?.createdAt ?? Number.POSITIVE_INFINITY);
        }
      });

      it('says that a row which was written off was finished when it was created', async () => {
        await store.insert(jobId, [rowOf(1)], { code: 'DROPPED', message: 'why' });
        const found = await store.getRow(jobId, chunk, 1);
        expect(found).toMatchObject({ status: 'FAILED', createdAt: expect.any(Number) });
        expect(found?.finishedAt).toBe(found?.createdAt);
      });
    });

    describe('remove', () => {
      it('removes rows of every status, and no others', async () => {
        await fill(range(1, 40).map((row) => rowOf(row)));
        await fill([rowOf(2, ['other'], otherChunk)]);
        await fill([rowOf(2)], otherJobId);
        await store.finish(jobId, [doneOf(1), failedOf(17), doneOf(20)]);
        expect(await store.remove(jobId, chunk, [17, 1, 2])).toEqual(['removed', 'removed', 'removed']);
        expect((await readAll()).map(({ row }) => row)).toEqual(
          range(1, 40).filter((row) => ![1, 2, 17].includes(row)),
        );
        expect(await store.countChunk(jobId, chunk)).toMatchObject({ PENDING: 36, DONE: 1, FAILED: 0 });
        expect(await store.getRow(jobId, chunk, 17)).toBeUndefined();
        expect(await store.getRow(jobId, otherChunk, 2)).toBeDefined();
        expect(await store.getRow(otherJobId, chunk, 2)).toBeDefined();
      });

      it('takes a full call', async () => {
        await fill(fullCall.map((row) => rowOf(row)));
        await store.finish(jobId, [doneOf(1), failedOf(2)]);
        expect(await store.remove(jobId, chunk, fullCall)).toEqual(fullCall.map(() => 'removed'));
        expect(await readAll()).toEqual([]);
        expect(await store.countChunk(jobId, chunk)).toEqual({ PENDING: 0, DONE: 0, FAILED: 0 });
      });

      it('answers removed of a row that is not there', async () => {
        await fill([rowOf(1)]);
        expect(await store.remove(jobId, chunk, [1, 2])).toEqual(['removed', 'removed']);
        expect(await store.remove(jobId, chunk, [1, 2])).toEqual(['removed', 'removed']);
      });

      it('leaves a place in which a row may be written anew', async () => {
        await fill([rowOf(1)]);
        await store.finish(jobId, [doneOf(1)]);
        await store.remove(jobId, chunk, [1]);
        expect(await store.finish(jobId, [doneOf(1)])).toEqual(['missing']);
        await fill([rowOf(1, ['other'])]);
        expect(await readOne(1)).toMatchObject({ status: 'PENDING', values: ['other'] });
      });

      it.each([
        ['of 26 rows', range(1, statementsMax + 1)],
        ['with a row twice', [1, 2, 1]],
        ['of no rows', []],
      ])('refuses a call %s, and removes nothing', async (_, rows) => {
        await fill([rowOf(1), rowOf(2)]);
        await expect(store.remove(jobId, chunk, rows)).rejects.toMatchObject(refusal);
        expect(await readAll()).toHaveLength(2);
      });
    });

    describe('readChunk', () => {
      it('reads nothing from a chunk that has no rows', async () => {
        await fill([rowOf(1)]);
        expect(await readAll(jobId, otherChunk)).toEqual([]);
        expect(await readAll(otherJobId)).toEqual([]);
      });

      it('reads rows in row order, however they were written', async () => {
        await fill([100, 9, 11, 1, 10, 99, 2].map((row) => rowOf(row)));
        await store.finish(jobId, [doneOf(99), failedOf(2)]);
        expect((await readAll()).map(({ row, status }) => `${row} ${status}`)).toEqual([
          '1 PENDING',
          '2 FAILED',
          '9 PENDING',
          '10 PENDING',
          '11 PENDING',
          '99 DONE',
          '100 PENDING',
        ]);
      });

      it.each([2_000, 4_001])('reads each of %i rows once, in row order', async (count) => {
        const rows = range(501, 500 + count);
        await fill(rows.toReversed().map((row) => rowOf(row)));
        await store.finish(jobId, [doneOf(501), failedOf(500 + count)]);
        const read = await readAll();
        expect(read.map(({ row }) => row)).toEqual(rows);
        expect(read.map(({ line }) => line)).toEqual(rows.map((row) => row + 1));
        expect([read.at(0)?.status, read.at(1)?.status, read.at(-1)?.status]).toEqual(['DONE', 'PENDING', 'FAILED']);
      });
    });
  });
};
