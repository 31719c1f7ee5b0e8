import { detectEncoding } from '@sluice/core/csv/encoding';
import type { Profile } from '@sluice/core/ports/job-store';

const byteOrderMark = Buffer.from('\ufeff');

/** True where whoever reads a file under this profile decodes it, unless it begins with a mark. */
const isDecoded = ({ encoding }: Pick<Profile, 'encoding'>): boolean => {
  if (encoding === undefined) return false;
  try {
    return new TextDecoder(encoding).encoding !== 'utf-8';
  } catch {
    return true;
  }
};

/** What these first bytes of a file would be taken for, if not for UTF-8 from the first byte on. */
const isMistaken = (head: Buffer): boolean => {
  try {
    const { encoding, bomBytes } = detectEncoding(head);
    return encoding !== 'utf-8' || bomBytes > 0;
  } catch {
    return true;
  }
};

/**
 * Rows that were read as UTF-8, as a file that is read as UTF-8 under the profile: with a byte order mark before them where their
 * bytes would be decoded (a mark wins over the encoding that a profile declares), taken for another format, or lose a mark of their
 * own. `pieces` begin with some hundred bytes, or all.
 */
export async function* withMark(
  pieces: AsyncIterable<Uint8Array>,
  profile: Pick<Profile, 'encoding'>,
): AsyncGenerator<Uint8Array> {
  let isFirst = true;
  for await (const piece of pieces) {
    const head = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
    if (isFirst && (isDecoded(profile) || isMistaken(head))) yield byteOrderMark;
    isFirst = false;
    yield piece;
  }
}
