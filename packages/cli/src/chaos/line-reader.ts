import { closeSync, openSync, readSync } from 'node:fs';

const pieceBytes = 1024 * 1024;

/** The lines of a text file, without their line ends, one at a time. */
export const createLineReader = (path: string): { next(): string | undefined; close(): void } => {
  const file = openSync(path, 'r');
  const piece = Buffer.alloc(pieceBytes);
  let rest: Buffer = Buffer.alloc(0);
  let at = 0;
  return {
    next() {
      for (;;) {
        const end = rest.indexOf(10, at);
        if (end >= 0) {
          const line = rest.toString('utf8', at, end);
          at = end + 1;
          return line;
        }
        const read = readSync(file, piece);
        if (read === 0) {
          const last = rest.toString('utf8', at);
          at = rest.length;
          return last === '' ? undefined : last;
        }
        rest = Buffer.concat([rest.subarray(at), piece.subarray(0, read)]);
        at = 0;
      }
    },
    close: () => closeSync(file),
  };
};
