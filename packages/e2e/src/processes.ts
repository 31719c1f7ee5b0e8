import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';

/** A command that ended with another status than it was expected to; `output` is the end of what it printed. */
export class CommandFailed extends Error {
  readonly output: string;
  constructor(message: string, output: string) {
    super(message);
    this.name = 'CommandFailed';
    this.output = output;
  }
}

/** Characters of a command's output that are shown when it fails. */
const shownMax = 6_000;
/** Time a process group gets to end by itself. */
const graceUsual = 5_000;
/** Time between two looks whether it has. */
const lookMilliseconds = 25;

export type Command = {
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** File that takes what it prints; it is emptied first. */
  readonly output: string;
  /** Another one for its standard output. */
  readonly stdout?: string;
};

/** A process with everything it starts. */
export type Running = {
  /** Its exit status; 128 and more when a signal ended it. */
  readonly ended: Promise<number>;
  /** Ends the whole group, the hard way if it takes longer. */
  stop(graceMilliseconds?: number): Promise<void>;
};

const isAlive = (group: number): boolean => {
  try {
    return process.kill(-group, 0);
  } catch {
    return false;
  }
};

const signalGroup = (group: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(-group, signal);
  } catch {
    // It has ended meanwhile.
  }
};

const groups = new Set<number>();

/** Ends every group that is left, at once: the last thing a process does that has no time to wait. */
export const killGroups = (): void => {
  for (const group of groups) signalGroup(group, 'SIGKILL');
};

/** Starts a command in a process group of its own. */
export const start = ({ command, cwd, env, output, stdout }: Command): Running => {
  const [program = '', ...args] = command;
  const log = openSync(output, 'w');
  const out = stdout === undefined ? log : openSync(stdout, 'w');
  const child = spawn(program, args, { cwd, env, detached: true, stdio: ['ignore', out, log] });
  for (const file of new Set([log, out])) closeSync(file);
  const { pid } = child;
  if (pid !== undefined) groups.add(pid);
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', (error) => reject(new CommandFailed(`${command.join(' ')}: ${error.message}`, '')));
    child.once('exit', (status, signal) => resolve(status ?? 128 + (constants.signals[signal ?? 'SIGKILL'] ?? 0)));
  });
  // Whoever waits for it learns of it; nobody has to.
  ended.catch(() => undefined);
  return {
    ended,
    async stop(graceMilliseconds = graceUsual) {
      if (pid === undefined) return;
      signalGroup(pid, 'SIGTERM');
      for (let waited = 0; isAlive(pid); waited += lookMilliseconds) {
        if (waited >= graceMilliseconds) signalGroup(pid, 'SIGKILL');
        await new Promise((resolve) => setTimeout(resolve, lookMilliseconds));
      }
      groups.delete(pid);
    },
  };
};

/** The end of a file, as much as is worth showing. */
export const endOf = (path: string, characters = shownMax): string => {
  try {
    return readFileSync(path, 'utf8').slice(-characters);
  } catch {
    return '';
  }
};

/** Runs a command to its end; when the signal aborts first, it is ended. Throws CommandFailed on a status that is not allowed. */
export const run = async (command: Command, signal: AbortSignal, allowed: readonly number[] = [0]): Promise<number> => {
  signal.throwIfAborted();
  const running = start(command);
  const onAbort = (): void => void running.stop();
  signal.addEventListener('abort', onAbort);
  try {
    const status = await running.ended;
    signal.throwIfAborted();
    if (allowed.includes(status)) return status;
    const shown = command.command.join(' ');
    throw new CommandFailed(
      `${shown}: expected exit status ${allowed.join(' or ')}, found ${status}`,
      endOf(command.output),
    );
  } finally {
    signal.removeEventListener('abort', onAbort);
    await running.stop();
  }
};
