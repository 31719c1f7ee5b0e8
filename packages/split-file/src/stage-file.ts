import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { SluiceError } from '@sluice/core/errors';
import { stagedKeyOf } from '@sluice/core/identity';
import type { ObjectVersion } from '@sluice/core/ports/object-store';
import { readAhead } from '@sluice/core/read-object';
import type { StagePorts } from '@sluice/core/stage';

/** Largest UTF-8 copy of a staged file, and how many times its source it may be. */
const stagedBytesMax = 20 * 1024 ** 3;
const expansionMax = 200;

/** What a file must go through before it can be read: gzip off, then its encoding (a label of the Encoding Standard) into UTF-8. */
export type Staging = { readonly gzip: boolean; readonly encoding?: string };

export type StagingPorts = Pick<StagePorts, 'clock'> & {
  readonly objects: Pick<StagePorts['objects'], 'readRange' | 'putStream'>;
};

export type StagedFile = ObjectVersion & { readonly bytes: number };

/** Counts what passes, and refuses more than the limits allow. */
async function* limited(pieces: AsyncIterable<Uint8Array>, sourceBytes: number): AsyncGenerator<Uint8Array> {
  // A small file may expand more: headers and dictionaries weigh little there.
  const most = Math.min(stagedBytesMax, Math.max(sourceBytes, 64 * 1024) * expansionMax);
  let bytes = 0;
  for await (const piece of pieces) {
    bytes += piece.length;
    if (bytes > most) {
      throw new SluiceError(
        'FILE_TOO_LARGE',
        `expected at most ${most} bytes once unpacked, found more; unpack it first`,
      );
    }
    yield piece;
  }
}

/** zlib takes a zero after a member for padding, and looks at nothing that follows: rows could be there. */
const refuseAfterPadding = async (rest: AsyncIterable<Uint8Array>): Promise<void> => {
  for await (const piece of rest) {
    if (piece.every((byte) => byte === 0)) continue;
    throw new SluiceError('FILE_TRUNCATED', 'expected a whole gzip file and zeros after it, found other bytes there');
  }
};

/** `readFrom` gives the packed bytes from an offset on. */
async function* gunzip(readFrom: (offset: number) => AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const unpacked = createGunzip();
  const packed = Readable.from(readFrom(0), { objectMode: false });
  let sourceError: unknown;
  packed.on('error', (error) => {
    sourceError = error;
    unpacked.destroy(error);
  });
  try {
    yield* packed.pipe(unpacked);
    await refuseAfterPadding(readFrom(unpacked.bytesWritten));
  } catch (thrown) {
    if (sourceError !== undefined) throw sourceError;
    const code = (thrown as { readonly code?: string }).code ?? '';
    if (!code.startsWith('Z_')) throw thrown;
    throw new SluiceError(
      'FILE_TRUNCATED',
      code === 'Z_BUF_ERROR'
        ? 'expected a whole gzip file, found one that ends early'
        : 'expected a whole gzip file, found a damaged one',
    );
  } finally {
    packed.destroy();
    unpacked.destroy();
  }
}

async function* decode(pieces: AsyncIterable<Uint8Array>, encoding: string): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder(encoding, { fatal: true });
  const encoder = new TextEncoder();
  let found = 'bytes that are none';
  try {
    for await (const piece of pieces) yield encoder.encode(decoder.decode(piece, { stream: true }));
    found = 'half a character at its end';
    yield encoder.encode(decoder.decode());
  } catch (thrown) {
    if (!(thrown instanceof TypeError)) throw thrown;
    throw new SluiceError('FILE_ENCODING', `expected text in ${decoder.encoding}, found ${found}`);
  }
}

/**
 * The UTF-8 text of a file of `sourceBytes` bytes, as its copy has it; `readFrom` gives the file's bytes from an offset on. Throws
 * SluiceError FILE_TRUNCATED, FILE_TOO_LARGE or FILE_ENCODING, and what `readFrom` throws.
 */
export const unstage = (
  readFrom: (offset: number) => AsyncIterable<Uint8Array>,
  sourceBytes: number,
  { gzip, encoding }: Staging,
): AsyncGenerator<Uint8Array> => {
  const unpacked = limited(gzip ? gunzip(readFrom) : readFrom(0), sourceBytes);
  return encoding === undefined ? unpacked : decode(unpacked, encoding);
};

/**
 * Writes a file's UTF-8 copy, from which everything else is read; offsets then refer to the copy. The file itself
 * stays as it is. Throws SluiceError FILE_TRUNCATED, FILE_TOO_LARGE, FILE_ENCODING or OBJECT_CHANGED; nothing is left then.
 */
export const stageFile = async (
  ports: StagingPorts,
  file: ObjectVersion & { readonly bytes: number },
  staging: Staging,
  jobId: string,
  bucket: string,
): Promise<StagedFile> => {
  const readFrom = (offset: number): AsyncIterable<Uint8Array> => readAhead(ports, file, offset, file.bytes);
  const text = unstage(readFrom, file.bytes, staging);
  const key = stagedKeyOf(jobId);
  const { etag, bytes, versionId } = await ports.objects.putStream(bucket, key, text);
  return { bucket, key, etag, bytes, ...(versionId === undefined ? {} : { versionId }) };
};
