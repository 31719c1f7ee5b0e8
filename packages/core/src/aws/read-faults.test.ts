import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Clock } from '../ports/clock.ts';
import type { ObjectStore, ObjectVersion } from '../ports/object-store.ts';
import { readAhead, readObject } from '../read-object.ts';
import { createS3Client } from './clients.ts';
import { createAwsObjects } from './object-store.ts';
import {
  type ScriptedEndpoint,
  type ScriptedReply,
  type ScriptedRequest,
  scriptedAccess,
  startScriptedEndpoint,
} from './scripted-endpoint.ts';
import { createScriptedS3, type ScriptedS3, s3Error } from './scripted-s3.ts';

// Bodies of S3 that stall, break, end early or never come: what a ranged read makes of them, and what `read-object.ts` does.

const bucket = 'bucket';
const key = 'in/file.csv';
const secret = 'the content of a row';
/** The wait that `read-object.ts` gives a body; its other waits are shorter. */
const stallMilliseconds = 10_000;
const bytes = Buffer.from(
  Uint8Array.from({ length: 1_000_000 }, (_, index) => (index * 31 + Math.floor(index / 251)) % 256),
);
const half = bytes.length / 2;

const isGet = ({ operation }: ScriptedRequest): boolean => operation === 'GetObject';

let endpoint: ScriptedEndpoint;
let s3: ScriptedS3;
let objects: ObjectStore;
let version: ObjectVersion;
let clock: Clock;
let sleeps: number[];
/** Ends the wait for a body that is under way; none ends by itself. */
let endWait: () => void;

beforeEach(async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  s3 = createScriptedS3();
  endpoint = await startScriptedEndpoint({ s3: s3.service });
  objects = createAwsObjects(createS3Client({ ...scriptedAccess, endpoint: endpoint.url }));
  s3.createBucket(bucket);
  version = { bucket, key, etag: s3.bucket(bucket).put(key, bytes).etag };
  sleeps = [];
  endWait = () => undefined;
  clock = {
    now: () => 0,
    sleep(milliseconds, signal) {
      if (milliseconds < stallMilliseconds) {
        sleeps.push(milliseconds);
        return Promise.resolve();
      }
      return new Promise((resolve, reject) => {
        endWait = resolve;
        signal?.addEventListener('abort', () => reject(signal.reason));
      });
    },
  };
});
afterEach(async () => {
  await endpoint.close();
  vi.restoreAllMocks();
});

const ranges = (): (string | undefined)[] => endpoint.requests.filter(isGet).map(({ headers }) => headers['range']);

const collect = async (pieces: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(Uint8Array.from(piece));
  return Buffer.concat(all);
};

/** The whole object through the port alone. */
const readRange = (signal = new AbortController().signal): Promise<Buffer> =>
  collect(objects.readRange(version, 0, bytes.length, signal));
/** The whole object as the stages read it. */
const read = (): Promise<Buffer> => collect(readObject({ objects, clock }, version, 0, bytes.length));

const shortened = (reply: ScriptedReply): ScriptedReply => ({ ...reply, body: bytes.subarray(0, half) });

describe('a ranged read of S3', () => {
  it('names the range, the ETag and no version where there is none', async () => {
    expect((await readRange()).equals(bytes)).toBe(true);
    const [request] = endpoint.requests;
    expect(request?.headers).toMatchObject({ range: 'bytes=0-999999', 'if-match': `"${version.etag}"` });
    expect(request?.query.has('versionId')).toBe(false);
    expect(request?.headers).not.toHaveProperty('x-amz-checksum-mode');
  });

  it('throws what is transient when its body breaks off in the middle', async () => {
    endpoint.script({ when: isGet, after: 'cut' });
    await expect(readRange()).rejects.toMatchObject({
      name: 'SluiceError',
      code: 'UNKNOWN',
      message: 'expected GetObject to succeed, found Error ECONNRESET',
    });
    expect(ranges()).toHaveLength(1);
  });

  it('ends where its body ends, though more was asked for', async () => {
    endpoint.script({ when: isGet, after: shortened });
    expect((await readRange()).equals(bytes.subarray(0, half))).toBe(true);
  });

  it('throws what is transient when its body is silent for too long', async () => {
    const timeouts = { connectionMilliseconds: 1_000, answerMilliseconds: 1_000, silenceMilliseconds: 50 };
    objects = createAwsObjects(createS3Client({ ...scriptedAccess, endpoint: endpoint.url, timeouts }));
    endpoint.script({ when: isGet, after: 'stall' });
    await expect(readRange()).rejects.toMatchObject({
      code: 'UNKNOWN',
      message: 'expected GetObject to succeed, found TimeoutError',
    });
  });

  it('throws what is transient when the service passes the range over', async () => {
    endpoint.script({
      when: isGet,
      after: ({ headers: { etag = '' } = {} }) => ({ status: 200, headers: { etag }, body: bytes }),
    });
    await expect(collect(objects.readRange(version, 10, 20, new AbortController().signal))).rejects.toMatchObject({
      code: 'UNKNOWN',
      message: 'expected a body that begins at byte 10, found another',
    });
  });

  it('throws SERVICE_REFUSED for an object that was archived', async () => {
    endpoint.script({ when: isGet, instead: s3Error('InvalidObjectState', secret) });
    await expect(readRange()).rejects.toMatchObject({
      code: 'SERVICE_REFUSED',
      message: 'expected GetObject to succeed, found InvalidObjectState with status 403',
    });
  });

  it('asks nothing once its signal aborted', async () => {
    const reason = new Error('enough');
    await expect(readRange(AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(ranges()).toEqual([]);
  });

  it('breaks off when its signal aborts in the middle', async () => {
    const abort = new AbortController();
    const reason = new Error('enough');
    const reading = (async () => {
      for await (const _ of objects.readRange(version, 0, bytes.length, abort.signal)) abort.abort(reason);
    })();
    await expect(reading).rejects.toBe(reason);
  });

  it('breaks off when its signal aborts while nothing comes', async () => {
    const abort = new AbortController();
    const reason = new Error('enough');
    endpoint.script({
      when(request) {
        setImmediate(() => abort.abort(reason));
        return isGet(request);
      },
      after: 'stall',
    });
    await expect(readRange(abort.signal)).rejects.toBe(reason);
  });
});

describe('reading an object of S3', () => {
  it('goes on where a body ended early', async () => {
    endpoint.script({ when: isGet, after: shortened });
    expect((await read()).equals(bytes)).toBe(true);
    expect(ranges()).toEqual(['bytes=0-999999', 'bytes=500000-999999']);
    expect(sleeps).toEqual([]);
  });

  it('goes on where a body broke off', async () => {
    endpoint.script({ when: isGet, after: 'cut', times: 3 });
    expect((await read()).equals(bytes)).toBe(true);
    expect(ranges()).toHaveLength(4);
  });

  it('gives a body up that stalls, and asks for it again', async () => {
    endpoint.script({
      when(request) {
        endWait();
        return isGet(request);
      },
      after: 'stall',
    });
    expect((await read()).equals(bytes)).toBe(true);
    expect(ranges()).toEqual(['bytes=0-999999', 'bytes=0-999999']);
    expect(sleeps).toEqual([100]);
  });

  it('waits when S3 asks to slow down for longer than the SDK tries', async () => {
    endpoint.script({ when: isGet, instead: s3Error('SlowDown'), times: 4 });
    expect((await read()).equals(bytes)).toBe(true);
    expect(ranges()).toHaveLength(5);
    expect(sleeps).toEqual([100]);
  });

  it('throws READ_INCOMPLETE after five reads in which S3 only asks to slow down', async () => {
    endpoint.script({ when: isGet, instead: s3Error('SlowDown', secret), times: 15 });
    await expect(read()).rejects.toMatchObject({
      code: 'READ_INCOMPLETE',
      message: 'expected bytes 0 to 1000000 of the object, found nothing after byte 0 in 5 reads',
    });
    expect(ranges()).toHaveLength(15);
    expect(sleeps).toEqual([100, 200, 400, 800]);
  });

  it('throws READ_INCOMPLETE when nobody listens', async () => {
    const gone = await startScriptedEndpoint({});
    await gone.close();
    objects = createAwsObjects(createS3Client({ ...scriptedAccess, endpoint: gone.url }));
    await expect(read()).rejects.toMatchObject({ code: 'READ_INCOMPLETE' });
  });

  it('throws OBJECT_CHANGED when other bytes are put between two reads', async () => {
    endpoint.script({
      when: isGet,
      after(reply) {
        s3.bucket(bucket).put(key, Buffer.from('other bytes'));
        return shortened(reply);
      },
    });
    await expect(read()).rejects.toMatchObject({ code: 'OBJECT_CHANGED' });
    expect(ranges()).toEqual(['bytes=0-999999', 'bytes=500000-999999']);
  });

  it('brings ranges that are read ahead in order, though each breaks off', async () => {
    const large = Buffer.concat(Array.from({ length: 9 }, () => bytes));
    version = { bucket, key, etag: s3.bucket(bucket).put(key, large).etag };
    endpoint.script({ when: isGet, after: 'cut', times: 3 });
    expect((await collect(readAhead({ objects, clock }, version, 0, large.length))).equals(large)).toBe(true);
  });
});
