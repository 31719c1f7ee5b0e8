import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { credentials, lambdaVariables, variablesOf } from '@sluice/build/smoke-services';
import type { StageName } from '@sluice/core/wiring';
import { wiring } from './memory-stages.ts';
import type { WorkerSaid } from './stage-worker.ts';

const workerModule = fileURLToPath(new URL('./stage-worker.ts', import.meta.url));

/** So much that the stages that write never wait for their turn. */
const noBudget = { WRITE_UNITS_PER_SECOND: '1000000000', MAXIMUM_CONCURRENCY: '2' };

/** As Terraform deploys the functions. */
const logging = { LOG_LEVEL: 'INFO', LOG_SAMPLE_RATE: '0.01' };

const environmentOf = (stage: StageName, url: string): Record<string, string> => {
  const variables = variablesOf(stage);
  return {
    ...variables,
    ...('WRITE_UNITS_PER_SECOND' in variables ? noBudget : {}),
    ...lambdaVariables,
    ...logging,
    ...credentials,
    AWS_ENDPOINT_URL: url,
  };
};

export type WorkersRun = {
  /** From the moment at which all began until the last was done. */
  readonly seconds: number;
  /** Of the workers together. */
  readonly cpuMicroseconds: number;
  /** Of the largest worker. */
  readonly peakMebibytes: number;
};

type Said = Extract<WorkerSaid, { kind: 'done' }>;

/** Resolves with what the worker says next; rejects when it ends without a word. */
const listen = (child: ChildProcess): Promise<WorkerSaid> =>
  new Promise((resolve, reject) => {
    const ended = (code: number | null, signal: string | null): void =>
      reject(new Error(`expected a worker to go on, found that it ended (${code ?? signal})`));
    child.once('error', reject);
    child.once('exit', ended);
    child.once('message', (said: WorkerSaid) => {
      child.off('exit', ended);
      resolve(said);
    });
  });

/**
 * Has one process per path work on the events there, all at once, as the function of `stage` against the services at `url`. What it
 * prints, logs and metrics, goes nowhere. `onReady` comes to its end before they begin. Throws when a message came back.
 */
export const runWorkers = async ({
  stage,
  module,
  url,
  paths,
  rounds = 1,
  signal,
  onReady,
}: {
  readonly stage: StageName;
  /** Path of the module with the handler. */
  readonly module: string;
  readonly url: string;
  readonly paths: readonly string[];
  /** How often each goes through its events. */
  readonly rounds?: number;
  readonly signal: AbortSignal;
  readonly onReady: () => Promise<void>;
}): Promise<WorkersRun> => {
  signal.throwIfAborted();
  const children = paths.map((path) =>
    fork(workerModule, [module, path, stage, String(wiring.stages[stage].timeoutSeconds), String(rounds)], {
      env: environmentOf(stage, url),
      execArgv: ['--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      signal,
      killSignal: 'SIGKILL',
    }),
  );
  const gone = children.map((child) => new Promise<void>((resolve) => child.once('close', () => resolve())));
  try {
    await Promise.all(children.map(listen));
    await onReady();
    const startedAt = performance.now();
    const answers = children.map(listen);
    for (const child of children) child.send('begin');
    const done = (await Promise.all(answers)) as readonly Said[];
    const seconds = (performance.now() - startedAt) / 1000;
    const failures = done.reduce((sum, said) => sum + said.failures, 0);
    if (failures > 0) throw new Error(`${stage}: expected no message to come back, found ${failures}`);
    return {
      seconds,
      cpuMicroseconds: done.reduce((sum, said) => sum + said.cpuMicroseconds, 0),
      peakMebibytes: Math.max(...done.map((said) => said.peakKibibytes)) / 1024,
    };
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(gone);
  }
};
