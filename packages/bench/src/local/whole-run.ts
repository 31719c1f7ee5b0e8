import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchContext, Contender, Experiment, Measure, Sample } from '../experiment.ts';
import { cleaningInput } from '../stages/cleaning-input.ts';
import { demoInput, demoRows, divided } from './demo-input.ts';
import { runMeasured, type Usage } from './run-measured.ts';
import { type Expected, runSluice } from './run-sluice.ts';
import { demoOptions, demoProcessor } from './sluice-command.ts';
import type { UsualCounts } from './usual-script.ts';

/** What a whole run is measured by. */
export const wholeRunMeasures = (aims: {
  readonly seconds?: Measure['aim'];
  readonly peakMebibytes?: Measure['aim'];
}): readonly Measure[] => [
  { name: 'seconds', title: 'time', unit: 's', better: 'less', ...(aims.seconds && { aim: aims.seconds }) },
  { name: 'rowsPerSecond', title: 'rows', unit: 'rows/s', better: 'more' },
  { name: 'cpuMicrosecondsPerRow', title: 'CPU per row', unit: 'us', better: 'less' },
  {
    name: 'peakMebibytes',
    title: 'peak memory',
    unit: 'MiB',
    better: 'less',
    ...(aims.peakMebibytes && { aim: aims.peakMebibytes }),
  },
];

/** What a run is meant to keep to, however large the file is. */
export const memoryAim = { value: 700, source: 'so that it runs beside other things, and does not grow with the file' };

export const wholeRunSample = (rows: number, usage: Usage): Sample => ({
  seconds: usage.seconds,
  rowsPerSecond: rows / usage.seconds,
  cpuMicrosecondsPerRow: (usage.cpuSeconds * 1e6) / rows,
  peakMebibytes: usage.peakMebibytes,
});

type Work = {
  readonly file: string;
  readonly options: readonly string[];
  readonly expected: Expected;
  readonly processor?: string;
};

const ours = (workOf: (context: BenchContext) => Promise<Work>): Contender => ({
  id: 'sluice',
  title: 'sluice run',
  async run(context) {
    const { file, options, expected } = await workOf(context);
    const { report, usage } = await runSluice(file, options, expected, context);
    return wholeRunSample(report.rows, usage);
  },
});

const script = fileURLToPath(new URL('./usual-script.ts', import.meta.url));

const usual = (workOf: (context: BenchContext) => Promise<Work>): Contender => ({
  id: 'usual-script',
  title: 'a script: csv-parse, one insert and one update per row in SQLite; one thread, no retries, no ledger',
  async run(context) {
    const { file, expected, processor } = await workOf(context);
    const out = await mkdtemp(join(context.folder, 'script-'));
    try {
      const args = ['--disable-warning=ExperimentalWarning', script, file, join(out, 'rows.sqlite')];
      args.push(join(out, 'rows.ndjson'), ...(processor === undefined ? [] : [processor]));
      const { stdout, usage } = await runMeasured(args, context);
      const counts = JSON.parse(stdout) as UsualCounts;
      for (const [name, wanted] of Object.entries(expected)) {
        const found = counts[name as keyof Expected];
        if (found !== wanted) throw new Error(`expected ${name} to be ${wanted} with the script, found ${found}`);
      }
      return wholeRunSample(counts.rows, usage);
    } finally {
      await rm(out, { recursive: true, force: true });
    }
  },
});

const about =
  'A file through all seven stages on this machine, in a process of its own, from its start to its end: cleaned, stored, ' +
  'processed, finished, audited, and written out. The script does what has to be done to each row and nothing that a pipeline is for.';

const demoWork = async (context: BenchContext): Promise<Work> => {
  const { path, rows, rejected, failed } = await demoInput(context, divided(demoRows, context));
  return { file: path, options: demoOptions, expected: { rows, rejected, failed }, processor: demoProcessor };
};

const wholeRunDemo: Experiment = {
  id: 'whole-run-demo',
  title: 'The whole pipeline on this machine, 558,000 transactions',
  about,
  measures: wholeRunMeasures({ peakMebibytes: memoryAim }),
  contenders: [ours(demoWork), usual(demoWork)],
};

const secondsAim = { value: 12, source: 'half a million rows on two cores' };

const fileWork = async (context: BenchContext): Promise<Work> => {
  const { path, rows } = await cleaningInput(context);
  const isWhole = context.divisor === 1 && context.file !== undefined;
  return { file: isWhole ? context.file : path, options: [], expected: { rows } };
};

const wholeRunFile: Experiment = {
  id: 'whole-run-file',
  title: 'The whole pipeline on this machine, a file of real data',
  about: `${about} The file is read as text, without a schema; the processor makes a digest of each row.`,
  measures: wholeRunMeasures({ seconds: secondsAim, peakMebibytes: memoryAim }),
  contenders: [ours(fileWork), usual(fileWork)],
  needsFile: true,
};

export const wholeRun: readonly Experiment[] = [wholeRunDemo, wholeRunFile];
