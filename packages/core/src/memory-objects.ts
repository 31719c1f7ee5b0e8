import { SluiceError } from './errors.ts';
import type { ListCursor, ListPage, ObjectHead, ObjectStore, ObjectVersion } from './ports/object-store.ts';

/** One ranged read that was begun. */
export type ReadCall = { readonly version: ObjectVersion; readonly start: number; readonly end: number };

/**
 * What a body does after its first `afterBytes`: brings nothing more until the reader gives up, ends as if it were
 * whole, or breaks with an error.
 */
export type ReadFault = { readonly kind: 'stalls' | 'ends' | 'breaks'; readonly afterBytes: number };

/** Decides by the read and its number, from 1. May throw: the read then brings nothing. */
export type ReadScript = (read: ReadCall, call: number) => ReadFault | undefined;

/** Runs before an object is put, with the put's number, from 1. May throw: nothing is put then. */
export type PutScript = (key: string, call: number) => void;

/** Runs before a version is removed, with the removal's number, from 1. May throw: it stays then. */
export type RemoveScript = (key: string, call: number) => void;

/** Buckets in memory that keep the port's promises, note what is asked of them, and fail as they are told. For tests. */
export type MemoryObjects = ObjectStore & {
  readonly reads: readonly ReadCall[];
  /** Keys that were put, in order; also those whose put failed. */
  readonly puts: readonly string[];
  /** What stands under a key; undefined when nothing does. */
  bytesOf(bucket: string, key: string): Buffer | undefined;
  remove(bucket: string, key: string): void;
  /** Keys that were to be removed through the port, in order; also those whose removal failed. */
  readonly removals: readonly string[];
  /** Where listings began, in order: behind this key, or at the first. */
  readonly lists: readonly (ListCursor | undefined)[];
};

/** Resolves once the reader gives up. */
const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

/** The order of S3's listings: by the bytes of the key. */
const compareKeys = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

export const createMemoryObjects = ({
  read: readScript = () => undefined,
  put: putScript = () => undefined,
  removeVersion: removeScript = () => undefined,
  pieceBytes = 64 * 1024,
  pageSize = 10,
  now = () => 0,
}: {
  readonly read?: ReadScript;
  readonly put?: PutScript;
  readonly removeVersion?: RemoveScript;
  /** Bytes of a piece of a body. */
  readonly pieceBytes?: number;
  /** Versions of one page of a listing. */
  readonly pageSize?: number;
  /** The time at which an object is put. */
  readonly now?: () => number;
} = {}): MemoryObjects => {
  const objects = new Map<string, { readonly etag: string; readonly bytes: Buffer; readonly modifiedAt: number }>();
  const lists: (ListCursor | undefined)[] = [];
  const reads: ReadCall[] = [];
  const puts: string[] = [];
  const removals: string[] = [];
  let stored = 0;

  const nameOf = (bucket: string, key: string): string => JSON.stringify([bucket, key]);

  /** Every put gets an ETag of its own, so that an overwrite shows even where the bytes are the same. */
  const store = (bucket: string, key: string, bytes: Buffer): ObjectHead => {
    stored++;
    const etag = `etag-${stored}`;
    objects.set(nameOf(bucket, key), { etag, bytes, modifiedAt: now() });
    return { etag, bytes: bytes.length };
  };

  const notePut = (key: string): void => {
    puts.push(key);
    putScript(key, puts.length);
  };

  return {
    reads,
    puts,
    lists,
    removals,
    bytesOf: (bucket, key) => objects.get(nameOf(bucket, key))?.bytes,
    remove(bucket, key) {
      objects.delete(nameOf(bucket, key));
    },
    async head(bucket, key) {
      const found = objects.get(nameOf(bucket, key));
      return found === undefined ? undefined : { etag: found.etag, bytes: found.bytes.length };
    },
    async *readRange(version, start, end, signal) {
      const call = { version, start, end };
      reads.push(call);
      const fault = readScript(call, reads.length);
      const found = objects.get(nameOf(version.bucket, version.key));
      if (found?.etag !== version.etag) {
        throw new SluiceError(
          'OBJECT_CHANGED',
          'expected the object version that was planned, found it changed or gone',
        );
      }
      // A body that has begun goes on with the bytes of its version, whatever is put meanwhile.
      const last = Math.min(end, found.bytes.length, start + (fault?.afterBytes ?? end));
      for (let at = start; at < last; at += pieceBytes) {
        yield Buffer.from(found.bytes.subarray(at, Math.min(last, at + pieceBytes)));
      }
      if (fault?.kind === 'stalls') await aborted(signal);
      if (fault?.kind === 'breaks') throw new Error('expected a body, found it broken off');
    },
    async put(bucket, key, body) {
      notePut(key);
      return store(bucket, key, Buffer.from(body));
    },
    async putStream(bucket, key, body) {
      notePut(key);
      const pieces: Uint8Array[] = [];
      for await (const piece of body) pieces.push(Buffer.from(piece));
      return store(bucket, key, Buffer.concat(pieces));
    },
    async removeVersion({ bucket, key, versionId }) {
      removals.push(key);
      removeScript(key, removals.length);
      // Nothing here has a version id, so one that is asked for is gone.
      if (versionId === undefined) objects.delete(nameOf(bucket, key));
    },
    async *list(bucket, after, prefix = ''): AsyncGenerator<ListPage> {
      lists.push(after);
      for (let cursor = after; ; ) {
        const listed = [...objects]
          .map(([name, object]) => ({ name: JSON.parse(name) as [string, string], object }))
          .filter(({ name: [of, key] }) => of === bucket && key.startsWith(prefix))
          .map(({ name: [, key], object: { etag, bytes, modifiedAt } }) => ({
            bucket,
            key,
            etag,
            bytes: bytes.length,
            modifiedAt,
          }))
          .filter(({ key }) => cursor === undefined || compareKeys(key, cursor.key) > 0)
          .sort((a, b) => compareKeys(a.key, b.key));
        const versions = listed.slice(0, pageSize);
        const last = versions.at(-1);
        if (last === undefined || listed.length === versions.length) {
          yield { versions };
          return;
        }
        cursor = { key: last.key };
        yield { versions, next: cursor };
      }
    },
  };
};
