import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { ProcessTold } from '../run-processes.ts';

/** Of this process alone: on Linux, the system's own figure also remembers the process that started it. */
const peakKibibytes = (): number => {
  try {
    const found = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (found !== undefined) return Number(found);
  } catch {
    // Another system.
  }
  return process.resourceUsage().maxRSS;
};

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
