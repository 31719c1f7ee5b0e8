import { isAscii, isUtf8 } from 'node:buffer';
import { SluiceError } from '../errors.ts';
import type { RejectReason } from '../rejects.ts';
import { parseRecords, splitQuoted } from './parse.ts';

/** A record with quotes above this gets a csv-parse of its own, since it stays slow after a long field (measured). Unit: bytes. */
const parsedTogetherBytesMax = 4 * 1024;
/** Bytes of a rejected row that are kept. Unit: bytes. */
export const rejectedRawBytesMax = 64 * 1024;

/** Consecutive rows with their fields. Row `i` has number `firstRow + i`; `fields`, `starts`, `ends` and `lines` have an entry per row. */
export type Run = {
  readonly kind: 'rows';
  readonly firstRow: number;
  readonly fields: readonly (readonly string[])[];
  /** First byte of each row, from the start of the file. */
  readonly starts: readonly number[];
  /** After the last byte of each row, without the line end. */
  readonly ends: readonly number[];
  /** Physical line of each row. */
  readonly lines: readonly number[];
  /** Holds the bytes of all these rows; `bytes[0]` is at `base` in the file. */
  readonly bytes: Buffer;
  readonly base: number;
};

/** A row without fields. `raw` is its first 64 KiB, so all of it unless `end - start` is more. */
export type RejectedRow = {
  readonly kind: 'rejected';
  readonly row: number;
  readonly line: number;
  readonly start: number;
  readonly end: number;
  readonly reason: RejectReason;
  readonly raw: Buffer;
};

/** Consecutive rows as scanned. An entry per row in each list; `nexts` are the ends with the line ends. */
export type ScannedRows = {
  readonly firstRow: number;
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  readonly nexts: readonly number[];
  readonly lines: readonly number[];
  readonly quoted: readonly boolean[];
};

const invalidUtf8: RejectReason = { code: 'INVALID_UTF8', message: 'expected UTF-8, found bytes that are none' };

/** The bytes of one row of a run, of which at most 64 KiB: what a reject keeps. */
export const rawOfRow = (run: Pick<Run, 'starts' | 'ends' | 'bytes' | 'base'>, index: number): Buffer => {
  const start = (run.starts[index] ?? 0) - run.base;
  const end = (run.ends[index] ?? 0) - run.base;
  return run.bytes.subarray(start, Math.min(end, start + rejectedRawBytesMax));
};

const notAscii = /[\x80-\xff]/g;

/**
 * Gives the text of a range of the bytes, which are UTF-8; ranges must come in order. Ranges of ASCII alone are cut from
 * one text, made at once with a character for each byte: that is far cheaper than decoding each.
 */
const createTextReader = (bytes: Buffer): ((start: number, end: number) => string) => {
  const text = bytes.toString('latin1');
  // The first byte that is no ASCII, at or after all that was read.
  let beyond = isAscii(bytes) ? bytes.length : -1;
  return (start, end) => {
    if (beyond < start) {
      notAscii.lastIndex = start;
      beyond = notAscii.test(text) ? notAscii.lastIndex - 1 : bytes.length;
    }
    // `toString` eats no U+FEFF, as TextDecoder does.
    return beyond < end ? bytes.toString('utf8', start, end) : text.slice(start, end);
  };
};

/** Records in the order of `indices`, by csv-parse: small ones together, since a csv-parse for each is slow. */
const parseHard = (
  { starts, nexts }: ScannedRows,
  indices: readonly number[],
  bytes: Buffer,
  base: number,
  delimiter: string,
): Map<number, string[]> => {
  const bytesOf = (index: number): Buffer => bytes.subarray((starts[index] ?? 0) - base, (nexts[index] ?? 0) - base);
  const isSmall = (index: number): boolean => bytesOf(index).length <= parsedTogetherBytesMax;
  const groups = [indices.filter(isSmall), ...indices.filter((index) => !isSmall(index)).map((index) => [index])];
  const found = new Map<number, string[]>();
  for (const group of groups) {
    const records = parseRecords(Buffer.concat(group.map(bytesOf)), delimiter);
    if (records.length !== group.length) {
      throw new SluiceError(
        'PLAN_MISMATCH',
        `expected ${group.length} rows, as the scanner found, found ${records.length} by parsing`,
      );
    }
    for (const [at, index] of group.entries()) found.set(index, records[at] ?? []);
  }
  return found;
};

/** The fields of every row, in order. */
const readFields = (rows: ScannedRows, bytes: Buffer, base: number, delimiter: string): string[][] => {
  const { starts, ends, quoted } = rows;
  const textOf = createTextReader(bytes);
  const fields: string[][] = [];
  const hard: number[] = [];
  for (let index = 0; index < starts.length; index += 1) {
    const record = textOf((starts[index] ?? 0) - base, (ends[index] ?? 0) - base);
    const split = quoted[index] === true ? splitQuoted(record, delimiter) : record.split(delimiter);
    if (split === undefined) hard.push(index);
    fields.push(split ?? []);
  }
  if (hard.length === 0) return fields;
  for (const [index, parsed] of parseHard(rows, hard, bytes, base, delimiter)) fields[index] = parsed;
  return fields;
};

const sliceRows = (rows: ScannedRows, from: number, to: number): ScannedRows => ({
  firstRow: rows.firstRow + from,
  starts: rows.starts.slice(from, to),
  ends: rows.ends.slice(from, to),
  nexts: rows.nexts.slice(from, to),
  lines: rows.lines.slice(from, to),
  quoted: rows.quoted.slice(from, to),
});

/**
 * The fields of consecutive rows, whose bytes begin at `base` in the file: one run, or several around the rows that are not
 * UTF-8, in row order. Throws SluiceError PLAN_MISMATCH when csv-parse does not find the scanner's number of rows.
 */
export const parseRows = (
  rows: ScannedRows,
  bytes: Buffer,
  base: number,
  delimiter: string,
): readonly (Run | RejectedRow)[] => {
  const { firstRow, starts, ends, lines } = rows;
  if (isUtf8(bytes)) {
    return [
      { kind: 'rows', firstRow, fields: readFields(rows, bytes, base, delimiter), starts, ends, lines, bytes, base },
    ];
  }
  const parts: (Run | RejectedRow)[] = [];
  let validFrom = 0;
  const closeRun = (to: number): void => {
    if (to === validFrom) return;
    const valid = sliceRows(rows, validFrom, to);
    const start = starts[validFrom] ?? base;
    const validBytes = bytes.subarray(start - base, (valid.nexts.at(-1) ?? start) - base);
    parts.push(...parseRows(valid, validBytes, start, delimiter));
  };
  for (const [index, start] of starts.entries()) {
    const end = ends[index] ?? start;
    if (isUtf8(bytes.subarray(start - base, end - base))) continue;
    closeRun(index);
    validFrom = index + 1;
    const raw = rawOfRow({ starts, ends, bytes, base }, index);
    parts.push({
      kind: 'rejected',
      row: firstRow + index,
      line: lines[index] ?? 0,
      start,
      end,
      reason: invalidUtf8,
      raw,
    });
  }
  closeRun(starts.length);
  return parts;
};
