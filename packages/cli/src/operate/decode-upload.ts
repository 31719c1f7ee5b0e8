import { headBytes } from '@sluice/core/csv/dialect';
import type { Job } from '@sluice/core/ports/job-store';
import { readAhead, readObject } from '@sluice/core/read-object';
import { stagingOf, stagingsMax } from '@sluice/split-file/read-layout';
import type { Staging } from '@sluice/split-file/stage-file';
import { unstage } from '@sluice/split-file/stage-file';
import type { Operator } from './operator.ts';

/** The bytes of something from an offset on. */
type ReadFrom = (offset: number) => AsyncIterable<Uint8Array>;

/** The UTF-8 text of an uploaded file. */
export type DecodedUpload = {
  /** The file is packed or in another encoding: the text is not what lies in the bucket. */
  readonly isDecoded: boolean;
  /** The first `headBytes` of the text, or all of it. */
  readonly head: Buffer;
  /** The text from its beginning. */
  read(): AsyncIterable<Uint8Array>;
};

async function* behind(pieces: AsyncIterable<Uint8Array>, offset: number): AsyncGenerator<Uint8Array> {
  let passed = 0;
  for await (const piece of pieces) {
    const from = offset - passed;
    passed += piece.length;
    if (from < piece.length) yield from > 0 ? piece.subarray(from) : piece;
  }
}

const readHead = async (readFrom: ReadFrom): Promise<Buffer> => {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of readFrom(0)) {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes >= headBytes) break;
  }
  return Buffer.concat(pieces).subarray(0, headBytes);
};

/** What a file is after some stagings. Nothing is stored: whoever reads from the middle decodes what lies before once more. */
const through = (read: ReadFrom, bytes: number, stagings: readonly Staging[]): ReadFrom =>
  stagings.reduce<ReadFrom>((readFrom, staging, layer) => {
    // Nobody knows how large a layer further in is; what it may come to is limited all the same.
    const text = () => unstage(readFrom, layer === 0 ? bytes : Number.POSITIVE_INFINITY, staging);
    return (offset) => (offset === 0 ? text() : behind(text(), offset));
  }, read);

/**
 * Reads the uploaded file of a job anew, by the version that was planned, and finds out by itself how it is packed and encoded: the
 * copy that the pipeline made is not looked at. Throws SluiceError OBJECT_CHANGED when the version is gone, and what makes
 * split-file refuse a file.
 */
export const decodeUpload = async (
  { file, profile }: Pick<Job, 'file' | 'profile'>,
  ports: Pick<Operator, 'objects' | 'clock'>,
): Promise<DecodedUpload> => {
  const stagings: Staging[] = [];
  let declared = profile.encoding;
  for (;;) {
    const readFrom = through((offset) => readObject(ports, file, offset, file.bytes), file.bytes, stagings);
    const head = await readHead(readFrom);
    const staging = stagings.length === stagingsMax ? undefined : stagingOf(head, declared);
    if (staging === undefined) {
      const read = through((offset) => readAhead(ports, file, offset, file.bytes), file.bytes, stagings);
      return { isDecoded: stagings.length > 0, head, read: () => read(0) };
    }
    stagings.push(staging);
    if (staging.encoding !== undefined) declared = undefined;
  }
};
