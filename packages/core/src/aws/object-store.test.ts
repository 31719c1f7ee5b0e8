import { CreateBucketCommand, DeleteObjectCommand, PutBucketVersioningCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { objectStoreContract } from '../ports/object-store.contract.ts';
import type { ListCursor, ListedVersion } from '../ports/object-store.ts';
import { createS3Client } from './clients.ts';
import { setUpObjectStore } from './contract-set-up.ts';
import { createAwsObjects } from './object-store.ts';
import { type ScriptedEndpoint, scriptedAccess, startScriptedEndpoint } from './scripted-endpoint.ts';
import { createScriptedS3, s3Error } from './scripted-s3.ts';

let endpoint: ScriptedEndpoint;
beforeAll(async () => {
  endpoint = await startScriptedEndpoint({ s3: createScriptedS3({ versionsPerPage: 4 }).service });
});
afterAll(() => endpoint.close());

objectStoreContract('the AWS object store over the scripted endpoint', () =>
  setUpObjectStore({ ...scriptedAccess, endpoint: endpoint.url }),
);

describe('a listing of a bucket that keeps versions', () => {
  let buckets = 0;
  const setUp = async (keepsVersions = true) => {
    const client = createS3Client({ ...scriptedAccess, endpoint: endpoint.url });
    onTestFinished(() => client.destroy());
    const bucket = `versions-${++buckets}`;
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    if (keepsVersions) {
      const VersioningConfiguration = { Status: 'Enabled' } as const;
      await client.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }));
    }
    const store = createAwsObjects(client);
    const collect = async (after?: ListCursor): Promise<ListedVersion[]> => {
      const listed: ListedVersion[] = [];
      for await (const { versions } of store.list(bucket, after)) listed.push(...versions);
      return listed;
    };
    return { client, bucket, store, collect };
  };

  it('has every version, also those that were replaced or deleted, and no delete marker', async () => {
    const { client, bucket, store, collect } = await setUp();
    const first = await store.put(bucket, 'a', 'first');
    const second = await store.put(bucket, 'a', 'second');
    await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'a' }));
    const third = await store.put(bucket, 'b', 'third');
    expect(await collect()).toEqual(
      [
        { key: 'a', ...second },
        { key: 'a', ...first },
        { key: 'b', ...third },
      ].map((version) => ({ bucket, modifiedAt: expect.any(Number), ...version })),
    );
    expect(first.versionId).toBeDefined();
  });

  it('goes on in the middle of a key whose versions fill more than a page', async () => {
    const { bucket, store, collect } = await setUp();
    for (const text of ['1', '2', '3', '4', '5', '6', '7', '8', '9']) await store.put(bucket, 'a', text);
    const all = await collect();
    expect(all).toHaveLength(9);
    const pages: ListedVersion[][] = [];
    for await (const { versions, next } of store.list(bucket)) {
      pages.push([...versions]);
      if (next !== undefined) expect(await collect(next)).toEqual(all.slice(pages.flat().length));
    }
    expect(pages.map(({ length }) => length)).toEqual([4, 4, 1]);
  });

  it('gives no version id where there is none, as events and heads do', async () => {
    const { bucket, store, collect } = await setUp(false);
    const head = await store.put(bucket, 'a', 'text');
    const [listed] = await collect();
    expect(listed).not.toHaveProperty('versionId');
    expect(listed?.etag).toBe(head.etag);
  });

  it.each([
    ['SlowDown', 'THROTTLED'],
    ['AccessDenied', 'UNKNOWN'],
  ])('throws when S3 answers %s', async (code, expected) => {
    const { store, bucket } = await setUp();
    endpoint.script({ when: ({ operation }) => operation === 'ListObjectVersions', times: 3, instead: s3Error(code) });
    const first = store.list(bucket)[Symbol.asyncIterator]().next();
    await expect(first).rejects.toMatchObject({ name: 'SluiceError', code: expected });
    if (code === 'AccessDenied') {
      // The mishaps that were not needed.
      for (let left = 0; left < 2; left++)
        await store
          .list(bucket)
          [Symbol.asyncIterator]()
          .next()
          .catch(() => undefined);
    }
  });

  it('throws rather than begin anew for ever when a page does not say where it goes on', async () => {
    const { store, bucket } = await setUp();
    endpoint.script({
      when: ({ operation }) => operation === 'ListObjectVersions',
      instead: {
        status: 200,
        headers: { 'content-type': 'application/xml' },
        body: '<ListVersionsResult><IsTruncated>true</IsTruncated></ListVersionsResult>',
      },
    });
    const first = store.list(bucket)[Symbol.asyncIterator]().next();
    await expect(first).rejects.toMatchObject({ name: 'SluiceError', code: 'UNKNOWN' });
  });
});

describe('a version that is removed', () => {
  const setUp = async (keepsVersions: boolean) => {
    const client = createS3Client({ ...scriptedAccess, endpoint: endpoint.url });
    onTestFinished(() => client.destroy());
    const bucket = `removed-${keepsVersions}-${endpoint.requests.length}`;
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    if (keepsVersions) {
      const VersioningConfiguration = { Status: 'Enabled' } as const;
      await client.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }));
    }
    const store = createAwsObjects(client);
    const listed = async (): Promise<(string | undefined)[]> =>
      (await Array.fromAsync(store.list(bucket))).flatMap(({ versions }) => versions.map(({ etag }) => etag));
    return { bucket, store, listed };
  };

  it('is gone for good, and the others stay', async () => {
    const { bucket, store, listed } = await setUp(true);
    const [first, second] = [await store.put(bucket, 'a', 'first'), await store.put(bucket, 'a', 'second')];
    await store.removeVersion({ bucket, key: 'a', ...first });
    expect(await listed()).toEqual([second.etag]);
    await store.removeVersion({ bucket, key: 'a', ...second });
    await store.removeVersion({ bucket, key: 'a', ...second });
    expect(await listed()).toEqual([]);
  });

  it('is the one without an id where none is given, never a delete marker over the others', async () => {
    const { bucket, store, listed } = await setUp(true);
    const { etag } = await store.put(bucket, 'a', 'text');
    await store.removeVersion({ bucket, key: 'a' });
    expect(await listed()).toEqual([etag]);
    expect((await store.head(bucket, 'a'))?.etag).toBe(etag);
  });

  it.each([
    ['SlowDown', 'THROTTLED'],
    ['AccessDenied', 'UNKNOWN'],
  ])('throws when S3 answers %s, and stays', async (code, expected) => {
    const { bucket, store, listed } = await setUp(false);
    const { etag } = await store.put(bucket, 'a', 'text');
    const times = code === 'SlowDown' ? 3 : 1;
    endpoint.script({ when: ({ operation }) => operation === 'DeleteObject', times, instead: s3Error(code) });
    await expect(store.removeVersion({ bucket, key: 'a' })).rejects.toMatchObject({ code: expected });
    expect(await listed()).toEqual([etag]);
  });
});
