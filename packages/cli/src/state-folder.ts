import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseInUse, lockFolder } from '@sluice/local-cloud/database';
import { toTerminalText } from './terminal-text.ts';
import { UsageError } from './usage-error.ts';

/** Where a run keeps its state, inside its output folder. */
export type StateFolder = {
  /** Of this job alone. */
  readonly path: string;
  /** True when a run of this job was here before. */
  readonly isResumed: boolean;
  /** Takes the folder for this job: earlier jobs' state goes. */
  claim(): void;
  /** Leaves the output folder as it was found. */
  abandon(): void;
  release(): void;
};

const stateName = '.sluice';

const readJob = (state: string): string | undefined => {
  try {
    return readFileSync(join(state, 'job'), 'utf8').trim();
  } catch {
    return undefined;
  }
};

/**
 * Opens an output folder for a job. Refuses, without changing anything, one where another run is at work, one that holds
 * another job, and one that holds files of somebody else, the last two unless `force` is given.
 */
export const openStateFolder = (out: string, jobId: string, force: boolean): StateFolder => {
  const shown = toTerminalText(out);
  const isNew = !existsSync(out);
  const state = join(out, stateName);
  const hadState = existsSync(state);
  if (!isNew && !hadState && !force && readdirSync(out).length > 0) {
    throw new UsageError(
      `--out: expected an empty folder or one of an earlier run, found other files in ${shown} (--force uses it anyway)`,
    );
  }
  let unlock: () => void;
  try {
    mkdirSync(state, { recursive: true });
    unlock = lockFolder(state);
  } catch (thrown) {
    if (thrown instanceof DatabaseInUse) throw new UsageError(`--out: another run is at work in ${shown}`);
    throw new UsageError(
      `--out: expected a folder that can be written, found ${shown} (${(thrown as { code?: string }).code ?? 'error'})`,
    );
  }
  const before = readJob(state);
  if (before !== undefined && before !== jobId && !force) {
    unlock();
    throw new UsageError(`--out: ${shown} holds the results of another file or other options (--force replaces them)`);
  }
  const path = join(state, jobId);
  const isResumed = existsSync(path);
  mkdirSync(path, { recursive: true });
  return {
    path,
    isResumed,
    claim() {
      writeFileSync(join(state, 'job'), `${jobId}\n`);
      for (const entry of readdirSync(state, { withFileTypes: true })) {
        if (entry.isDirectory() && entry.name !== jobId)
          rmSync(join(state, entry.name), { recursive: true, force: true });
      }
    },
    abandon() {
      unlock();
      if (!isResumed) rmSync(path, { recursive: true, force: true });
      if (!hadState) rmSync(state, { recursive: true, force: true });
      if (isNew) rmSync(out, { recursive: true, force: true });
    },
    release: () => unlock(),
  };
};
