import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/** Of a whole process, all of its threads, from its start to its end. */
export type Usage = { readonly seconds: number; readonly cpuSeconds: number; readonly peakMebibytes: number };

export type Measured = {
  readonly stdout: string;
  readonly stderr: string;
  /** What it wrote on file descriptor 4, where its standard output is for something else. */
  readonly told: string;
  readonly usage: Usage;
};

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
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
    env: { ...env },
    signal,
  });
  const closed = once(child, 'close') as Promise<[status: number | null]>;
  const streams = child.stdio.slice(1).map((stream) => text(stream as NodeJS.ReadableStream));
  const [[status], [stdout = '', stderr = '', used = '', told = '']] = await Promise.all([
    closed,
    Promise.all(streams),
  ]);
  if (status !== 0) throw new Error(`expected exit status 0, found ${status}: ${stderr.trim().slice(-500)}`);
  return { stdout, stderr, told, usage: JSON.parse(used) as Usage };
};
