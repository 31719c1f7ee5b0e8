import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { CommonFlags } from './commands.ts';
import { findStack, type RunTerraform } from './find-stack.ts';
import { createAsk, createOutput } from './output.ts';
import type { Session } from './session.ts';

const infraFolder = fileURLToPath(new URL('../../../../infra', import.meta.url));

/** Far more than the outputs of any deployment. */
const outputBytesMax = 16 * 1024 * 1024;

const runTerraform: RunTerraform = (folder) =>
  new Promise((resolve) => {
    const args = [`-chdir=${folder}`, 'output', '-json', '-no-color'];
    execFile(`${infraFolder}/with-terraform`, args, { maxBuffer: outputBytesMax }, (error, stdout, stderr) => {
      const status = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ status, stdout, stderr });
    });
  });

/** Finds the deployment and its services. Throws UsageError when there is none, or no credentials. */
export const connect = async (flags: CommonFlags, signal: AbortSignal): Promise<Session> => {
  const variables = process.env;
  const services = (): Promise<typeof import('./services.ts')> => import('./services.ts');
  const stack = await findStack(flags.stack, {
    environment: variables,
    infraFolder,
    runTerraform,
    // Only a name needs it, and with it the SDK.
    readFunction: async (name) => (await services()).createReadFunction(variables)(name),
  });
  return {
    operator: await (await services()).openServices(stack, variables),
    output: createOutput(flags.json, process.stdout, process.stderr, variables),
    ask: createAsk(flags, process.stdin, process.stderr, signal),
    signal,
  };
};
