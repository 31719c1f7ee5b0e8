import { isUtf8 } from 'node:buffer';
import { drawCsv } from '../fuzz/dirty-csv.ts';
import { type FuzzTarget, hold, holdOneLine, holdSame } from '../fuzz/target.ts';
import { cutBytes } from './dirty-bytes.ts';
import { parseRecords } from './parse.ts';
import { type Chunk, type Cursor, createPlanner } from './plan.ts';
import { type RejectedRow, type Run, rawOfRow, rejectedRawBytesMax } from './run.ts';
import { createRunReader } from './run-reader.ts';
import { type OracleRecord, readRecords } from './scan-oracle.ts';

/** A row as every way of cutting must give it. */
type FlatRow = {
  readonly row: number;
  readonly line: number;
  readonly start: number;
  readonly end: number;
  readonly fields?: readonly string[];
  readonly code?: string;
  readonly message?: string;
};

type Reading = { readonly delimiter: string; readonly maxRecordBytes: number; readonly pieceSizes: readonly number[] };

/** Above this the fields are compared with a csv-parse over the whole, not with one per record: each costs. */
const recordsParsedAloneMax = 400;

const planFrom = (
  bytes: Buffer,
  cursor: Cursor,
  chunkBytes: number,
  { delimiter, maxRecordBytes, pieceSizes }: Reading,
  limit?: number,
): { readonly chunks: readonly Chunk[]; readonly cursors: readonly Cursor[] } => {
  const planner = createPlanner({
    delimiter: delimiter.charCodeAt(0),
    cursor,
    chunkBytes,
    maxRecordBytes,
    ...(limit === undefined ? {} : { limit }),
  });
  const chunks: Chunk[] = [];
  const cursors = [cursor];
  for (const piece of cutBytes(bytes.subarray(cursor.offset), pieceSizes)) {
    chunks.push(...planner.push(piece));
    cursors.push(planner.cursor());
  }
  chunks.push(...planner.end());
  cursors.push(planner.cursor());
  return { chunks, cursors };
};

const flatten = (part: Run | RejectedRow, bytes: Buffer): FlatRow[] => {
  const rawAt = (start: number, end: number): Buffer =>
    bytes.subarray(start, Math.min(end, start + rejectedRawBytesMax));
  if (part.kind === 'rejected') {
    const { row, line, start, end, reason, raw } = part;
    hold('a rejected row keeps its first 64 KiB', raw.equals(rawAt(start, end)), () => [start, end, raw.length]);
    holdOneLine('a reason is one line', reason.message);
    return [{ row, line, start, end, code: reason.code, message: reason.message }];
  }
  const { firstRow, fields, starts, ends, lines } = part;
  const counts = [starts.length, ends.length, lines.length];
  holdSame('a run has one entry a row', counts, Array(3).fill(fields.length));
  return fields.map((each, index) => {
    const [start, end] = [starts[index] ?? -1, ends[index] ?? -1];
    hold('a row of a run has its bytes', rawOfRow(part, index).equals(rawAt(start, end)), () => [start, end]);
    return { row: firstRow + index, line: lines[index] ?? -1, start, end, fields: each };
  });
};

const readChunk = (bytes: Buffer, chunk: Chunk, { delimiter, maxRecordBytes, pieceSizes }: Reading): FlatRow[] => {
  const reader = createRunReader({ chunk, delimiter, maxRecordBytes });
  const rows: FlatRow[] = [];
  const take = (parts: Iterable<Run | RejectedRow>): void => {
    for (const part of parts) rows.push(...flatten(part, bytes));
  };
  for (const piece of cutBytes(bytes.subarray(chunk.start, chunk.end), pieceSizes)) take(reader.push(piece));
  take(reader.end());
  return rows;
};

/** The chunks straight from their description. */
const planNaively = (records: readonly OracleRecord[], chunkBytes: number): Chunk[] => {
  const chunks: Chunk[] = [];
  let begun: OracleRecord | undefined;
  let firstRow = 1;
  let rows = 0;
  for (const [index, record] of records.entries()) {
    begun ??= record;
    if (record.kind !== 'blank') rows++;
    if (record.next - begun.start < chunkBytes && index < records.length - 1) continue;
    const { start, line } = begun;
    chunks.push({ chunk: chunks.length, start, end: record.next, firstRow, rows, firstLine: line });
    firstRow += rows;
    rows = 0;
    begun = undefined;
  }
  return chunks;
};

const holdAgainstOracle = (
  bytes: Buffer,
  rows: readonly FlatRow[],
  oracle: readonly OracleRecord[],
  delimiter: string,
): void => {
  const records = oracle.filter(({ kind }) => kind !== 'blank');
  const expected = records.map(({ kind, start, end, line }, index) => {
    const code = kind === 'row' ? (isUtf8(bytes.subarray(start, end)) ? undefined : 'INVALID_UTF8') : kind;
    return { row: index + 1, line, start, end, code };
  });
  holdSame(
    'rows, lines, offsets and codes are those of the oracle',
    rows.map(({ row, line, start, end, code }) => ({ row, line, start, end, code })),
    expected,
  );
  const accepted = records.filter((_, index) => expected[index]?.code === undefined);
  const found = rows.filter(({ fields }) => fields !== undefined).map(({ fields }) => fields);
  if (accepted.length <= recordsParsedAloneMax) {
    const alone = accepted.map(({ start, next }) => parseRecords(bytes.subarray(start, next), delimiter));
    holdSame(
      'csv-parse finds one row in each record',
      alone.map((parsed) => parsed.length),
      alone.map(() => 1),
    );
    holdSame('fields are those of csv-parse for each record', found, alone.flat());
  }
  if (records.every(({ kind }) => kind === 'row') && isUtf8(bytes)) {
    holdSame('fields are those of csv-parse for the whole', found, parseRecords(bytes, delimiter));
  }
};

export const target: FuzzTarget = {
  name: 'run-reader',
  weight: 25,
  outcomes: ['accepted', 'several chunks', 'INVALID_UTF8', 'QUOTE_NOT_CLOSED', 'RECORD_TOO_LARGE', 'csv-parse whole'],
  draw(random) {
    const { kind, bytes, ...reading } = drawCsv(random);
    const chunkBytes = random.pick([
      random.between(1, 60),
      random.between(1, 60),
      Math.ceil((bytes.length + 1) / random.between(1, 20)),
      reading.maxRecordBytes + random.between(-3, 3),
    ]);
    const options = { ...reading, chunkBytes, resumeShare: random.below(1_000) / 1_000, limit: random.between(1, 12) };
    return {
      kind,
      input: bytes,
      options,
      check(input, note) {
        const start: Cursor = { offset: 0, line: 1, row: 1, chunk: 0 };
        const { chunks, cursors } = planFrom(input, start, chunkBytes, reading);
        const oracle = readRecords(input, reading.delimiter.charCodeAt(0), reading.maxRecordBytes);
        holdSame('chunks end at the first record after the wanted size', chunks, planNaively(oracle, chunkBytes));
        if (chunks.length > 1) note('several chunks');

        const cursor = cursors[Math.floor(cursors.length * options.resumeShare)] ?? start;
        const resumed = planFrom(input, cursor, chunkBytes, reading);
        holdSame('a plan goes on from any cursor', resumed.chunks, chunks.slice(cursor.chunk));
        holdSame('a plan goes on from any cursor', resumed.cursors.at(-1), cursors.at(-1));

        const rows = chunks.flatMap((chunk) => readChunk(input, chunk, reading));
        const one = planFrom(input, start, Number.MAX_SAFE_INTEGER, reading).chunks;
        hold('one chunk is enough', one.length === (input.length === 0 ? 0 : 1), () => one);
        const whole = one.flatMap((chunk) => readChunk(input, chunk, { ...reading, pieceSizes: [input.length] }));
        holdSame('rows do not depend on chunks and pieces', rows, whole);

        const limited = planFrom(input, start, chunkBytes, reading, options.limit).chunks;
        const limitedRows = limited.flatMap((chunk) => readChunk(input, chunk, reading));
        holdSame('a limited plan gives the first rows', limitedRows, rows.slice(0, options.limit));

        holdAgainstOracle(input, whole, oracle, reading.delimiter);
        for (const { code } of rows) note(code ?? 'accepted');
        if (oracle.length > 0 && oracle.every((record) => record.kind === 'row') && isUtf8(input))
          note('csv-parse whole');
      },
    };
  },
};
