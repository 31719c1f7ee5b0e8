import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { WorkersRun } from '../stages/run-workers.ts';

/** What a process of a peer prints when its work is done, as one line of JSON. */
export type ProcessTold = {
  readonly rows: number;
  /** Rows of the file that its parser could not read and passed over. */
  readonly skipped: number;
  readonly seconds: number;
  /** User and system, of the process and of those that it started. */
  readonly cpuSeconds: number;
  /** Of its largest process. */
  readonly peakKibibytes: number;
};

export type ProcessesRun = WorkersRun & Pick<ProcessTold, 'rows' | 'skipped'>;

export type Command = readonly [file: string, ...args: string[]];

type Lines = AsyncIterator<string>;

const nextLine = async (lines: Lines, expected: string): Promise<string> => {
  const { value, done } = await lines.next();
  if (done === true) throw new Error(`expected a peer to say ${expected}, found that it ended`);
  return value;
};

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

/**
 * Runs one process per command, all at once, each in a process group of its own. They say `ready`, and after `onReady` are told to
 * begin at the same moment. Ends them and what they started, whatever happens.
 */
export const runProcesses = async ({
  commands,
  environment,
  signal,
  onReady,
}: {
  readonly commands: readonly Command[];
  readonly environment: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly onReady: () => Promise<void>;
}): Promise<ProcessesRun> => {
  signal.throwIfAborted();
  const children = commands.map(([file, ...args]) =>
    spawn(file, args, {
      detached: true,
      env: { PATH: process.env['PATH'], ...environment },
      stdio: ['pipe', 'pipe', 'inherit'],
    }),
  );
  const gone = children.map((child) => new Promise<void>((resolve) => child.once('close', () => resolve())));
  const endAll = (): void => children.forEach(endGroup);
  signal.addEventListener('abort', endAll);
  try {
    const failed = children.map((child) => new Promise<never>((_, reject) => child.once('error', reject)));
    return await Promise.race([...failed, work(children, onReady)]);
  } catch (thrown) {
    signal.throwIfAborted();
    throw thrown;
  } finally {
    signal.removeEventListener('abort', endAll);
    endAll();
    await Promise.all(gone);
  }
};

/** With the processes of its pool, if it has one. */
const endGroup = ({ pid }: ChildProcess): void => {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
};

const work = async (children: readonly ChildProcess[], onReady: () => Promise<void>): Promise<ProcessesRun> => {
  const outputs = children.map(({ stdout }) => {
    if (stdout === null) throw new Error('expected a pipe from a peer, found none');
    return createInterface({ input: stdout })[Symbol.asyncIterator]();
  });
  await Promise.all(outputs.map((lines) => nextLine(lines, 'that it is ready')));
  await onReady();
  for (const { stdin } of children) stdin?.end('begin\n');
  const lines = await Promise.all(outputs.map((output) => nextLine(output, 'what its work took')));
  const told = lines.map((line) => JSON.parse(line) as ProcessTold);
  return {
    rows: sum(told.map(({ rows }) => rows)),
    skipped: sum(told.map(({ skipped }) => skipped)),
    // All began at the same moment.
    seconds: Math.max(...told.map(({ seconds }) => seconds)),
    cpuMicroseconds: sum(told.map(({ cpuSeconds }) => cpuSeconds)) * 1e6,
    peakMebibytes: Math.max(...told.map(({ peakKibibytes }) => peakKibibytes)) / 1024,
  };
};
