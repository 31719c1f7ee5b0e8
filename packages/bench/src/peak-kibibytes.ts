import { readFileSync } from 'node:fs';

/** The most memory that this process had so far, alone: on Linux, what Node tells also remembers the process that started it. */
export const peakKibibytes = (): number => {
  try {
    const found = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (found !== undefined) return Number(found);
  } catch {
    // Another system.
  }
  return process.resourceUsage().maxRSS;
};
