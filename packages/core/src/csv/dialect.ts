import { isUtf8 } from 'node:buffer';
import { SluiceError } from '../errors.ts';
import { nameColumns, numberColumns } from './columns.ts';
import { parseDelimiter, sniffDelimiter } from './delimiter.ts';
import { detectEncoding } from './encoding.ts';
import { parseRecords } from './parse.ts';
import { createScanner, maxRecordBytesDefault, type RecordKind } from './scan.ts';

/** A header above this is none. Unit: bytes. */
const headerBytesMax = 16 * 1024;
/** Columns of a file. */
const columnsMax = 1_000;
/** As many first bytes of a file say all there is to say: room for one row of the largest size, and for blank lines. Unit: bytes. */
export const headBytes = maxRecordBytesDefault + 64 * 1024;

export type DialectOptions = {
  /** The first `headBytes` of the file as UTF-8, or all of it. */
  readonly head: Buffer;
  /** The head is the whole file. */
  readonly isWhole: boolean;
  /** Given instead of sniffed: one ASCII character. */
  readonly delimiter?: string;
  readonly hasHeader: boolean;
  /** The cleaning of fields, which column names get too. */
  readonly cleanField: (text: string) => string | null;
};

/** How a file is to be read. */
export type Dialect = {
  readonly encoding: 'utf-8';
  /** Bytes of the byte order mark, 0 or 3. */
  readonly bomBytes: number;
  readonly delimiter: string;
  /** Unique names in file order; none when the file holds no header and no row. */
  readonly columns: readonly string[];
  /** Byte offset after the header's line end; without a header, after the byte order mark. */
  readonly dataStart: number;
  /** Physical line at `dataStart`, 1-based. */
  readonly firstLine: number;
};

type FirstRecord = {
  readonly kind: RecordKind;
  readonly start: number;
  readonly end: number;
  readonly next: number;
  readonly nextLine: number;
};

/** The first record of a wanted kind, or where the record lies that does not end in the data. */
const findRecord = (
  data: Buffer,
  options: { isWhole: boolean; delimiter: string; maxRecordBytes: number; isWanted: (kind: RecordKind) => boolean },
): { first?: FirstRecord; unended: number; line: number } => {
  let first: FirstRecord | undefined;
  const scanner = createScanner({
    offset: 0,
    line: 1,
    row: 1,
    delimiter: options.delimiter.charCodeAt(0),
    maxRecordBytes: options.maxRecordBytes,
    sink: (record) => {
      if (first === undefined && options.isWanted(record.kind)) first = { ...record };
    },
  });
  scanner.push(data);
  if (options.isWhole) scanner.end();
  const { offset, line } = scanner.position();
  return { ...(first === undefined ? {} : { first }), unended: offset, line };
};

const refuseTooManyColumns = (count: number): void => {
  if (count > columnsMax) {
    throw new SluiceError('TOO_MANY_COLUMNS', `expected at most ${columnsMax} columns, found ${count}`);
  }
};

const unquoted = (bytes: Buffer): string => bytes.toString('latin1').replace(/"[^"]*"/g, '');
const countReturnsAlone = (text: string): number => text.match(/\r(?![\r\n]|$)/g)?.length ?? 0;
const countLineFeeds = (text: string): number => text.match(/\n/g)?.length ?? 0;

/** Lines that end with CR alone make one record of them all, and nothing follows it, or nothing but what LFs inside quotes cut off. */
const refuseReturnsOnly = (data: Buffer, start: number, end = data.length, next = data.length): void => {
  if (countReturnsAlone(unquoted(data.subarray(start, end))) === 0) return;
  const all = unquoted(data.subarray(start));
  const isFollowed = !/^[\r\n]*$/.test(data.toString('latin1', next));
  if (isFollowed && countReturnsAlone(all) <= countLineFeeds(all)) return;
  throw new SluiceError(
    'FILE_LINE_ENDS',
    'expected lines that end with LF or CRLF, found lines that end with CR alone',
  );
};

/** Text in UTF-16 has most of its NULs at odd places or most of them at even ones. */
const looksLikeUtf16 = (data: Buffer): 'LE' | 'BE' | undefined => {
  const nuls = [0, 0] as [number, number];
  for (const [place, byte] of data.entries()) if (byte === 0) nuls[place % 2 === 0 ? 0 : 1] += 1;
  const [even, odd] = nuls;
  const isMany = even + odd > Math.max(1, data.length / 8);
  return isMany && Math.min(even, odd) * 20 < even + odd ? (odd > even ? 'LE' : 'BE') : undefined;
};

const refuseNul = (data: Buffer): never => {
  const kind = looksLikeUtf16(data);
  throw new SluiceError(
    'FILE_ENCODING',
    kind === undefined
      ? 'expected a header in UTF-8, found NUL bytes in it'
      : `expected a header in UTF-8, found one in what looks like UTF-16 ${kind} without a byte order mark; ` +
          `declare it, as in --encoding utf-16${kind.toLowerCase()}`,
  );
};

const readHeader = (
  options: DialectOptions,
  data: Buffer,
  delimiter: string,
): Omit<Dialect, 'encoding' | 'bomBytes' | 'delimiter'> => {
  const { isWhole, cleanField } = options;
  const { first, unended, line } = findRecord(data, {
    isWhole,
    delimiter,
    maxRecordBytes: headerBytesMax,
    isWanted: (kind) => kind !== 'blank',
  });
  if (first === undefined && unended === data.length) {
    if (isWhole) return { columns: [], dataStart: data.length, firstLine: line };
    throw new SluiceError('HEADER_INVALID', `expected a header in the first ${data.length} bytes, found blank lines`);
  }
  const header = data.subarray(first?.start ?? unended, first?.end ?? data.length);
  if (header.subarray(0, headerBytesMax).includes(0)) refuseNul(data);
  refuseReturnsOnly(data, first?.start ?? unended, first?.end, first?.next);
  if (first === undefined || first.kind === 'RECORD_TOO_LARGE') {
    throw new SluiceError(
      'HEADER_TOO_LARGE',
      `expected a header of at most ${headerBytesMax} bytes, found a longer first record`,
    );
  }
  if (first.kind === 'QUOTE_NOT_CLOSED') {
    throw new SluiceError(
      'HEADER_INVALID',
      `expected every quote of the header to be closed within ${headerBytesMax} bytes, found one open`,
    );
  }
  if (!isUtf8(header)) {
    throw new SluiceError(
      'FILE_ENCODING',
      'expected a header in UTF-8, found bytes that are none; declare the encoding, as in --encoding windows-1252',
    );
  }
  const [fields = []] = parseRecords(data.subarray(first.start, first.next), delimiter);
  refuseTooManyColumns(fields.length);
  return { columns: nameColumns(fields, cleanField), dataStart: first.next, firstLine: first.nextLine };
};

const readFirstRow = (
  options: DialectOptions,
  data: Buffer,
  delimiter: string,
): Omit<Dialect, 'encoding' | 'bomBytes' | 'delimiter'> => {
  const { isWhole } = options;
  const find = (isWanted: (kind: RecordKind) => boolean) =>
    findRecord(data, { isWhole, delimiter, maxRecordBytes: maxRecordBytesDefault, isWanted });
  const { first, unended } = find((kind) => kind === 'row');
  const start = { dataStart: 0, firstLine: 1 };
  if (first === undefined) {
    refuseReturnsOnly(data, unended);
    if (isWhole) {
      const { first: rejected, line } = find((kind) => kind !== 'blank');
      // Rows that are all rejected for their bytes still have a column; blank lines have none, and are no data.
      if (rejected !== undefined) return { ...start, columns: numberColumns(1) };
      return { columns: [], dataStart: data.length, firstLine: line };
    }
    throw new SluiceError('HEADER_TOO_LARGE', `expected a readable row in the first ${data.length} bytes, found none`);
  }
  refuseReturnsOnly(data, first.start, first.end, first.next);
  const [fields = []] = parseRecords(data.subarray(first.start, first.next), delimiter);
  refuseTooManyColumns(fields.length);
  return { ...start, columns: numberColumns(fields.length) };
};

/**
 * Reads the dialect of a file in UTF-8 off its first bytes: delimiter, column names, where the data begins. A file without
 * any record has no columns and no data, which is no error. Columns are named as `nameColumns` says; without a header
 * they are `column_1`, ... as many as the first readable row has.
 * Throws SluiceError FILE_FORMAT (another format, a delimiter that cannot be), FILE_ENCODING (not UTF-8: `detectEncoding` tells
 * what is to be decoded first), FILE_LINE_ENDS (CR only), HEADER_INVALID, HEADER_TOO_LARGE, TOO_MANY_COLUMNS.
 */
export const readDialect = (options: DialectOptions): Dialect => {
  const { head, isWhole, hasHeader } = options;
  const { encoding, bomBytes } = detectEncoding(head);
  if (encoding !== 'utf-8') throw new SluiceError('FILE_ENCODING', `expected UTF-8 text, found ${encoding}`);
  const data = head.subarray(bomBytes);
  const delimiter = options.delimiter === undefined ? sniffDelimiter(data, isWhole) : parseDelimiter(options.delimiter);
  const { columns, dataStart, firstLine } = (hasHeader ? readHeader : readFirstRow)(options, data, delimiter);
  return { encoding, bomBytes, delimiter, columns, dataStart: bomBytes + dataStart, firstLine };
};
