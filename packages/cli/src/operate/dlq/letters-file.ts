import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncFolderNow } from '@sluice/local-cloud/sync-folder';
import { toTerminalText } from '../../terminal-text.ts';
import { temporarySuffix } from '../../text-file.ts';
import { UsageError } from '../../usage-error.ts';

/** What rows hold is for whoever owns the file alone. */
const ownerOnly = 0o600;

/** A file of letters, one JSON value a line. */
export type LettersFile = {
  readonly lines: number;
  /** Adds lines; they are on the disk for good when this returns. */
  append(values: readonly unknown[]): void;
  /** Ends the writing. A file without lines is removed again. */
  close(): void;
  /** Gives up: of a file that was to appear whole nothing is left, of one that grows everything. */
  discard(): void;
};

const writeAll = (file: number, text: string): void => {
  const bytes = Buffer.from(text);
  for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
};

const toText = (values: readonly unknown[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join('');

const openNew = (path: string, shown: string): number => {
  try {
    return openSync(path, 'wx', ownerOnly);
  } catch (thrown) {
    const { code } = thrown as { readonly code?: string };
    if (code === 'EEXIST') throw new UsageError(`--out: expected no such file yet, found ${toTerminalText(shown)}`);
    if (code === 'ENOSPC') throw thrown;
    throw new UsageError(`--out: expected a file that can be made, found ${toTerminalText(shown)} (${code})`);
  }
};

/** A file that grows, for what is deleted elsewhere once it is in it. Throws UsageError when there is such a file. */
export const createGrowingFile = (path: string): LettersFile => {
  const file = openNew(path, path);
  syncFolderNow(dirname(path));
  let lines = 0;
  let isOpen = true;
  const close = (): void => {
    if (isOpen) closeSync(file);
    isOpen = false;
    if (lines === 0) rmSync(path, { force: true });
  };
  return {
    get lines() {
      return lines;
    },
    append(values) {
      if (values.length === 0) return;
      // Before the write: of one that fails half of it may be there.
      lines += values.length;
      writeAll(file, toText(values));
      fsyncSync(file);
    },
    close,
    discard: close,
  };
};

/**
 * A file that appears whole when it is closed, by rename. Throws UsageError when there is such a file and not `force`; one that
 * is made meanwhile is replaced.
 */
export const createWholeFile = (path: string, force: boolean): LettersFile => {
  if (!force && existsSync(path)) {
    throw new UsageError(`--out: expected no such file (--force replaces it), found ${toTerminalText(path)}`);
  }
  const temporary = path + temporarySuffix;
  // What is left of one that was killed.
  rmSync(temporary, { force: true });
  const file = openNew(temporary, path);
  let lines = 0;
  let isOpen = true;
  const end = (): void => {
    if (isOpen) closeSync(file);
    isOpen = false;
  };
  return {
    get lines() {
      return lines;
    },
    append(values) {
      lines += values.length;
      writeAll(file, toText(values));
    },
    close() {
      fsyncSync(file);
      end();
      renameSync(temporary, path);
      syncFolderNow(dirname(path));
    },
    discard() {
      end();
      rmSync(temporary, { force: true });
    },
  };
};
