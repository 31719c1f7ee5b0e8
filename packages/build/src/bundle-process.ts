import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

// A built bundle in a process of its own, for tests.

export type ToBundle = { readonly event: unknown; readonly milliseconds: number };
export type FromBundle =
  | { readonly kind: 'started' }
  | { readonly kind: 'not started'; readonly message: string }
  | { readonly kind: 'answered'; readonly answer: unknown }
  | { readonly kind: 'failed'; readonly message: string };

export type BundleProcess = {
  /** Undefined when the module was imported; else what its import threw. */
  readonly complaint: string | undefined;
  /** What the handler answers. Rejects when it throws, and when the process ends. */
  invoke(event: unknown, milliseconds?: number): Promise<unknown>;
  /** Ends the process; everything that it wrote, to standard output and error. */
  end(): Promise<{ readonly stdout: string; readonly stderr: string }>;
};

const runner = fileURLToPath(new URL('./run-bundle.ts', import.meta.url));

/** Starts the module with these environment variables and no others. */
export const startBundle = async (
  module: string,
  variables: Readonly<Record<string, string>>,
): Promise<BundleProcess> => {
  const child = fork(runner, [module], {
    env: { ...variables },
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      written[name] += text;
    });
  }
  let receive: (message: FromBundle) => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  child.on('message', (message) => receive(message as FromBundle));
  child.on('error', (error) => fail(error));
  const closed = new Promise<void>((resolve) => {
    child.on('close', () => {
      fail(new Error(`expected the bundle to answer, found that its process ended: ${written.stderr}`));
      resolve();
    });
  });
  const next = (): Promise<FromBundle> =>
    new Promise((resolve, reject) => {
      receive = resolve;
      fail = reject;
    });

  const started = await next();
  return {
    complaint: started.kind === 'not started' ? started.message : undefined,
    async invoke(event, milliseconds = 60_000) {
      const message = next();
      child.send({ event, milliseconds } satisfies ToBundle);
      const answered = await message;
      if (answered.kind === 'answered') return answered.answer;
      throw new Error(`expected an answer, found ${JSON.stringify(answered)}`);
    },
    async end() {
      fail = () => undefined;
      child.kill('SIGKILL');
      await closed;
      return written;
    },
  };
};
