import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { BenchContext } from '../experiment.ts';

/** A context for a test, whose folder goes with it. */
export const quickContext = (divisor: number, more: Partial<BenchContext> = {}): BenchContext => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return { folder, divisor, signal: new AbortController().signal, note: () => undefined, ...more };
};
