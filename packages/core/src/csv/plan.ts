import { createScanner, type Position } from './scan.ts';

/** Unit: bytes. A chunk is read, cleaned and sent within one invocation. */
const chunkBytesMax = 8 * 1024 * 1024;
/** Unit: bytes. Below it a message per chunk costs more than its rows. */
const chunkBytesMin = 64 * 1024;
/** A file is cut into at least this many chunks where they do not get too small, so that a small file is read in parallel too. */
const chunksWanted = 32;

/** Bytes per chunk for a file of this many bytes: 8 MiB, or a 32nd of the file if that is less, at least 64 KiB. */
export const defaultChunkBytes = (fileBytes: number): number =>
  Math.max(chunkBytesMin, Math.min(chunkBytesMax, Math.ceil(fileBytes / chunksWanted)));

/**
 * A byte range that begins and ends on record boundaries. Chunks tile the data from the first byte after the header to the
 * end of the file; blank lines belong to the chunk in which they lie, so a chunk of nothing else has 0 rows.
 */
export type Chunk = {
  /** 0-based. */
  readonly chunk: number;
  /** First byte, counted from the start of the file. */
  readonly start: number;
  /** After the last byte. */
  readonly end: number;
  /** Number of the first row, 1-based. */
  readonly firstRow: number;
  readonly rows: number;
  /** Physical line at `start`, 1-based. */
  readonly firstLine: number;
};

/** Where planning goes on: the boundary after `chunk` chunks. `row - 1` rows lie before it. */
export type Cursor = Position & { readonly chunk: number };

export type PlannerOptions = {
  readonly delimiter: number;
  /** The start of the data (`row` 1, `chunk` 0), or what `cursor()` gave after some chunk. */
  readonly cursor: Cursor;
  /** A chunk ends at the first record boundary at or after its start plus this many bytes. */
  readonly chunkBytes: number;
  readonly maxRecordBytes?: number;
  /** The plan ends after the row of this number. */
  readonly limit?: number;
};

export type Planner = {
  /** Takes the next bytes, cut anywhere. Returns the chunks that became complete. */
  push(piece: Buffer): Chunk[];
  /** The file ends here. Returns the last chunk, if bytes are left for one. */
  end(): Chunk[];
  /** The boundary after the last chunk returned. After `end`: `chunk` chunks and `row - 1` rows in all. */
  cursor(): Cursor;
  /** True once `limit` rows are planned: further bytes change nothing. */
  isComplete(): boolean;
};

/**
 * Cuts a file into chunks. Deterministic: the same bytes and options give the same chunks, whatever the pieces are and
 * wherever planning was taken up again. Never throws.
 */
export const createPlanner = (options: PlannerOptions): Planner => {
  const { chunkBytes, limit = Number.POSITIVE_INFINITY } = options;
  let cursor = options.cursor;
  let planned: Chunk[] = [];
  let cut = cursor.offset + chunkBytes;
  let isComplete = cursor.row > limit;

  const close = (end: number, nextRow: number, nextLine: number): void => {
    const { chunk, offset, row, line } = cursor;
    if (end === offset) return;
    planned.push({ chunk, start: offset, end, firstRow: row, rows: nextRow - row, firstLine: line });
    cursor = { chunk: chunk + 1, offset: end, row: nextRow, line: nextLine };
    cut = end + chunkBytes;
  };

  const scanner = createScanner({
    ...cursor,
    delimiter: options.delimiter,
    ...(options.maxRecordBytes === undefined ? {} : { maxRecordBytes: options.maxRecordBytes }),
    sink: (record) => {
      const isRow = record.kind !== 'blank';
      const isLast = isRow && record.row >= limit;
      if (isComplete || (record.next < cut && !isLast)) return;
      close(record.next, isRow ? record.row + 1 : record.row, record.nextLine);
      isComplete = isLast;
    },
  });

  const take = (): Chunk[] => {
    const chunks = planned;
    planned = [];
    return chunks;
  };

  return {
    push(piece) {
      if (!isComplete) scanner.push(piece);
      return take();
    },
    end() {
      scanner.end();
      const { offset, row, line } = scanner.position();
      if (!isComplete) close(offset, row, line);
      return take();
    },
    cursor: () => cursor,
    isComplete: () => isComplete,
  };
};
