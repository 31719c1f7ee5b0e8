/**
 * Bytes of a record, without its line end, above which it is set aside. Unit: bytes. Far above any
 * row an item can hold (192 KiB), so that only broken files reach it.
 */
export const maxRecordBytesDefault = 256 * 1024;

const quoteByte = 0x22;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** Bytes added at least, per step, to a record that began in an earlier piece: a step of its own for every line would cost more than scanning it. */
const carryStepBytes = 4096;

/**
 * `row`: a record. `blank`: a line of zero bytes or of a CR alone; no row. The others are rows that were quarantined:
 * `QUOTE_NOT_CLOSED`: the record reached the limit, or the file ended, inside quotes; it spans from its start to the first LF
 * after the quote then open. `RECORD_TOO_LARGE`: it passed the limit outside quotes; it spans to the first LF at or after it.
 */
export type RecordKind = 'row' | 'blank' | 'QUOTE_NOT_CLOSED' | 'RECORD_TOO_LARGE';

/** One record. All offsets count bytes from the start of the file. Records tile the bytes: each `start` is the `next` of the one before. */
export type ScannedRecord = {
  readonly kind: RecordKind;
  /** 1-based number of the row; of a blank line, the number of the row that follows. */
  readonly row: number;
  /** Physical line on which the record begins: LFs before it, plus 1. */
  readonly line: number;
  /** First byte. */
  readonly start: number;
  /** After the last byte, without the line end (LF or CRLF). */
  readonly end: number;
  /** After the line end: where the next record begins. */
  readonly next: number;
  /** Physical line at `next`. */
  readonly nextLine: number;
  /** False when the record is known to hold no quote character. */
  readonly quoted: boolean;
};

/** A place between two records: byte offset, physical line there, number of the row that comes next. */
export type Position = { readonly offset: number; readonly line: number; readonly row: number };

export type ScannerOptions = Position & {
  /** The delimiter's byte: ASCII, no quote, CR or LF. */
  readonly delimiter: number;
  /** Default: `maxRecordBytesDefault`. A record of exactly this many bytes is still a row. */
  readonly maxRecordBytes?: number;
  /** Called for each record in order, during `push` and `end`. The object is used again for the next record: read it, do not keep it. */
  readonly sink: (record: ScannedRecord) => void;
};

export type Scanner = {
  /** Takes the next bytes, cut anywhere. The piece may be changed or reused after the call. */
  push(piece: Buffer): void;
  /** The file or range ends here. */
  end(): void;
  /** Start of the record that is not complete yet: everything before it has gone to the sink. */
  position(): Position;
};

const find = (bytes: Buffer, byte: number, from: number): number => {
  if (bytes[from] === byte) return from;
  const at = bytes.indexOf(byte, from);
  return at === -1 ? bytes.length : at;
};

const countLineFeeds = (bytes: Buffer, from: number, to: number): number => {
  let count = 0;
  for (let at = find(bytes, lineFeed, from); at < to; at = find(bytes, lineFeed, at + 1)) count += 1;
  return count;
};

/**
 * Finds the records in bytes that come in pieces: the grammar of csv-parse with `csvParseOptions`, as a search
 * for the two bytes that matter, quote and LF. A quote opens only as the first byte of a field; inside quotes a doubled
 * quote stands for itself and any other closes; what follows a closed part is text up to the delimiter. So outside
 * quotes a quote whose byte before is no delimiter is text, and nothing else needs to be known of a field.
 *
 * Holds at most the open record (`maxRecordBytes` and one piece) because a quarantine goes back to a line inside it.
 * Bytes are looked at twice at most: inside the quotes that a quarantine gives up every quote was doubled, and read from a
 * line's start doubled quotes leave nothing open. Never throws. The same bytes give the same records however they are cut.
 */
export const createScanner = (options: ScannerOptions): Scanner => {
  const { delimiter, maxRecordBytes = maxRecordBytesDefault, sink } = options;
  const record = {
    kind: 'row' as RecordKind,
    row: options.row,
    line: options.line,
    start: options.offset,
    end: options.offset,
    next: options.offset,
    nextLine: options.line,
    quoted: false,
  };

  // The open record; positions are relative to the window, the bytes that are scanned together.
  let line = options.line;
  let row = options.row;
  let openOffset = options.offset; // of `start`, in the file
  let start = 0;
  let scanned = 0; // everything before is done with
  let isInside = false; // inside quotes
  let quoteAt = 0; // the quote then open
  let isQuoted = false; // holds a quote of any kind
  let isMultiline = false; // may hold an LF

  // A quarantined record whose last LF has not come yet; its bytes need not be held.
  let skipping: RecordKind | undefined;
  let skippedLength = 0;
  let skippedLines = 0;
  let isSkippedReturn = false; // the last byte passed is a CR

  // The open record's bytes from earlier pieces. Grows by doubling.
  let carry = Buffer.alloc(0);
  let carried = 0;

  const openAt = (position: number): void => {
    openOffset += position - start;
    start = position;
    scanned = position;
    isInside = false;
    isQuoted = false;
    isMultiline = false;
  };

  const emit = (kind: RecordKind, length: number, lengthToNext: number, lines: number): void => {
    record.kind = kind;
    record.row = row;
    record.line = line;
    record.start = openOffset;
    record.end = openOffset + length;
    record.next = openOffset + lengthToNext;
    record.nextLine = line + lines;
    record.quoted = isQuoted;
    line += lines;
    if (kind !== 'blank') row += 1;
    sink(record);
  };

  /** Sets the open record aside up to the LF at `feed`, or, when the window ends first, up to one that is still to come. */
  const quarantine = (window: Buffer, kind: RecordKind, feed: number, isFinal: boolean): void => {
    const length = window.length;
    const lines = countLineFeeds(window, start, feed);
    isQuoted = true; // its rest is not looked at
    if (feed < length) {
      const end = window[feed - 1] === carriageReturn ? feed - 1 : feed;
      emit(kind, end - start, feed + 1 - start, lines + 1);
      openAt(feed + 1);
    } else if (isFinal) {
      emit(kind, length - start, length - start, lines);
      openAt(length);
    } else {
      skipping = kind;
      skippedLength = length - start;
      skippedLines = lines;
      isSkippedReturn = window[length - 1] === carriageReturn;
    }
  };

  /** The hot loop: records from `start` on that end before `quote`, so hold none. Returns the first LF that it did not use. */
  const scanLines = (window: Buffer, quote: number): number => {
    const from = start;
    const offset = openOffset - from;
    let open = from;
    let openLine = line;
    let openRow = row;
    record.quoted = false;
    let feed = find(window, lineFeed, open);
    while (feed < quote) {
      const end = feed > open && window[feed - 1] === carriageReturn ? feed - 1 : feed;
      if (end > open + maxRecordBytes) break;
      record.kind = end === open ? 'blank' : 'row';
      record.row = openRow;
      record.line = openLine;
      record.start = offset + open;
      record.end = offset + end;
      record.next = offset + feed + 1;
      record.nextLine = openLine + 1;
      sink(record);
      if (end > open) openRow += 1;
      openLine += 1;
      open = feed + 1;
      feed = window.indexOf(lineFeed, open);
      if (feed === -1) feed = window.length;
    }
    line = openLine;
    row = openRow;
    openAt(open);
    return feed;
  };

  /** Goes on in the window from `scanned`, as far as its bytes decide. */
  const scan = (window: Buffer, isFinal: boolean): void => {
    const length = window.length;
    // The next ones at or after `scanned`; searched again only once passed, since the next quote may be far away.
    let feed = -1;
    let quote = -1;
    while (skipping === undefined) {
      if (quote < scanned) quote = find(window, quoteByte, scanned);
      if (isInside) {
        if (quote >= start + maxRecordBytes || (isFinal && quote === length)) {
          quarantine(window, 'QUOTE_NOT_CLOSED', find(window, lineFeed, quoteAt + 1), isFinal);
          feed = -1;
          quote = -1;
        } else if (quote === length) {
          scanned = length;
          return;
        } else if (quote + 1 === length && !isFinal) {
          scanned = quote; // the byte after it decides
          return;
        } else if (window[quote + 1] === quoteByte) {
          scanned = quote + 2;
        } else {
          isInside = false;
          scanned = quote + 1;
        }
        continue;
      }
      if (scanned === start) feed = scanLines(window, quote);
      else if (feed < scanned) feed = find(window, lineFeed, scanned);
      const limit = start + maxRecordBytes;
      if (feed < quote) {
        const end = feed > start && window[feed - 1] === carriageReturn ? feed - 1 : feed;
        if (end > limit) {
          quarantine(window, 'RECORD_TOO_LARGE', feed, isFinal);
        } else {
          const lines = isMultiline ? countLineFeeds(window, start, feed) + 1 : 1;
          emit(end === start ? 'blank' : 'row', end - start, feed + 1 - start, lines);
          openAt(feed + 1);
        }
      } else if (quote < length) {
        isQuoted = true;
        if (quote >= limit) {
          quarantine(window, 'RECORD_TOO_LARGE', feed, isFinal);
        } else {
          if (quote === start || window[quote - 1] === delimiter) {
            isInside = true;
            isMultiline = true;
            quoteAt = quote;
          }
          scanned = quote + 1;
        }
      } else if (isFinal) {
        if (length > limit) {
          quarantine(window, 'RECORD_TOO_LARGE', length, isFinal);
        } else if (length > start) {
          emit('row', length - start, length - start, isMultiline ? countLineFeeds(window, start, length) : 0);
          openAt(length);
        }
        return;
      } else {
        scanned = length;
        // A CR at the limit may belong to the line end: the byte after it decides.
        if (length > limit + 1) quarantine(window, 'RECORD_TOO_LARGE', length, isFinal);
        return;
      }
    }
  };

  /** Looks for the LF that ends a quarantined record. Returns how far it came in the piece. */
  const skip = (piece: Buffer, kind: RecordKind): number => {
    const feed = find(piece, lineFeed, 0);
    const isAfterReturn = feed > 0 ? piece[feed - 1] === carriageReturn : isSkippedReturn;
    skippedLength += feed;
    if (feed === piece.length) {
      isSkippedReturn = isAfterReturn;
      return feed;
    }
    emit(kind, skippedLength - (isAfterReturn ? 1 : 0), skippedLength + 1, skippedLines + 1);
    skipping = undefined;
    openOffset += skippedLength + 1;
    start = 0;
    openAt(0);
    return feed + 1;
  };

  const hold = (piece: Buffer): void => {
    const needed = carried + piece.length;
    if (needed > carry.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, 2 * carry.length));
      carry.copy(grown, 0, 0, carried);
      carry = grown;
    }
    piece.copy(carry, carried);
    carried = needed;
  };

  /** Drops what lies before the open record from the window, whose bytes are in `carry` from now on. */
  const holdFrom = (window: Buffer): void => {
    const from = start;
    scanned -= from;
    quoteAt -= from;
    start = 0;
    if (window === carry) {
      carry.copyWithin(0, from, carried);
      carried -= from;
    } else {
      carried = 0;
      hold(window.subarray(from));
    }
  };

  const push = (piece: Buffer): void => {
    let rest = piece;
    while (rest.length > 0) {
      if (skipping !== undefined) {
        carried = 0;
        rest = rest.subarray(skip(rest, skipping));
      } else if (carried === 0) {
        start = 0;
        openAt(0);
        scan(rest, false);
        if (skipping === undefined && start < rest.length) holdFrom(rest);
        return;
      } else {
        // Only the open record's end is joined to it; the rest of the piece is scanned where it lies.
        const before = carried;
        const taken = Math.min(rest.length, Math.max(carryStepBytes, before));
        hold(rest.subarray(0, taken));
        scan(carry.subarray(0, carried), false);
        if (skipping !== undefined) rest = rest.subarray(taken);
        else if (start >= before) {
          rest = rest.subarray(start - before);
          carried = 0;
        } else {
          if (start > 0) holdFrom(carry);
          rest = rest.subarray(taken);
        }
      }
    }
  };

  const end = (): void => {
    if (skipping === undefined) scan(carry.subarray(0, carried), true);
    else {
      emit(skipping, skippedLength, skippedLength, skippedLines);
      openOffset += skippedLength;
    }
    skipping = undefined;
    carried = 0;
    start = 0;
    openAt(0);
  };

  return { push, end, position: () => ({ offset: openOffset, line, row }) };
};
