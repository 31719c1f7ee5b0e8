import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { open } from 'node:fs/promises';
import { foundInstead, kindText, pathText } from '../found-instead.ts';
import { UsageError } from '../usage-error.ts';
import { objectBytesMax } from './part-size.ts';
import type { ReadableFile } from './put-file.ts';
import { CommandFailed } from './session.ts';

/** A file that is being uploaded. */
export type OpenUpload = ReadableFile & {
  /** Hex SHA-256 of the bytes that were read, which are all of them once the last was. */
  sha256(): string;
  /** Throws CommandFailed when the file was written since it was opened. */
  checkUnchanged(): Promise<void>;
  close(): Promise<void>;
};

const isSame = (a: BigIntStats, b: BigIntStats): boolean => a.size === b.size && a.mtimeNs === b.mtimeNs;

/**
 * Opens a file to upload it. A read checks that the file is what it was when it was opened: one that was written, or cut short, throws
 * CommandFailed. Throws UsageError for what is no file, cannot be read, or is larger than an object may be.
 */
export const openUpload = async (path: string): Promise<OpenUpload> => {
  const handle = await open(path).catch((thrown: unknown) => {
    throw new UsageError(`expected a CSV file, found ${foundInstead(thrown, path)}`);
  });
  const refuse = async (message: string): Promise<never> => {
    await handle.close();
    throw new UsageError(message);
  };
  const opened = await handle.stat({ bigint: true });
  if (!opened.isFile()) {
    return refuse(`expected a CSV file, found ${kindText(await handle.stat())} at ${pathText(path)}`);
  }
  if (opened.size > BigInt(objectBytesMax)) {
    return refuse(`expected a file of at most ${objectBytesMax} bytes, as S3 takes them, found ${opened.size}`);
  }
  const hash = createHash('sha256');

  const checkUnchanged = async (): Promise<void> => {
    if (isSame(opened, await handle.stat({ bigint: true }))) return;
    throw new CommandFailed(
      `upload: expected ${pathText(path)} to stay as it is, found it changed meanwhile; nothing of it is left in the inbox, upload it again`,
    );
  };

  return {
    bytes: Number(opened.size),
    async read(start, end) {
      const bytes = Buffer.allocUnsafe(end - start);
      for (let at = 0; at < bytes.length; ) {
        const { bytesRead } = await handle.read(bytes, at, bytes.length - at, start + at);
        if (bytesRead === 0) break;
        at += bytesRead;
      }
      await checkUnchanged();
      hash.update(bytes);
      return bytes;
    },
    sha256: () => hash.copy().digest('hex'),
    checkUnchanged,
    close: () => handle.close(),
  };
};
