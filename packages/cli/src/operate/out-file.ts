import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { toTerminalText } from '../terminal-text.ts';
import type { TextFile } from '../text-file.ts';
import { createTextFile } from '../text-file.ts';
import { UsageError } from '../usage-error.ts';

/** Throws UsageError for a file that must not be written, before anything is read. `option`: by which it was named. */
export const checkOutFile = (path: string, force: boolean, option = '--out'): void => {
  const shown = toTerminalText(path);
  if (statSync(dirname(path), { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new UsageError(`${option}: expected a file in a folder that is there, found none for ${shown}`);
  }
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (!stats.isFile()) throw new UsageError(`${option}: expected a file, found something else at ${shown}`);
  if (!force) throw new UsageError(`${option}: expected a new file, found one at ${shown} (--force replaces it)`);
};

/** What was written to a file: its size, and the SHA-256 of it in hexadecimal digits. */
export type Written = { readonly file: string; readonly bytes: number; readonly sha256: string };

/** A file that appears whole, by rename, once `file` is closed. */
export type OutFile = {
  readonly file: TextFile;
  write(bytes: Uint8Array): void;
  /** Once, at the end: everything is on the disk, and does not appear yet. */
  finish(): Written;
};

/** Throws UsageError where none can be made. */
export const createOutFile = (path: string, option = '--out'): OutFile => {
  const hash = createHash('sha256');
  let bytes = 0;
  const create = (): TextFile => {
    try {
      return createTextFile(path);
    } catch (thrown) {
      const { code = 'error' } = thrown as { readonly code?: string };
      if (code === 'ENOSPC') throw thrown;
      throw new UsageError(`${option}: expected a file that can be written, found ${toTerminalText(path)} (${code})`);
    }
  };
  const file = create();
  return {
    file,
    write(piece) {
      hash.update(piece);
      bytes += piece.length;
      file.writeBytes(piece);
    },
    finish() {
      file.finish();
      return { file: path, bytes, sha256: hash.digest('hex') };
    },
  };
};
