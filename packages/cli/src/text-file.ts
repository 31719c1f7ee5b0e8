import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';

/** Bytes written at once. */
const bufferBytes = 1024 * 1024;

/** A file that appears whole, by rename, once it is closed; until then what is there stays. */
export type TextFile = {
  write(text: string): void;
  close(): void;
  /** Gives up: nothing is left. */
  discard(): void;
};

export const createTextFile = (path: string): TextFile => {
  const temporary = `${path}.tmp`;
  const file = openSync(temporary, 'w');
  let waiting = '';
  let isOpen = true;
  const flush = (): void => {
    const bytes = Buffer.from(waiting);
    for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
    waiting = '';
  };
  return {
    write(text) {
      waiting += text;
      if (waiting.length >= bufferBytes) flush();
    },
    close() {
      flush();
      fsyncSync(file);
      closeSync(file);
      isOpen = false;
      renameSync(temporary, path);
    },
    discard() {
      if (isOpen) closeSync(file);
      isOpen = false;
      rmSync(temporary, { force: true });
    },
  };
};
