import { writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

// Loaded ahead of what is measured. Plain JavaScript: types would be taken out of it first, at the cost of what is measured.

if (isMainThread) {
  process.on('exit', () => {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    const cpuSeconds = (userCPUTime + systemCPUTime) / 1e6;
    writeSync(3, JSON.stringify({ seconds: performance.now() / 1000, cpuSeconds, peakMebibytes: maxRSS / 1024 }));
  });
}
