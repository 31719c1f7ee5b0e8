import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseInUse, lockFolder } from '@sluice/local-cloud/database';
import { temporarySuffix as objectSuffix } from '@sluice/local-cloud/object-store';
import { toTerminalText } from './terminal-text.ts';
import { createTextFile, temporarySuffix } from './text-file.ts';
import { UsageError } from './usage-error.ts';

/** Where a run keeps its state, inside its output folder. */
export type StateFolder = {
  /** Of this run alone. */
  readonly path: string;
  /** True when the same run was here before. */
  readonly isResumed: boolean;
  /** Takes the folder for this run: the state of others goes, and files that a killed run was writing. */
  claim(): void;
  /** Lets others use the folder. It is then as it was found, unless it was claimed. */
  close(): void;
};

const stateName = '.sluice';
/** What a run leaves in its folder. */
const resultNames = ['rows.ndjson', 'rejects.ndjson', 'dead.ndjson', 'report.html', 'report.json'];

const folderNames = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));

const isRunId = (text: string): boolean => /^[0-9a-f]{32}$/.test(text);

/** The run whose results the folder holds. Where a damaged file no longer tells, it is the only one that left its state. */
const readOwner = (state: string): string | undefined => {
  try {
    const owner = readFileSync(join(state, 'run'), 'utf8').trim();
    if (isRunId(owner)) return owner;
  } catch (thrown) {
    if ((thrown as { readonly code?: string }).code === 'ENOENT') return undefined;
  }
  const runs = folderNames(state).filter(isRunId);
  return runs.length === 1 ? runs[0] : undefined;
};

/** Removes what a killed run left half written below a folder. */
const removeHalves = (folder: string): void => {
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile() && entry.name.endsWith(objectSuffix))
      rmSync(join(entry.parentPath, entry.name), { force: true });
  }
};

/** Removes a folder unless something is in it: another run may have come in the meantime. */
const removeEmpty = (folder: string): void => {
  try {
    rmdirSync(folder);
  } catch {
    // It is in use.
  }
};

/** A folder that is not there and those above it that are not there either, innermost first. */
const absentFolders = (folder: string): readonly string[] =>
  existsSync(folder) ? [] : [folder, ...absentFolders(dirname(folder))];

/**
 * Opens an output folder for a run; `runId` is the same for the same work. Refuses, without changing anything, a folder where
 * another run is at work, one that holds other work, and one that holds files of somebody else, the last two unless `force`
 * is given. With `isAnew`, what an earlier try of this very run left is removed first.
 */
export const openStateFolder = (out: string, runId: string, force: boolean, isAnew = false): StateFolder => {
  const shown = toTerminalText(out);
  const unusable = (thrown: unknown): UsageError =>
    new UsageError(
      `--out: expected a folder that can be written, found ${shown} (${(thrown as { code?: string }).code ?? 'error'})`,
    );
  const absent = absentFolders(out);
  const isNew = absent.length > 0;
  if (!isNew && !statSync(out).isDirectory()) {
    throw new UsageError(`--out: expected a folder, found something else at ${shown}`);
  }
  // One look, since another run may take the folder at this moment.
  let names: readonly string[];
  try {
    names = isNew ? [] : readdirSync(out);
  } catch (thrown) {
    throw unusable(thrown);
  }
  const state = join(out, stateName);
  const hadState = names.includes(stateName);
  if (names.length > 0 && !hadState && !force) {
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
    throw unusable(thrown);
  }
  const owner = readOwner(state);
  if (owner !== undefined && owner !== runId && !force) {
    unlock();
    throw new UsageError(
      `--out: ${shown} holds the results of another file, processor or options (--force replaces them)`,
    );
  }
  const path = join(state, runId);
  if (isAnew) rmSync(path, { recursive: true, force: true });
  const isResumed = existsSync(path);
  mkdirSync(path, { recursive: true });
  if (isResumed) removeHalves(path);
  let isClaimed = false;
  return {
    path,
    isResumed,
    claim() {
      if (isClaimed) return;
      isClaimed = true;
      const owner = createTextFile(join(state, 'run'));
      owner.write(`${runId}\n`);
      owner.close();
      for (const name of folderNames(state)) {
        if (name !== runId) rmSync(join(state, name), { recursive: true, force: true });
      }
      for (const name of resultNames) rmSync(join(out, name + temporarySuffix), { force: true });
    },
    close() {
      const isKept = isClaimed || isResumed;
      if (!isKept) rmSync(path, { recursive: true, force: true });
      if (!isKept && !hadState) rmSync(join(state, 'lock'), { force: true });
      unlock();
      if (isKept) return;
      if (!hadState) removeEmpty(state);
      for (const folder of absent) removeEmpty(folder);
    },
  };
};
