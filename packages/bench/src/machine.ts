import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { promisify } from 'node:util';

/** What figures were taken on. */
export type Machine = {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly os: string;
  readonly node: string;
  /** `none` where there is no Python. */
  readonly python: string;
};

const distribution = async (): Promise<string | undefined> => {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(text)?.[1];
};

const pythonVersion = async (): Promise<string> => {
  try {
    const { stdout } = await promisify(execFile)('python3', ['--version']);
    return stdout.trim().replace(/^Python /, '');
  } catch {
    return 'none';
  }
};

export const describeMachine = async (): Promise<Machine> => {
  // What follows the number says who built the kernel.
  const system = `${type()} ${release().replace(/-.*$/, '')}`;
  const name = await distribution();
  return {
    cpu: cpus()[0]?.model.replace(/\s+/g, ' ').trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    os: name === undefined ? system : `${name}, ${system}`,
    node: process.versions.node,
    python: await pythonVersion(),
  };
};

/** Figures of the two may stand side by side. An update of the system in between is let pass; another processor or Node is not. */
export const isSameMachine = (a: Machine, b: Machine): boolean =>
  a.cpu === b.cpu && a.cores === b.cores && a.node.split('.')[0] === b.node.split('.')[0];
