/** One version of one object. `etag` is always known; `versionId` where the bucket keeps versions. */
export type ObjectVersion = {
  readonly bucket: string;
  readonly key: string;
  readonly etag: string;
  readonly versionId?: string;
};

export type ObjectHead = { readonly etag: string; readonly bytes: number; readonly versionId?: string };

/** A version as a listing shows it; `modifiedAt` in milliseconds since the Unix epoch. */
export type ListedVersion = ObjectVersion & { readonly bytes: number; readonly modifiedAt: number };

/** A place in a listing, from which it goes on. Survives JSON. What stands in it is the store's own matter. */
export type ListCursor = { readonly key: string; readonly versionId?: string };

/** `next`: where the page after this one begins; undefined on the last. A page may be empty. */
export type ListPage = { readonly versions: readonly ListedVersion[]; readonly next?: ListCursor };

/**
 * S3, as the pipeline uses it. Every read names a version and carries If-Match: an object that is gone or holds other
 * bytes throws SluiceError OBJECT_CHANGED. A body may stall or end early without an error; `read-object.ts` deals with it.
 */
export type ObjectStore = {
  /** The newest version; undefined when there is none. */
  head(bucket: string, key: string): Promise<ObjectHead | undefined>;
  /** The bytes from `start` (inclusive) to `end` (exclusive, at most the object's size), in pieces of the store's choice. */
  readRange(version: ObjectVersion, start: number, end: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Puts a whole object; putting the same key again replaces it. */
  put(bucket: string, key: string, body: string | Uint8Array): Promise<ObjectHead>;
  /** Puts an object of unknown size as it arrives; nothing is visible under `key` before the last byte is in. */
  putStream(bucket: string, key: string, body: AsyncIterable<Uint8Array>): Promise<ObjectHead>;
  /**
   * Every version of every object whose key begins with `prefix`, delete markers left out, in the store's order, behind `after`.
   * What is put meanwhile may or may not be among them.
   */
  list(bucket: string, after?: ListCursor, prefix?: string): AsyncIterable<ListPage>;
  /** Deletes this version for good; nothing happens when it is gone. Other versions of its key stay. */
  removeVersion(version: Pick<ObjectVersion, 'bucket' | 'key' | 'versionId'>): Promise<void>;
};
