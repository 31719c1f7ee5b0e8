import { type Command, Option } from 'commander';
import type { CommandSeams } from '../local-commands.ts';
import type { CommonFlags, RunWork } from '../operate/commands.ts';
import { parseCount, parseDelimiterOption, parseEncoding } from '../run-options.ts';
import type { PlanFlags } from './plan-carrying.ts';
import { parseByStage, parseBytes, parseNumber, parseRows } from './plan-values.ts';
import { regionNames } from './price-table.ts';

const memory = {
  stages: ['split-file', 'clean-rows', 'store-rows', 'relay-rows', 'process-rows', 'finish-rows', 'audit-job'],
  /** Source: Lambda, "Quotas": memory of a function. */
  least: 128,
  most: 10_240,
} as const;

/** The relay runs as often as the table's stream has shards. */
const concurrency = {
  stages: ['split-file', 'clean-rows', 'store-rows', 'process-rows', 'finish-rows', 'audit-job'],
  /** Source: Lambda, ScalingConfig. */
  least: 2,
  most: 1_000,
} as const;

/** No function runs longer. Source: Lambda, "Quotas". */
const functionSecondsMax = 900;

type Flags = PlanFlags & Pick<CommonFlags, 'stack' | 'json'>;

/** The command that says what a file takes and costs. It asks a deployment only with --stack. */
export const addPlanCommand = (program: Command, { onInterrupt }: CommandSeams, run: RunWork): void => {
  program
    .command('plan')
    .description('say how long a file takes on AWS, what it costs, and what to change, before anything is spent')
    .argument('[file]', 'CSV file to look at; gzip and UTF-16 are read too (default: --rows)')
    .option('--rows <n>', 'rows instead of a file, such as 558000, 558k, 10M, 1B', parseRows('--rows'))
    .option('--bytes <size>', 'bytes of these rows, such as 50MB, 2GiB (default: 90 a row)', parseBytes('--bytes'))
    .option('--columns <n>', 'columns of these rows (default: 8)', parseCount('--columns', 1))
    .option('--schema <file>', 'JSON file that says what the columns hold: rows it rejects are not stored')
    .option(
      '--delimiter <character>',
      'one character, or comma, semicolon, tab, pipe (default: found out)',
      parseDelimiterOption,
    )
    .option('--encoding <name>', 'utf-8, utf-16le, utf-16be or windows-1252 (default: found out)', parseEncoding)
    .option('--no-header', 'the first record is a row; columns are column_1, column_2, ...')
    .option(
      '--stack <stack>',
      'take the settings of a deployment: its name (sluice-prod), a file with `terraform output -json`, or the folder of its Terraform (default: those of infra/wiring.json)',
    )
    .addOption(
      new Option('--region <region>', 'AWS region whose prices count (default: that of --stack, else us-east-1)')
        .choices(regionNames)
        // Its own words say what is wrong with another one.
        .argParser((text: string) => text),
    )
    .option('--write-units <n>', 'write budget: write units a second', parseCount('--write-units', 1))
    .option(
      '--table-units <n>',
      'write units a second that the table takes from the beginning: its warm throughput (default: 4000, a new table)',
      parseCount('--table-units', 1),
    )
    .option(
      '--memory <stage=megabytes>',
      'memory of a stage, such as process-rows=3538',
      parseByStage('--memory', memory),
    )
    .option(
      '--concurrency <stage=n>',
      'functions of a stage at once, such as process-rows=200',
      parseByStage('--concurrency', concurrency),
    )
    .option(
      '--rows-per-message <n>',
      'rows of one message (default: as many as fit)',
      parseCount('--rows-per-message', 1),
    )
    .option(
      '--processor-wait <milliseconds>',
      'time that your processor waits for a row (default: 0)',
      parseNumber('--processor-wait', functionSecondsMax * 1e3),
    )
    .option(
      '--processor-cpu <microseconds>',
      'time that your processor computes for a row on a whole vCPU (default: 10)',
      parseNumber('--processor-cpu', functionSecondsMax * 1e6),
    )
    .option('--result-bytes <n>', "bytes of a row's result as JSON (default: 45)", parseCount('--result-bytes', 0))
    .option(
      '--account-concurrency <n>',
      'functions that the account lets run at once (default: 1000)',
      parseCount('--account-concurrency', 1),
    )
    .addOption(
      new Option('--design <design>', "whose design: the article's sends each row alone")
        .choices(['sluice', 'article'])
        .default('sluice'),
    )
    .option('--chart <file>', 'file for a chart of the plan (SVG)')
    .option('--force', 'replace the file of --chart', false)
    .option('--json', 'print the plan as JSON on standard output', false)
    .option('--quiet', 'no progress', false)
    .addHelpText(
      'after',
      '\nExit status: 0 planned, 1 interrupted or a service failed, 2 wrong usage or unusable input.',
    )
    .action(async (file: string | undefined, { stack, json, ...flags }: Flags) => {
      const { planCarrying } = await import('./plan-carrying.ts');
      const { stdout, stderr } = process;
      if (stack !== undefined) {
        await run({ stack, json }, async (session) => {
          await planCarrying({ ...session, stdout, stderr }, file, flags);
          return 0;
        });
        return;
      }
      const { CommandFailed } = await import('../operate/session.ts');
      const { createOutput } = await import('../operate/output.ts');
      const output = createOutput(json, stdout, stderr);
      const signal = onInterrupt(() => new CommandFailed('ended by an interrupt'), 'ending');
      await planCarrying({ output, signal, stdout, stderr }, file, flags);
    });
};
