import type { Experiment } from './experiment.ts';
import { coldStart } from './local/cold-start.ts';
import { logBytes } from './local/log-bytes.ts';
import { scaling } from './local/scaling.ts';
import { scan } from './local/scan.ts';
import { wholeRun } from './local/whole-run.ts';
import { cleanAndEnqueue, cleanAndEnqueueFile } from './stages/clean-and-enqueue.ts';
import { finish } from './stages/finish.ts';
import { processRows } from './stages/process.ts';
import { relay } from './stages/relay.ts';
import { store } from './stages/store.ts';

/** Every experiment there is, in the order in which they are told; some of them work on the caller's own file. */
export const experimentsOver = (file: string): readonly Experiment[] => [
  cleanAndEnqueue,
  { ...cleanAndEnqueueFile(file), needsFile: true },
  store,
  relay,
  processRows,
  finish,
  ...wholeRun,
  scaling,
  scan,
  coldStart,
  logBytes,
];

/** Those that can be done: without a file, the ones that need none. */
export const experimentsFor = (file: string | undefined): readonly Experiment[] =>
  experimentsOver(file ?? '').filter(({ needsFile = false }) => file !== undefined || !needsFile);
