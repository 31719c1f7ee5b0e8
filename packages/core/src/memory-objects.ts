import { SluiceError } from './errors.ts';
import type { ObjectHead, ObjectStore, ObjectVersion } from './ports/object-store.ts';

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

/** Buckets in memory that keep the port's promises, note what is asked of them, and fail as they are told. For tests. */
export type MemoryObjects = ObjectStore & {
  readonly reads: readonly ReadCall[];
  /** Keys that were put, in order; also those whose put failed. */
  readonly puts: readonly string[];
  /** What stands under a key; undefined when nothing does. */
  bytesOf(bucket: string, key: string): Buffer | undefined;
  remove(bucket: string, key: string): void;
};

/** Resolves once the reader gives up. */
const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

export const createMemoryObjects = ({
  read: readScript = () => undefined,
  put: putScript = () => undefined,
  pieceBytes = 64 * 1024,
}: {
  readonly read?: ReadScript;
  readonly put?: PutScript;
  /** Bytes of a piece of a body. */
  readonly pieceBytes?: number;
} = {}): MemoryObjects => {
  const objects = new Map<string, { readonly etag: string; readonly bytes: Buffer }>();
  const reads: ReadCall[] = [];
  const puts: string[] = [];
  let stored = 0;

  const nameOf = (bucket: string, key: string): string => JSON.stringify([bucket, key]);

  /** Every put gets an ETag of its own, so that an overwrite shows even where the bytes are the same. */
  const store = (bucket: string, key: string, bytes: Buffer): ObjectHead => {
    stored++;
    const etag = `etag-${stored}`;
    objects.set(nameOf(bucket, key), { etag, bytes });
    return { etag, bytes: bytes.length };
  };

  const notePut = (key: string): void => {
    puts.push(key);
    putScript(key, puts.length);
  };

  return {
    reads,
    puts,
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
  };
};
