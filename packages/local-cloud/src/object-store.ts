import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { SluiceError } from '@sluice/core/errors';
import type { ObjectHead, ObjectStore, ObjectVersion } from '@sluice/core/ports/object-store';
import type { StageName } from '@sluice/core/wiring';
import type { OnDiskFull } from './database.ts';
import type { Faults } from './faults.ts';

// S3, over folders of the file system: a bucket is a folder, a key a path in it.
//
// Models: whole puts, ranged reads of one version with If-Match, a version that is gone. Does not model: versions kept side by
// side, listing, multipart, metadata. The ETag is made from size, time of change and inode, not from the content.

/** Bytes of a piece of a body. */
const pieceBytes = 1024 * 1024;

type Stats = { readonly size: bigint; readonly mtimeNs: bigint; readonly ino: bigint };

const etagOf = ({ size, mtimeNs, ino }: Stats): string =>
  `${size.toString(36)}-${mtimeNs.toString(36)}-${ino.toString(36)}`;

const gone = (): SluiceError =>
  new SluiceError('OBJECT_CHANGED', 'expected the object version that was planned, found it changed or gone');

const isMissing = (thrown: unknown): boolean =>
  ['ENOENT', 'ENOTDIR'].includes((thrown as { readonly code?: string }).code ?? '');

export const createLocalObjects = (
  buckets: Readonly<Record<string, string>>,
  faults: Faults,
  onDiskFull?: OnDiskFull,
): ((caller: StageName | 'runner') => ObjectStore) => {
  const folders = new Map(Object.entries(buckets));

  const pathOf = (bucket: string, key: string): string => {
    const folder = folders.get(bucket);
    if (folder === undefined)
      throw new SluiceError('SERVICE_REFUSED', 'expected a bucket of this cloud, found another');
    const root = resolve(folder);
    const path = resolve(root, key);
    if (key.includes('\0') || !path.startsWith(root.endsWith(sep) ? root : root + sep)) {
      throw new SluiceError('SERVICE_REFUSED', 'expected a key inside its bucket, found one that leads out of it');
    }
    return path;
  };

  const headOf = async (path: string): Promise<ObjectHead | undefined> => {
    try {
      const stats = await stat(path, { bigint: true });
      return stats.isFile() ? { etag: etagOf(stats), bytes: Number(stats.size) } : undefined;
    } catch (thrown) {
      if (isMissing(thrown)) return undefined;
      throw thrown;
    }
  };

  const checkVersion = async (path: string, version: ObjectVersion): Promise<void> => {
    if ((await headOf(path))?.etag !== version.etag) throw gone();
  };

  const write = async (bucket: string, key: string, pieces: AsyncIterable<Uint8Array>): Promise<ObjectHead> => {
    const path = pathOf(bucket, key);
    await mkdir(dirname(path), { recursive: true });
    const temporary = join(dirname(path), `.${randomUUID()}.tmp`);
    try {
      const file = await open(temporary, 'wx');
      try {
        for await (const piece of pieces) await file.appendFile(piece);
      } finally {
        await file.close();
      }
      await rename(temporary, path);
    } catch (thrown) {
      await rm(temporary, { force: true });
      if ((thrown as { readonly code?: string }).code === 'ENOSPC') onDiskFull?.();
      throw thrown;
    }
    const head = await headOf(path);
    if (head === undefined) throw gone();
    return head;
  };

  async function* read(path: string, version: ObjectVersion, start: number, end: number, signal: AbortSignal) {
    await checkVersion(path, version);
    if (start === end) return;
    const body = createReadStream(path, { start, end: end - 1, highWaterMark: pieceBytes, signal });
    try {
      yield* body as AsyncIterable<Buffer>;
    } catch (thrown) {
      if (isMissing(thrown)) throw gone();
      throw thrown;
    } finally {
      body.destroy();
    }
    // A local file has one version: what was read counts only if it is still that one.
    await checkVersion(path, version);
  }

  return (caller) => {
    const call = <Answer>(operation: string, effect: () => Answer | Promise<Answer>): Promise<Answer> =>
      faults.call({ caller, service: 's3', operation }, effect).then((answer) => answer);
    return {
      head: (bucket, key) => call('HeadObject', () => headOf(pathOf(bucket, key))),
      async *readRange(version, start, end, signal) {
        const body = await call('GetObject', () =>
          read(pathOf(version.bucket, version.key), version, start, end, signal),
        );
        yield* body;
      },
      put: (bucket, key, body) => {
        const bytes = typeof body === 'string' ? Buffer.from(body) : body;
        return call('PutObject', () =>
          write(
            bucket,
            key,
            (async function* () {
              yield bytes;
            })(),
          ),
        );
      },
      putStream: (bucket, key, body) => call('PutObject', () => write(bucket, key, body)),
    };
  };
};
