import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('./time-import.mjs', import.meta.url));

export type Start = { readonly milliseconds: number; readonly cpuMilliseconds: number };

/**
 * Starts Node, has it import the module (or nothing), and ends it: milliseconds from the start of the process until its handler is
 * there, and what the process used of the CPU until then. Throws when there is no handler.
 */
export const timeImport = async (
  module: string | undefined,
  variables: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Start> => {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [program, ...(module === undefined ? [] : [module])], {
    env: { ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
  });
  const said = once(child.stdout, 'data').then(([bytes]) => ({
    line: String(bytes),
    milliseconds: performance.now() - startedAt,
  }));
  const closed = once(child, 'close');
  const complaint = text(child.stderr);
  const first = await Promise.race([said, closed.then(() => undefined)]);
  // A function's clients may keep its process alive.
  child.kill('SIGKILL');
  await closed;
  if (first === undefined) throw new Error(`expected a handler, found ${(await complaint).trim().slice(-500)}`);
  const { isHandler, cpuMilliseconds } = JSON.parse(first.line) as { isHandler: boolean; cpuMilliseconds: number };
  if (module !== undefined && !isHandler) throw new Error('expected a function called handler, found none');
  return { milliseconds: first.milliseconds, cpuMilliseconds };
};
