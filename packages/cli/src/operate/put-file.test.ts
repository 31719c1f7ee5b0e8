import { createS3Client } from '@sluice/core/aws/clients';
import { scriptedAccess, startScriptedEndpoint } from '@sluice/core/aws/scripted-endpoint';
import { createScriptedS3, s3Error } from '@sluice/core/aws/scripted-s3';
import { createVirtualClock } from '@sluice/core/virtual-clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { objectBytesMax, partBytesOf, partsInFlightOf, partsMax } from './part-size.ts';
import { createAwsPutFile, type ReadableFile } from './put-file.ts';

const mebibyte = 1024 * 1024;

let s3: ReturnType<typeof createScriptedS3>;
let endpoint: Awaited<ReturnType<typeof startScriptedEndpoint>>;
beforeEach(async () => {
  s3 = createScriptedS3();
  s3.createBucket('inbox');
  endpoint = await startScriptedEndpoint({ s3: s3.service });
});
afterEach(() => endpoint.close());

const fileOf = (bytes: Buffer): ReadableFile => ({
  bytes: bytes.length,
  read: async (start, end) => Buffer.from(bytes.subarray(start, end)),
});
const large = Buffer.alloc(20 * mebibyte, 'abcdefg');

const put = async (file: ReadableFile, signal = new AbortController().signal) => {
  const clock = createVirtualClock();
  // Its tries wait on the clock of the test; the SDK's own waits are short.
  const waiting = { ...clock, sleep: async () => undefined };
  const client = createS3Client({ endpoint: endpoint.url, ...scriptedAccess });
  let sent = 0;
  try {
    const head = await createAwsPutFile(client, waiting)('inbox', 'a b.csv', file, {
      signal,
      onSent: (bytes) => {
        sent += bytes;
      },
    });
    return { head, sent };
  } finally {
    client.destroy();
  }
};
const operations = (): string[] => endpoint.requests.map(({ operation }) => operation);

describe('putting a file', () => {
  it('takes one request for a small file, with its checksum', async () => {
    const { head, sent } = await put(fileOf(Buffer.from('a\n1\n')));
    expect([head.bytes, sent]).toEqual([4, 4]);
    expect(s3.bucket('inbox').find('a b.csv', null)).toMatchObject({ etag: head.etag, bytes: Buffer.from('a\n1\n') });
    expect(operations()).toEqual(['PutObject']);
    expect(endpoint.requests[0]?.headers['x-amz-checksum-crc32']).toMatch(/^[\w+/]{6}==$/);
  });

  it('takes an empty file', async () => {
    expect((await put(fileOf(Buffer.alloc(0)))).head.bytes).toBe(0);
  });

  it('puts a large file in parts, each with its checksum, and reads it in order', async () => {
    const reads: number[] = [];
    const file = fileOf(large);
    const { head, sent } = await put({
      ...file,
      read: (start, end) => {
        reads.push(start / mebibyte);
        return file.read(start, end);
      },
    });
    expect([head.bytes, sent, head.etag.endsWith('-3')]).toEqual([large.length, large.length, true]);
    expect(s3.bucket('inbox').find('a b.csv', null)?.bytes?.equals(large)).toBe(true);
    expect(reads).toEqual([0, 8, 16]);
    const parts = endpoint.requests.filter(({ operation }) => operation === 'UploadPart');
    expect(parts.every(({ headers }) => headers['x-amz-checksum-crc32'] !== undefined)).toBe(true);
    const completed = endpoint.requests.at(-1)?.body.toString();
    expect(completed?.match(/<ChecksumCRC32>/g)).toHaveLength(3);
  });

  it('sends a part again that did not arrive as it was read', async () => {
    endpoint.script({
      when: ({ operation }) => operation === 'UploadPart',
      times: 3,
      instead: s3Error('InternalError'),
    });
    endpoint.script({ when: ({ operation }) => operation === 'UploadPart', after: 'lose' });
    await put(fileOf(large));
    expect(s3.bucket('inbox').find('a b.csv', null)?.bytes?.equals(large)).toBe(true);
  });

  it('leaves nothing behind where it fails, or is interrupted', async () => {
    endpoint.script({ when: ({ operation }) => operation === 'UploadPart', instead: s3Error('AccessDenied') });
    await expect(put(fileOf(large))).rejects.toThrow(
      'expected UploadPart to succeed, found AccessDenied with status 403',
    );

    const controller = new AbortController();
    const file = fileOf(large);
    const interrupted = put(
      {
        ...file,
        read: (start, end) => {
          if (start > 8 * mebibyte) controller.abort(new Error('interrupted'));
          return file.read(start, end);
        },
      },
      controller.signal,
    );
    await expect(interrupted).rejects.toThrow('interrupted');

    const changed = put({ ...file, read: async () => Promise.reject(new Error('changed')) });
    await expect(changed).rejects.toThrow('changed');
    expect(operations().filter((operation) => operation === 'AbortMultipartUpload')).toHaveLength(3);
    expect([s3.bucket('inbox').uploads(), s3.bucket('inbox').keys()]).toEqual([[], []]);
  });

  it('takes an upload for done whose last answer was lost', async () => {
    endpoint.script({ when: ({ operation }) => operation === 'CompleteMultipartUpload', times: 3, after: 'lose' });
    // What S3 tells of an object with a checksum, and the scripted one does not.
    endpoint.script({
      when: ({ operation }) => operation === 'HeadObject',
      after: (reply) => {
        const completed = endpoint.requests.find(({ operation }) => operation === 'CompleteMultipartUpload');
        const sums = [...(completed?.body.toString() ?? '').matchAll(/<ChecksumCRC32>([^<]+)</g)];
        expect(sums).toHaveLength(3);
        return { ...reply, headers: { ...reply.headers, 'x-amz-checksum-crc32': composite } };
      },
    });
    expect((await put(fileOf(large))).head.etag).toMatch(/-3$/);
  });
});

/** Of `large` in parts of 8 MiB; found out by other code. */
const composite = '1SpDxQ==-3';

describe('the size of a part', () => {
  it('fits every file that S3 takes into its parts, and them into memory', () => {
    for (const bytes of [0, 1, 8 * mebibyte, 80_000 * mebibyte, 80_001 * mebibyte, 1024 ** 4, objectBytesMax]) {
      const part = partBytesOf(bytes);
      expect(Math.ceil(bytes / part)).toBeLessThanOrEqual(partsMax);
      expect(part * partsInFlightOf(part)).toBeLessThanOrEqual(525 * mebibyte);
    }
    expect(partBytesOf(objectBytesMax)).toBe(525 * mebibyte);
  });
});
