import { PutBucketVersioningCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ObjectHead, ObjectStore, ObjectVersion } from '../ports/object-store.ts';
import { type ClientOptions, createS3Client } from './clients.ts';
import { createAwsObjects } from './object-store.ts';
import {
  type ScriptedEndpoint,
  type ScriptedRequest,
  scriptedAccess,
  startScriptedEndpoint,
} from './scripted-endpoint.ts';
import { createScriptedS3, type ScriptedS3, s3Error } from './scripted-s3.ts';

// What S3 and the network answer besides success when objects are looked up and put. Reads: `read-faults.test.ts`.

const bucket = 'bucket';
const key = 'in/file.csv';
const secret = 'the content of a row';
const partBytes = 5 * 1024 * 1024;

const when =
  (operation: string) =>
  (request: ScriptedRequest): boolean =>
    request.operation === operation;

let endpoint: ScriptedEndpoint;
let s3: ScriptedS3;
let options: ClientOptions;
let store: ObjectStore;

beforeEach(async () => {
  // The SDK's own tries follow each other at once.
  vi.spyOn(Math, 'random').mockReturnValue(0);
  s3 = createScriptedS3();
  endpoint = await startScriptedEndpoint({ s3: s3.service });
  options = { ...scriptedAccess, endpoint: endpoint.url };
  store = createAwsObjects(createS3Client(options));
  s3.createBucket(bucket);
});
afterEach(async () => {
  await endpoint.close();
  vi.restoreAllMocks();
});

const operations = (): string[] => endpoint.requests.map(({ operation }) => operation);
const newest = (): string | undefined => s3.bucket(bucket).find(key, null)?.bytes?.toString();

async function* piecesOf(...pieces: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield Buffer.from(piece);
}
/** Three parts' worth, the last of one byte. */
const large = (): AsyncGenerator<Uint8Array> => piecesOf(Buffer.alloc(2 * partBytes), 'z');

describe('head', () => {
  it('is tried again when S3 asks to slow down', async () => {
    const put = await store.put(bucket, key, 'text');
    endpoint.script({ when: when('HeadObject'), instead: { status: 503 }, times: 2 });
    expect(await store.head(bucket, key)).toEqual(put);
  });

  it.each([
    [503, 3, { code: 'THROTTLED' }],
    [500, 3, { code: 'UNKNOWN', permanent: false }],
    // What S3 says of a key that is not there to a caller who may not list: not "no object".
    [403, 1, { code: 'UNKNOWN', permanent: false }],
  ])('throws after status %i, of which it asks %i times', async (status, times, expected) => {
    endpoint.script({ when: when('HeadObject'), instead: { status }, times: 3 });
    await expect(store.head(bucket, key)).rejects.toMatchObject({
      ...expected,
      name: 'SluiceError',
      message: expect.stringMatching(new RegExp(`^expected HeadObject to succeed, found \\w+ with status ${status}$`)),
    });
    expect(operations()).toHaveLength(times);
  });

  it('throws when the answer has no ETag', async () => {
    endpoint.script({ when: when('HeadObject'), instead: { status: 200, headers: { 'content-length': '4' } } });
    await expect(store.head(bucket, key)).rejects.toMatchObject({ code: 'UNKNOWN', permanent: false });
  });

  it('tells an ETag as S3’s events do: without quotes', async () => {
    const { etag } = await store.put(bucket, key, 'text');
    expect(etag).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe('put', () => {
  it('sends a checksum in a header, and the body as it is', async () => {
    await store.put(bucket, key, 'text');
    expect(endpoint.requests[0]?.headers).toMatchObject({ 'content-length': '4', 'x-amz-checksum-crc32': 'O4unxw==' });
    expect(endpoint.requests[0]?.headers).not.toHaveProperty('content-encoding');
    expect(endpoint.requests[0]?.headers).not.toHaveProperty('expect');
    expect(endpoint.requests[0]?.body.toString()).toBe('text');
  });

  it.each([
    ['SlowDown', s3Error('SlowDown')],
    ['an internal error', s3Error('InternalError')],
  ])('is tried again after %s', async (_, instead) => {
    endpoint.script({ when: when('PutObject'), instead, times: 2 });
    expect(await store.put(bucket, key, 'text')).toMatchObject({ bytes: 4 });
    expect(newest()).toBe('text');
  });

  it('throws THROTTLED when S3 goes on asking to slow down, and has put nothing', async () => {
    endpoint.script({ when: when('PutObject'), instead: s3Error('SlowDown', secret), times: 3 });
    await expect(store.put(bucket, key, 'text')).rejects.toMatchObject({
      code: 'THROTTLED',
      message: 'expected PutObject to succeed, found SlowDown with status 503',
    });
    expect(newest()).toBeUndefined();
  });

  it('is done once more when its answer is lost', async () => {
    endpoint.script({ when: when('PutObject'), after: 'lose' });
    expect(await store.put(bucket, key, 'text')).toEqual(await store.head(bucket, key));
    expect(newest()).toBe('text');
  });

  it('throws what is transient when every answer is lost, though the object is there', async () => {
    endpoint.script({ when: when('PutObject'), after: 'lose', times: 3 });
    await expect(store.put(bucket, key, 'text')).rejects.toMatchObject({
      code: 'UNKNOWN',
      message: 'expected PutObject to succeed, found TimeoutError ECONNRESET',
    });
    expect(newest()).toBe('text');
  });

  it('throws SERVICE_REFUSED for a key that S3 will never take', async () => {
    await expect(store.put(bucket, 'k'.repeat(1_025), 'text')).rejects.toMatchObject({ code: 'SERVICE_REFUSED' });
  });

  it('throws what is transient when there is no such bucket', async () => {
    await expect(store.put('other', key, 'text')).rejects.toMatchObject({
      code: 'UNKNOWN',
      message: 'expected PutObject to succeed, found NoSuchBucket with status 404',
    });
  });

  it('throws what is transient when nobody listens', async () => {
    const gone = await startScriptedEndpoint({});
    await gone.close();
    const objects = createAwsObjects(createS3Client({ ...options, endpoint: gone.url }));
    await expect(objects.put(bucket, key, secret)).rejects.toMatchObject({
      code: 'UNKNOWN',
      message: 'expected PutObject to succeed, found Error ECONNREFUSED',
    });
  });

  it('throws what is transient when there are no credentials, and asks nobody', async () => {
    const credentials = async () => {
      throw Object.assign(new Error(secret), { name: 'CredentialsProviderError' });
    };
    const objects = createAwsObjects(createS3Client({ ...options, credentials }));
    await expect(objects.put(bucket, key, secret)).rejects.toMatchObject({
      code: 'UNKNOWN',
      message: 'expected PutObject to succeed, found CredentialsProviderError',
    });
    expect(operations()).toEqual([]);
  });
});

describe('putStream', () => {
  it('puts what fits one part at once, and more in parts with a checksum each', async () => {
    await store.putStream(bucket, key, piecesOf(Buffer.alloc(partBytes)));
    expect(operations()).toEqual(['PutObject']);
    expect((await store.putStream(bucket, key, large())).etag).toMatch(/^[0-9a-f]{32}-3$/);
    expect(operations().slice(1).sort()).toEqual([
      'CompleteMultipartUpload',
      'CreateMultipartUpload',
      'UploadPart',
      'UploadPart',
      'UploadPart',
    ]);
    const parts = endpoint.requests.filter(when('UploadPart'));
    expect(parts.filter(({ headers }) => headers['x-amz-checksum-crc32'] !== undefined)).toHaveLength(3);
  });

  it('tries a part again after SlowDown and after a lost answer', async () => {
    endpoint.script({ when: when('UploadPart'), instead: s3Error('SlowDown') });
    endpoint.script({ when: when('UploadPart'), after: 'lose' });
    expect(await store.putStream(bucket, key, large())).toEqual(await store.head(bucket, key));
    expect(s3.bucket(bucket).uploads()).toEqual([]);
  });

  it('shows nothing, leaves nothing lying about and keeps what was there when a part is refused', async () => {
    const before = await store.put(bucket, key, 'before');
    endpoint.script({ when: when('UploadPart'), instead: s3Error('AccessDenied', secret) });
    await expect(store.putStream(bucket, key, large())).rejects.toMatchObject({
      code: 'UNKNOWN',
      message: 'expected an upload to succeed, found AccessDenied with status 403',
    });
    expect(s3.bucket(bucket).uploads()).toEqual([]);
    expect(await store.head(bucket, key)).toEqual(before);
  });

  it('takes an error for one that comes with status 200', async () => {
    endpoint.script({
      when: when('CompleteMultipartUpload'),
      instead: { ...s3Error('InternalError', secret), status: 200 },
      times: 3,
    });
    await expect(store.putStream(bucket, key, large())).rejects.toMatchObject({
      // The SDK makes it a 503.
      code: 'THROTTLED',
      message: 'expected an upload to succeed, found InternalError with status 503',
    });
    expect(s3.bucket(bucket).uploads()).toEqual([]);
    expect(newest()).toBeUndefined();
  });

  it('throws what is transient when the answer of its end is lost, though the object is there whole', async () => {
    endpoint.script({ when: when('CompleteMultipartUpload'), after: 'lose' });
    await expect(store.putStream(bucket, key, large())).rejects.toMatchObject({
      code: 'UNKNOWN',
      permanent: false,
      message: 'expected an upload to succeed, found NoSuchUpload with status 404',
    });
    expect((await store.head(bucket, key))?.bytes).toBe(2 * partBytes + 1);
    expect(await store.putStream(bucket, key, large())).toEqual(await store.head(bucket, key));
  });

  it('throws what its source threw, also where the upload cannot be broken off', async () => {
    const failing = async function* () {
      yield* large();
      throw new Error('the source is gone');
    };
    await expect(store.putStream(bucket, key, failing())).rejects.toThrow('the source is gone');
    expect(s3.bucket(bucket).uploads()).toEqual([]);
    endpoint.script({ when: when('AbortMultipartUpload'), instead: s3Error('AccessDenied') });
    await expect(store.putStream(bucket, key, failing())).rejects.toThrow('the source is gone');
    expect(newest()).toBeUndefined();
  });
});

describe('a bucket that keeps all versions', () => {
  const versionOf = ({ etag, versionId }: ObjectHead): ObjectVersion => ({
    bucket,
    key,
    etag,
    ...(versionId === undefined ? {} : { versionId }),
  });
  const read = async (version: ObjectVersion): Promise<string> => {
    const pieces: Uint8Array[] = [];
    for await (const piece of store.readRange(version, 0, 5, new AbortController().signal)) pieces.push(piece);
    return Buffer.concat(pieces).toString();
  };

  beforeEach(async () => {
    await createS3Client(options).send(
      new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } }),
    );
  });

  it('names the version of a put, of a stream and of a head', async () => {
    const first = await store.put(bucket, key, 'first');
    expect(first.versionId).toMatch(/./);
    expect(await store.head(bucket, key)).toEqual(first);
    for (const body of [piecesOf('other'), large()]) {
      const streamed = await store.putStream(bucket, key, body);
      expect(streamed.versionId).not.toBe(first.versionId);
      expect(await store.head(bucket, key)).toEqual(streamed);
    }
  });

  it('gives the bytes of the version that is named, whatever was put since', async () => {
    const first = await store.put(bucket, key, 'first');
    const other = await store.put(bucket, key, 'other');
    expect(await read(versionOf(first))).toBe('first');
    expect(await read(versionOf(other))).toBe('other');
  });

  it('has no object where the newest version is a delete marker, and still gives the version before', async () => {
    const first = await store.put(bucket, key, 'first');
    s3.bucket(bucket).remove(key, null);
    expect(await store.head(bucket, key)).toBeUndefined();
    expect(await read(versionOf(first))).toBe('first');
  });

  it('throws OBJECT_CHANGED for a version that was removed, and for one with other bytes', async () => {
    const first = await store.put(bucket, key, 'first');
    const other = await store.put(bucket, key, 'other');
    await expect(read({ ...versionOf(first), etag: other.etag })).rejects.toMatchObject({ code: 'OBJECT_CHANGED' });
    s3.bucket(bucket).remove(key, first.versionId ?? null);
    await expect(read(versionOf(first))).rejects.toMatchObject({ code: 'OBJECT_CHANGED' });
  });
});
