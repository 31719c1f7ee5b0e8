import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { readFile, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dirt } from 'sluice/demo-file';
import { writeDemoFile } from 'sluice/demo-file';
import type { BenchContext } from '../experiment.ts';

/** Transactions of the demo, as many as the article had. */
export const demoRows = 558_000;

/** What a run leaves on the disk at most, while it lasts: the file, the state and the results. Unit: bytes. */
const bytesPerRow = 1_500;

/** A file of transactions, and how many of its rows end in which way. */
export type DemoInput = {
  readonly path: string;
  readonly rows: number;
  readonly rejected: number;
  readonly failed: number;
};

const countsOf = (path: string, { rows, rejects, unknownCurrencies }: Dirt): DemoInput => ({
  path,
  rows,
  rejected: [...rejects.values()].reduce((sum, count) => sum + count, 0),
  failed: unknownCurrencies,
});

/** Rows that are left of `rows` in a quick look. */
export const divided = (rows: number, { divisor }: Pick<BenchContext, 'divisor'>): number =>
  Math.max(1, Math.ceil(rows / divisor));

/** The demo's file of so many rows, made once for the folder. Throws when the disk could not take a run over it. */
export const demoInput = async ({ folder }: Pick<BenchContext, 'folder'>, rows: number): Promise<DemoInput> => {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < rows * bytesPerRow) {
    throw new Error(`expected ${rows * bytesPerRow} bytes free for a run of ${rows} rows, found ${bavail * bsize}`);
  }
  const path = join(folder, `transactions-${rows}.csv`);
  const about = `${path}.json`;
  if (existsSync(about)) return JSON.parse(await readFile(about, 'utf8')) as DemoInput;
  const input = countsOf(path, writeDemoFile(path, rows));
  writeFileSync(`${about}.tmp`, JSON.stringify(input));
  renameSync(`${about}.tmp`, about);
  return input;
};
