import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { root } from '@sluice/build/root';

const run = promisify(execFile);
const requirements = fileURLToPath(new URL('./python/requirements.txt', import.meta.url));

/** What boto3 needs, with what makes an environment of its own. */
const check = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))';

const make = async (note: (text: string) => void): Promise<string | undefined> => {
  try {
    await run('python3', ['-c', check]);
  } catch {
    note('the peers in Python are left out: expected python3 3.10 or newer with venv on PATH, found none');
    return undefined;
  }
  // By what is in it: another version is another environment, and a half-made one is never taken for whole.
  const checksum = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 16);
  const folder = join(root, '.cache', `bench-${checksum}`);
  const complete = join(folder, 'complete');
  const python = join(folder, 'bin', 'python');
  if (existsSync(complete)) return python;
  note('installing boto3 for the peers in Python (once)');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(root, '.cache'), { recursive: true });
  await run('python3', ['-m', 'venv', folder]);
  const quietly = ['--quiet', '--disable-pip-version-check', '--no-input'];
  await run(join(folder, 'bin', 'pip'), ['install', ...quietly, '--requirement', requirements]);
  writeFileSync(complete, '');
  return python;
};

// Contenders may come at once, and each comes several times.
let made: Promise<string | undefined> | undefined;

/**
 * The Python that the peers run in, with what requirements.txt asks for, made once under `.cache/` of the tree. Undefined, with a note,
 * where there is no python3 3.10 with venv. Rejects when pip cannot install.
 */
export const pythonEnvironment = (note: (text: string) => void): Promise<string | undefined> => {
  made ??= make(note);
  return made;
};
