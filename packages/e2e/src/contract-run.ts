import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { childEnvironment } from './emulator.ts';
import { run } from './processes.ts';

type Report = {
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[];
      readonly fullName: string;
      readonly status: string;
    }[];
    readonly message?: string;
  }[];
};

/** Cases that passed, by suite, and the names of those that did not. A file that could not be run counts as one. */
export const readReport = (
  report: Report,
): { readonly passed: ReadonlyMap<string, number>; readonly failed: string[] } => {
  const passed = new Map<string, number>();
  const failed: string[] = [];
  for (const { assertionResults, message } of report.testResults) {
    if (assertionResults.length === 0) failed.push(message ?? 'a file without cases');
    for (const { ancestorTitles, fullName, status } of assertionResults) {
      const suite = ancestorTitles[0] ?? '';
      if (status === 'passed') passed.set(suite, (passed.get(suite) ?? 0) + 1);
      else failed.push(fullName);
    }
  }
  return { passed, failed };
};

/** Runs the contracts of the ports, through the product's adapters, against an endpoint. Answers with a line that counts. */
export const runContracts = async (
  packageFolder: string,
  folder: string,
  endpoint: string,
  signal: AbortSignal,
): Promise<string> => {
  const report = join(folder, 'contracts.json');
  const command = ['pnpm', 'exec', 'vitest', 'run', '--config', 'vitest.contract.config.ts'];
  const env = childEnvironment({ SLUICE_E2E_ENDPOINT: endpoint, TURBO_TELEMETRY_DISABLED: '1' });
  await run(
    {
      command: [...command, '--reporter=json', `--outputFile=${report}`],
      cwd: packageFolder,
      env,
      output: join(folder, 'contracts.log'),
    },
    signal,
    [0, 1],
  );
  const { passed, failed } = readReport(JSON.parse(readFileSync(report, 'utf8')) as Report);
  if (failed.length > 0)
    throw new Error(`expected every case to pass, found ${failed.length} failed:\n  ${failed.join('\n  ')}`);
  return [...passed].map(([suite, cases]) => `${suite} ${cases}`).join(', ');
};
