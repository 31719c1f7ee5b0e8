import { gzipSync } from 'node:zlib';
import { stagedKeyOf } from '@sluice/core/identity';
import { createMemoryObjects, type MemoryObjects, type ReadScript } from '@sluice/core/memory-objects';
import { createVirtualClock } from '@sluice/core/virtual-clock';
import { describe, expect, it } from 'vitest';
import { type StagedFile, type Staging, stageFile } from './stage-file.ts';

const jobId = '0123456789abcdefghjkmnpqrs';
const stagedKey = stagedKeyOf(jobId);
const text = 'id,name\n1,für €\n2,"a\nb 😀"\n';

const swap16 = (bytes: Buffer): Buffer => Buffer.from(bytes).swap16();
const utf16le = (content: string): Buffer => Buffer.from(`\ufeff${content}`, 'utf16le');
const utf16be = (content: string): Buffer => swap16(utf16le(content));

/** Text that gzip makes little smaller. */
const noise = (length: number): string => {
  let out = '';
  let state = 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    out += String.fromCharCode(0x20 + ((state >>> 24) % 0x5f));
  }
  return out;
};

type Outcome = {
  readonly objects: MemoryObjects;
  readonly staged: StagedFile;
  /** The copy; undefined when there is none. */
  readonly copy: string | undefined;
};

const setUp = async (content: Buffer, options: { readonly read?: ReadScript; readonly pieceBytes?: number } = {}) => {
  const objects = createMemoryObjects(options);
  const head = await objects.put('in', 'a.csv', content);
  const file: StagedFile = { bucket: 'in', key: 'a.csv', ...head };
  return {
    objects,
    file,
    stage: (staging: Staging) => stageFile({ objects, clock: createVirtualClock() }, file, staging, jobId, 'staged'),
  };
};

const stage = async (content: Buffer, staging: Staging, pieceBytes?: number): Promise<Outcome> => {
  const { objects, stage: run } = await setUp(content, pieceBytes === undefined ? {} : { pieceBytes });
  const staged = await run(staging);
  return { objects, staged, copy: objects.bytesOf('staged', stagedKey)?.toString('utf8') };
};

/** The code under which a file is refused; nothing may be left of it. */
const refusalOf = async (content: Buffer, staging: Staging, pieceBytes?: number): Promise<unknown> => {
  const { objects, stage: run } = await setUp(content, pieceBytes === undefined ? {} : { pieceBytes });
  const thrown: unknown = await run(staging).catch((error: unknown) => error);
  expect(objects.bytesOf('staged', stagedKey)).toBeUndefined();
  expect(objects.bytesOf('in', 'a.csv')).toEqual(content);
  return thrown;
};

describe('stageFile', () => {
  it('unpacks gzip into a copy and says where it is', async () => {
    const { objects, staged, copy } = await stage(gzipSync(text), { gzip: true });
    expect(copy).toBe(text);
    expect(staged).toEqual({
      bucket: 'staged',
      key: stagedKey,
      etag: (await objects.head('staged', stagedKey))?.etag,
      bytes: Buffer.byteLength(text),
    });
    expect(objects.bytesOf('in', 'a.csv')).toEqual(gzipSync(text));
  });

  it('keeps bytes that are no UTF-8 as they are when only gzip comes off', async () => {
    const bytes = Buffer.from([0x61, 0xff, 0xfe, 0x00, 0x0a]);
    const { objects } = await stage(gzipSync(bytes), { gzip: true });
    expect(objects.bytesOf('staged', stagedKey)).toEqual(bytes);
  });

  it('unpacks all members of a gzip file, wherever the pieces of its body meet', async () => {
    const members = ['id\n1\n', '', '2\n', '3\n'].map((part) => gzipSync(part));
    const content = Buffer.concat(members);
    for (let pieceBytes = 1; pieceBytes <= content.length; pieceBytes++) {
      expect((await stage(content, { gzip: true }, pieceBytes)).copy).toBe('id\n1\n2\n3\n');
    }
  });

  it.each([1, 3, 17])('does not depend on how the source comes in pieces (%d bytes)', async (pieceBytes) => {
    expect((await stage(gzipSync(text), { gzip: true }, pieceBytes)).copy).toBe(text);
    expect((await stage(utf16le(text), { gzip: false, encoding: 'utf-16le' }, pieceBytes)).copy).toBe(text);
  });

  it.each([
    ['UTF-16 LE', utf16le(text), 'utf-16le'],
    ['UTF-16 BE', utf16be(text), 'utf-16be'],
  ])('decodes %s and drops its byte order mark', async (_, content, encoding) => {
    const { staged, copy } = await stage(content, { gzip: false, encoding });
    expect(copy).toBe(text);
    expect(staged.bytes).toBe(Buffer.byteLength(text));
  });

  it('decodes Windows-1252, of which every byte is a character', async () => {
    const content = Buffer.from([0x80, 0x3b, 0xe4, 0x3b, 0x93, 0x94, 0x3b, 0x81, 0x0a]);
    const { copy } = await stage(content, { gzip: false, encoding: 'windows-1252' });
    expect(copy).toBe('€;ä;“”;\u0081\n');
  });

  it('decodes what it unpacks', async () => {
    const { copy } = await stage(gzipSync(utf16be(text)), { gzip: true, encoding: 'utf-16be' });
    expect(copy).toBe(text);
  });

  it('stages a file without bytes and a gzip file of nothing', async () => {
    expect((await stage(Buffer.alloc(0), { gzip: false, encoding: 'windows-1252' })).staged.bytes).toBe(0);
    expect((await stage(gzipSync(''), { gzip: true })).staged.bytes).toBe(0);
  });

  it('refuses a gzip file that ends early, wherever it ends', async () => {
    const whole = gzipSync(noise(300));
    for (const bytes of [2, 9, 10, 11, 100, whole.length - 9, whole.length - 8, whole.length - 1]) {
      const thrown = await refusalOf(whole.subarray(0, bytes), { gzip: true });
      expect(thrown).toMatchObject({ code: 'FILE_TRUNCATED', message: expect.stringContaining('ends early') });
    }
  });

  it('refuses a gzip file whose second member ends early, wherever it ends and the pieces meet', async () => {
    const first = gzipSync('id\n1\n');
    const second = gzipSync(noise(30));
    for (let bytes = 1; bytes < second.length; bytes++) {
      const content = Buffer.concat([first, second.subarray(0, bytes)]);
      for (const pieceBytes of [1, first.length, first.length + 1, content.length]) {
        const thrown = await refusalOf(content, { gzip: true }, pieceBytes);
        expect(thrown, `${bytes} bytes in pieces of ${pieceBytes}`).toMatchObject({ code: 'FILE_TRUNCATED' });
      }
    }
  });

  it('unpacks a gzip file that is padded with zeros', async () => {
    const content = Buffer.concat([gzipSync(text), Buffer.alloc(600)]);
    for (const pieceBytes of [1, content.length - 600, 512, content.length]) {
      expect((await stage(content, { gzip: true }, pieceBytes)).copy).toBe(text);
    }
  });

  it('refuses whatever follows zeros after a gzip file, since nothing would unpack it', async () => {
    const [first, second] = [gzipSync('id\n1\n'), gzipSync('2\n')];
    const damaged = Buffer.concat([first, Buffer.of(0), second.subarray(1)]);
    const padded = Buffer.concat([first, Buffer.alloc(70_000), second]);
    for (const content of [damaged, padded, Buffer.concat([first, Buffer.of(0, 0x61)])]) {
      for (const pieceBytes of [1, first.length, first.length + 1, 512, content.length]) {
        const thrown = await refusalOf(content, { gzip: true }, pieceBytes);
        expect(thrown, `${content.length} bytes in pieces of ${pieceBytes}`).toMatchObject({
          code: 'FILE_TRUNCATED',
          message: 'expected a whole gzip file and zeros after it, found other bytes there',
        });
      }
    }
  });

  it('refuses bytes of another kind after a gzip file, wherever the pieces of its body meet', async () => {
    const content = Buffer.concat([gzipSync(text), Buffer.from('2,more rows\n')]);
    for (const pieceBytes of [1, gzipSync(text).length, 40, content.length]) {
      const thrown = await refusalOf(content, { gzip: true }, pieceBytes);
      expect(thrown, `pieces of ${pieceBytes}`).toMatchObject({ code: 'FILE_TRUNCATED' });
    }
  });

  it.each([
    ['in its middle', (bytes: Buffer) => bytes.fill(0xff, 100, 140)],
    ['in its checksum', (bytes: Buffer) => bytes.fill(0x00, bytes.length - 8, bytes.length - 4)],
    ['in its method', (bytes: Buffer) => bytes.fill(0x07, 2, 3)],
  ])('refuses a gzip file that is damaged %s', async (_, damage) => {
    const thrown = await refusalOf(damage(gzipSync(noise(1_000))), { gzip: true });
    expect(thrown).toMatchObject({
      code: 'FILE_TRUNCATED',
      message: 'expected a whole gzip file, found a damaged one',
    });
  });

  it('refuses what unpacks to more than 200 times its size', async () => {
    const content = gzipSync(Buffer.alloc(220 * 64 * 1024, 'a'));
    expect(content.length).toBeLessThan(64 * 1024);
    expect(await refusalOf(content, { gzip: true })).toMatchObject({
      code: 'FILE_TOO_LARGE',
      message: `expected at most ${200 * 64 * 1024} bytes once unpacked, found more; unpack it first`,
    });
  });

  it('unpacks a small file that grows by much, up to 200 times 64 KiB', async () => {
    const content = gzipSync(Buffer.alloc(200 * 64 * 1024, 'a'));
    expect((await stage(content, { gzip: true })).staged.bytes).toBe(200 * 64 * 1024);
  });

  it.each([
    [
      'half a character at its end',
      Buffer.concat([utf16le('id\n1\n'), Buffer.from([0x61])]),
      'half a character at its end',
    ],
    ['half a surrogate pair at its end', utf16le('id\n\ud83d'), 'half a character at its end'],
    ['half a surrogate pair', utf16le('id\n\ud83d\n'), 'bytes that are none'],
  ])('refuses UTF-16 with %s, wherever the pieces of its body meet', async (_, content, found) => {
    for (const pieceBytes of [1, 2, 3, content.length]) {
      expect(await refusalOf(content, { gzip: false, encoding: 'utf-16le' }, pieceBytes)).toMatchObject({
        code: 'FILE_ENCODING',
        message: `expected text in utf-16le, found ${found}`,
      });
    }
  });

  it('refuses a file that was replaced before it was read', async () => {
    const { objects, stage: run } = await setUp(gzipSync(text));
    await objects.put('in', 'a.csv', gzipSync('id\n9\n'));
    await expect(run({ gzip: true })).rejects.toMatchObject({ code: 'OBJECT_CHANGED' });
    expect(objects.bytesOf('staged', stagedKey)).toBeUndefined();
  });

  it.each([
    [{ gzip: true }, gzipSync(noise(5_000))],
    [{ gzip: false, encoding: 'windows-1252' }, Buffer.from(noise(5_000))],
  ] as const)(
    'leaves no copy of two versions when the file is replaced while it is staged (%j)',
    async (staging, content) => {
      const objects: MemoryObjects = createMemoryObjects({
        read: (_, call) => {
          if (call === 2) objects.remove('in', 'a.csv');
          return { kind: 'ends', afterBytes: 1_000 };
        },
      });
      const head = await objects.put('in', 'a.csv', content);
      const file = { bucket: 'in', key: 'a.csv', ...head };
      const work = stageFile({ objects, clock: createVirtualClock() }, file, staging, jobId, 'staged');
      await expect(work).rejects.toMatchObject({ code: 'OBJECT_CHANGED' });
      expect(objects.reads).toHaveLength(2);
      expect(objects.bytesOf('staged', stagedKey)).toBeUndefined();
    },
  );

  it('reads on where a body ended early or broke', async () => {
    const { objects, stage: run } = await setUp(gzipSync(noise(5_000)), {
      read: (_, call) => ({ kind: call % 2 === 0 ? 'ends' : 'breaks', afterBytes: 700 }),
    });
    await run({ gzip: true });
    expect(objects.bytesOf('staged', stagedKey)?.toString()).toBe(noise(5_000));
    expect(objects.reads.length).toBeGreaterThan(3);
  });

  it('replaces the copy of an attempt before', async () => {
    const { objects, stage: run } = await setUp(gzipSync(text));
    await objects.put('staged', stagedKey, 'half a cop');
    const { etag } = await run({ gzip: true });
    expect(objects.bytesOf('staged', stagedKey)?.toString()).toBe(text);
    expect((await objects.head('staged', stagedKey))?.etag).toBe(etag);
  });
});
