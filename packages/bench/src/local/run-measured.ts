import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/** Of a whole process, all of its threads, from its start to its end. */
export type Usage = { readonly seconds: number; readonly cpuSeconds: number; readonly peakMebibytes: number };

export type Measured = { readonly stdout: string; readonly usage: Usage };

/** Reports what the process has used, on file descriptor 3, as its last act. */
const tellUsage = fileURLToPath(new URL('./tell-usage.mjs', import.meta.url));

export type MeasuredOptions = {
  readonly signal: AbortSignal;
  /** Instead of this process's. */
  readonly env?: Readonly<Record<string, string | undefined>>;
};

/** Runs Node with these arguments to its end, and what it used. Throws for any exit status but 0, with what it said. */
export const runMeasured = async (
  args: readonly string[],
  { signal, env = process.env }: MeasuredOptions,
): Promise<Measured> => {
  const child = spawn(process.execPath, ['--import', tellUsage, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env: { ...env },
    signal,
  });
  const closed = once(child, 'close') as Promise<[status: number | null]>;
  const [stdout, stderr, used, [status]] = await Promise.all([
    text(child.stdio[1] as NodeJS.ReadableStream),
    text(child.stdio[2] as NodeJS.ReadableStream),
    text(child.stdio[3] as NodeJS.ReadableStream),
    closed,
  ]);
  if (status !== 0) throw new Error(`expected exit status 0, found ${status}: ${stderr.trim().slice(-500)}`);
  return { stdout, usage: JSON.parse(used) as Usage };
};
