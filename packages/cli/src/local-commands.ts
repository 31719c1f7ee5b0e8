import { basename, join } from 'node:path';
import type { Command } from 'commander';
import type { SchemaInferOptions } from './infer/schema-infer.ts';
import type { Report } from './report.ts';
import type { RunResult } from './run.ts';
import type { RunOptions } from './run-options.ts';
import { parseCount, parseDelimiterOption, parseEncoding, parseFolder, parseRatio } from './run-options.ts';
import { tellChaos } from './tell-error.ts';

/** What commands are given besides what they are told. */
export type CommandSeams = {
  /** Writes to standard error. */
  say(text: string): void;
  /** Takes the exit status of a command that ended by itself. */
  onStatus(status: number): void;
  /** Aborts, for this reason, on the first interrupt, so that the command can end as `what` says; a second one ends the process at once. */
  onInterrupt(reason: () => Error, what: string): AbortSignal;
};

const delimiterHelp = 'one character, or comma, semicolon, tab, pipe (default: found out)';
const encodingHelp = 'utf-8, utf-16le, utf-16be or windows-1252 (default: found out)';
const headerHelp = 'the first record is a row; columns are column_1, column_2, ...';

const statusOf = ({ verdict }: Report): number => (verdict === 'COMPLETE' ? 0 : 1);

type RunFlags = Omit<RunOptions, 'file' | 'out'> & { readonly out?: string };

/** The commands that need no deployment. What they do is loaded when it is asked for. */
export const addLocalCommands = (program: Command, { say, onStatus, onInterrupt }: CommandSeams): void => {
  const finish = async (result: RunResult, options: RunOptions): Promise<void> => {
    const { report } = result;
    if (!options.quiet) say((await import('./report.ts')).renderReport(report, result, options));
    if (options.json) process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  };

  program
    .command('run')
    .description('take a CSV file through the whole pipeline on this machine')
    .argument('<file>', 'CSV file; gzip and UTF-16 are read too')
    .option('--schema <file>', 'JSON file that says what the columns hold')
    .option('--processor <file>', 'TypeScript or JavaScript module with your own processing')
    .option('--out <folder>', 'folder for the results (default: sluice-out/<file name>)', parseFolder)
    .option('--delimiter <character>', delimiterHelp, parseDelimiterOption)
    .option('--encoding <name>', encodingHelp, parseEncoding)
    .option('--no-header', headerHelp)
    .option(
      '--rows-per-message <n>',
      'rows of one message (default: as many as fit)',
      parseCount('--rows-per-message', 1),
    )
    .option(
      '--chunk-bytes <n>',
      'bytes of one chunk (default: by the size of the file)',
      parseCount('--chunk-bytes', 1),
    )
    .option(
      '--max-rejected <ratio>',
      'share of rejected rows above which the file is refused, like 0.01 or 1%',
      parseRatio('--max-rejected'),
    )
    .option('--limit <n>', 'stop reading after this many rows', parseCount('--limit', 1))
    .option(
      '--chaos <seed>',
      'let faults of every kind strike meanwhile, and hold what comes of it against the file; the seed draws what strikes and how often, real time when, so no two runs are the same',
      parseCount('--chaos', 0),
    )
    .option('--force', 'use the folder even if it holds other files or results, or little space', false)
    .option('--json', 'print the report on standard output', false)
    .option('--quiet', 'no progress, no ledger', false)
    .addHelpText(
      'after',
      '\nExit status: 0 complete, 1 rows are held, missing or the run was interrupted, 2 wrong usage or unusable input.',
    )
    .action(async (file: string, flags: RunFlags) => {
      const { Interrupted, run } = await import('./run.ts');
      const options: RunOptions = { ...flags, file, out: flags.out ?? join('sluice-out', basename(file)) };
      const result = await run(
        options,
        onInterrupt(() => new Interrupted(), 'writing what is there'),
      );
      await finish(result, options);
      onStatus((await tellChaos(result, say)) ? statusOf(result.report) : 1);
    });

  program
    .command('demo')
    .description('make 558,000 transactions with known dirt and take them through the pipeline')
    .option('--out <folder>', 'folder for the file and the results', parseFolder, join('sluice-out', 'demo'))
    .option('--rows <n>', 'transactions to make', parseCount('--rows', 1_000), 558_000)
    .option('--json', 'print the report on standard output', false)
    .option('--quiet', 'no progress, no ledger', false)
    .action(async (flags: { out: string; rows: number; json: boolean; quiet: boolean }) => {
      const { Interrupted } = await import('./run.ts');
      const { runDemo } = await import('./demo.ts');
      const signal = onInterrupt(() => new Interrupted(), 'writing what is there');
      const { result, options, isAsExpected, comparison } = await runDemo(flags, signal);
      await finish(result, options);
      if (!flags.quiet) say(comparison);
      onStatus(isAsExpected ? statusOf(result.report) : 1);
    });

  program
    .command('schema')
    .description('schemas of files')
    .helpCommand(false)
    .command('infer')
    .description('read a whole CSV file and propose a schema for it, with how sure that is')
    .argument('<file>', 'CSV file; gzip and UTF-16 are read too')
    .option('--out <file>', 'file for the schema (default: standard output)')
    .option('--tolerate <ratio>', 'share of a column that may be dirt, like 0.001 or 0.1%', parseRatio('--tolerate'), 0)
    .option('--delimiter <character>', delimiterHelp, parseDelimiterOption)
    .option('--encoding <name>', encodingHelp, parseEncoding)
    .option('--no-header', headerHelp)
    .option('--limit <n>', 'stop reading after this many rows', parseCount('--limit', 1))
    .option('--force', 'replace the file of --out', false)
    .option('--quiet', 'no progress, no report', false)
    .addHelpText('after', '\nExit status: 0 proposed, 1 interrupted, 2 wrong usage or unusable input.')
    .action(async (file: string, flags: Omit<SchemaInferOptions, 'file'>) => {
      const { Interrupted } = await import('./run.ts');
      const { schemaInfer } = await import('./infer/schema-infer.ts');
      await schemaInfer(
        { ...flags, file },
        onInterrupt(() => new Interrupted(), 'ending'),
      );
    });
};
