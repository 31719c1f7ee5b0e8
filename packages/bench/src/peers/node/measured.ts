import { createInterface } from 'node:readline';
import { peakKibibytes } from '../../peak-kibibytes.ts';
import type { ProcessTold } from '../run-processes.ts';

/** Says that this process is ready, does the work when it is told to begin, and tells what the work took. */
export const measured = async (work: () => Promise<Pick<ProcessTold, 'rows' | 'skipped'>>): Promise<void> => {
  const lines = createInterface({ input: process.stdin });
  process.stdout.write('ready\n');
  for await (const _ of lines) break;
  const startedAt = performance.now();
  const before = process.cpuUsage();
  const done = await work();
  const { user, system } = process.cpuUsage(before);
  const told: ProcessTold = {
    ...done,
    seconds: (performance.now() - startedAt) / 1000,
    cpuSeconds: (user + system) / 1e6,
    peakKibibytes: peakKibibytes(),
  };
  process.stdout.write(`${JSON.stringify(told)}\n`);
};
