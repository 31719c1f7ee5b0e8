import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Dirt } from './demo-file.ts';
import { writeDemoFile } from './demo-file.ts';
import type { RunResult } from './run.ts';
import { run } from './run.ts';
import type { RunOptions } from './run-options.ts';
import { countText } from './terminal-text.ts';

const example = (file: string): string =>
  fileURLToPath(new URL(`../../../examples/transactions/${file}`, import.meta.url));

export type DemoOptions = Pick<RunOptions, 'out' | 'json' | 'quiet'> & { readonly rows: number };

export type DemoResult = {
  readonly result: RunResult;
  readonly options: RunOptions;
  /** What was put into the file is what came out, row by row. */
  readonly isAsExpected: boolean;
  /** The same, to be read. */
  readonly comparison: string;
};

type Line = readonly [name: string, made: number, found: number];

const compare = (dirt: Dirt, { report, rejects }: RunResult): readonly Line[] => [
  ['rows', dirt.rows, report.rows],
  ...[...dirt.rejects].map(([code, made]): Line => [`rejected ${code}`, made, rejects.get(code) ?? 0]),
  ['rejected', [...dirt.rejects.values()].reduce((sum, rows) => sum + rows, 0), report.rejected],
  ['failed UNKNOWN_CURRENCY', dirt.unknownCurrencies, report.failed],
];

const render = (lines: readonly Line[]): string => {
  const number = (value: number): string => countText(value).padStart(9);
  const rows = lines.map(
    ([name, made, found]) =>
      `  ${name.padEnd(26)}${number(made)}${number(found)}  ${made === found ? 'ok' : 'DIFFERENT'}`,
  );
  return [`  ${''.padEnd(26)}${'made'.padStart(9)}${'found'.padStart(9)}`, ...rows, '', ''].join('\n');
};

/** Makes a file of transactions, takes it through examples/transactions, and holds the outcome against what was made. */
export const runDemo = async (demo: DemoOptions, signal: AbortSignal): Promise<DemoResult> => {
  mkdirSync(demo.out, { recursive: true });
  const file = join(demo.out, 'transactions.csv');
  const dirt = writeDemoFile(file, demo.rows);
  const options: RunOptions = {
    file,
    out: join(demo.out, 'results'),
    schema: example('schema.json'),
    processor: example('processor.ts'),
    header: true,
    force: true,
    json: demo.json,
    quiet: demo.quiet,
  };
  const result = await run(options, signal);
  const lines = compare(dirt, result);
  return { result, options, isAsExpected: lines.every(([, made, found]) => made === found), comparison: render(lines) };
};
