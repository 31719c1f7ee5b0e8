import { SluiceError } from '../errors.ts';
import type { RejectReason } from '../rejects.ts';
import type { Chunk } from './plan.ts';
import { parseRows, type RejectedRow, type Run, rejectedRawBytesMax } from './run.ts';
import { createScanner, maxRecordBytesDefault, type ScannedRecord } from './scan.ts';

/**
 * Bytes of rows that are parsed together, where one row has not more. Unit: bytes. A fresh csv-parse at
 * least per MiB; measured: a quarter of that is a third faster, since what a run allocates dies young.
 */
const runBytesMax = 256 * 1024;

export type RunReaderOptions = {
  /** Of the plan; what `push` gets are its bytes from `start` to `end`. */
  readonly chunk: Chunk;
  /** One ASCII character. */
  readonly delimiter: string;
  readonly maxRecordBytes?: number;
};

export type RunReader = {
  /**
   * Takes the next bytes of the chunk, cut anywhere, and gives what became complete, in row order. To be exhausted before
   * the next call. Runs point into the pieces, which must therefore not be changed as long as runs are in use.
   */
  push(piece: Buffer): Generator<Run | RejectedRow, void, undefined>;
  /** The chunk ends here. Throws SluiceError PLAN_MISMATCH when its bytes or rows are not as many as planned. */
  end(): Generator<Run | RejectedRow, void, undefined>;
};

// The same whether the limit or the end of the file was met: which of them comes first may depend on where chunks end.
const quarantineReason = (record: ScannedRecord, maxRecordBytes: number): RejectReason =>
  record.kind === 'QUOTE_NOT_CLOSED'
    ? {
        code: 'QUOTE_NOT_CLOSED',
        message: `expected every quote to be closed within the file and ${maxRecordBytes} bytes of the row's start, found one open`,
      }
    : {
        code: 'RECORD_TOO_LARGE',
        message: `expected a row of at most ${maxRecordBytes} bytes, found ${record.end - record.start}`,
      };

type Pending = {
  firstRow: number;
  starts: number[];
  ends: number[];
  nexts: number[];
  lines: number[];
  quoted: boolean[];
};

const nothingPending = (): Pending => ({ firstRow: 0, starts: [], ends: [], nexts: [], lines: [], quoted: [] });

/**
 * Reads a chunk into runs of rows with their fields and rows rejected for their bytes (`INVALID_UTF8`, `QUOTE_NOT_CLOSED`,
 * `RECORD_TOO_LARGE`), in row order. Rows, numbers, offsets and reasons do not depend on how the file was cut into chunks
 * and pieces; where a run ends does. Holds about a run, an open record and a piece.
 * Throws SluiceError PLAN_MISMATCH when csv-parse finds other rows in a run than the scanner.
 */
export const createRunReader = (options: RunReaderOptions): RunReader => {
  const { chunk, delimiter, maxRecordBytes = maxRecordBytesDefault } = options;
  let held: { readonly offset: number; readonly bytes: Buffer }[] = [];
  let taken = chunk.start;
  let pending = nothingPending();
  let ready: (Run | RejectedRow)[] = [];

  const bytesBetween = (from: number, to: number): Buffer => {
    const parts: Buffer[] = [];
    for (const { offset, bytes } of held) {
      if (offset < to && offset + bytes.length > from) {
        parts.push(bytes.subarray(Math.max(0, from - offset), to - offset));
      }
    }
    const [only] = parts;
    return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
  };

  const parsePending = (): void => {
    const base = pending.starts[0];
    const end = pending.nexts.at(-1);
    if (base === undefined || end === undefined) return;
    ready.push(...parseRows(pending, bytesBetween(base, end), base, delimiter));
    pending = nothingPending();
  };

  const scanner = createScanner({
    offset: chunk.start,
    line: chunk.firstLine,
    row: chunk.firstRow,
    delimiter: delimiter.charCodeAt(0),
    maxRecordBytes,
    sink: (record) => {
      const { kind, row, line, start, end } = record;
      if (kind === 'blank') return;
      if (kind !== 'row') {
        parsePending();
        const raw = bytesBetween(start, Math.min(end, start + rejectedRawBytesMax));
        ready.push({ kind: 'rejected', row, line, start, end, reason: quarantineReason(record, maxRecordBytes), raw });
        return;
      }
      if (record.next - (pending.starts[0] ?? start) > runBytesMax) parsePending();
      if (pending.starts.length === 0) pending.firstRow = row;
      pending.starts.push(start);
      pending.ends.push(end);
      pending.nexts.push(record.next);
      pending.lines.push(line);
      pending.quoted.push(record.quoted);
    },
  });

  function* giveReady(): Generator<Run | RejectedRow, void, undefined> {
    const parts = ready;
    ready = [];
    yield* parts;
  }

  const letGo = (): void => {
    const open = scanner.position().offset;
    const needed = pending.starts[0] ?? open;
    // An open record this long is being skipped, and all that is wanted of it is its first bytes.
    const isSkipping = taken - open > maxRecordBytes + rejectedRawBytesMax;
    const enough = isSkipping ? open + rejectedRawBytesMax : taken;
    held = held.filter(({ offset, bytes }) => offset + bytes.length > needed && offset < enough);
  };

  return {
    *push(piece) {
      held.push({ offset: taken, bytes: piece });
      taken += piece.length;
      for (let at = 0; at < piece.length; at += runBytesMax) {
        scanner.push(piece.subarray(at, at + runBytesMax));
        yield* giveReady();
      }
      letGo();
    },
    *end() {
      scanner.end();
      parsePending();
      yield* giveReady();
      const { offset, row } = scanner.position();
      const rows = row - chunk.firstRow;
      if (rows !== chunk.rows || offset !== chunk.end) {
        throw new SluiceError(
          'PLAN_MISMATCH',
          `expected ${chunk.rows} rows in bytes ${chunk.start} to ${chunk.end} of chunk ${chunk.chunk}, found ${rows} up to byte ${offset}`,
        );
      }
    },
  };
};
