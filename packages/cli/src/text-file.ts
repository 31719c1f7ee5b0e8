import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncFolderNow } from '@sluice/local-cloud/sync-folder';

/** Bytes written at once. */
const bufferBytes = 1024 * 1024;
/** UTF-8 takes at most so many bytes for a UTF-16 unit of text. */
const bytesPerUnitMax = 3;
/** Ends the name of a file that does not appear yet. */
export const temporarySuffix = '.tmp';

/** A file that appears whole, by rename, once it is closed; until then what is there stays. */
export type TextFile = {
  readonly path: string;
  write(text: string): void;
  /** The same with bytes, which need not be text. */
  writeBytes(bytes: Uint8Array): void;
  /** Ends the writing: everything is on the disk, and does not appear yet. */
  finish(): void;
  /** Lets it appear, for good: neither a kill nor a power cut leaves less than the whole file. */
  close(): void;
  /** Gives up: nothing is left. Of a closed file nothing is lost. */
  discard(): void;
};

export const createTextFile = (path: string): TextFile => {
  const temporary = path + temporarySuffix;
  const file = openSync(temporary, 'w');
  // Encoded as it comes: text that is put together first is copied once more before it can be.
  const waiting = Buffer.allocUnsafe(bufferBytes);
  let waitingBytes = 0;
  let isOpen = true;
  const writeNow = (bytes: Uint8Array): void => {
    for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
  };
  const flush = (): void => {
    writeNow(waiting.subarray(0, waitingBytes));
    waitingBytes = 0;
  };
  const finish = (): void => {
    if (!isOpen) return;
    flush();
    fsyncSync(file);
    closeSync(file);
    isOpen = false;
  };
  return {
    path,
    write(text) {
      const bytesMax = text.length * bytesPerUnitMax;
      if (waitingBytes + bytesMax > bufferBytes) flush();
      if (bytesMax > bufferBytes) writeNow(Buffer.from(text));
      else waitingBytes += waiting.write(text, waitingBytes);
    },
    writeBytes(bytes) {
      flush();
      writeNow(bytes);
    },
    finish,
    close() {
      finish();
      renameSync(temporary, path);
      syncFolderNow(dirname(path));
    },
    discard() {
      if (isOpen) closeSync(file);
      isOpen = false;
      rmSync(temporary, { force: true });
    },
  };
};

/**
 * Closes files of which one vouches for the others: wherever this stops, `last` is there only while the others are those it
 * was written with. Nothing is touched before all of them are on the disk.
 */
export const closeTogether = (others: readonly TextFile[], last: TextFile): void => {
  for (const file of [...others, last]) file.finish();
  rmSync(last.path, { force: true });
  syncFolderNow(dirname(last.path));
  for (const file of others) file.close();
  last.close();
};
