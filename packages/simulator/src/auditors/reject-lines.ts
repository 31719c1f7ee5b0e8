import type { RejectLine } from '@sluice/core/rejected-rows';
import type { ExpectedRow } from '../expected-rows.ts';

/** Bytes that are kept of a rejected row. */
const rawBytesMax = 64 * 1024;

/** The lines of a reject object. Undefined when some line is none. */
export const parseRejectLines = (bytes: Buffer): readonly RejectLine[] | undefined => {
  const text = bytes.toString();
  if (!text.endsWith('\n')) return undefined;
  try {
    return JSON.parse(`[${text.slice(0, -1).replaceAll('\n', ',')}]`) as RejectLine[];
  } catch {
    return undefined;
  }
};

/** What of a line is not as the file has it; undefined when all is. `source` holds the bytes that offsets refer to. */
export const findDifference = (line: RejectLine, expected: ExpectedRow, source: Buffer): string | undefined => {
  if (expected.accepted) return 'an accepted row';
  if (line.row !== expected.row) return `row ${line.row}`;
  if (line.line !== expected.line) return `line ${line.line}`;
  if (line.code !== expected.code) return `the code ${line.code} for ${expected.code}`;
  if (line.byteStart !== expected.byteStart || line.byteEnd !== expected.byteEnd) {
    return `bytes ${line.byteStart} to ${line.byteEnd} for ${expected.byteStart} to ${expected.byteEnd}`;
  }
  const bytes = source.subarray(expected.byteStart, expected.byteEnd);
  const kept = line.raw !== undefined ? Buffer.from(line.raw) : Buffer.from(line.rawBase64 ?? '', 'base64');
  const isTruncated = bytes.length > rawBytesMax;
  if ((line.rawTruncated === true) !== isTruncated) return `rawTruncated ${line.rawTruncated}`;
  // A truncated row may lack the beginning of a character that was cut.
  const isWhole = isTruncated
    ? kept.length <= rawBytesMax && kept.length > rawBytesMax - 4
    : kept.length === bytes.length;
  return isWhole && bytes.subarray(0, kept.length).equals(kept) ? undefined : 'other bytes than those of the row';
};
