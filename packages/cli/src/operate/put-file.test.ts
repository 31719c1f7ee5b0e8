import { crc32 } from 'node:zlib';
import { createS3Client } from '@sluice/core/aws/clients';
import { scriptedAccess, startScriptedEndpoint } from '@sluice/core/aws/scripted-endpoint';
import { createScriptedS3, s3Error } from '@sluice/core/aws/scripted-s3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { objectBytesMax, partBytesOf, partsInFlightOf, partsMax } from './part-size.ts';
import { createAwsPutFile, type PutFile, type ReadableFile } from './put-file.ts';

const mebibyte = 1024 * 1024;

let s3: ReturnType<typeof createScriptedS3>;
let endpoint: Awaited<ReturnType<typeof startScriptedEndpoint>>;
beforeEach(async () => {
  // The SDK's waits before it tries again.
  vi.spyOn(Math, 'random').mockReturnValue(0);
  s3 = createScriptedS3();
  s3.createBucket('inbox');
  endpoint = await startScriptedEndpoint({ s3: s3.service });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await endpoint.close();
});

const fileOf = (bytes: Buffer): ReadableFile => ({
  bytes: bytes.length,
  read: async (start, end) => Buffer.from(bytes.subarray(start, end)),
});
const large = Buffer.alloc(20 * mebibyte, 'abcdefg');

const put = async (
  file: ReadableFile,
  { signal = new AbortController().signal, onSent = () => undefined }: Partial<Parameters<PutFile>[3]> = {},
) => {
  const client = createS3Client({ endpoint: endpoint.url, ...scriptedAccess });
  let sent = 0;
  try {
    const head = await createAwsPutFile(client, () => 'this one')('inbox', 'a b.csv', file, {
      signal,
      onSent: (bytes) => {
        sent += bytes;
        onSent(bytes);
      },
    });
    return { head, sent };
  } finally {
    client.destroy();
  }
};
/** As S3 takes a CRC32: its four bytes in base64. */
const checksumOf = (bytes: Buffer): string => {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes));
  return sum.toString('base64');
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
    // As S3 answers; Upload tells S3 again what to hold the parts against.
    endpoint.script({
      when: ({ operation }) => operation === 'UploadPart',
      times: 3,
      after: (reply) => ({ ...reply, headers: { ...reply.headers, 'x-amz-checksum-crc32': 'AAAAAA==' } }),
    });
    const reads: [number, number][] = [];
    const file = fileOf(large);
    const { head, sent } = await put({
      ...file,
      read: (start, end) => {
        reads.push([start, end]);
        return file.read(start, end);
      },
    });
    expect([head.bytes, sent, head.etag.endsWith('-3')]).toEqual([large.length, large.length, true]);
    expect(s3.bucket('inbox').find('a b.csv', null)?.bytes?.equals(large)).toBe(true);
    expect(reads.map(([start]) => start)).toEqual([0, ...reads.map(([, end]) => end).slice(0, -1)]);
    expect(reads.at(-1)?.[1]).toBe(large.length);
    const parts = endpoint.requests.filter(({ operation }) => operation === 'UploadPart');
    expect(parts.map(({ body }) => body.length).sort()).toEqual([4, 8, 8].map((size) => size * mebibyte));
    const sums = parts.map(({ headers }) => headers['x-amz-checksum-crc32']);
    expect(sums).toEqual(parts.map(({ body }) => checksumOf(body)));
    const completed = endpoint.requests.at(-1)?.body.toString();
    expect(completed?.match(/<ChecksumCRC32>/g)).toHaveLength(3);
  });

  it('tells how far it is with each part that has arrived', async () => {
    const told: number[] = [];
    await put(fileOf(large), { onSent: (bytes) => void told.push(bytes / mebibyte) });
    expect(told.sort()).toEqual([4, 8, 8]);
  });

  it('sends a part again that did not arrive as it was read', async () => {
    endpoint.script({
      when: ({ operation }) => operation === 'UploadPart',
      times: 2,
      instead: s3Error('InternalError'),
    });
    endpoint.script({ when: ({ operation }) => operation === 'UploadPart', after: 'lose' });
    const { sent } = await put(fileOf(large));
    expect(operations().filter((operation) => operation === 'UploadPart')).toHaveLength(6);
    expect(sent).toBe(large.length);
    expect(s3.bucket('inbox').find('a b.csv', null)?.bytes?.equals(large)).toBe(true);
  });

  it('leaves nothing behind where it fails, or is interrupted', async () => {
    endpoint.script({ when: ({ operation }) => operation === 'UploadPart', instead: s3Error('AccessDenied') });
    await expect(put(fileOf(large))).rejects.toThrow(
      'expected an upload to succeed, found AccessDenied with status 403',
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
      { signal: controller.signal },
    );
    await expect(interrupted).rejects.toThrow('interrupted');

    const changed = put({
      ...file,
      read: async (start, end) => {
        if (start > 8 * mebibyte) throw new Error('changed');
        return file.read(start, end);
      },
    });
    await expect(changed).rejects.toThrow('changed');
    expect(operations().filter((operation) => operation === 'AbortMultipartUpload')).toHaveLength(3);
    expect([s3.bucket('inbox').uploads(), s3.bucket('inbox').keys()]).toEqual([[], []]);
  });

  it('breaks off the parts that are under way when it is interrupted, and then tells S3 to drop them', async () => {
    const controller = new AbortController();
    const reason = new Error('interrupted');
    endpoint.script({
      when: ({ operation }) => {
        if (operation === 'UploadPart') controller.abort(reason);
        return operation === 'UploadPart';
      },
      times: 3,
      after: 'stall',
    });
    await expect(put(fileOf(large), { signal: controller.signal })).rejects.toBe(reason);
    expect(operations().at(-1)).toBe('AbortMultipartUpload');
    expect([s3.bucket('inbox').uploads(), s3.bucket('inbox').keys()]).toEqual([[], []]);
  });

  it('puts nothing together once it is interrupted', async () => {
    const controller = new AbortController();
    const onSent = (): void => controller.abort(new Error('interrupted'));
    await expect(put(fileOf(large), { signal: controller.signal, onSent })).rejects.toThrow('interrupted');
    expect(operations()).not.toContain('CompleteMultipartUpload');
    expect(s3.bucket('inbox').uploads()).toEqual([]);
  });

  /** S3 tells the metadata with which an upload was begun; the scripted one does not. */
  const tellMetadata = (id?: string): void =>
    endpoint.script({
      when: ({ operation }) => operation === 'HeadObject',
      after: (reply) => {
        const begun = endpoint.requests.find(({ headers }) => headers['x-amz-meta-sluice-upload'] !== undefined);
        const told = id ?? begun?.headers['x-amz-meta-sluice-upload'] ?? '';
        return { ...reply, headers: { ...reply.headers, 'x-amz-meta-sluice-upload': told } };
      },
    });
  const loseLastAnswer = (): void =>
    endpoint.script({ when: ({ operation }) => operation === 'CompleteMultipartUpload', after: 'lose' });

  it('takes an upload for done whose last answer was lost', async () => {
    loseLastAnswer();
    tellMetadata();
    const { head } = await put(fileOf(large));
    expect(head).toEqual({ etag: s3.bucket('inbox').find('a b.csv', null)?.etag, bytes: large.length });
  });

  it('does not take the object of another upload for its own', async () => {
    loseLastAnswer();
    tellMetadata('another one');
    await expect(put(fileOf(large))).rejects.toThrow(
      'expected an upload to succeed, found NoSuchUpload with status 404',
    );
  });
});

describe('the size of a part', () => {
  it('fits every file that S3 takes into its parts, and them into memory', () => {
    for (const bytes of [
      0,
      1,
      8 * mebibyte,
      80_000 * mebibyte,
      80_001 * mebibyte,
      640_000 * mebibyte,
      1024 ** 4,
      objectBytesMax,
    ]) {
      const part = partBytesOf(bytes);
      expect(Math.ceil(bytes / part)).toBeLessThanOrEqual(partsMax);
      // Those under way, and the one that is read meanwhile.
      expect(part * (partsInFlightOf(part) + 1)).toBeLessThanOrEqual(Math.max(256 * mebibyte, 2 * part));
    }
    expect(partBytesOf(objectBytesMax)).toBe(525 * mebibyte);
  });
});
