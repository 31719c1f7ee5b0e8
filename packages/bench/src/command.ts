import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { root } from '@sluice/build/root';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { toTerminalText } from 'sluice/terminal-text';
import { UsageError } from 'sluice/usage-error';
import type { Experiment } from './experiment.ts';
import { experimentsFor, experimentsOver } from './experiments.ts';
import { describeMachine, isSameMachine, type Machine } from './machine.ts';
import { publish, readResults, resultsPath } from './publish.ts';
import { aimsOf, renderExperiment, renderMachine } from './render-table.ts';
import { mergeResults, type Results } from './results.ts';
import { runExperiments } from './run-experiments.ts';

// Exit status 0: everything was measured, whatever came of it; 1: something failed, or an interrupt; 2: wrong usage.

const repetitionsUsual = 3;
const repetitionsMax = 100;
const quickRepetitions = 2;
/** A quick look shows whether everything works, and little of how fast it is. */
const quickDivisor = 50;

type Flags = {
  readonly only?: readonly string[];
  readonly repeat: number;
  readonly quick: boolean;
  readonly json: boolean;
  readonly file?: string;
  readonly renderOnly: boolean;
};

const tell = (line: string): void => void process.stderr.write(`${toTerminalText(line, 1_000)}\n`);

const readRepetitions = (text: string): number => {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= repetitionsMax) return number;
  throw new InvalidArgumentError(`expected 1 to ${repetitionsMax}, found ${text}`);
};

const choose = (experiments: readonly Experiment[], only: readonly string[] | undefined): readonly Experiment[] => {
  if (only === undefined) return experiments;
  const ids = experiments.map(({ id }) => id);
  const unknown = only.find((id) => !ids.includes(id));
  if (unknown !== undefined) throw new UsageError(`expected one of ${ids.join(', ')}, found ${unknown}`);
  return experiments.filter(({ id }) => only.includes(id));
};

const checkFile = async (file: string): Promise<void> => {
  const found = await stat(file).catch(() => undefined);
  if (found?.isFile() !== true) throw new UsageError(`expected a CSV file, found none at ${file}`);
};

const tellWritten = (paths: readonly string[]): void =>
  tell(`written: ${paths.map((each) => relative(root, each)).join(', ')}`);

/** Makes the page and the pictures anew of the figures there are. */
const render = async (): Promise<number> => {
  const results = await readResults();
  if (results === undefined) throw new UsageError(`expected figures in ${relative(root, resultsPath)}, found none`);
  tellWritten(await publish(results));
  return 0;
};

/** What was published, as far as new figures may stand beside it. Throws a UsageError when they may not. */
const readKept = async (replaced: readonly Experiment[], machine: Machine): Promise<Results | undefined> => {
  const before = await readResults();
  const ids = replaced.map(({ id }) => id);
  const isKept = before?.experiments.some(({ id }) => !ids.includes(id)) ?? false;
  if (before === undefined || !isKept || isSameMachine(before.machine, machine)) return before;
  throw new UsageError(
    `expected the machine of the other figures (${renderMachine(before.machine)}), found another: measure all of them`,
  );
};

const bench = async ({ only, repeat, quick, json, file }: Flags, signal: AbortSignal): Promise<number> => {
  const path = file === undefined ? undefined : resolve(file);
  if (path !== undefined) await checkFile(path);
  const experiments = choose(experimentsFor(path), only);
  const machine = await describeMachine();
  const before = quick ? undefined : await readKept(experiments, machine);
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
  try {
    const context = {
      folder,
      divisor: quick ? quickDivisor : 1,
      ...(path === undefined ? {} : { file: path }),
      signal,
      note: tell,
    };
    const today = (): string => new Date().toISOString().slice(0, 10);
    const repetitions = quick ? quickRepetitions : repeat;
    const { results, failed } = await runExperiments(experiments, repetitions, context, { tell, today });
    const measured: Results = { date: today(), machine, experiments: [...results] };
    process.stdout.write(
      json ? `${JSON.stringify(measured)}\n` : `${measured.experiments.map(renderExperiment).join('\n\n')}\n`,
    );
    for (const { contender, experiment, isMet, measure } of measured.experiments.flatMap(aimsOf)) {
      if (!isMet) tell(`aim missed: ${experiment}, ${contender}, ${measure.title}`);
    }
    if (!quick && results.length > 0) {
      const order = experimentsOver('').map(({ id }) => id);
      tellWritten(await publish(mergeResults(before, measured, order)));
    }
    if (failed.length > 0) tell(`failed: ${failed.join(', ')}`);
    return failed.length > 0 ? 1 : 0;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const interrupts = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    if (interrupts.signal.aborted) process.exit(1);
    tell('interrupted, ending (once more to stop at once)');
    interrupts.abort(new Error('ended by an interrupt'));
  });
}

const program = new Command('bench')
  .description('Measures Sluice against the usual ways of doing the same, one after the other on this machine.')
  .addOption(
    new Option('--only <ids>', 'these experiments alone').argParser((text: string) => text.split(',').filter(Boolean)),
  )
  .option('--repeat <count>', 'rounds that are counted', readRepetitions, repetitionsUsual)
  .option('--quick', `a ${quickDivisor}th of the rows, ${quickRepetitions} rounds; nothing is written`, false)
  .option('--json', 'figures as JSON instead of tables', false)
  .addOption(
    new Option('--file <path>', 'a CSV file of your own, for the experiments that need one').env('SLUICE_BENCH_FILE'),
  )
  .option('--render-only', 'measure nothing; make the page and the pictures of the figures there are', false)
  .exitOverride()
  .configureOutput({ outputError: (text) => tell(text.trim()) })
  .action(async (flags: Flags) => {
    process.exitCode = flags.renderOnly ? await render() : await bench(flags, interrupts.signal);
  });

try {
  await program.parseAsync();
} catch (thrown) {
  // Whatever was under way is broken off by an interrupt, each in its own words.
  const reason: unknown = interrupts.signal.aborted ? interrupts.signal.reason : thrown;
  if (reason instanceof CommanderError) process.exitCode = reason.exitCode === 0 ? 0 : 2;
  else {
    tell(`bench: ${reason instanceof Error ? reason.message : String(reason)}`);
    process.exitCode = reason instanceof UsageError ? 2 : 1;
  }
}
