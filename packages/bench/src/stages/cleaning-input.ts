import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { createPlanner } from '@sluice/core/csv/plan';
import { writeDemoFile } from 'sluice/demo-file';
import type { BenchContext } from '../experiment.ts';
import { oncePerFolder } from './once-per-folder.ts';

/** Transactions of the demo's file, as many as the article had. */
const demoRows = 558_000;

/** A CSV file with a header line; `rows` are its records without the header. */
export type CleaningInput = { readonly path: string; readonly rows: number };

type Place = Pick<BenchContext, 'folder' | 'divisor' | 'file'>;

/** Bytes at whose end stand the header and the first `rows` records, and how many there are. */
const cut = (bytes: Buffer, rows: number): { readonly end: number; readonly rows: number } => {
  const planner = createPlanner({
    delimiter: 0x2c,
    cursor: { chunk: 0, offset: 0, row: 1, line: 1 },
    chunkBytes: Number.MAX_SAFE_INTEGER,
    limit: rows + 1,
  });
  planner.push(bytes);
  planner.end();
  const { offset, row } = planner.cursor();
  return { end: offset, rows: row - 2 };
};

const takeOwnFile = (file: string, divisor: number, path: string): CleaningInput => {
  const packed = readFileSync(file);
  const bytes = packed[0] === 0x1f && packed[1] === 0x8b ? gunzipSync(packed) : packed;
  const whole = cut(bytes, Number.MAX_SAFE_INTEGER - 1);
  const { end, rows } = divisor === 1 ? whole : cut(bytes, Math.ceil(whole.rows / divisor));
  writeFileSync(path, bytes.subarray(0, end));
  return { path, rows };
};

/**
 * What every contender that cleans a file reads: the demo's transactions, `divisor` times fewer; or the context's own file
 * (comma-separated, perhaps packed with gzip), of which the first rows when there is a divisor.
 */
export const cleaningInput = oncePerFolder(async ({ folder, divisor, file }: Place): Promise<CleaningInput> => {
  const path = join(folder, 'input.csv');
  if (file !== undefined) return takeOwnFile(file, divisor, path);
  return { path, rows: writeDemoFile(path, Math.ceil(demoRows / divisor)).rows };
});
