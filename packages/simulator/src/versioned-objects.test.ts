import type { ListPage } from '@sluice/core/ports/object-store';
import { objectStoreContract } from '@sluice/core/ports/object-store.contract';
import { describe, expect, it } from 'vitest';
import { createVersionedObjects, type VersionedObjects } from './versioned-objects.ts';

const setUp = (isVersioned: boolean, settings: { pieceBytes?: number; pageVersions?: number } = {}) =>
  createVersionedObjects({ isVersioned, now: () => 7, ...settings });

const close = async (): Promise<void> => undefined;

for (const isVersioned of [false, true]) {
  objectStoreContract(`objects in memory, ${isVersioned ? 'versions kept' : 'one version of a key'}`, async () => {
    const store = setUp(isVersioned, { pieceBytes: 1_000 });
    return {
      store,
      bucket: 'inbox',
      otherBucket: 'work',
      ...(isVersioned ? { keepsVersions: true as const } : {}),
      remove: async (bucket, key) => {
        store.delete(bucket, key);
      },
      close,
    };
  });
}

const pagesOf = async (pages: AsyncIterable<ListPage>): Promise<ListPage[]> => {
  const all: ListPage[] = [];
  for await (const page of pages) all.push(page);
  return all;
};

const upload = (store: VersionedObjects, key: string, text: string, at = 1) =>
  store.upload('inbox', key, Buffer.from(text), at);

describe('objects in memory', () => {
  it('give the same bytes the same ETag, under whatever key and in whatever version', () => {
    const store = setUp(true);
    const [first, second, third] = [upload(store, 'a', 'x'), upload(store, 'a', 'x'), upload(store, 'b', 'x')];
    expect(new Set([first.etag, second.etag, third.etag]).size).toBe(1);
    expect(new Set([first.versionId, second.versionId, third.versionId]).size).toBe(3);
    expect(upload(store, 'a', 'y').etag).not.toBe(first.etag);
  });

  it('keep a version that was overwritten or deleted, where versions are kept', () => {
    const store = setUp(true);
    const first = upload(store, 'a', 'first');
    const second = upload(store, 'a', 'second');
    expect(store.delete('inbox', 'a')).toBe(true);
    expect(store.delete('inbox', 'a')).toBe(false);
    expect([first, second].map((version) => store.bytesOf(version)?.toString())).toEqual(['first', 'second']);
    expect(store.objects('inbox')).toEqual([
      { ...first, bytes: 5, modifiedAt: 1 },
      { ...second, bytes: 6, modifiedAt: 1 },
    ]);
  });

  it('know a deleted object by a new version once it is put again', async () => {
    const store = setUp(true);
    upload(store, 'a', 'first');
    store.delete('inbox', 'a');
    const { bucket: _, key: __, ...again } = upload(store, 'a', 'again');
    expect(await store.head('inbox', 'a')).toEqual({ ...again, bytes: 5 });
  });

  it('lose it where they are not, but for what comes back with the same bytes', () => {
    const store = setUp(false);
    const first = upload(store, 'a', 'first');
    upload(store, 'a', 'second');
    expect(store.bytesOf(first)).toBeUndefined();
    expect(upload(store, 'a', 'first')).toEqual(first);
    expect(store.bytesOf(first)?.toString()).toBe('first');
    store.delete('inbox', 'a');
    expect(store.objects('inbox')).toEqual([]);
  });

  it('list every version by key, the newest of a key first, and leave out nothing at the end of a page', async () => {
    const store = setUp(true, { pageVersions: 2 });
    const b1 = upload(store, 'b', '1');
    const b2 = upload(store, 'b', '2');
    const b3 = upload(store, 'b', '3');
    const a = upload(store, 'a', '1');
    const c = upload(store, 'c', '1');
    const pages = await pagesOf(store.list('inbox'));
    const expected = [a, b3, b2, b1, c].map((version) => ({ ...version, bytes: 1, modifiedAt: 1 }));
    expect(pages.flatMap(({ versions }) => versions)).toEqual(expected);
    expect(pages.map(({ next }) => next)).toEqual([
      { key: 'b', versionId: b3.versionId },
      { key: 'b', versionId: b1.versionId },
      undefined,
    ]);
    for (const [index, { next }] of pages.entries()) {
      if (next === undefined) continue;
      const rest = await pagesOf(store.list('inbox', JSON.parse(JSON.stringify(next))));
      expect(rest.flatMap(({ versions }) => versions)).toEqual(expected.slice(2 * (index + 1)));
    }
  });

  it.each([true, false])('list what lies under a prefix only, versions kept: %s', async (isVersioned) => {
    const store = setUp(isVersioned, { pageVersions: 1 });
    for (const key of ['in/b', 'in/a', 'in', 'other/a']) upload(store, key, '1');
    const pages = await pagesOf(store.list('inbox', undefined, 'in/'));
    expect(pages.flatMap(({ versions }) => versions.map(({ key }) => key))).toEqual(['in/a', 'in/b']);
    const rest = await pagesOf(store.list('inbox', pages[0]?.next, 'in/'));
    expect(rest.flatMap(({ versions }) => versions.map(({ key }) => key))).toEqual(['in/b']);
  });

  it('list a bucket without objects as one empty page', async () => {
    expect(await pagesOf(setUp(true).list('inbox'))).toEqual([{ versions: [] }]);
  });
});
