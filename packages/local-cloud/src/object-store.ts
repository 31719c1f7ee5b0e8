import { randomUUID } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { SluiceError } from '@sluice/core/errors';
import type {
  ListCursor,
  ListedVersion,
  ListPage,
  ObjectHead,
  ObjectStore,
  ObjectVersion,
} from '@sluice/core/ports/object-store';
import type { OnDiskFull } from './database.ts';
import { isDiskFull } from './database.ts';
import { syncFolder } from './sync-folder.ts';

// S3, over folders of the file system: a bucket is a folder, a key a path in it.
//
// Models: whole and durable puts, ranged reads of one version with If-Match, a version that is gone. Does not model: versions kept
// side by side, multipart, metadata. The ETag is made from size, inode and both times of change, not from the content:
// the time of the content can be set back, that of the inode cannot.

/** Bytes of a piece of a body. */
const pieceBytes = 1024 * 1024;
/** Versions of one page of a listing. Source: S3, ListObjectVersions. */
const pageSize = 1_000;
/** Ends the name of a file that is being written; one that a killed process left is of no use. */
export const temporarySuffix = '.tmp';

type Stats = { readonly size: bigint; readonly mtimeNs: bigint; readonly ctimeNs: bigint; readonly ino: bigint };

const etagOf = ({ size, mtimeNs, ctimeNs, ino }: Stats): string =>
  [size, mtimeNs, ctimeNs, ino].map((part) => part.toString(36)).join('-');

const toHead = (stats: Stats): ObjectHead => ({ etag: etagOf(stats), bytes: Number(stats.size) });

/** The order of S3's listings: by the bytes of the key. */
const compareKeys = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

const gone = (): SluiceError =>
  new SluiceError('OBJECT_CHANGED', 'expected the object version that was planned, found it changed or gone');

const isMissing = (thrown: unknown): boolean =>
  ['ENOENT', 'ENOTDIR'].includes((thrown as { readonly code?: string }).code ?? '');

/** Makes a folder that outlasts a power cut, and those above it that are missing. */
const makeFolder = async (folder: string): Promise<void> => {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
};

export const createLocalObjects = (buckets: Readonly<Record<string, string>>, onDiskFull?: OnDiskFull): ObjectStore => {
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

  /** Undefined where there is no file. */
  const statOf = async (path: string) => {
    try {
      const stats = await stat(path, { bigint: true });
      return stats.isFile() ? stats : undefined;
    } catch (thrown) {
      if (isMissing(thrown)) return undefined;
      throw thrown;
    }
  };

  const headOf = async (path: string): Promise<ObjectHead | undefined> => {
    const stats = await statOf(path);
    return stats === undefined ? undefined : toHead(stats);
  };

  const checkVersion = async (path: string, version: ObjectVersion): Promise<void> => {
    if ((await headOf(path))?.etag !== version.etag) throw gone();
  };

  const write = async (bucket: string, key: string, pieces: AsyncIterable<Uint8Array>): Promise<ObjectHead> => {
    const path = pathOf(bucket, key);
    const temporary = join(dirname(path), `.${randomUUID()}${temporarySuffix}`);
    try {
      await makeFolder(dirname(path));
      const file = await open(temporary, 'wx');
      try {
        for await (const piece of pieces) await file.appendFile(piece);
        await file.sync();
        await rename(temporary, path);
        await syncFolder(dirname(path));
        // Its new name is one of its changes.
        return toHead(await file.stat({ bigint: true }));
      } finally {
        await file.close();
      }
    } catch (thrown) {
      await rm(temporary, { force: true });
      if (isDiskFull(thrown)) onDiskFull?.();
      throw thrown;
    }
  };

  /** Every file of a bucket's folder, by key. One that is being written is no object yet. */
  const keysIn = async (bucket: string): Promise<string[]> => {
    const root = resolve(folders.get(bucket) ?? '');
    try {
      const entries = await readdir(root, { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile() && !entry.name.endsWith(temporarySuffix))
        .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll(sep, '/'));
    } catch (thrown) {
      if (isMissing(thrown)) return [];
      throw thrown;
    }
  };

  async function* list(bucket: string, after?: ListCursor, prefix = ''): AsyncGenerator<ListPage> {
    // Refuses a bucket that is none.
    pathOf(bucket, 'any');
    const keys = (await keysIn(bucket))
      .filter((key) => key.startsWith(prefix) && (after === undefined || compareKeys(key, after.key) > 0))
      .sort(compareKeys);
    for (let from = 0; ; from += pageSize) {
      const page = keys.slice(from, from + pageSize);
      const versions: ListedVersion[] = [];
      for (const key of page) {
        const found = await statOf(pathOf(bucket, key));
        if (found === undefined) continue;
        versions.push({ bucket, key, ...toHead(found), modifiedAt: Number(found.mtimeMs) });
      }
      const last = page.at(-1);
      if (last === undefined || from + page.length === keys.length) {
        yield { versions };
        return;
      }
      yield { versions, next: { key: last } };
    }
  }

  const openFile = async (path: string): Promise<FileHandle> => {
    try {
      return await open(path);
    } catch (thrown) {
      throw isMissing(thrown) ? gone() : thrown;
    }
  };

  async function* readRange(version: ObjectVersion, start: number, end: number, signal: AbortSignal) {
    const path = pathOf(version.bucket, version.key);
    await checkVersion(path, version);
    if (start === end) return;
    const file = await openFile(path);
    const body = file.createReadStream({ start, end: end - 1, highWaterMark: pieceBytes, signal });
    try {
      for await (const piece of body as AsyncIterable<Buffer>) {
        // A local file has one version: a piece is handed on only if the file is still that one after it was read.
        if (etagOf(await file.stat({ bigint: true })) !== version.etag) throw gone();
        yield piece;
      }
    } finally {
      body.destroy();
    }
    await checkVersion(path, version);
  }

  return {
    head: async (bucket, key) => headOf(pathOf(bucket, key)),
    readRange,
    async put(bucket, key, body) {
      const bytes = typeof body === 'string' ? Buffer.from(body) : body;
      return write(
        bucket,
        key,
        (async function* () {
          yield bytes;
        })(),
      );
    },
    putStream: write,
    async removeVersion({ bucket, key, versionId }) {
      const path = pathOf(bucket, key);
      // No version here has an id, so one that is asked for is gone. A folder is no object.
      if (versionId !== undefined || (await statOf(path)) === undefined) return;
      await rm(path, { force: true });
      await syncFolder(dirname(path));
    },
    list,
  };
};
