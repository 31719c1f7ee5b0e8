import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Running } from './processes.ts';
import { CommandFailed, endOf, run, start } from './processes.ts';

/** Longest wait for the emulator to answer. */
const startMillisecondsMax = 30_000;

/** Credentials of nobody: the emulator takes any. */
export const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
export const region = 'us-east-1';

/** What of this machine's environment a child may see: nothing that names an account, a profile or an endpoint. */
const inherited = [
  'HOME',
  'LANG',
  'PATH',
  'TZ',
  'CI',
  'SSL_CERT_FILE',
  'NODE_EXTRA_CA_CERTS',
  'REQUESTS_CA_BUNDLE',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
];
const inheritedPrefixes = ['PIP_', 'npm_config_', 'TF_PLUGIN', 'TF_CLI_CONFIG', 'COREPACK_', 'PYENV_'];

/** The environment of every child: the machine's, the emulator's account, and what is added. */
export const childEnvironment = (more: Readonly<Record<string, string>>): NodeJS.ProcessEnv => {
  const env: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (inherited.includes(name) || inheritedPrefixes.some((prefix) => name.startsWith(prefix))) env[name] = value;
  }
  return {
    ...env,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_EC2_METADATA_DISABLED: 'true',
    ...more,
  };
};

/** Makes the virtual environment with the emulator, once per list of versions. Returns the path of the emulator's command. */
export const installEmulator = async (root: string, packageFolder: string, signal: AbortSignal): Promise<string> => {
  const requirements = join(packageFolder, 'requirements.txt');
  const hash = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const folder = join(root, '.cache', `emulator-${hash}`);
  const command = join(folder, 'bin', 'ministack');
  const stamp = join(folder, 'installed');
  if (existsSync(stamp)) return command;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(root, '.cache'), { recursive: true });
  const output = join(root, '.cache', 'emulator-install.log');
  const env = childEnvironment({});
  const at = { cwd: root, env, output };
  const isRecent = 'import sys, venv, ensurepip; sys.exit(0 if sys.version_info >= (3, 10) else 9)';
  try {
    await run({ command: ['python3', '-c', isRecent], ...at }, signal);
  } catch (thrown) {
    if (!(thrown instanceof CommandFailed)) throw thrown;
    throw new Error(
      'expected python3, 3.10 or newer, with venv (Debian: python3-venv) on PATH for the emulator, found none',
    );
  }
  await run({ command: ['python3', '-m', 'venv', folder], ...at }, signal);
  const pip = [
    join(folder, 'bin', 'python'),
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--no-input',
  ];
  await run({ command: [...pip, '--requirement', requirements], ...at }, signal);
  writeFileSync(stamp, '');
  return command;
};

const findFreePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });

export type Emulator = Running & { readonly url: string; readonly log: string };

/** An address for an emulator that is yet to start. */
export const reserveAddress = async (): Promise<{ readonly url: string; readonly port: number }> => {
  const port = await findFreePort();
  return { url: `http://127.0.0.1:${port}`, port };
};

/**
 * Starts the emulator and waits until it answers. Its functions inherit `env`: so AWS_ENDPOINT_URL in it is what their
 * SDK clients call.
 */
export const startEmulator = async (
  command: string,
  port: number,
  folder: string,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Emulator> => {
  const url = `http://127.0.0.1:${port}`;
  const log = join(folder, 'emulator.log');
  const temporary = join(folder, 'emulator');
  mkdirSync(temporary, { recursive: true });
  const settings = { GATEWAY_PORT: String(port), BIND_HOST: '127.0.0.1', TMPDIR: temporary, LOG_LEVEL: 'INFO' };
  const running = start({
    command: [command],
    cwd: temporary,
    env: childEnvironment({ ...env, ...settings }),
    output: log,
  });
  let status: number | undefined;
  running.ended.then(
    (ended) => {
      status = ended;
    },
    () => {
      status = 127;
    },
  );
  for (let waited = 0; waited < startMillisecondsMax && status === undefined; waited += 100) {
    signal.throwIfAborted();
    const isUp = await fetch(`${url}/_ministack/health`, { signal }).then(
      (response) => response.ok,
      () => false,
    );
    if (isUp) return { ...running, url, log };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await running.stop();
  const found = status === undefined ? 'none' : `its end with status ${status}`;
  throw new CommandFailed(
    `the emulator: expected an answer within ${startMillisecondsMax / 1000} s, found ${found}`,
    endOf(log),
  );
};
