import { basename, join } from 'node:path';
import { SluiceError } from '@sluice/core/errors';
import { isDiskFull, StateDamaged } from '@sluice/local-cloud/database';
import { Command, CommanderError } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { runDemo } from './demo.ts';
import { type SchemaInferOptions, schemaInfer } from './infer/schema-infer.ts';
import { addOperateCommands } from './operate/commands.ts';
import { CommandFailed } from './operate/session.ts';
import type { Report } from './report.ts';
import { renderReport } from './report.ts';
import type { RunResult } from './run.ts';
import { BrokenUnderFaults, DiskFull, Interrupted, run } from './run.ts';
import type { RunOptions } from './run-options.ts';
import { parseCount, parseDelimiterOption, parseEncoding, parseFolder, parseRatio } from './run-options.ts';
import { toTerminalText } from './terminal-text.ts';
import { UsageError } from './usage-error.ts';

// The command. Exit status 0: every row is accounted for; 1: not, or interrupted; 2: wrong usage or unusable input.

const say = (text: string): void => void process.stderr.write(text);

const finish = (result: RunResult, options: RunOptions): void => {
  const { report } = result;
  if (!options.quiet) say(renderReport(report, result, options));
  if (options.json) process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
};

const statusOf = ({ verdict }: Report): number => (verdict === 'COMPLETE' ? 0 : 1);

/** Tells what struck and what held. Returns whether all of it did. */
const finishChaos = async ({ chaos }: Pick<RunResult, 'chaos'>): Promise<boolean> => {
  if (chaos === undefined) return true;
  const { holds, renderChaos } = await import('./chaos/render-chaos.ts');
  say(renderChaos(chaos));
  return holds(chaos);
};

/** Aborts on the first interrupt, so that the command can end as it says; a second one ends the process at once. */
const onInterrupt = (what = 'writing what is there'): AbortSignal => {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(1);
      say(`\nsluice: interrupted, ${what} (once more to stop at once)\n`);
      controller.abort(new Interrupted());
    });
  }
  return controller.signal;
};

const delimiterHelp = 'one character, or comma, semicolon, tab, pipe (default: found out)';
const encodingHelp = 'utf-8, utf-16le, utf-16be or windows-1252 (default: found out)';
const headerHelp = 'the first record is a row; columns are column_1, column_2, ...';

/** A complaint of the parser's, which quotes what it was given and may add a proposal on a line of its own. */
const oneLine = (text: string): string => toTerminalText(text.trim().replaceAll(/\s*\n\s*/g, ' '), 500);

type RunFlags = Omit<RunOptions, 'file' | 'out'> & { readonly out?: string };

const createProgram = (onStatus: (status: number) => void): Command => {
  const program = new Command('sluice')
    .description(
      'Carries every row of a CSV file through clean, store, process and update, and proves that none was lost.',
    )
    .version(packageJson.version, '--version')
    .helpCommand(false)
    .commandsGroup('This machine:')
    .exitOverride()
    .configureOutput({ outputError: (text) => say(`sluice: ${oneLine(text.replace(/^error: /, ''))}\n`) });

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
      const options: RunOptions = { ...flags, file, out: flags.out ?? join('sluice-out', basename(file)) };
      const result = await run(options, onInterrupt());
      finish(result, options);
      onStatus((await finishChaos(result)) ? statusOf(result.report) : 1);
    });

  program
    .command('demo')
    .description('make 558,000 transactions with known dirt and take them through the pipeline')
    .option('--out <folder>', 'folder for the file and the results', parseFolder, join('sluice-out', 'demo'))
    .option('--rows <n>', 'transactions to make', parseCount('--rows', 1_000), 558_000)
    .option('--json', 'print the report on standard output', false)
    .option('--quiet', 'no progress, no ledger', false)
    .action(async (flags: { out: string; rows: number; json: boolean; quiet: boolean }) => {
      const { result, options, isAsExpected, comparison } = await runDemo(flags, onInterrupt());
      finish(result, options);
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
      await schemaInfer({ ...flags, file }, onInterrupt('ending'));
    });

  addOperateCommands(program, async (flags, work) => {
    const { connect } = await import('./operate/connect.ts');
    onStatus(await work(await connect(flags, onInterrupt('ending'))));
  });
  return program;
};

/** Runs the command and returns its exit status. */
const main = async (args: readonly string[]): Promise<number> => {
  let status = 0;
  const program = createProgram((found) => {
    status = found;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return status;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
    if (thrown instanceof UsageError) {
      say(`sluice: ${thrown.message}\n`);
      return 2;
    }
    if (thrown instanceof CommandFailed || thrown instanceof SluiceError) {
      say(`sluice: ${toTerminalText(thrown.message)}\n`);
      return 1;
    }
    if (thrown instanceof BrokenUnderFaults) {
      say(`sluice: ${toTerminalText(thrown.message)}\n`);
      await finishChaos(thrown);
      return 1;
    }
    const told = isDiskFull(thrown) ? new DiskFull() : thrown;
    if (told instanceof StateDamaged)
      say(`sluice: the state of this run was damaged again (${told.message}); is the disk sound?\n`);
    else if (told instanceof Interrupted || told instanceof DiskFull) say(`sluice: ${told.message}\n`);
    else
      say(`sluice: unexpected error: ${toTerminalText(thrown instanceof Error ? (thrown.stack ?? '') : '', 2_000)}\n`);
    return 1;
  }
};

// Whoever read what is printed may have gone; the run goes on, and its files tell the rest.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

process.exitCode = await main(process.argv.slice(2));
