import { isUtf8 } from 'node:buffer';
import { SluiceError } from '../errors.ts';
import type { RejectReason } from '../rejects.ts';
import { parseRecords, splitRecords } from './parse.ts';

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

/** Neighbouring rows that are read alike; offsets as in the file. */
type Stretch = { readonly reading: Reading; readonly start: number; end: number; count: number };
type Reading = 'split' | 'parse' | 'parse alone';

const stretchesOf = ({ starts, nexts, quoted }: ScannedRows): Stretch[] => {
  const stretches: Stretch[] = [];
  let last: Stretch | undefined;
  for (const [index, start] of starts.entries()) {
    const end = nexts[index] ?? start;
    const reading = quoted[index] !== true ? 'split' : end - start > parsedTogetherBytesMax ? 'parse alone' : 'parse';
    if (last?.reading === reading && reading !== 'parse alone') {
      last.end = end;
      last.count += 1;
    } else {
      last = { reading, start, end, count: 1 };
      stretches.push(last);
    }
  }
  return stretches;
};

const assertCount = (scanned: number, parsed: number): void => {
  if (scanned === parsed) return;
  throw new SluiceError('PLAN_MISMATCH', `expected ${scanned} rows, as the scanner found, found ${parsed} by parsing`);
};

/** The fields of every row, in order. One csv-parse reads all small records with quotes together. */
const readFields = (rows: ScannedRows, bytes: Buffer, base: number, delimiter: string): string[][] => {
  const stretches = stretchesOf(rows);
  const bytesOf = ({ start, end }: Stretch): Buffer => bytes.subarray(start - base, end - base);
  const together = stretches.filter(({ reading }) => reading === 'parse');
  const parsed = together.length === 0 ? [] : parseRecords(Buffer.concat(together.map(bytesOf)), delimiter);
  assertCount(
    together.reduce((sum, { count }) => sum + count, 0),
    parsed.length,
  );
  const fields: string[][] = [];
  let used = 0;
  for (const stretch of stretches) {
    const { reading, count } = stretch;
    let records: readonly string[][];
    if (reading === 'parse') {
      records = parsed.slice(used, used + count);
      used += count;
    } else {
      records = (reading === 'split' ? splitRecords : parseRecords)(bytesOf(stretch), delimiter);
      assertCount(count, records.length);
    }
    for (const record of records) fields.push(record);
  }
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
