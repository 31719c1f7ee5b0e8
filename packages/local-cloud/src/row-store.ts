import type { SQLInputValue } from 'node:sqlite';
import { SluiceError } from '@sluice/core/errors';
import type { OutcomeTuple, RowTuple } from '@sluice/core/messages';
import type { Clock } from '@sluice/core/ports/clock';
import type {
  DatedRow,
  FinishOutcome,
  InsertOutcome,
  RemoveOutcome,
  RowCounts,
  RowStore,
  StoredRow,
} from '@sluice/core/ports/row-store';
import { callBytesMax, statementsMax } from '@sluice/core/ports/row-store';
import type { LocalDatabase, LocalStatement } from './database.ts';
import type { Change, Image, LocalStream } from './stream.ts';

// The rows table, over SQLite.
//
// Models: conditional inserts and forward-only updates, per-row answers, the limit of a call, the size of an item, a stream of
// real changes only. Does not model: capacity, throttling, partition keys, indexes, TTL. A row's outcome lies in a table of its
// own: adding it costs half of changing the row.

/** DynamoDB: bytes of an item. Source: DynamoDB quotas. */
const itemBytesMax = 400 * 1024;
/** Rows of one page when a chunk is read. */
const pageRows = 2_000;

type OutcomeRecord = { readonly status: string; readonly outcome: string };
type FullRecord = readonly [row: number, line: number, data: string, status: string | null, outcome: string | null];
type DatedRecord = readonly [...FullRecord, created: number, finished: number | null];

/** One placeholder group per row of a call. */
const groups = (group: string): string => Array.from({ length: statementsMax }, () => group).join(',');

/** `texts` are what the rows weigh. */
const checkCall = (
  tuples: readonly (readonly [chunk: number, row: number, ...unknown[]])[],
  texts: readonly string[],
): void => {
  let distinct = new Set(tuples.map(([, row]) => row)).size;
  // Only rows of two chunks can have a number in common.
  if (distinct !== tuples.length) distinct = new Set(tuples.map(([chunk, row]) => `${chunk}#${row}`)).size;
  if (tuples.length === 0 || tuples.length > statementsMax || distinct !== tuples.length) {
    throw new SluiceError(
      'SERVICE_REFUSED',
      `expected 1 to ${statementsMax} distinct rows in a call, found ${tuples.length} (${distinct} distinct)`,
    );
  }
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (bytes > callBytesMax) {
    throw new SluiceError('SERVICE_REFUSED', `expected at most ${callBytesMax} bytes in a call, found ${bytes}`);
  }
};

/** The text that is kept of an outcome: its result or its error, as JSON. */
const outcomeText = (outcome: OutcomeTuple): string => JSON.stringify(outcome[3]);

const toStoredRow = ([row, line, data, status, outcome]: FullRecord | DatedRecord): StoredRow => {
  if (status === null || outcome === null) return { row, line, data, status: 'PENDING' };
  if (status === 'FAILED') {
    const [code, message] = JSON.parse(outcome) as [string, string];
    return { row, line, data, status, error: { code, message } };
  }
  return { row, line, data, status: 'DONE', ...(outcome === 'null' ? {} : { result: outcome }) };
};

export const createLocalRows = (database: LocalDatabase, stream: LocalStream, clock: Clock) => {
  const insertOne = database.prepare(
    'INSERT INTO rows (job, chunk, row, line, data, created) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  // Without a conflict clause: a call with one row that exists changes nothing, and is then taken row by row.
  const insertCall = database.prepare(
    `INSERT INTO rows (job, chunk, row, line, data, created) VALUES ${groups('(?, ?, ?, ?, ?, ?)')}`,
  );
  const finishOne = database.prepare(
    'INSERT INTO outcomes (job, chunk, row, status, outcome, finished) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const finishCall = database.prepare(`
    INSERT INTO outcomes (job, chunk, row, status, outcome, finished)
    SELECT * FROM (VALUES ${groups('(?, ?, ?, ?, ?, ?)')}) AS new
    WHERE EXISTS (SELECT 1 FROM rows WHERE job = new.column1 AND chunk = new.column2 AND row = new.column3)
  `);
  const imageOf = database.prepare('SELECT line, data FROM rows WHERE job = ? AND chunk = ? AND row = ?');
  const selectRow = database.prepare(`
    SELECT rows.row, line, data, status, outcome, created, finished FROM rows LEFT JOIN outcomes USING (job, chunk, row)
    WHERE job = ? AND chunk = ? AND rows.row = ?
  `);
  selectRow.setReturnArrays(true);
  const removeRow = database.prepare('DELETE FROM rows WHERE job = ? AND chunk = ? AND row = ?');
  const removeOutcome = database.prepare('DELETE FROM outcomes WHERE job = ? AND chunk = ? AND row = ?');
  const getOutcome = database.prepare('SELECT status, outcome FROM outcomes WHERE job = ? AND chunk = ? AND row = ?');
  const countRows = database.prepare('SELECT COUNT(*) AS count FROM rows WHERE job = ? AND chunk = ?');
  const countOutcomes = database.prepare(
    'SELECT status, COUNT(*) AS count FROM outcomes WHERE job = ? AND chunk = ? GROUP BY status',
  );
  const firstPending = database.prepare(`
    SELECT row FROM rows WHERE job = ?1 AND chunk = ?2
    AND NOT EXISTS (SELECT 1 FROM outcomes WHERE job = ?1 AND chunk = ?2 AND row = rows.row) ORDER BY row LIMIT 1
  `);
  const selectPage = database.prepare(`
    SELECT rows.row, line, data, status, outcome FROM rows LEFT JOIN outcomes USING (job, chunk, row)
    WHERE job = ? AND chunk = ? AND rows.row > ? ORDER BY rows.row LIMIT ${pageRows}
  `);
  // Arrays cost half of objects.
  selectPage.setReturnArrays(true);

  const insertKey = database.prepare('INSERT INTO job_keys (job) VALUES (?) ON CONFLICT DO NOTHING');
  const selectKey = database.prepare('SELECT key FROM job_keys WHERE job = ?');
  const keys = new Map<string, number>();

  /** A job's number: a short key makes every row's entry shorter. */
  const keyOf = (jobId: string): number => {
    let key = keys.get(jobId);
    if (key === undefined) {
      database.write(insertKey, jobId);
      key = (selectKey.get(jobId) as { key: number }).key;
      keys.set(jobId, key);
    }
    return key;
  };

  const isConstraint = (thrown: unknown): boolean =>
    ((thrown as { readonly errcode?: number }).errcode ?? 0) % 256 === 19;

  /** How many rows of a full call were written at once; undefined when one stands there already, and then none was. */
  const writeCall = (statement: LocalStatement, parameters: SQLInputValue[]): number | undefined => {
    try {
      return database.write(statement, ...parameters);
    } catch (thrown) {
      if (isConstraint(thrown)) return undefined;
      throw thrown;
    }
  };

  const insert = async (
    jobId: string,
    rows: readonly RowTuple[],
    writtenOff?: StoredRow['error'],
  ): Promise<InsertOutcome[]> => {
    const texts = rows.map(([, , , values]) => JSON.stringify(values));
    const error = writtenOff === undefined ? '' : JSON.stringify([writtenOff.code, writtenOff.message]);
    checkCall(rows, error === '' ? texts : texts.map((text) => text + error));
    const status = writtenOff === undefined ? 'PENDING' : 'FAILED';
    const at = clock.now();
    const key = keyOf(jobId);
    const append = ([chunk, row, line]: RowTuple, data: string): void => {
      stream.append({ eventName: 'INSERT', jobId, chunk, row, status, at, image: { line, data } });
    };
    // A character is at most three bytes.
    if (
      writtenOff === undefined &&
      rows.length === statementsMax &&
      texts.every((text) => text.length * 3 < itemBytesMax)
    ) {
      const parameters: SQLInputValue[] = [];
      rows.forEach(([chunk, row, line], i) => {
        parameters.push(key, chunk, row, line, texts[i] ?? '', at);
      });
      if (writeCall(insertCall, parameters) !== undefined) {
        rows.forEach((tuple, i) => {
          append(tuple, texts[i] ?? '');
        });
        return rows.map(() => 'inserted');
      }
    }
    return rows.map((tuple, i): InsertOutcome => {
      const [chunk, row, line] = tuple;
      const data = texts[i] ?? '';
      if (Buffer.byteLength(data) + Buffer.byteLength(error) >= itemBytesMax) return 'refused';
      if (database.write(insertOne, key, chunk, row, line, data, at) > 0) {
        if (writtenOff !== undefined) database.write(finishOne, key, chunk, row, status, error, at);
        append(tuple, data);
        return 'inserted';
      }
      const found = imageOf.get(key, chunk, row) as Image | undefined;
      return found?.line === line && found.data === data ? 'same' : 'different';
    });
  };

  const finish = async (jobId: string, outcomes: readonly OutcomeTuple[]): Promise<FinishOutcome[]> => {
    const texts = outcomes.map(outcomeText);
    checkCall(outcomes, texts);
    const at = clock.now();
    const key = keyOf(jobId);
    const append = ([chunk, row, status]: OutcomeTuple): void => {
      stream.append({ eventName: 'MODIFY', jobId, chunk, row, status, at });
    };
    // Rows are at most 192 KiB and results 64 KiB: an item with both stays within its limit.
    if (outcomes.length === statementsMax) {
      const parameters: SQLInputValue[] = [];
      outcomes.forEach(([chunk, row, status], i) => {
        parameters.push(key, chunk, row, status, texts[i] ?? '', at);
      });
      const written = writeCall(finishCall, parameters);
      if (written === outcomes.length) {
        outcomes.forEach(append);
        return outcomes.map(() => 'finished');
      }
      if (written !== undefined) {
        return outcomes.map((tuple): FinishOutcome => {
          if (getOutcome.get(key, tuple[0], tuple[1]) === undefined) return 'missing';
          append(tuple);
          return 'finished';
        });
      }
    }
    return outcomes.map((tuple, i): FinishOutcome => {
      const [chunk, row, status] = tuple;
      const found = imageOf.get(key, chunk, row) as Image | undefined;
      if (found === undefined) return 'missing';
      const text = texts[i] ?? '';
      if (database.write(finishOne, key, chunk, row, status, text, at) > 0) {
        append(tuple);
        return 'finished';
      }
      const before = getOutcome.get(key, chunk, row) as OutcomeRecord | undefined;
      return before?.status === status && before.outcome === text ? 'same' : 'different';
    });
  };

  const countChunk = async (jobId: string, chunk: number): Promise<RowCounts> => {
    const { count: all } = countRows.get(keyOf(jobId), chunk) as { count: number };
    const counts = { DONE: 0, FAILED: 0 };
    for (const { status, count } of countOutcomes.all(keyOf(jobId), chunk) as {
      status: 'DONE' | 'FAILED';
      count: number;
    }[]) {
      counts[status] = count;
    }
    const found = { ...counts, PENDING: all - counts.DONE - counts.FAILED };
    if (found.PENDING === 0) return found;
    const pending = firstPending.get(keyOf(jobId), chunk) as { readonly row: number } | undefined;
    return pending === undefined ? found : { ...found, pendingRow: pending.row };
  };

  const getRow = async (jobId: string, chunk: number, row: number): Promise<DatedRow | undefined> => {
    const found = selectRow.get(keyOf(jobId), chunk, row) as unknown as DatedRecord | undefined;
    if (found === undefined) return undefined;
    const [, , , , , createdAt, finishedAt] = found;
    return { ...toStoredRow(found), createdAt, ...(finishedAt === null ? {} : { finishedAt }) };
  };

  /** As with REMOVE on AWS, which no mapping asks for, nothing of it is in the stream. */
  const remove = async (jobId: string, chunk: number, rows: readonly number[]): Promise<RemoveOutcome[]> => {
    checkCall(
      rows.map((row) => [chunk, row]),
      [],
    );
    const key = keyOf(jobId);
    for (const row of rows) {
      database.write(removeOutcome, key, chunk, row);
      database.write(removeRow, key, chunk, row);
    }
    return rows.map(() => 'removed');
  };

  /** What the image of a change holds that came without it. */
  const readImage = ({ jobId, chunk, row }: Change): Image => imageOf.get(keyOf(jobId), chunk, row) as Image;

  const port: RowStore = {
    insert,
    finish,
    countChunk,
    getRow,
    remove,
    async *readChunk(jobId, chunk) {
      for (let after = 0; ; ) {
        const records = selectPage.all(keyOf(jobId), chunk, after) as unknown as FullRecord[];
        const page = records.map(toStoredRow);
        if (page.length > 0) yield page;
        if (page.length < pageRows) return;
        after = page.at(-1)?.row ?? after;
      }
    },
  };
  return { port, readImage };
};
