import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { createGunzip } from 'node:zlib';
import { defaultProcessor, type Processor, readPermanent } from '@sluice/core/processor';
import { parse } from 'csv-parse';
import { cleanAny, cleanTransaction } from './usual-cleaning.ts';

// The usual script: node usual-script.ts FILE DATABASE RESULTS [PROCESSOR]
//
// One pass over the file with csv-parse: each row cleaned, inserted, processed and updated in SQLite, a thousand in a transaction, and
// its line written. It is the floor of the work and no pipeline: one thread, no queues, no retries, no dead letters, no ledger, nothing
// to go on from after a kill. It finds bytes that are not UTF-8 by the character that takes their place.

const rowsPerTransaction = 1_000;

export type UsualCounts = {
  readonly rows: number;
  readonly done: number;
  readonly failed: number;
  readonly rejected: number;
};

const [file = '', databasePath = '', results = '', processorFile] = process.argv.slice(2);
const clean = processorFile === undefined ? cleanAny : cleanTransaction;
const processor =
  processorFile === undefined
    ? defaultProcessor
    : ((await import(processorFile)) as { readonly default: Processor }).default;

const database = new DatabaseSync(databasePath);
database.exec(`
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE rows (row INTEGER PRIMARY KEY, status TEXT NOT NULL, data TEXT NOT NULL, result TEXT);
`);
const insert = database.prepare("INSERT INTO rows (row, status, data) VALUES (?, 'PENDING', ?)");
const update = database.prepare("UPDATE rows SET status = ?, result = ? WHERE row = ? AND status = 'PENDING'");

const counts = { rows: 0, done: 0, failed: 0, rejected: 0 };
const parser = parse({
  record_delimiter: ['\r\n', '\n'],
  relax_column_count: true,
  relax_quotes: true,
  skip_empty_lines: true,
  skip_records_with_error: true,
});
parser.on('skip', () => {
  counts.rows++;
  counts.rejected++;
});
const source = createReadStream(file);
const unpacked = file.endsWith('.gz') ? source.pipe(createGunzip()) : source;
unpacked.pipe(parser);
const lines = createWriteStream(results);

const signal = new AbortController().signal;
let columns: readonly string[] | undefined;
database.exec('BEGIN');
for await (const record of parser as AsyncIterable<readonly string[]>) {
  if (columns === undefined) {
    columns = record;
    continue;
  }
  const row = ++counts.rows;
  const cleaned = clean(columns, record);
  if (cleaned.kind === 'rejected') {
    counts.rejected++;
    continue;
  }
  const { data } = cleaned;
  insert.run(row, JSON.stringify(data));
  let outcome: { readonly status: 'DONE' | 'FAILED'; readonly result?: unknown; readonly error?: unknown };
  try {
    const context = { jobId: 'job', rowId: `job-${row}`, attempt: 1, signal };
    outcome = { status: 'DONE', result: await processor.process({ row, line: row, data }, context) };
    counts.done++;
  } catch (thrown) {
    outcome = {
      status: 'FAILED',
      error: readPermanent(thrown) ?? { code: 'PROCESSOR_ERROR', message: String(thrown) },
    };
    counts.failed++;
  }
  update.run(outcome.status, JSON.stringify(outcome.result ?? outcome.error ?? null), row);
  if (!lines.write(`${JSON.stringify({ row, data, ...outcome })}\n`)) await once(lines, 'drain');
  if (row % rowsPerTransaction === 0) database.exec('COMMIT; BEGIN');
}
database.exec('COMMIT');
database.close();
lines.end();
await once(lines, 'finish');
process.stdout.write(JSON.stringify(counts satisfies UsualCounts));
