import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Report } from 'sluice/report';
import type { BenchContext } from '../experiment.ts';
import { runMeasured, type Usage } from './run-measured.ts';
import { sluiceCommand } from './sluice-command.ts';

/** What a run must come to; what is not given may be anything. */
export type Expected = { readonly rows?: number; readonly rejected?: number; readonly failed?: number };

const check = (report: Report, expected: Expected): void => {
  if (report.verdict !== 'COMPLETE') throw new Error(`expected the verdict COMPLETE, found ${report.verdict}`);
  for (const [name, wanted] of Object.entries(expected)) {
    const found = report[name as keyof Expected];
    if (found !== wanted) throw new Error(`expected ${name} to be ${wanted}, found ${found}`);
  }
  if (report.rows !== report.done + report.failed + report.rejected) {
    throw new Error(`expected rows that add up to ${report.rows}, found ${JSON.stringify(report)}`);
  }
};

/** `sluice run` over a file, as a process of its own; its output is removed. Throws for a run that did not come to what it should. */
export const runSluice = async (
  file: string,
  options: readonly string[],
  expected: Expected,
  { folder, signal }: Pick<BenchContext, 'folder' | 'signal'>,
): Promise<{ readonly report: Report; readonly usage: Usage }> => {
  const out = await mkdtemp(join(folder, 'run-'));
  try {
    const args = [...sluiceCommand, 'run', file, '--out', out, '--json', '--quiet', ...options];
    const { stdout, usage } = await runMeasured(args, { signal });
    const report = JSON.parse(stdout) as Report;
    check(report, expected);
    return { report, usage };
  } finally {
    await rm(out, { recursive: true, force: true });
  }
};
