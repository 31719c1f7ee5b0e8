import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ListCursor, ListedVersion, ObjectHead, ObjectStore, ObjectVersion } from './object-store.ts';

// What every ObjectStore promises. An adapter runs it from a test of its own.

/** Two empty buckets for one test alone. */
export type ObjectStoreSetUp = {
  readonly store: ObjectStore;
  readonly bucket: string;
  readonly otherBucket: string;
  /** The buckets keep versions: one that is no longer the newest can still be read. */
  readonly keepsVersions?: true;
  /** Removes an object: the port cannot. */
  remove(bucket: string, key: string): Promise<void>;
  close(): Promise<void>;
};

const key = 'in/file.csv';
const changed = { name: 'SluiceError', code: 'OBJECT_CHANGED' };

/** Bytes that tell their place. */
const patternOf = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (index * 31 + Math.floor(index / 251)) % 256);

const oddKeys: readonly (readonly [name: string, key: string])[] = [
  ['with spaces', 'a folder/a file .csv'],
  ['with letters of many scripts', 'übung/ファイル/файл.csv'],
  ['with an emoji', '📦/👍.csv'],
  ['with characters that URLs escape', 'a+b%20c?d=e&f#g.csv'],
  ['with quotes and brackets', `it's "this" (one) [two] {three}.csv`],
  ['with dots', '.hidden/..name/a..b/...csv'],
  ['with the name of a prototype', '__proto__'],
  ['without an ending', 'file'],
  ['deep down', 'a/b/c/d/e/f/g/h/i/j/k.csv'],
];

export const objectStoreContract = (name: string, setUp: () => Promise<ObjectStoreSetUp>): void => {
  describe(name, () => {
    let made: ObjectStoreSetUp;
    let store: ObjectStore;
    beforeEach(async () => {
      made = await setUp();
      store = made.store;
    });
    afterEach(() => made.close());

    const versionOf = ({ etag, versionId }: ObjectHead, bucket = made.bucket, ofKey = key): ObjectVersion => ({
      bucket,
      key: ofKey,
      etag,
      ...(versionId === undefined ? {} : { versionId }),
    });

    const read = async (version: ObjectVersion, start: number, end: number): Promise<Buffer> => {
      const pieces: Uint8Array[] = [];
      for await (const piece of store.readRange(version, start, end, new AbortController().signal)) {
        pieces.push(Uint8Array.from(piece));
      }
      return Buffer.concat(pieces);
    };

    /** A version that is not the newest any more is gone, unless the bucket keeps versions. */
    const expectOutdated = (version: ObjectVersion, text: string): Promise<void> =>
      made.keepsVersions === true
        ? expect(read(version, 0, text.length)).resolves.toEqual(Buffer.from(text))
        : expect(read(version, 0, text.length)).rejects.toMatchObject(changed);

    /** All bytes of the newest version; undefined when there is none. */
    const readNewest = async (bucket = made.bucket, ofKey = key): Promise<Buffer | undefined> => {
      const head = await store.head(bucket, ofKey);
      return head === undefined ? undefined : read(versionOf(head, bucket, ofKey), 0, head.bytes);
    };

    describe('head', () => {
      it('is undefined where there is no object', async () => {
        expect(await store.head(made.bucket, key)).toBeUndefined();
      });

      it('is undefined for a key that only begins other keys', async () => {
        await store.put(made.bucket, 'a/b/c', 'text');
        expect(await store.head(made.bucket, 'a')).toBeUndefined();
        expect(await store.head(made.bucket, 'a/b')).toBeUndefined();
        expect(await store.head(made.bucket, 'a/b/c/d')).toBeUndefined();
      });

      it('is what put answered, as long as nothing is put again', async () => {
        const head = await store.put(made.bucket, key, 'text');
        expect(head.bytes).toBe(4);
        expect(head.etag).not.toBe('');
        expect(await store.head(made.bucket, key)).toEqual(head);
        await readNewest();
        expect(await store.head(made.bucket, key)).toEqual(head);
      });

      it('has another etag once other bytes are put, as many as they are', async () => {
        const first = await store.put(made.bucket, key, 'first');
        const second = await store.put(made.bucket, key, 'other');
        expect(second.etag).not.toBe(first.etag);
        expect(await store.head(made.bucket, key)).toEqual(second);
      });

      it('is undefined once the object is removed', async () => {
        await store.put(made.bucket, key, 'text');
        await made.remove(made.bucket, key);
        expect(await store.head(made.bucket, key)).toBeUndefined();
      });
    });

    describe('readRange', () => {
      it.each([
        [0, 10],
        [0, 1],
        [9, 10],
        [3, 7],
        [0, 0],
        [5, 5],
        [10, 10],
      ])('gives the bytes from %i to %i, the end not among them', async (start, end) => {
        const bytes = patternOf(10);
        const version = versionOf(await store.put(made.bucket, key, bytes));
        expect(await read(version, start, end)).toEqual(Buffer.from(bytes.subarray(start, end)));
      });

      it('gives exact bytes of a range of many pieces', async () => {
        const bytes = patternOf(5_000_003);
        const version = versionOf(await store.put(made.bucket, key, bytes));
        const found = await read(version, 999_999, 4_999_999);
        expect(found.equals(bytes.subarray(999_999, 4_999_999))).toBe(true);
      });

      it('gives ranges that together are the object', async () => {
        const bytes = patternOf(100_001);
        const version = versionOf(await store.put(made.bucket, key, bytes));
        const ranges = await Promise.all([
          read(version, 0, 33_333),
          read(version, 33_333, 66_667),
          read(version, 66_667, 100_001),
        ]);
        expect(Buffer.concat(ranges).equals(bytes)).toBe(true);
      });

      it('throws OBJECT_CHANGED when other bytes were put and versions are not kept', async () => {
        const version = versionOf(await store.put(made.bucket, key, 'first'));
        await store.put(made.bucket, key, 'other');
        await expectOutdated(version, 'first');
      });

      it('throws OBJECT_CHANGED when other bytes were streamed and versions are not kept', async () => {
        const version = versionOf(await store.put(made.bucket, key, 'first'));
        await store.putStream(made.bucket, key, piecesOf('other'));
        await expectOutdated(version, 'first');
      });

      it('throws OBJECT_CHANGED when the object is gone and versions are not kept', async () => {
        const version = versionOf(await store.put(made.bucket, key, 'first'));
        await made.remove(made.bucket, key);
        await expectOutdated(version, 'first');
      });

      it('throws OBJECT_CHANGED when the version holds other bytes than its ETag says', async () => {
        const version = versionOf(await store.put(made.bucket, key, 'first'));
        const { etag } = await store.put(made.bucket, 'other.csv', 'other');
        await expect(read({ ...version, etag }, 0, 5)).rejects.toMatchObject(changed);
      });

      it('throws OBJECT_CHANGED where there never was an object', async () => {
        const { etag } = await store.put(made.bucket, key, 'first');
        await expect(read({ bucket: made.bucket, key: 'other.csv', etag }, 0, 5)).rejects.toMatchObject(changed);
      });
    });

    describe('put', () => {
      it('keeps text as UTF-8', async () => {
        const head = await store.put(made.bucket, key, 'é👍\u0000\ufeff\n');
        expect(head.bytes).toBe(Buffer.byteLength('é👍\u0000\ufeff\n'));
        expect(await readNewest()).toEqual(Buffer.from('é👍\u0000\ufeff\n'));
      });

      it('keeps bytes that are no text', async () => {
        await store.put(made.bucket, key, Uint8Array.of(0, 255, 254, 13, 10, 192, 128));
        expect(await readNewest()).toEqual(Buffer.of(0, 255, 254, 13, 10, 192, 128));
      });

      it('keeps only the part of a buffer that it is given', async () => {
        await store.put(made.bucket, key, patternOf(100).subarray(10, 20));
        expect(await readNewest()).toEqual(Buffer.from(patternOf(100).subarray(10, 20)));
      });

      it('keeps an empty object', async () => {
        expect((await store.put(made.bucket, key, '')).bytes).toBe(0);
        expect((await store.head(made.bucket, key))?.bytes).toBe(0);
        expect(await readNewest()).toEqual(Buffer.alloc(0));
      });

      it('replaces the whole object', async () => {
        await store.put(made.bucket, key, 'a long text');
        expect((await store.put(made.bucket, key, 'short')).bytes).toBe(5);
        expect(await readNewest()).toEqual(Buffer.from('short'));
      });

      it('leaves one of two bodies that are put at once, whole', async () => {
        const bodies = [Buffer.alloc(200_000, 'a'), Buffer.alloc(100_000, 'b')];
        await Promise.all(bodies.map((body) => store.put(made.bucket, key, body)));
        const found = await readNewest();
        expect(bodies.filter((body) => found?.equals(body))).toHaveLength(1);
      });

      it('keeps two buckets apart', async () => {
        await store.put(made.bucket, key, 'here');
        expect(await store.head(made.otherBucket, key)).toBeUndefined();
        await store.put(made.otherBucket, key, 'there');
        expect(await readNewest(made.bucket)).toEqual(Buffer.from('here'));
        expect(await readNewest(made.otherBucket)).toEqual(Buffer.from('there'));
      });

      it.each(oddKeys)('takes a key %s', async (_, oddKey) => {
        const head = await store.put(made.bucket, oddKey, `at ${oddKey}`);
        expect(await store.head(made.bucket, oddKey)).toEqual(head);
        expect(await readNewest(made.bucket, oddKey)).toEqual(Buffer.from(`at ${oddKey}`));
      });
    });

    describe('putStream', () => {
      it('puts the pieces together', async () => {
        const head = await store.putStream(made.bucket, key, piecesOf('a', '', 'bc', 'd'));
        expect(head.bytes).toBe(4);
        expect(await store.head(made.bucket, key)).toEqual(head);
        expect(await readNewest()).toEqual(Buffer.from('abcd'));
      });

      it('keeps an empty object when no piece arrives', async () => {
        expect((await store.putStream(made.bucket, key, piecesOf())).bytes).toBe(0);
        expect(await readNewest()).toEqual(Buffer.alloc(0));
      });

      it('takes more than one part of an upload holds, in pieces of any size', async () => {
        const bytes = patternOf(11_000_001);
        const sizes = [1, 4_999_999, 6_000_000, 1];
        const head = await store.putStream(
          made.bucket,
          key,
          (async function* () {
            let from = 0;
            for (const size of sizes) {
              yield bytes.subarray(from, from + size);
              from += size;
            }
          })(),
        );
        expect(head.bytes).toBe(bytes.length);
        expect((await readNewest())?.equals(bytes)).toBe(true);
      });

      it('shows nothing before the last byte is in', async () => {
        const seen: (ObjectHead | undefined)[] = [];
        await store.putStream(
          made.bucket,
          key,
          (async function* () {
            for (const piece of ['a', 'b', 'c']) {
              yield Buffer.from(piece);
              seen.push(await store.head(made.bucket, key));
            }
          })(),
        );
        expect(seen).toEqual([undefined, undefined, undefined]);
        expect(await readNewest()).toEqual(Buffer.from('abc'));
      });

      it('shows the object before it until the last byte is in', async () => {
        await store.put(made.bucket, key, 'before');
        const seen: (string | undefined)[] = [];
        await store.putStream(
          made.bucket,
          key,
          (async function* () {
            yield Buffer.from('a');
            seen.push((await readNewest())?.toString());
            yield Buffer.from('b');
            seen.push((await readNewest())?.toString());
          })(),
        );
        expect(seen).toEqual(['before', 'before']);
        expect(await readNewest()).toEqual(Buffer.from('ab'));
      });

      it('leaves nothing when what it is given fails', async () => {
        await expect(store.putStream(made.bucket, key, failingAfter('a', 'b'))).rejects.toThrow('the source is gone');
        expect(await store.head(made.bucket, key)).toBeUndefined();
      });

      it('leaves the object before it when what it is given fails', async () => {
        const before = await store.put(made.bucket, key, 'before');
        await expect(store.putStream(made.bucket, key, failingAfter('a', 'b'))).rejects.toThrow('the source is gone');
        expect(await store.head(made.bucket, key)).toEqual(before);
        expect(await readNewest()).toEqual(Buffer.from('before'));
      });

      it.each(oddKeys)('takes a key %s', async (_, oddKey) => {
        await store.putStream(made.bucket, oddKey, piecesOf('at ', oddKey));
        expect(await readNewest(made.bucket, oddKey)).toEqual(Buffer.from(`at ${oddKey}`));
      });
    });

    describe('removeVersion', () => {
      it('removes this object, and no other', async () => {
        const head = await store.put(made.bucket, key, 'text');
        const others = [
          await store
            .put(made.bucket, `${key}.csv`, 'text')
            .then((other) => versionOf(other, made.bucket, `${key}.csv`)),
          await store.put(made.otherBucket, key, 'text').then((other) => versionOf(other, made.otherBucket)),
        ];
        await store.removeVersion(versionOf(head));
        expect(await store.head(made.bucket, key)).toBeUndefined();
        await expect(read(versionOf(head), 0, 4)).rejects.toMatchObject(changed);
        for (const other of others) expect((await read(other, 0, 4)).toString()).toBe('text');
      });

      it('does nothing when it is gone, and when there never was one', async () => {
        const head = await store.put(made.bucket, key, 'text');
        await store.removeVersion(versionOf(head));
        await store.removeVersion(versionOf(head));
        await store.removeVersion({ bucket: made.bucket, key: 'in/never.csv' });
        await store.put(made.bucket, key, 'new');
        expect((await store.head(made.bucket, key))?.bytes).toBe(3);
      });

      it.each(oddKeys)('removes a key %s', async (_, oddKey) => {
        await store.removeVersion(versionOf(await store.put(made.bucket, oddKey, 'text'), made.bucket, oddKey));
        expect(await store.head(made.bucket, oddKey)).toBeUndefined();
      });

      it('leaves the versions beside it, where the bucket keeps them', async () => {
        const first = await store.put(made.bucket, key, 'first');
        const second = await store.put(made.bucket, key, 'second');
        await store.removeVersion(versionOf(second));
        const left = await store.head(made.bucket, key);
        if (made.keepsVersions !== true) expect(left).toBeUndefined();
        else {
          expect(left).toEqual(first);
          expect((await read(versionOf(first), 0, 5)).toString()).toBe('first');
        }
      });
    });

    describe('list', () => {
      const collect = async (after?: ListCursor, prefix?: string): Promise<ListedVersion[]> => {
        const listed: ListedVersion[] = [];
        for await (const { versions } of store.list(made.bucket, after, prefix)) listed.push(...versions);
        return listed;
      };
      const keysOf = (listed: readonly ListedVersion[]): string[] => listed.map((version) => version.key);

      it('lists nothing where there is no object', async () => {
        await store.put(made.otherBucket, key, 'text');
        expect(await collect()).toEqual([]);
      });

      it('shows an object as its head does, and when it was put', async () => {
        const { etag, bytes } = await store.put(made.bucket, key, 'text');
        const [listed, ...others] = await collect();
        expect(others).toEqual([]);
        expect(listed).toMatchObject({ bucket: made.bucket, key, etag, bytes, modifiedAt: expect.any(Number) });
        expect(listed?.modifiedAt).toBeGreaterThanOrEqual(0);
        expect(await read({ bucket: made.bucket, key, etag }, 0, bytes)).toEqual(Buffer.from('text'));
      });

      it('shows of an object that was put again the newest version first, and the others where the bucket keeps them', async () => {
        const { etag: first } = await store.put(made.bucket, key, 'first');
        const { etag: second } = await store.put(made.bucket, key, 'second');
        const kept = made.keepsVersions === true ? [second, first] : [second];
        expect((await collect()).map((version) => version.etag)).toEqual(kept);
      });

      it('lists each of many keys once, in the order of their bytes', async () => {
        // U+E000 comes before U+10000, whose first half is a lower unit of UTF-16.
        const keys = ['a', 'a!', 'a/b', 'a/c', 'a0', 'b', 'z', 'é', '\ue000', '👍', '📦/x'].filter(
          (name) => name !== 'a',
        );
        for (const name of keys.toReversed()) await store.put(made.bucket, name, name);
        expect(keysOf(await collect())).toEqual(keys);
      });

      it('goes on behind any page, from a cursor that went through JSON', async () => {
        const keys = Array.from({ length: 25 }, (_, index) => `in/${String(index).padStart(3, '0')}.csv`);
        for (const name of keys) await store.put(made.bucket, name, 'text');
        let seen = 0;
        for await (const { versions, next } of store.list(made.bucket)) {
          seen += versions.length;
          if (next === undefined) break;
          const after = JSON.parse(JSON.stringify(next)) as ListCursor;
          expect(keysOf(await collect(after))).toEqual(keys.slice(seen));
        }
        expect(seen).toBe(keys.length);
      });

      it('lists only keys that begin with the prefix', async () => {
        for (const name of ['in/a', 'in/b', 'in', 'ina', 'out/in/a', 'x'])
          await store.put(made.bucket, name === 'in' ? 'i' : name, 't');
        expect(keysOf(await collect(undefined, 'in/'))).toEqual(['in/a', 'in/b']);
        expect(keysOf(await collect(undefined, 'in'))).toEqual(['in/a', 'in/b', 'ina']);
        expect(keysOf(await collect(undefined, 'none'))).toEqual([]);
        expect(keysOf(await collect(undefined, ''))).toHaveLength(6);
      });

      it.each(oddKeys)('lists a key %s', async (_, oddKey) => {
        await store.put(made.bucket, oddKey, 'text');
        expect(keysOf(await collect())).toEqual([oddKey]);
      });

      it('leaves out a version that was removed for good', async () => {
        const head = await store.put(made.bucket, key, 'text');
        await store.put(made.bucket, 'in/other.csv', 'text');
        await store.removeVersion(versionOf(head));
        expect(keysOf(await collect())).toEqual(['in/other.csv']);
      });

      it('leaves out what was removed, unless the bucket keeps it as a version', async () => {
        await store.put(made.bucket, key, 'text');
        await store.put(made.bucket, 'in/other.csv', 'text');
        await made.remove(made.bucket, key);
        expect(keysOf(await collect())).toEqual([...(made.keepsVersions === true ? [key] : []), 'in/other.csv']);
      });
    });
  });
};

async function* piecesOf(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

async function* failingAfter(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  yield* piecesOf(...texts);
  throw new Error('the source is gone');
}
