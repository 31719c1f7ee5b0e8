import { createHash } from 'node:crypto';
import { SluiceError } from '@sluice/core/errors';
import type { ListedVersion, ObjectHead, ObjectStore, ObjectVersion } from '@sluice/core/ports/object-store';

// S3, in memory.
//
// Models: versions kept side by side or not, delete markers, ETags made from the content, If-Match, whole puts, listing of every
// version in pages. Does not model: multipart ETags, the form of version ids. Nothing fails here: faults are the kernel's.

export type VersionedObjectsOptions = {
  readonly isVersioned: boolean;
  /** Says when something is put through the port. */
  readonly now: () => number;
  /** Bytes of a piece of a body; all in one when not given. */
  readonly pieceBytes?: number;
  /** Versions of a page of a listing. */
  readonly pageVersions?: number;
};

export type VersionedObjects = ObjectStore & {
  /** Puts an object at this time, and says what it has become. */
  upload(bucket: string, key: string, bytes: Buffer, at: number): ObjectVersion;
  /** Deletes the newest version; with versions kept it can still be read by its id. False when there is none. */
  delete(bucket: string, key: string): boolean;
  /** Undefined when the version is gone. */
  bytesOf(version: ObjectVersion): Buffer | undefined;
  /** Everything that can still be read, the newest version of a key last. */
  objects(bucket: string): readonly ListedVersion[];
};

type Stored = ListedVersion & { readonly content: Buffer };
/** The versions of one key, oldest first; deleted when a delete marker lies over them. */
type Versions = { stored: Stored[]; isDeleted: boolean };

const toListed = ({ content: _, ...listed }: Stored): ListedVersion => listed;

const toHead = ({ etag, bytes, versionId }: Stored): ObjectHead => ({
  etag,
  bytes,
  ...(versionId === undefined ? {} : { versionId }),
});

const byBytes = (left: string, right: string): number => Buffer.compare(Buffer.from(left), Buffer.from(right));

export const createVersionedObjects = (options: VersionedObjectsOptions): VersionedObjects => {
  const { isVersioned, now, pieceBytes = Number.MAX_SAFE_INTEGER, pageVersions = 1_000 } = options;
  const buckets = new Map<string, Map<string, Versions>>();
  let versions = 0;

  const keysOf = (bucket: string): Map<string, Versions> => {
    const keys = buckets.get(bucket) ?? new Map<string, Versions>();
    buckets.set(bucket, keys);
    return keys;
  };

  const store = (bucket: string, key: string, content: Buffer, modifiedAt: number): Stored => {
    versions++;
    const stored: Stored = {
      bucket,
      key,
      etag: createHash('md5').update(content).digest('hex'),
      ...(isVersioned ? { versionId: `v${versions}` } : {}),
      bytes: content.length,
      modifiedAt,
      content,
    };
    const found = keysOf(bucket).get(key);
    if (found === undefined || !isVersioned) keysOf(bucket).set(key, { stored: [stored], isDeleted: false });
    else {
      found.stored.push(stored);
      found.isDeleted = false;
    }
    return stored;
  };

  const newest = (bucket: string, key: string): Stored | undefined => {
    const found = keysOf(bucket).get(key);
    return found === undefined || found.isDeleted ? undefined : found.stored.at(-1);
  };

  const find = ({ bucket, key, versionId, etag }: ObjectVersion): Stored | undefined => {
    const found =
      versionId === undefined
        ? newest(bucket, key)
        : keysOf(bucket)
            .get(key)
            ?.stored.find((stored) => stored.versionId === versionId);
    return found?.etag === etag ? found : undefined;
  };

  return {
    head: async (bucket, key) => {
      const found = newest(bucket, key);
      return found === undefined ? undefined : toHead(found);
    },
    async *readRange(version, start, end) {
      const found = find(version);
      if (found === undefined) {
        throw new SluiceError(
          'OBJECT_CHANGED',
          'expected the object version that was planned, found it changed or gone',
        );
      }
      const last = Math.min(end, found.content.length);
      for (let at = start; at < last; at += pieceBytes) {
        // A piece is the reader's own: it may write over it.
        yield Buffer.from(found.content.subarray(at, Math.min(last, at + pieceBytes)));
      }
    },
    put: async (bucket, key, body) => toHead(store(bucket, key, Buffer.from(body), now())),
    async putStream(bucket, key, body) {
      const pieces: Buffer[] = [];
      for await (const piece of body) pieces.push(Buffer.from(piece));
      return toHead(store(bucket, key, Buffer.concat(pieces), now()));
    },
    async removeVersion({ bucket, key, versionId }) {
      const found = keysOf(bucket).get(key);
      if (found === undefined) return;
      found.stored = found.stored.filter((stored) => stored.versionId !== versionId);
      if (found.stored.length === 0) keysOf(bucket).delete(key);
    },
    async *list(bucket, after, prefix = '') {
      const listed = [...keysOf(bucket)]
        .filter(([key]) => key.startsWith(prefix))
        .sort(([left], [right]) => byBytes(left, right))
        .flatMap(([, { stored }]) => stored.map(toListed).reverse());
      let from = 0;
      if (after !== undefined) {
        const place = listed.findIndex(
          ({ key, versionId }) =>
            byBytes(key, after.key) > 0 ||
            (key === after.key && after.versionId !== undefined && versionId === after.versionId),
        );
        const isItself = listed[place]?.key === after.key;
        from = place === -1 ? listed.length : place + (isItself ? 1 : 0);
      }
      do {
        const page = listed.slice(from, from + pageVersions);
        from += pageVersions;
        const last = page.at(-1);
        if (last === undefined || from >= listed.length) yield { versions: page };
        else {
          const { key, versionId } = last;
          yield { versions: page, next: { key, ...(versionId === undefined ? {} : { versionId }) } };
        }
      } while (from < listed.length);
    },
    upload(bucket, key, bytes, at) {
      const { versionId, etag } = store(bucket, key, bytes, at);
      return { bucket, key, etag, ...(versionId === undefined ? {} : { versionId }) };
    },
    delete(bucket, key) {
      if (newest(bucket, key) === undefined) return false;
      const found = keysOf(bucket).get(key);
      if (!isVersioned) keysOf(bucket).delete(key);
      else if (found !== undefined) found.isDeleted = true;
      return true;
    },
    bytesOf: (version) => find(version)?.content,
    objects: (bucket) => [...keysOf(bucket).values()].flatMap(({ stored }) => stored.map(toListed)),
  };
};
