import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseInUse, lockFolder } from '@sluice/local-cloud/database';
import { toTerminalText } from './terminal-text.ts';
import { UsageError } from './usage-error.ts';

/** Where a run keeps its state, inside its output folder. */
export type StateFolder = {
  /** Of this run alone. */
  readonly path: string;
  /** True when the same run was here before. */
  readonly isResumed: boolean;
  /** Takes the folder for this run: the state of others goes. */
  claim(): void;
  /** Lets others use the folder. It is then as it was found, unless it was claimed. */
  close(): void;
};

const stateName = '.sluice';

const readOwner = (state: string): string | undefined => {
  try {
    return readFileSync(join(state, 'run'), 'utf8').trim();
  } catch {
    return undefined;
  }
};

/**
 * Opens an output folder for a run; `runId` is the same for the same work. Refuses, without changing anything, a folder where
 * another run is at work, one that holds other work, and one that holds files of somebody else, the last two unless `force`
 * is given.
 */
export const openStateFolder = (out: string, runId: string, force: boolean): StateFolder => {
  const shown = toTerminalText(out);
  const isNew = !existsSync(out);
  const state = join(out, stateName);
  const hadState = existsSync(state);
  if (!isNew && !statSync(out).isDirectory()) {
    throw new UsageError(`--out: expected a folder, found something else at ${shown}`);
  }
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
  const owner = readOwner(state);
  if (owner !== undefined && owner !== runId && !force) {
    unlock();
    throw new UsageError(
      `--out: ${shown} holds the results of another file, processor or options (--force replaces them)`,
    );
  }
  const path = join(state, runId);
  const isResumed = existsSync(path);
  mkdirSync(path, { recursive: true });
  let isClaimed = false;
  return {
    path,
    isResumed,
    claim() {
      isClaimed = true;
      writeFileSync(join(state, 'run'), `${runId}\n`);
      for (const entry of readdirSync(state, { withFileTypes: true })) {
        if (entry.isDirectory() && entry.name !== runId)
          rmSync(join(state, entry.name), { recursive: true, force: true });
      }
    },
    close() {
      unlock();
      if (isClaimed || isResumed) return;
      rmSync(path, { recursive: true, force: true });
      if (!hadState) rmSync(state, { recursive: true, force: true });
      if (isNew) rmSync(out, { recursive: true, force: true });
    },
  };
};
