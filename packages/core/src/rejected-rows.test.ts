import { describe, expect, it } from 'vitest';
import { SluiceError } from './errors.ts';
import type { ObjectHead, ObjectVersion } from './ports/object-store.ts';
import { readRejectLines } from './rejected-rows.ts';
import { createVirtualClock } from './virtual-clock.ts';

const head: Omit<ObjectHead, 'bytes'> = { etag: 'e1', versionId: 'v1' };

/** A store that holds `text` under one key, in pieces of `size` bytes. */
const setUp = (text: string, size: number) => {
  const clock = createVirtualClock();
  const content = Buffer.from(text);
  const versions: ObjectVersion[] = [];
  const objects = {
    async head(bucket: string, key: string) {
      return bucket === 'work' && key === 'rejects' ? { ...head, bytes: content.length } : undefined;
    },
    async *readRange(version: ObjectVersion, start: number, end: number) {
      versions.push(version);
      for (let at = start; at < end; at += size) yield content.subarray(at, Math.min(end, at + size));
    },
  };
  const read = (key = 'rejects'): Promise<string[]> => clock.run(collect({ objects, clock }, key));
  return { read, objects, clock, versions };
};

const collect = async (ports: Parameters<typeof readRejectLines>[0], key: string): Promise<string[]> => {
  const lines: string[] = [];
  for await (const line of readRejectLines(ports, 'work', key)) lines.push(line);
  return lines;
};

const lines = ['{"row":1,"raw":"a"}', '', '{"row":2,"raw":"Grüße €"}', '{"row":3,"raw":"😀\\n\\r"}', '{"row":4}\r'];
const text = lines.map((line) => `${line}\n`).join('');
const bytes = Buffer.byteLength(text);

describe('readRejectLines', () => {
  it.each(Array.from({ length: bytes }, (_, i) => i + 1))(
    'gives every line as it stands, in pieces of %i bytes',
    async (size) => {
      expect(await setUp(text, size).read()).toEqual(lines);
    },
  );

  it('gives no line of an empty object', async () => {
    expect(await setUp('', 10).read()).toEqual([]);
  });

  it('gives a line that is longer than many pieces', async () => {
    const long = '€'.repeat(10_000);
    expect(await setUp(`a\n${long}\nb\n`, 64).read()).toEqual(['a', long, 'b']);
  });

  it('keeps lines that were given though their memory is used again', async () => {
    const { objects, clock } = setUp(text, 0);
    const piece = Buffer.alloc(8);
    const content = Buffer.from(text);
    const readRange = async function* (_: ObjectVersion, start: number, end: number) {
      for (let at = start; at < end; at += 8) {
        const length = content.copy(piece, 0, at, Math.min(end, at + 8));
        yield piece.subarray(0, length);
      }
    };
    expect(await clock.run(collect({ objects: { ...objects, readRange }, clock }, 'rejects'))).toEqual(lines);
  });

  it('reads the version that it found', async () => {
    const { read, versions } = setUp(text, 1_000);
    await read();
    expect(versions).toMatchObject([{ bucket: 'work', key: 'rejects', ...head }]);
  });

  it('throws OBJECT_CHANGED when there is no object', async () => {
    const { read, versions } = setUp(text, 10);
    await expect(read('elsewhere')).rejects.toMatchObject({
      code: 'OBJECT_CHANGED',
      message: 'expected a reject object, found none',
    });
    expect(versions).toEqual([]);
  });

  it('throws OBJECT_CHANGED when the object changes while it is read', async () => {
    const { objects, clock } = setUp(text, 10);
    const readRange = async function* () {
      yield Buffer.from('{"row":1}\n');
      throw new SluiceError('OBJECT_CHANGED', 'expected the version, found another');
    };
    const read = clock.run(collect({ objects: { ...objects, readRange }, clock }, 'rejects'));
    await expect(read).rejects.toMatchObject({ message: 'expected the version, found another' });
  });

  it('gives each line once when a body breaks within a line', async () => {
    const { objects, clock } = setUp(text, 1_000);
    let calls = 0;
    const readRange = async function* (version: ObjectVersion, start: number, end: number) {
      calls++;
      if (calls > 1) return yield* objects.readRange(version, start, end);
      yield Buffer.from(text).subarray(0, 46);
      throw new Error('socket hang up');
    };
    expect(await clock.run(collect({ objects: { ...objects, readRange }, clock }, 'rejects'))).toEqual(lines);
    expect(calls).toBe(2);
  });
});
