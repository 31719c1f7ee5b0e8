import { describe, expect, it } from 'vitest';
import { createScanner, maxRecordBytesDefault, type ScannedRecord } from './scan.ts';

const scan = (text: string | Buffer, maxRecordBytes?: number, delimiter = ','): ScannedRecord[] => {
  const records: ScannedRecord[] = [];
  const scanner = createScanner({
    offset: 0,
    line: 1,
    row: 1,
    delimiter: delimiter.charCodeAt(0),
    ...(maxRecordBytes === undefined ? {} : { maxRecordBytes }),
    sink: (record) => records.push({ ...record }),
  });
  scanner.push(Buffer.from(text));
  scanner.end();
  return records;
};

const shown = (text: string, maxRecordBytes?: number, delimiter?: string): string[] =>
  scan(text, maxRecordBytes, delimiter).map(
    ({ kind, start, end }) => `${kind} ${JSON.stringify(text.slice(start, end))}`,
  );

describe('createScanner', () => {
  it('ends a record at LF and at CRLF, and at the end of the file', () => {
    expect(shown('a\nb\r\nc')).toEqual(['row "a"', 'row "b"', 'row "c"']);
  });

  it('keeps a CR that no LF follows as text', () => {
    expect(shown('a\rb\nc\r\r\nd\r')).toEqual(['row "a\\rb"', 'row "c\\r"', 'row "d\\r"']);
  });

  it('takes lines of zero bytes or a CR alone as blank, and delimiters, spaces or empty quotes as rows', () => {
    expect(shown('\n\r\n,,,\n  \n""\n')).toEqual(['blank ""', 'blank ""', 'row ",,,"', 'row "  "', 'row "\\"\\""']);
  });

  it('keeps line ends inside quotes, and counts physical lines across them', () => {
    const records = scan('a,"x\n\r\ny"\nb\n');
    expect(records.map(({ row, line, nextLine }) => [row, line, nextLine])).toEqual([
      [1, 1, 4],
      [2, 4, 5],
    ]);
  });

  it('opens a quote only as the first byte of a field', () => {
    expect(shown('a"b\nc,d"\n"e\n"\n')).toEqual(['row "a\\"b"', 'row "c,d\\""', 'row "\\"e\\n\\""']);
  });

  it('takes what follows a closed quote as text up to the delimiter', () => {
    expect(shown('"a"b"\n"c\n"\r\n')).toEqual(['row "\\"a\\"b\\""', 'row "\\"c\\n\\""']);
    expect(shown('"a"x,"b\nc"\n')).toEqual(['row "\\"a\\"x,\\"b\\nc\\""']);
  });

  it('ends the quoted part at a NUL after a quote', () => {
    expect(shown('"a"\0"\nb\n')).toEqual(['row "\\"a\\"\\u0000\\""', 'row "b"']);
  });

  it('knows only the delimiter it is given', () => {
    expect(shown('a,"b\nc;"d\n"\n', undefined, ';')).toEqual(['row "a,\\"b"', 'row "c;\\"d\\n\\""']);
  });

  it('gives up the line on which a quote opens that the file never closes, and no more', () => {
    expect(shown('a\nb,"c\nd\ne')).toEqual(['row "a"', 'QUOTE_NOT_CLOSED "b,\\"c"', 'row "d"', 'row "e"']);
  });

  it('goes back to the line of the quote that is open, not of the first', () => {
    expect(shown('"a\nb","c\r\nd\n')).toEqual(['QUOTE_NOT_CLOSED "\\"a\\nb\\",\\"c"', 'row "d"']);
    expect(scan('"a\nb","c\r\nd\n').map(({ line }) => line)).toEqual([1, 3]);
  });

  it('quarantines to the end of the file when no line ends after the open quote', () => {
    expect(shown('a,"b\r')).toEqual(['QUOTE_NOT_CLOSED "a,\\"b\\r"']);
  });

  it('takes a record of exactly the limit and quarantines one of a byte more', () => {
    expect(shown('abcd\r\nabcde\nf\n', 4)).toEqual(['row "abcd"', 'RECORD_TOO_LARGE "abcde"', 'row "f"']);
    expect(shown('"ab"\n"abc"\nf\n', 4)).toEqual(['row "\\"ab\\""', 'QUOTE_NOT_CLOSED "\\"abc\\""', 'row "f"']);
  });

  it('quarantines up to the first LF after the limit when it was passed outside quotes', () => {
    expect(shown('"a\nb",cde\nf\n', 6)).toEqual(['RECORD_TOO_LARGE "\\"a\\nb\\",cde"', 'row "f"']);
  });

  it('lets the rows after an open quote survive once the limit is reached', () => {
    const lines = Buffer.alloc(maxRecordBytesDefault, 'x,y,zzz\n');
    const records = scan(Buffer.concat([Buffer.from('"open\n'), lines, Buffer.from('"late"\n')]));
    expect(records.filter(({ kind }) => kind !== 'row').map(({ kind, start, end }) => [kind, start, end])).toEqual([
      ['QUOTE_NOT_CLOSED', 0, 5],
    ]);
    expect(records.length).toBe(1 + maxRecordBytesDefault / 8 + 1);
    expect(records.at(-1)).toMatchObject({ row: records.length, line: records.length });
  });

  it('counts offsets beyond 4 GiB, lines and rows from where it is told', () => {
    const records: ScannedRecord[] = [];
    const scanner = createScanner({
      offset: 2 ** 32 + 5,
      line: 7,
      row: 4,
      delimiter: 0x2c,
      sink: (record) => records.push({ ...record }),
    });
    scanner.push(Buffer.from('a\r'));
    scanner.push(Buffer.from('\nb'));
    expect(scanner.position()).toEqual({ offset: 2 ** 32 + 8, line: 8, row: 5 });
    scanner.end();
    expect(records.map(({ row, line, start, end, next }) => [row, line, start, end, next])).toEqual([
      [4, 7, 2 ** 32 + 5, 2 ** 32 + 6, 2 ** 32 + 8],
      [5, 8, 2 ** 32 + 8, 2 ** 32 + 9, 2 ** 32 + 9],
    ]);
    expect(scanner.position()).toEqual({ offset: 2 ** 32 + 9, line: 8, row: 6 });
  });

  it('finds nothing in nothing', () => {
    expect(scan('')).toEqual([]);
  });
});
