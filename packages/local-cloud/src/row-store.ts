import type { SQLInputValue, StatementSync } from 'node:sqlite';
import { SluiceError } from '@sluice/core/errors';
import type { OutcomeTuple, RowTuple } from '@sluice/core/messages';
import type { Clock } from '@sluice/core/ports/clock';
import type { FinishOutcome, InsertOutcome, RowStatus, RowStore, StoredRow } from '@sluice/core/ports/row-store';
import { statementsMax } from '@sluice/core/ports/row-store';
import type { StageName } from '@sluice/core/wiring';
import type { LocalDatabase } from './database.ts';
import type { Faults } from './faults.ts';
import type { LocalStream } from './stream.ts';

// The rows table, over SQLite.
//
// Models: conditional inserts and forward-only updates, per-row answers, the limit of a call, the size of an item, a stream of
// real changes only. Does not model: capacity and throttling (the faults do), partition keys, indexes, TTL. A row's outcome
// lies in a table of its own: adding it costs half of changing the row.

/** DynamoDB: bytes of an item. Source: DynamoDB quotas. */
const itemBytesMax = 400 * 1024;
/** Rows of one page when a chunk is read. */
const pageRows = 2_000;

type RowRecord = { readonly line: number; readonly data: string };
type OutcomeRecord = { readonly status: string; readonly outcome: string };
type FullRecord = { row: number; line: number; data: string; status: string | null; outcome: string | null };

/** One placeholder group per row of a call. */
const groups = (group: string): string => Array.from({ length: statementsMax }, () => group).join(',');

const checkCall = (tuples: readonly (readonly [number, number, ...unknown[]])[]): void => {
  const rows = new Set(tuples.map(([, row]) => row));
  if (tuples.length === 0 || tuples.length > statementsMax || rows.size !== tuples.length) {
    throw new SluiceError(
      'SERVICE_REFUSED',
      `expected 1 to ${statementsMax} distinct rows in a call, found ${tuples.length} (${rows.size} distinct)`,
    );
  }
};

/** The text that is kept of an outcome: its result or its error, as JSON. */
const outcomeText = (outcome: OutcomeTuple): string => JSON.stringify(outcome[3]);

const toStoredRow = ({ row, line, data, status, outcome }: FullRecord): StoredRow => {
  if (status === null || outcome === null) return { row, line, data, status: 'PENDING' };
  if (status === 'FAILED') {
    const [code, message] = JSON.parse(outcome) as [string, string];
    return { row, line, data, status, error: { code, message } };
  }
  return { row, line, data, status: 'DONE', ...(outcome === 'null' ? {} : { result: outcome }) };
};

export const createLocalRows = (database: LocalDatabase, stream: LocalStream, clock: Clock, faults: Faults) => {
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
  const getRow = database.prepare('SELECT line, data FROM rows WHERE job = ? AND chunk = ? AND row = ?');
  const getOutcome = database.prepare('SELECT status, outcome FROM outcomes WHERE job = ? AND chunk = ? AND row = ?');
  const countRows = database.prepare('SELECT COUNT(*) AS count FROM rows WHERE job = ? AND chunk = ?');
  const countOutcomes = database.prepare(
    'SELECT status, COUNT(*) AS count FROM outcomes WHERE job = ? AND chunk = ? GROUP BY status',
  );
  const selectPage = database.prepare(`
    SELECT rows.row, line, data, status, outcome FROM rows LEFT JOIN outcomes USING (job, chunk, row)
    WHERE job = ? AND chunk = ? AND rows.row > ? ORDER BY rows.row LIMIT ${pageRows}
  `);

  const isConstraint = (thrown: unknown): boolean =>
    ((thrown as { readonly errcode?: number }).errcode ?? 0) % 256 === 19;

  /** True when all rows of a full call were written at once. */
  const writeCall = (statement: StatementSync, parameters: SQLInputValue[]): boolean => {
    try {
      database.write(statement, ...parameters);
      return true;
    } catch (thrown) {
      if (isConstraint(thrown)) return false;
      throw thrown;
    }
  };

  const appendInsert = (jobId: string, [chunk, row, line]: RowTuple, data: string, at: number): void => {
    stream.append({ eventName: 'INSERT', jobId, chunk, row, line, status: 'PENDING', data, at });
  };

  const insert = (jobId: string, rows: readonly RowTuple[]): InsertOutcome[] => {
    checkCall(rows);
    const now = clock.now();
    const texts = rows.map(([, , , values]) => JSON.stringify(values));
    const isSmall = texts.every((text) => text.length * 3 < itemBytesMax);
    if (rows.length === statementsMax && isSmall) {
      const parameters: SQLInputValue[] = [];
      rows.forEach(([chunk, row, line], i) => {
        parameters.push(jobId, chunk, row, line, texts[i] ?? '', now);
      });
      if (writeCall(insertCall, parameters)) {
        rows.forEach((tuple, i) => {
          appendInsert(jobId, tuple, texts[i] ?? '', now);
        });
        return rows.map(() => 'inserted');
      }
    }
    return rows.map((tuple, i): InsertOutcome => {
      const [chunk, row, line] = tuple;
      const data = texts[i] ?? '';
      if (Buffer.byteLength(data) >= itemBytesMax) return 'refused';
      if (database.write(insertOne, jobId, chunk, row, line, data, now) > 0) {
        appendInsert(jobId, tuple, data, now);
        return 'inserted';
      }
      const found = getRow.get(jobId, chunk, row) as RowRecord | undefined;
      return found?.line === line && found.data === data ? 'same' : 'different';
    });
  };

  const finish = (jobId: string, outcomes: readonly OutcomeTuple[]): FinishOutcome[] => {
    checkCall(outcomes);
    const now = clock.now();
    return outcomes.map((tuple): FinishOutcome => {
      const [chunk, row, status] = tuple;
      const found = getRow.get(jobId, chunk, row) as RowRecord | undefined;
      if (found === undefined) return 'missing';
      const outcome = outcomeText(tuple);
      if (Buffer.byteLength(outcome) + Buffer.byteLength(found.data) >= itemBytesMax) return 'refused';
      if (database.write(finishOne, jobId, chunk, row, status, outcome, now) > 0) {
        stream.append({ eventName: 'MODIFY', jobId, chunk, row, line: found.line, status, data: found.data, at: now });
        return 'finished';
      }
      const before = getOutcome.get(jobId, chunk, row) as OutcomeRecord | undefined;
      return before?.status === status && before.outcome === outcome ? 'same' : 'different';
    });
  };

  const countChunk = (jobId: string, chunk: number): Readonly<Record<RowStatus, number>> => {
    const { count: all } = countRows.get(jobId, chunk) as { count: number };
    const counts = { DONE: 0, FAILED: 0 };
    for (const { status, count } of countOutcomes.all(jobId, chunk) as { status: 'DONE' | 'FAILED'; count: number }[]) {
      counts[status] = count;
    }
    return { ...counts, PENDING: all - counts.DONE - counts.FAILED };
  };

  return (caller: StageName | 'runner'): RowStore => ({
    insert: (jobId, rows) => faults.call({ caller, service: 'rows', operation: 'insert' }, () => insert(jobId, rows)),
    finish: (jobId, outcomes) =>
      faults.call({ caller, service: 'rows', operation: 'finish' }, () => finish(jobId, outcomes)),
    countChunk: (jobId, chunk) =>
      faults.call({ caller, service: 'rows', operation: 'countChunk' }, () => countChunk(jobId, chunk)),
    async *readChunk(jobId, chunk) {
      for (let after = 0; ; ) {
        const page = await faults.call({ caller, service: 'rows', operation: 'readChunk' }, () =>
          (selectPage.all(jobId, chunk, after) as unknown as FullRecord[]).map(toStoredRow),
        );
        if (page.length > 0) yield page;
        if (page.length < pageRows) return;
        after = page.at(-1)?.row ?? after;
      }
    },
  });
};
