import { createReadStream } from 'node:fs';
import { parse } from 'csv-parse';
import { cleanField } from './clean-field.ts';
import { createSqs } from './clients.ts';
import { forEachInFlight } from './in-flight.ts';
import { measured } from './measured.ts';
import { batchMax, sendBatch } from './send-batch.ts';

// Clean and enqueue, the usual way of Node: a stream of csv-parse, every field cleaned, a message per row, in batches of ten.
// One process, as such scripts are: the parser cannot begin in the middle of a file.

const [path = '', queueUrl = ''] = process.argv.slice(2);

/** Calls under way: what keeps the one thread busy. From 16 to 50 made no difference to its CPU. */
const inFlight = 32;

let rows = 0;
let skipped = 0;

async function* readBatches(): AsyncGenerator<readonly string[]> {
  const records = createReadStream(path, { highWaterMark: 1024 * 1024 }).pipe(
    parse({
      bom: true,
      columns: (names: string[]) => names.map((name, index) => cleanField(name) ?? `column_${index + 1}`),
      record_delimiter: ['\r\n', '\n'],
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
      // Without it, one quote that is never closed would lose the whole file.
      skip_records_with_error: true,
      on_skip: () => {
        skipped++;
        return undefined;
      },
    }),
  );
  let batch: string[] = [];
  for await (const record of records as AsyncIterable<Record<string, string>>) {
    const data: Record<string, string | null> = {};
    for (const [column, field] of Object.entries(record)) data[column] = cleanField(field);
    rows++;
    batch.push(JSON.stringify({ row: rows, data }));
    if (batch.length < batchMax) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

const client = createSqs(inFlight);
await measured(async () => {
  await forEachInFlight(readBatches(), inFlight, (batch) => sendBatch(client, queueUrl, batch));
  return { rows, skipped };
});
client.destroy();
