import type { ObjectStore, ObjectVersion } from '@sluice/core/ports/object-store';

type Objects = Pick<ObjectStore, 'head' | 'readRange'>;

/** The bytes of an object version. Throws what the store throws when it is gone. */
export const readVersion = async (objects: Objects, version: ObjectVersion, bytes: number): Promise<Buffer> => {
  const pieces: Uint8Array[] = [];
  if (bytes > 0) {
    for await (const piece of objects.readRange(version, 0, bytes, new AbortController().signal)) pieces.push(piece);
  }
  return Buffer.concat(pieces);
};

/** The newest bytes under a key; undefined when there are none. */
export const readNewest = async (objects: Objects, bucket: string, key: string): Promise<Buffer | undefined> => {
  const head = await objects.head(bucket, key);
  return head === undefined ? undefined : readVersion(objects, { bucket, key, ...head }, head.bytes);
};
