import { describe, expect, it } from 'vitest';
import { SluiceError } from './errors.ts';
import type { ObjectVersion } from './ports/object-store.ts';
import { readAhead, readObject } from './read-object.ts';
import { createVirtualClock, type VirtualClock } from './virtual-clock.ts';

const version: ObjectVersion = { bucket: 'b', key: 'in/a.csv', etag: 'e1', versionId: 'v1' };
const stallMilliseconds = 10_000;

/** Bytes of which no two places near each other look alike. */
const bytesOf = (length: number): Buffer => {
  const bytes = Buffer.allocUnsafe(length);
  let state = 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
};

const object = bytesOf(1_000);

type Read = { readonly start: number; readonly end: number; readonly signal: AbortSignal };
/** The body of the n-th read (from 1). `bytes` are those that were asked for. */
type Script = (bytes: Buffer, call: number) => Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

const setUp = (script: Script, content = object) => {
  const clock = createVirtualClock();
  const reads: Read[] = [];
  const versions: ObjectVersion[] = [];
  const objects = {
    async *readRange(read: ObjectVersion, start: number, end: number, signal: AbortSignal) {
      versions.push(read);
      reads.push({ start, end, signal });
      yield* script(content.subarray(start, end), reads.length);
    },
  };
  return {
    ports: { objects, clock },
    clock,
    reads,
    versions,
    ranges: () => reads.map(({ start, end }) => [start, end]),
  };
};

const collect = async (pieces: AsyncIterable<Buffer>): Promise<Buffer> => {
  const all: Buffer[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
};

const inPieces = function* (bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
};

const never = (clock: () => VirtualClock) =>
  async function* (bytes: Buffer): AsyncGenerator<Uint8Array> {
    yield bytes;
    await clock().sleep(Number.MAX_SAFE_INTEGER);
  };

describe('readObject', () => {
  it('gives the bytes from start to end in one read, in order, of the version it was given', async () => {
    const { ports, ranges, versions, clock } = setUp((bytes) => inPieces(bytes, 7));
    const read = await clock.run(collect(readObject(ports, version, 13, 913)));
    expect(read).toEqual(object.subarray(13, 913));
    expect(ranges()).toEqual([[13, 913]]);
    expect(versions).toEqual([version]);
    expect(clock.now()).toBe(0);
  });

  it('reads nothing where there is nothing to read', async () => {
    const { ports, ranges, clock } = setUp((bytes) => [bytes]);
    expect(await clock.run(collect(readObject(ports, version, 5, 5)))).toHaveLength(0);
    expect(ranges()).toEqual([]);
  });

  it('reads on from where a body ended early', async () => {
    const { ports, ranges, clock } = setUp((bytes) => [bytes.subarray(0, 400)]);
    expect(await clock.run(collect(readObject(ports, version, 0, 1_000)))).toEqual(object);
    expect(ranges()).toEqual([
      [0, 1_000],
      [400, 1_000],
      [800, 1_000],
    ]);
    expect(clock.now()).toBe(0);
  });

  it('reads on from where a body broke', async () => {
    const { ports, ranges, clock } = setUp(function* (bytes, call) {
      if (call > 1) return yield bytes;
      yield bytes.subarray(0, 10);
      yield bytes.subarray(10, 30);
      throw new Error('socket hang up');
    });
    expect(await clock.run(collect(readObject(ports, version, 100, 200)))).toEqual(object.subarray(100, 200));
    expect(ranges()).toEqual([
      [100, 200],
      [130, 200],
    ]);
  });

  it('gives up a body that stalls after ten seconds and reads on from where it stopped', async () => {
    const { ports, ranges, reads, clock } = setUp((bytes, call) =>
      call === 1 ? never(() => clock)(bytes.subarray(0, 250)) : [bytes],
    );
    expect(await clock.run(collect(readObject(ports, version, 0, 1_000)))).toEqual(object);
    expect(ranges()).toEqual([
      [0, 1_000],
      [250, 1_000],
    ]);
    expect(clock.now()).toBe(stallMilliseconds);
    expect(reads[0]?.signal.aborted).toBe(true);
  });

  it('bears with a slow body as long as each piece comes within ten seconds', async () => {
    const { ports, ranges, clock } = setUp(async function* (bytes) {
      for (const piece of inPieces(bytes, 250)) {
        await clock.sleep(stallMilliseconds - 1);
        yield piece;
      }
    });
    expect(await clock.run(collect(readObject(ports, version, 0, 1_000)))).toEqual(object);
    expect(ranges()).toEqual([[0, 1_000]]);
    expect(clock.now()).toBe(4 * (stallMilliseconds - 1));
  });

  it('counts no time that its reader takes as a stall', async () => {
    const { ports, ranges, clock } = setUp((bytes) => inPieces(bytes, 500));
    const slowly = async (): Promise<Buffer[]> => {
      const pieces: Buffer[] = [];
      for await (const piece of readObject(ports, version, 0, 1_000)) {
        await clock.sleep(5 * stallMilliseconds);
        pieces.push(piece);
      }
      return pieces;
    };
    expect(Buffer.concat(await clock.run(slowly()))).toEqual(object);
    expect(ranges()).toEqual([[0, 1_000]]);
  });

  it('ends when the last byte is in, though the body never says that it ended', async () => {
    const { ports, ranges, clock } = setUp((bytes) => never(() => clock)(bytes));
    expect(await clock.run(collect(readObject(ports, version, 0, 1_000)))).toEqual(object);
    expect(ranges()).toEqual([[0, 1_000]]);
  });

  it('ends when the last byte is in, though the body breaks after it', async () => {
    const { ports, ranges, clock } = setUp(function* (bytes) {
      yield bytes;
      throw new Error('socket hang up');
    });
    expect(await clock.run(collect(readObject(ports, version, 0, 1_000)))).toEqual(object);
    expect(ranges()).toEqual([[0, 1_000]]);
  });

  it('ends within a piece when a body brings more than was asked for', async () => {
    const { ports, clock } = setUp(() => inPieces(object, 300));
    expect(await clock.run(collect(readObject(ports, version, 0, 450)))).toEqual(object.subarray(0, 450));
  });

  it('gives pieces as views of what came, wherever they stand in their memory', async () => {
    const { ports, clock } = setUp((bytes) => [new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)]);
    const pieces: Buffer[] = [];
    const read = async (): Promise<void> => {
      for await (const piece of readObject(ports, version, 600, 700)) pieces.push(piece);
    };
    await clock.run(read());
    expect(pieces).toEqual([object.subarray(600, 700)]);
    expect(pieces[0]?.buffer).toBe(object.buffer);
  });

  it('throws OBJECT_CHANGED at once and reads no more', async () => {
    const changed = new SluiceError('OBJECT_CHANGED', 'expected the version, found another');
    const { ports, ranges, clock } = setUp(function* (bytes) {
      yield bytes.subarray(0, 10);
      throw changed;
    });
    await expect(clock.run(collect(readObject(ports, version, 0, 1_000)))).rejects.toBe(changed);
    expect(ranges()).toHaveLength(1);
  });

  it('reads on after an error that is transient', async () => {
    const { ports, clock } = setUp((bytes, call) => {
      if (call === 1) throw new SluiceError('THROTTLED', 'expected bytes, found SlowDown');
      return [bytes];
    });
    expect(await clock.run(collect(readObject(ports, version, 0, 1_000)))).toEqual(object);
  });

  it('throws READ_INCOMPLETE after five reads that bring nothing, with waits that double in between', async () => {
    const { ports, ranges, clock } = setUp((bytes, call) => (call === 1 ? [bytes.subarray(0, 60)] : []));
    await expect(clock.run(collect(readObject(ports, version, 40, 1_000)))).rejects.toMatchObject({
      code: 'READ_INCOMPLETE',
      permanent: false,
      message: 'expected bytes 40 to 1000 of the object, found nothing after byte 100 in 5 reads',
    });
    expect(ranges()).toEqual([[40, 1_000], ...Array.from({ length: 5 }, () => [100, 1_000])]);
    expect(clock.now()).toBe(100 + 200 + 400 + 800);
  });

  it.each<[string, (clock: VirtualClock) => AsyncIterable<Uint8Array>]>([
    ['stalls', (clock) => never(() => clock)(Buffer.alloc(0))],
    [
      'breaks',
      // biome-ignore lint/correctness/useYield: a body that breaks before its first piece
      async function* () {
        throw new Error('socket hang up');
      },
    ],
  ])('throws READ_INCOMPLETE when every read %s', async (_, body) => {
    const { ports, ranges, clock } = setUp(() => body(clock));
    await expect(clock.run(collect(readObject(ports, version, 0, 10)))).rejects.toMatchObject({
      code: 'READ_INCOMPLETE',
    });
    expect(ranges()).toHaveLength(5);
  });

  it('does not give up while now and then a byte comes', async () => {
    const { ports, ranges, clock } = setUp((bytes, call) => (call % 5 === 0 ? [bytes.subarray(0, 1)] : []));
    expect(await clock.run(collect(readObject(ports, version, 0, 8)))).toEqual(object.subarray(0, 8));
    expect(ranges()).toHaveLength(40);
  });

  it('breaks the read off when its reader has enough', async () => {
    const { ports, reads, clock } = setUp((bytes) => inPieces(bytes, 10));
    const first = async (): Promise<Buffer | undefined> => {
      for await (const piece of readObject(ports, version, 0, 1_000)) return piece;
      return undefined;
    };
    expect(await clock.run(first())).toEqual(object.subarray(0, 10));
    expect(reads[0]?.signal.aborted).toBe(true);
  });
});

describe('readAhead', () => {
  const mebibytes = 1024 * 1024;
  const large = bytesOf(4 * 4 * mebibytes + 12_345);

  it('gives the same bytes in the same order, whichever range is ready first', async () => {
    const { ports, clock } = setUp(async function* (bytes, call) {
      await clock.sleep(call % 2 === 0 ? 1 : 1_000);
      yield* inPieces(bytes, mebibytes);
    }, large);
    const read = await clock.run(collect(readAhead(ports, version, 5, large.length)));
    expect(read.equals(large.subarray(5))).toBe(true);
  });

  it('gives the same bytes though bodies end early, break and stall', async () => {
    const { ports, clock } = setUp(async function* (bytes, call) {
      yield bytes.subarray(0, 3 * mebibytes);
      if (call % 3 === 0) throw new Error('socket hang up');
      if (call % 3 === 1) await clock.sleep(Number.MAX_SAFE_INTEGER);
    }, large);
    const read = await clock.run(collect(readAhead(ports, version, 0, large.length)));
    expect(read.equals(large)).toBe(true);
  });

  it('asks for ranges that meet, each byte once, and none beyond the end', async () => {
    const { ports, clock, ranges } = setUp((bytes) => [bytes], large);
    await clock.run(collect(readAhead(ports, version, 100, large.length - 100)));
    const asked = ranges();
    expect(asked.length).toBeGreaterThan(3);
    expect(asked.map(([start]) => start)).toEqual([100, ...asked.slice(0, -1).map(([, end]) => end)]);
    expect(asked.at(-1)?.[1]).toBe(large.length - 100);
  });

  it('keeps three reads under way, and no more', async () => {
    let under = 0;
    let most = 0;
    const { ports, clock } = setUp(async function* (bytes) {
      most = Math.max(most, ++under);
      await clock.sleep(10);
      under--;
      yield bytes;
    }, large);
    await clock.run(collect(readAhead(ports, version, 0, large.length)));
    expect(most).toBe(3);
  });

  it('reads nothing where there is nothing to read', async () => {
    const { ports, clock, ranges } = setUp((bytes) => [bytes]);
    expect(await clock.run(collect(readAhead(ports, version, 7, 7)))).toHaveLength(0);
    expect(ranges()).toEqual([]);
  });

  it('gives the bytes before a range that fails, and then its error', async () => {
    const { ports, clock } = setUp((bytes, call) => {
      if (call === 2) throw new SluiceError('OBJECT_CHANGED', 'expected the version, found another');
      return [bytes];
    }, large);
    let got = 0;
    const read = async (): Promise<void> => {
      for await (const piece of readAhead(ports, version, 0, large.length)) got += piece.length;
    };
    await expect(clock.run(read())).rejects.toMatchObject({ code: 'OBJECT_CHANGED' });
    expect(got).toBe(4 * mebibytes);
  });
});
