/**
 * The scanner's grammar once more, for tests: one byte at a time, one record at a time, in the simplest way. Shares no code
 * with the scanner, on purpose. Slow.
 */
export type OracleRecord = {
  readonly kind: 'row' | 'blank' | 'QUOTE_NOT_CLOSED' | 'RECORD_TOO_LARGE';
  readonly start: number;
  readonly end: number;
  readonly next: number;
  readonly line: number;
};

type State = 'field start' | 'text' | 'quoted' | 'quote in quoted';

const upToLineFeed = (bytes: Uint8Array, from: number): { end: number; next: number } => {
  for (let at = from; at < bytes.length; at += 1) {
    if (bytes[at] === 10) return { end: bytes[at - 1] === 13 && at - 1 >= from ? at - 1 : at, next: at + 1 };
  }
  return { end: bytes.length, next: bytes.length };
};

const readRecord = (bytes: Uint8Array, start: number, delimiter: number, limit: number): Omit<OracleRecord, 'line'> => {
  let state: State = 'field start';
  let openQuote = -1;
  for (let at = start; ; at += 1) {
    const byte = bytes[at];
    const isInside: boolean = state === 'quoted' || (state === 'quote in quoted' && byte === 34);
    if (byte === undefined) {
      if (isInside) return { kind: 'QUOTE_NOT_CLOSED', start, ...upToLineFeed(bytes, openQuote + 1) };
      return { kind: 'row', start, end: at, next: at };
    }
    if (!isInside) {
      const next = byte === 10 ? at + 1 : byte === 13 && bytes[at + 1] === 10 ? at + 2 : -1;
      if (next !== -1) return { kind: at === start ? 'blank' : 'row', start, end: at, next };
    }
    if (at - start === limit) {
      return isInside
        ? { kind: 'QUOTE_NOT_CLOSED', start, ...upToLineFeed(bytes, openQuote + 1) }
        : { kind: 'RECORD_TOO_LARGE', start, ...upToLineFeed(bytes, at) };
    }
    if (state === 'quoted') {
      if (byte === 34) state = 'quote in quoted';
    } else if (state === 'quote in quoted' && byte === 34) {
      state = 'quoted';
    } else if (state === 'field start' && byte === 34) {
      state = 'quoted';
      openQuote = at;
    } else {
      state = byte === delimiter ? 'field start' : 'text';
    }
  }
};

/** Every record of the bytes, blank lines and quarantined ones too. */
export const readRecords = (bytes: Uint8Array, delimiter: number, limit: number): OracleRecord[] => {
  const records: OracleRecord[] = [];
  let line = 1;
  for (let start = 0; start < bytes.length; ) {
    const record = readRecord(bytes, start, delimiter, limit);
    records.push({ ...record, line });
    for (let at = start; at < record.next; at += 1) if (bytes[at] === 10) line += 1;
    start = record.next;
  }
  return records;
};
