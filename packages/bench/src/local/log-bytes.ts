import { fileURLToPath } from 'node:url';
import { bytesOfLines, isIdleLine, parseLogLines } from '@sluice/simulator/logs/log-lines';
import type { BenchContext, Contender, Experiment } from '../experiment.ts';
import { demoInput, divided } from './demo-input.ts';
import type { LoggedBytes } from './log-bytes-worker.ts';
import { runMeasured } from './run-measured.ts';
import { demoProcessor, demoSchema } from './sluice-command.ts';

/** So many that what a job costs whatever its size weighs little. */
const loggedRows = 200_000;

const worker = fileURLToPath(new URL('./log-bytes-worker.ts', import.meta.url));

type Logged = { readonly rows: number; readonly logBytes: number; readonly eventBytes: number };

const runOnce = async (context: BenchContext, sampleRate: number): Promise<Logged> => {
  const { path, rows } = await demoInput(context, divided(loggedRows, context));
  const args = ['--disable-warning=ExperimentalWarning', worker, path, demoSchema, demoProcessor, String(sampleRate)];
  const { stdout, stderr, told } = await runMeasured(args, context);
  const { state, rows: planned, eventBytes } = JSON.parse(told) as LoggedBytes;
  if (state !== 'COMPLETE' || planned !== rows) {
    throw new Error(`expected a job of ${rows} rows to be COMPLETE, found one of ${planned} to be ${state}`);
  }
  const lines = parseLogLines([stdout, stderr]);
  return { rows, logBytes: bytesOfLines(lines.filter((line) => !isIdleLine(line))), eventBytes };
};

const contender = (
  id: string,
  title: string,
  sampleRate: number,
  bytesOf: (logged: Logged) => number,
  isOurs: boolean,
): Contender => ({
  id,
  title,
  ...(isOurs ? { isOurs } : {}),
  async run(context) {
    const logged = await runOnce(context, sampleRate);
    return { logMegabytesPerMillionRows: bytesOf(logged) / logged.rows };
  },
});

export const logBytes: Experiment = {
  id: 'log-bytes',
  title: 'Bytes of log',
  about:
    'What all seven functions write, as AWS would run them in virtual time, sweeps that find nothing left out. The usual way is counted ' +
    'from the very events of that run, each written as JSON by the function that gets it, and nothing besides; it puts what the rows hold into the log.',
  measures: [{ name: 'logMegabytesPerMillionRows', title: 'log per million rows', unit: 'MB', better: 'less' }],
  contenders: [
    contender(
      'sampled',
      'debug lines of one invocation in a hundred, as deployed',
      0.01,
      ({ logBytes: bytes }) => bytes,
      true,
    ),
    contender('every', 'debug lines of every invocation', 1, ({ logBytes: bytes }) => bytes, true),
    contender('usual-events', 'the usual way: every event, as JSON', 0.01, ({ eventBytes }) => eventBytes, false),
  ],
  // Virtual time and a seed: the same each time.
  repetitions: 1,
};
