import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Run } from './campaign.ts';
import { killTwice } from './exhaustive.ts';
import { type FaultClass, faultClasses } from './fault-classes.ts';
import { checkMutation } from './mutation-loader.ts';
import { mutationSeedsMax, tryMutations } from './mutation-runs.ts';
import { mutations } from './mutations.ts';
import {
  commandOf,
  describeHits,
  describeMutations,
  describeOutcome,
  describeSums,
  describeTrace,
  oddCells,
} from './report.ts';
import { type Broken, runCampaign } from './run-campaign.ts';
import { type ScenarioName, scenarioNames } from './scenario.ts';
import { shrink } from './shrink.ts';
import { simulate } from './simulate.ts';
import type { Sums } from './sums.ts';
import type { Knobs } from './workload.ts';
import type { Kill } from './world.ts';

const progressMilliseconds = 5_000;

const print = (lines: readonly string[]): void => void process.stdout.write(`${lines.join('\n')}\n`);
const tell = (line: string): void => void process.stderr.write(`${line}\n`);

const begunAt = performance.now();
const seconds = (): number => (performance.now() - begunAt) / 1000;

/** Tells now and then how far it has come. */
const createProgress = () => {
  let toldAt = performance.now();
  return (done: number, of: number): void => {
    if (performance.now() - toldAt < progressMilliseconds) return;
    toldAt = performance.now();
    tell(`${seconds().toFixed(0)} s, ${done} of ${of} simulations`);
  };
};

const commit = (): string => {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty', '--abbrev=12'], {
      encoding: 'utf8',
      stdio: 'pipe',
    }).trim();
  } catch {
    return 'unknown';
  }
};

const wholeNumber = (text: string): number => {
  const number = Number(text);
  if (text !== '' && Number.isSafeInteger(number) && number >= 0) return number;
  throw new InvalidArgumentError(`expected a whole number, found ${JSON.stringify(text)}`);
};

const faultList = (text: string): FaultClass[] =>
  (text === 'none' ? [] : text.split(',')).map((name) => {
    const found = faultClasses.find((fault) => fault === name);
    if (found === undefined) throw new InvalidArgumentError(`expected fault classes, found ${JSON.stringify(name)}`);
    return found;
  });

const killList = (text: string): Kill[] =>
  text.split(',').map((kill) => {
    const [, call, phase] = /^(\d+)-(before|after)$/.exec(kill) ?? [];
    if (call === undefined) {
      throw new InvalidArgumentError(`expected kills like 12-before,40-after, found ${JSON.stringify(kill)}`);
    }
    return { call: Number(call), phase: phase as Kill['phase'] };
  });

const again = ({ seed, knobs, scenario, kills }: Run) => simulate(seed, knobs, { scenario, kills });

/** Says what broke, and shows it as small as it gets. */
const explain = async ({ run, outcome }: Broken): Promise<void> => {
  process.exitCode = 1;
  print(['', `seed ${run.seed} at ${commit()}`, ...describeOutcome(outcome), `again    ${commandOf(run)}`]);
  // Other scenarios leave nothing out, and a run that had to be ended would have to be ended each time.
  const isShrunk = run.scenario === 'swarm' && outcome.digest !== '';
  if (!isShrunk) {
    print(describeTrace(outcome));
    return;
  }
  tell('making it smaller');
  const shrunk = await shrink(outcome, (seed, knobs) => again({ ...run, seed, knobs }));
  print([
    '',
    `smaller, after ${shrunk.runs} simulations`,
    ...describeTrace(shrunk.outcome),
    ...describeOutcome(shrunk.outcome),
    `again    ${commandOf({ ...run, knobs: shrunk.knobs })}`,
  ]);
};

type KnobOptions = {
  readonly uploads?: number;
  readonly records?: number;
  readonly without?: readonly FaultClass[];
  readonly faults?: readonly FaultClass[];
};

const withKnobs = (command: Command): Command =>
  command
    .option('--uploads <number>', 'keep so many uploads', wholeNumber)
    .option('--records <number>', 'keep so many records of each', wholeNumber)
    .option('--without <classes>', 'fault classes to leave out', faultList)
    .option('--faults <classes>', 'fault classes to leave in, or none', faultList);

const toKnobs = ({ uploads, records, without, faults }: KnobOptions): Knobs => {
  const left = faults === undefined ? without : faultClasses.filter((fault) => !faults.includes(fault));
  return {
    ...(uploads === undefined ? {} : { uploads }),
    ...(records === undefined ? {} : { records }),
    ...(left === undefined ? {} : { without: left }),
  };
};

const scenarioOption = (): Option =>
  new Option('--scenario <name>', 'what is drawn').choices(scenarioNames).default('swarm');

const program = new Command('simulator').description('simulates the pipeline under faults');

withKnobs(program.command('seeds'))
  .description('many seeds, on every core, until one breaks an invariant')
  .option('--seeds <number>', 'how many', wholeNumber, 1_000)
  .option('--from <seed>', 'the first', wholeNumber, 1)
  .addOption(scenarioOption())
  .action(async (options: KnobOptions & { seeds: number; from: number; scenario: ScenarioName }) => {
    const { seeds, from, scenario } = options;
    const progress = createProgress();
    const { sums, broken } = await runCampaign(
      { kind: 'seeds', from, count: seeds, scenario, knobs: toKnobs(options) },
      { onProgress: ({ runs }: Sums, of) => progress(runs, of) },
    );
    print([...describeHits(sums.hits), '', ...describeSums(sums, seconds())]);
    if (broken !== undefined) {
      await explain(broken);
      return;
    }
    const isWhole = scenario === 'swarm' && Object.keys(toKnobs(options)).length === 0;
    const odd = isWhole ? oddCells(sums.hits) : [];
    if (odd.length > 0) print(['', ...odd]);
    print([
      '',
      `every invariant holds in seeds ${from} to ${from + seeds - 1} at ${commit()}`,
      `with 95 % confidence fewer than one seed in ${Math.floor(seeds / 3)} breaks one`,
    ]);
  });

withKnobs(program.command('seed'))
  .description('one seed, twice: both runs have to be the same')
  .argument('<seed>', 'any whole number', wholeNumber)
  .option('--kills <kills>', 'processes to kill: 12-before,40-after', killList)
  .addOption(scenarioOption())
  .action(async (seed: number, options: KnobOptions & { kills?: Kill[]; scenario: ScenarioName }) => {
    const { scenario, kills = [] } = options;
    const run: Run = { seed, knobs: toKnobs(options), scenario, kills };
    const outcome = await again(run);
    const twin = await again(run);
    print([...describeHits(outcome.hits), '', ...describeTrace(outcome), '', ...describeOutcome(outcome)]);
    if (outcome.digest !== twin.digest) {
      print([`expected the same run twice, found the digests ${outcome.digest} and ${twin.digest}`]);
      process.exitCode = 1;
    }
    if (outcome.violation !== undefined) process.exitCode = 1;
  });

program
  .command('exhaustive')
  .description('kills a process at every port call of a small run, then at every pair of calls')
  .action(async () => {
    const progress = createProgress();
    const { calls, single, pairs, broken } = await killTwice(({ runs }: Sums, of) => progress(runs, of));
    print([
      `${calls} port calls: ${single} runs with one death, ${pairs} with two, in ${seconds().toFixed(0)} s at ${commit()}`,
    ]);
    if (broken === undefined) print(['every one of them converges, and every invariant holds']);
    else await explain(broken);
  });

program
  .command('mutations')
  .description('puts each deliberate bug into the product, and runs seeds until it is caught')
  .option('--seeds <number>', 'seeds after which a bug has survived', wholeNumber, mutationSeedsMax)
  .option('--only <ids>', 'ids, with commas between', (text: string) => text.split(','))
  .action(async ({ seeds, only }: { seeds: number; only?: string[] }) => {
    const chosen = mutations.filter(({ id }) => only?.includes(id) ?? true);
    if (chosen.length === 0) throw new Error(`expected ids of deliberate bugs, found ${only?.join(',')}`);
    chosen.forEach(checkMutation);
    const results = await tryMutations(chosen, availableParallelism(), seeds, (result) => {
      const { mutation, caughtBy, message } = result;
      tell(
        `${mutation.id} ${caughtBy ?? 'SURVIVES'} after ${result.seeds} seeds, ${result.seconds.toFixed(1)} s: ${message}`,
      );
    });
    const survivors = results.filter(({ caughtBy }) => caughtBy === undefined);
    print([
      ...describeMutations(results),
      '',
      `${results.length - survivors.length} of ${results.length} deliberate bugs are caught, in ${seconds().toFixed(0)} s at ${commit()}`,
    ]);
    // What catches a bug must hold without it.
    for (const scenario of scenarioNames) {
      const taken = results.filter((result) => (result.mutation.scenario ?? 'swarm') === scenario && result.caughtBy);
      const count = Math.max(0, ...taken.map((result) => result.seeds));
      if (count === 0) continue;
      const { broken } = await runCampaign({ kind: 'seeds', from: 1, count, scenario });
      if (broken === undefined) print([`without any, seeds 1 to ${count} of ${scenario} hold`]);
      else await explain(broken);
    }
    if (survivors.length > 0) process.exitCode = 1;
  });

await program.parseAsync();
