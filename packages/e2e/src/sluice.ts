import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { childEnvironment } from './emulator.ts';
import { run } from './processes.ts';

/** The command, as somebody types it who operates the deployment. */
export type Sluice = {
  /** Runs it to its end and returns its standard output. Throws on another exit status than `status`, 0 unless it is given. */
  (args: readonly string[], status?: number): Promise<string>;
  /** The same with --json; returns what it printed, parsed. */
  json<Result>(args: readonly string[], status?: number): Promise<Result>;
  /** Folder that it runs in: files that it writes by themselves land there. */
  readonly folder: string;
  /** What it finds the deployment by: a file of Terraform's outputs. */
  readonly stack: string;
};

export const createSluice = (
  root: string,
  folder: string,
  endpoint: string,
  stack: string,
  signal: AbortSignal,
): Sluice => {
  const env = childEnvironment({ AWS_ENDPOINT_URL: endpoint, SLUICE_STACK: stack, NO_COLOR: '1' });
  let commands = 0;
  const sluice = async (args: readonly string[], status = 0): Promise<string> => {
    const name = `sluice-${String(++commands).padStart(2, '0')}-${args[0]}`;
    const stdout = join(folder, `${name}.out`);
    const command = [join(root, 'bin', 'sluice'), ...args];
    await run({ command, cwd: folder, env, output: join(folder, `${name}.log`), stdout }, signal, [status]);
    return readFileSync(stdout, 'utf8');
  };
  return Object.assign(sluice, {
    json: async <Result>(args: readonly string[], status?: number): Promise<Result> =>
      JSON.parse(await sluice([...args, '--json'], status)) as Result,
    folder,
    stack,
  });
};
