import { existsSync } from 'node:fs';
import { link, mkdir, mkdtemp, open, readdir, rename, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { ObjectHead, ObjectStore } from '@sluice/core/ports/object-store';
import { objectStoreContract } from '@sluice/core/ports/object-store.contract';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createLocalObjects } from './object-store.ts';

const makeRoot = (): Promise<string> => mkdtemp(join(tmpdir(), 'sluice-objects-'));

objectStoreContract('the local object store', async () => {
  const root = await makeRoot();
  const folders = { uploads: join(root, 'uploads'), work: join(root, 'work') };
  return {
    store: createLocalObjects(folders),
    bucket: 'uploads',
    otherBucket: 'work',
    remove: (bucket, key) => rm(join(bucket === 'uploads' ? folders.uploads : folders.work, key)),
    close: () => rm(root, { recursive: true }),
  };
});

const setUp = async (folderOf = (root: string): string => join(root, 'bucket')) => {
  const root = await makeRoot();
  onTestFinished(() => rm(root, { recursive: true }));
  const store = createLocalObjects({ bucket: folderOf(root) });
  /** Every file below the root, hidden ones too. */
  const files = async (): Promise<string[]> => {
    const entries = await readdir(root, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => relative(root, join(entry.parentPath, entry.name)));
  };
  return { root, store, files };
};

/** Reads a whole object, and calls `onPiece` with each piece. */
const read = async (
  store: ObjectStore,
  { etag, bytes }: ObjectHead,
  { onPiece = async (_: number): Promise<void> => undefined, signal = new AbortController().signal } = {},
): Promise<number> => {
  let pieces = 0;
  for await (const piece of store.readRange({ bucket: 'bucket', key: 'file', etag }, 0, bytes, signal)) {
    expect(piece.length).toBeGreaterThan(0);
    await onPiece(++pieces);
  }
  return pieces;
};

/** Longer than what is read ahead of a reader. */
const longBytes = 8 * 1024 * 1024;

describe('a key of the local object store', () => {
  it.each(['../file', '..', 'a/../../file', '../bucket-beside/file', '/etc/passwd', '', '.', 'a/..', 'file\0.csv'])(
    'is refused when it leads out of its bucket: %j',
    async (key) => {
      const { store, files } = await setUp();
      const refusal = {
        name: 'SluiceError',
        code: 'SERVICE_REFUSED',
        message: 'expected a key inside its bucket, found one that leads out of it',
      };
      await expect(store.head('bucket', key)).rejects.toMatchObject(refusal);
      await expect(store.put('bucket', key, 'text')).rejects.toMatchObject(refusal);
      await expect(
        store.putStream(
          'bucket',
          key,
          (async function* () {
            yield Buffer.from('text');
          })(),
        ),
      ).rejects.toMatchObject(refusal);
      const pieces = store.readRange({ bucket: 'bucket', key, etag: '1' }, 0, 1, new AbortController().signal);
      await expect(pieces[Symbol.asyncIterator]().next()).rejects.toMatchObject(refusal);
      expect(await files()).toEqual([]);
    },
  );

  it.each(['other', '__proto__', 'toString'])('is refused in a bucket that is none: %s', async (bucket) => {
    const { store } = await setUp();
    await expect(store.put(bucket, 'file', 'text')).rejects.toMatchObject({
      name: 'SluiceError',
      code: 'SERVICE_REFUSED',
      message: 'expected a bucket of this cloud, found another',
    });
  });

  it.each([
    ['with a slash at its end', (root: string) => `${root}/bucket/`],
    ['with a detour', (root: string) => `${root}/bucket/../bucket`],
    ['with a detour and a slash', (root: string) => `${root}/./bucket/`],
    ['relative to where the process is', (root: string) => relative(process.cwd(), join(root, 'bucket'))],
    ['relative, with a slash at its end', (root: string) => `${relative(process.cwd(), join(root, 'bucket'))}/`],
  ])('is taken in a folder that is written %s', async (_, folderOf) => {
    const { store, files } = await setUp(folderOf);
    await store.put('bucket', 'in/file', 'text');
    expect(await files()).toEqual([join('bucket', 'in', 'file')]);
    await expect(store.put('bucket', '../file', 'text')).rejects.toMatchObject({ code: 'SERVICE_REFUSED' });
  });
});

describe('the local object store', () => {
  it('holds nothing but its objects', async () => {
    const { store, files } = await setUp();
    await store.put('bucket', 'in/a', 'text');
    await store.put('bucket', 'in/a', 'other');
    await store.putStream(
      'bucket',
      'in/b',
      (async function* () {
        yield Buffer.from('text');
      })(),
    );
    expect((await files()).sort()).toEqual([join('bucket', 'in', 'a'), join('bucket', 'in', 'b')]);
  });

  it('has an object on the disk before its name, and its name before the put is answered', async () => {
    const { root, store } = await setUp();
    const path = join(root, 'bucket', 'in', 'a');
    await store.put('bucket', 'in/b', 'makes the folders');
    const handle = await open(root);
    const order: string[] = [];
    const sync = vi.spyOn(Object.getPrototypeOf(handle), 'sync').mockImplementation(async () => {
      order.push(existsSync(path) ? 'named' : 'not named');
    });
    onTestFinished(() => sync.mockRestore());
    await handle.close();
    await store.put('bucket', 'in/a', 'text');
    order.push('answered');
    expect(order).toEqual(['not named', 'named', 'answered']);
  });

  it('keeps no part of a stream that fails', async () => {
    const { store, files } = await setUp();
    const stream = store.putStream(
      'bucket',
      'in/a',
      (async function* () {
        yield Buffer.from('text');
        expect(await files()).toHaveLength(1);
        throw new Error('the source is gone');
      })(),
    );
    await expect(stream).rejects.toThrow('the source is gone');
    expect(await files()).toEqual([]);
  });

  it('takes a folder for no object', async () => {
    const { root, store } = await setUp();
    await mkdir(join(root, 'bucket', 'file'), { recursive: true });
    expect(await store.head('bucket', 'file')).toBeUndefined();
  });

  it('finds an object that was put into its folder by others', async () => {
    const { root, store } = await setUp();
    await mkdir(join(root, 'bucket'));
    await writeFile(join(root, 'bucket', 'file'), 'text');
    const head = await store.head('bucket', 'file');
    expect(head?.bytes).toBe(4);
    expect(head && (await read(store, head))).toBe(1);
  });

  it('reads what is there in pieces', async () => {
    const { store } = await setUp();
    const head = await store.put('bucket', 'file', Buffer.alloc(longBytes, 'a'));
    expect(await read(store, head)).toBeGreaterThan(1);
  });

  it.each<readonly [string, (path: string, store: ObjectStore) => Promise<unknown>]>([
    ['replaced', (_, store) => store.put('bucket', 'file', Buffer.alloc(longBytes, 'b'))],
    ['cut', (path) => truncate(path, 5)],
    ['overwritten in place', (path) => writeFile(path, Buffer.alloc(longBytes, 'b'))],
    ['removed', (path) => rm(path)],
  ])('throws OBJECT_CHANGED at the latest at the end of an object that is %s while it is read', async (_, change) => {
    const { root, store } = await setUp();
    const head = await store.put('bucket', 'file', Buffer.alloc(longBytes, 'a'));
    const reading = read(store, head, {
      onPiece: async (piece) => {
        if (piece === 1) await change(join(root, 'bucket', 'file'), store);
      },
    });
    await expect(reading).rejects.toMatchObject({ name: 'SluiceError', code: 'OBJECT_CHANGED' });
  });

  it('hands on no byte of another version, though its reader never comes to the end', async () => {
    const { root, store } = await setUp();
    const { etag } = await store.put('bucket', 'file', Buffer.alloc(longBytes, 'a'));
    const { signal } = new AbortController();
    const read = store.readRange({ bucket: 'bucket', key: 'file', etag }, 0, longBytes, signal);
    const pieces = (async () => {
      let length = 0;
      for await (const piece of read) {
        expect(piece.every((byte) => byte === 97)).toBe(true);
        length += piece.length;
        const file = await open(join(root, 'bucket', 'file'), 'r+');
        await file.write(Buffer.alloc(longBytes, 'b'), 0, longBytes, 0);
        await file.close();
      }
      return length;
    })();
    await expect(pieces).rejects.toMatchObject({ code: 'OBJECT_CHANGED' });
  });

  it.each<readonly [string, (path: string) => Promise<unknown>]>([
    [
      'overwritten with as many bytes, and its time set back',
      async (path) => {
        const { atime, mtime } = await stat(path);
        await writeFile(path, 'other');
        await utimes(path, atime, mtime);
      },
    ],
    ['touched', (path) => utimes(path, new Date(), new Date())],
    ['moved away and back', async (path) => rename(path, `${path}.away`).then(() => rename(`${path}.away`, path))],
    ['linked', (path) => link(path, `${path}.link`)],
  ])('takes an object for another version that was %s', async (_, change) => {
    const { root, store } = await setUp();
    const path = join(root, 'bucket', 'file');
    await store.put('bucket', 'file', 'first');
    // Whole milliseconds, so that setting the time back is exact.
    await utimes(path, new Date(1e12), new Date(1e12));
    const before = await store.head('bucket', 'file');
    await change(path);
    expect((await store.head('bucket', 'file'))?.etag).not.toBe(before?.etag);
  });

  it('throws OBJECT_CHANGED for an empty range too', async () => {
    const { store } = await setUp();
    const { etag } = await store.put('bucket', 'file', 'first');
    await store.put('bucket', 'file', 'other');
    await expect(read(store, { etag, bytes: 0 })).rejects.toMatchObject({ code: 'OBJECT_CHANGED' });
  });

  it('stops reading when the signal aborts', async () => {
    const { store } = await setUp();
    const head = await store.put('bucket', 'file', Buffer.alloc(longBytes, 'a'));
    const controller = new AbortController();
    let pieces = 0;
    const reading = read(store, head, {
      signal: controller.signal,
      onPiece: async (piece) => {
        pieces = piece;
        controller.abort();
      },
    });
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
    expect(pieces).toBe(1);
  });

  it('reads nothing when the signal has aborted', async () => {
    const { store } = await setUp();
    const head = await store.put('bucket', 'file', 'text');
    await expect(read(store, head, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('lets a reader stop', async () => {
    const { store } = await setUp();
    const { etag, bytes } = await store.put('bucket', 'file', Buffer.alloc(longBytes, 'a'));
    const { signal } = new AbortController();
    let pieces = 0;
    for await (const _ of store.readRange({ bucket: 'bucket', key: 'file', etag }, 0, bytes, signal)) {
      pieces++;
      break;
    }
    expect(pieces).toBe(1);
  });
});

describe('a listing of the local object store', () => {
  it('comes in pages of a thousand', async () => {
    const { root, store } = await setUp();
    await mkdir(join(root, 'bucket', 'in'), { recursive: true });
    const names = Array.from({ length: 2_001 }, (_, index) => `in/${String(index).padStart(4, '0')}`);
    for (const name of names) await writeFile(join(root, 'bucket', name), '');
    const pages: string[][] = [];
    for await (const { versions } of store.list('bucket')) pages.push(versions.map(({ key }) => key));
    expect(pages.map(({ length }) => length)).toEqual([1_000, 1_000, 1]);
    expect(pages.flat()).toEqual(names);
  });

  it('shows when a file was changed, and no folder and no file that is being written', async () => {
    const { root, store } = await setUp();
    await store.put('bucket', 'in/file', 'text');
    await mkdir(join(root, 'bucket', 'empty'));
    await utimes(join(root, 'bucket', 'in/file'), 1_000, 2_000.5);
    const seen: string[][] = [];
    await store.putStream(
      'bucket',
      'in/new',
      (async function* () {
        yield Buffer.from('a');
        for await (const { versions } of store.list('bucket')) {
          seen.push(versions.map(({ key, modifiedAt }) => `${key} ${modifiedAt}`));
        }
      })(),
    );
    expect(seen).toEqual([['in/file 2000500']]);
  });

  it('is refused for a bucket of another cloud', async () => {
    const { store } = await setUp();
    const first = store.list('other')[Symbol.asyncIterator]().next();
    await expect(first).rejects.toMatchObject({ name: 'SluiceError', code: 'SERVICE_REFUSED' });
  });
});
