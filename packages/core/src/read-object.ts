import { SluiceError } from './errors.ts';
import type { Clock } from './ports/clock.ts';
import type { ObjectStore, ObjectVersion } from './ports/object-store.ts';

/** A body that brings nothing for this long is given up and read again from where it stopped. */
const stallMilliseconds = 10_000;
/** Reads in a row that bring nothing before the object counts as unreadable for now. */
const fruitlessReadsMax = 5;
/** Wait after a read that brought nothing; doubles with each. */
const retryMilliseconds = 100;

type ReadPorts = { readonly objects: Pick<ObjectStore, 'readRange'>; readonly clock: Clock };

const stalled: unique symbol = Symbol('stalled');

/** Said when a piece is in: an error made for each would cost more than the piece. */
const isIn = 'the piece is in';

/** The iterator's next piece, or `stalled` when none comes in time. */
const nextPiece = async (
  iterator: AsyncIterator<Uint8Array>,
  clock: Clock,
): Promise<IteratorResult<Uint8Array> | typeof stalled> => {
  const watchdog = new AbortController();
  try {
    const timeout: Promise<typeof stalled> = clock.sleep(stallMilliseconds, watchdog.signal).then(
      () => stalled,
      () => stalled,
    );
    return await Promise.race([iterator.next(), timeout]);
  } finally {
    watchdog.abort(isIn);
  }
};

/**
 * The bytes from `start` to `end` (exclusive) of one object version, every one of them, in order. A body that stalls,
 * breaks or ends early is read again from where it stopped.
 * Throws SluiceError OBJECT_CHANGED when the version is gone, READ_INCOMPLETE when nothing comes after several tries.
 */
export async function* readObject(
  ports: ReadPorts,
  version: ObjectVersion,
  start: number,
  end: number,
): AsyncGenerator<Buffer> {
  let position = start;
  let fruitless = 0;
  while (position < end) {
    const before = position;
    const abort = new AbortController();
    try {
      const iterator = ports.objects.readRange(version, position, end, abort.signal)[Symbol.asyncIterator]();
      for (;;) {
        const piece = await nextPiece(iterator, ports.clock);
        if (piece === stalled || piece.done === true) break;
        const wanted = piece.value.subarray(0, end - position);
        position += wanted.length;
        yield Buffer.from(wanted.buffer, wanted.byteOffset, wanted.length);
      }
    } catch (thrown) {
      if (thrown instanceof SluiceError && thrown.permanent) throw thrown;
    } finally {
      abort.abort();
    }
    if (position >= end) return;
    fruitless = position > before ? 0 : fruitless + 1;
    if (fruitless >= fruitlessReadsMax) {
      throw new SluiceError(
        'READ_INCOMPLETE',
        `expected bytes ${start} to ${end} of the object, found nothing after byte ${position} in ${fruitless} reads`,
      );
    }
    if (fruitless > 0) await ports.clock.sleep(retryMilliseconds * 2 ** (fruitless - 1));
  }
}

/** Bytes of one ranged read when reading ahead. */
const aheadBytes = 4 * 1024 * 1024;
/** Ranged reads under way at once. */
const aheadReads = 3;

/** The same, with the next ranges already under way: for a reader that goes through a whole file in order. */
export async function* readAhead(
  ports: ReadPorts,
  version: ObjectVersion,
  start: number,
  end: number,
): AsyncGenerator<Buffer> {
  const under: Promise<Buffer[]>[] = [];
  let next = start;
  const read = async (from: number, to: number): Promise<Buffer[]> => {
    const pieces: Buffer[] = [];
    for await (const piece of readObject(ports, version, from, to)) pieces.push(piece);
    return pieces;
  };
  const startRead = (): void => {
    if (next >= end) return;
    const to = Math.min(end, next + aheadBytes);
    const pieces = read(next, to);
    pieces.catch(() => undefined);
    under.push(pieces);
    next = to;
  };
  for (let i = 0; i < aheadReads; i++) startRead();
  for (let pieces = under.shift(); pieces !== undefined; pieces = under.shift()) {
    const ready = await pieces;
    startRead();
    yield* ready;
  }
}
