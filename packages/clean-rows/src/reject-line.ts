import { isUtf8 } from 'node:buffer';
import type { RejectLine } from '@sluice/core/rejected-rows';
import type { RejectReason } from '@sluice/core/rejects';

/** Where a rejected row stands in the source, and its bytes: all of them, or as many of the first as are kept. */
export type RejectedBytes = {
  readonly row: number;
  readonly line: number;
  readonly byteStart: number;
  readonly byteEnd: number;
  readonly bytes: Buffer;
};

/** Without the last character, when cutting left only a part of it. */
const wholeCharacters = (bytes: Buffer): Buffer => {
  for (let end = bytes.length; end > bytes.length - 4 && end > 0; end--) {
    const whole = bytes.subarray(0, end);
    if (isUtf8(whole)) return whole;
  }
  return bytes;
};

/** The bytes of a row as a reject keeps them. `isTruncated`: they are only the first ones. */
export const toRaw = (bytes: Buffer, isTruncated: boolean): Pick<RejectLine, 'raw' | 'rawBase64' | 'rawTruncated'> => {
  const kept = isTruncated ? wholeCharacters(bytes) : bytes;
  return {
    ...(isUtf8(kept) ? { raw: kept.toString('utf8') } : { rawBase64: kept.toString('base64') }),
    ...(isTruncated ? { rawTruncated: true as const } : {}),
  };
};

/** A line of a reject object, and of rejects.ndjson, with its line end. */
export const toRejectLine = (rejected: RejectedBytes, reason: RejectReason): string => {
  const { row, line, byteStart, byteEnd, bytes } = rejected;
  const { code, column, message } = reason;
  const text: RejectLine = {
    row,
    line,
    byteStart,
    byteEnd,
    code,
    ...(column === undefined ? {} : { column }),
    message,
    ...toRaw(bytes, byteEnd - byteStart > bytes.length),
  };
  return `${JSON.stringify(text)}\n`;
};
