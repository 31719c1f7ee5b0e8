import { describe, expect, it } from 'vitest';
import { SluiceError } from '../errors.ts';
import type { RejectedRow, Run } from './run.ts';
import { rawOfRow } from './run.ts';
import { createRunReader } from './run-reader.ts';

type ReadOptions = { rows: number; pieceBytes?: number; maxRecordBytes?: number; end?: number };

const read = (bytes: Buffer, { rows, pieceBytes = bytes.length, maxRecordBytes, end }: ReadOptions) => {
  const reader = createRunReader({
    chunk: { chunk: 3, start: 100, end: end ?? 100 + bytes.length, firstRow: 11, rows, firstLine: 21 },
    delimiter: ',',
    ...(maxRecordBytes === undefined ? {} : { maxRecordBytes }),
  });
  const parts: (Run | RejectedRow)[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) parts.push(...reader.push(bytes.subarray(at, at + pieceBytes)));
  parts.push(...reader.end());
  return parts;
};

const rowsOf = (parts: readonly (Run | RejectedRow)[]): number =>
  parts.reduce((sum, part) => sum + (part.kind === 'rows' ? part.fields.length : 1), 0);

describe('createRunReader', () => {
  it('gives fields, numbers and bytes of plain and quoted rows in order', () => {
    const [run, ...others] = read(Buffer.from('a,b\r\n"c\n""d""",e\n\nf\n"g"h,\n'), { rows: 4 });
    expect(others).toEqual([]);
    expect(run).toMatchObject({
      kind: 'rows',
      firstRow: 11,
      fields: [['a', 'b'], ['c\n"d"', 'e'], ['f'], ['"g"h', '']],
      lines: [21, 22, 25, 26],
      starts: [100, 105, 118, 120],
      ends: [103, 116, 119, 125],
    });
    expect(run?.kind === 'rows' && rawOfRow(run, 1).toString()).toBe('"c\n""d""",e');
  });

  it('rejects the rows that are not UTF-8 and no others, though the file holds a real U+FFFD', () => {
    const bytes = Buffer.concat([Buffer.from('\ufffd,1\nx,'), Buffer.of(0xff), Buffer.from('\n\ufeffé,"2"\n')]);
    const [first, rejected, last] = read(bytes, { rows: 3 });
    expect(first).toMatchObject({ firstRow: 11, fields: [['\ufffd', '1']] });
    expect(rejected).toMatchObject({ kind: 'rejected', row: 12, line: 22, start: 106, end: 109 });
    expect(rejected).toMatchObject({ reason: { code: 'INVALID_UTF8' }, raw: Buffer.from([0x78, 0x2c, 0xff]) });
    expect(last).toMatchObject({ firstRow: 13, fields: [['\ufeffé', '2']], lines: [23] });
  });

  it('keeps the first 64 KiB of a row that is not UTF-8', () => {
    const [rejected] = read(Buffer.alloc(100_000, 0xff), { rows: 1 });
    expect(rejected).toMatchObject({ start: 100, end: 100_100, reason: { code: 'INVALID_UTF8' } });
    expect(rejected?.kind === 'rejected' && rejected.raw.length).toBe(65_536);
  });

  it('keeps characters whole that pieces cut', () => {
    const [run] = read(Buffer.from('é😀,"é😀"\n'), { rows: 1, pieceBytes: 1 });
    expect(run).toMatchObject({ fields: [['é😀', 'é😀']] });
  });

  it('says what is wrong with a quarantined row without its content', () => {
    const parts = read(Buffer.from('toolong!\n"secret\n'), { rows: 2, maxRecordBytes: 7 });
    expect(parts).toMatchObject([
      { row: 11, reason: { code: 'RECORD_TOO_LARGE', message: 'expected a row of at most 7 bytes, found 8' } },
      { row: 12, reason: { code: 'QUOTE_NOT_CLOSED' }, raw: Buffer.from('"secret') },
    ]);
    expect(parts.map((part) => part.kind === 'rejected' && part.reason.message.includes('secret'))).toEqual([
      false,
      false,
    ]);
  });

  it('keeps the first 64 KiB of a quarantined row, however long it is', () => {
    const long = Buffer.alloc(3_000_000, '0123456789');
    for (const pieceBytes of [1_000, 70_000, 3_000_008]) {
      const parts = read(Buffer.concat([Buffer.from('a\n'), long, Buffer.from('\nb\n"c"\n')]), { rows: 4, pieceBytes });
      const [, rejected, last] = parts;
      expect(rejected).toMatchObject({ row: 12, start: 102, end: 3_000_102, reason: { code: 'RECORD_TOO_LARGE' } });
      expect(rejected?.kind === 'rejected' && rejected.raw.equals(long.subarray(0, 65_536))).toBe(true);
      expect(last).toMatchObject({ firstRow: 13, fields: [['b'], ['c']] });
    }
  });

  it('gives the same rows in several runs when there are many', () => {
    const line = `${'x'.repeat(97)},"${'y'.repeat(97)}"\nplain,row\n`;
    const parts = read(Buffer.from(line.repeat(10_000)), { rows: 20_000, pieceBytes: 300_000 });
    expect(parts.length).toBeGreaterThan(2);
    expect(rowsOf(parts)).toBe(20_000);
    for (const part of parts) {
      if (part.kind !== 'rows') expect.fail('expected no rejected row');
      expect(part.bytes.length).toBeLessThanOrEqual(1024 * 1024);
      const wide = part.firstRow % 2 === 1 ? 0 : 1;
      expect(part.fields.every(([first], index) => first?.length === (index % 2 === wide ? 97 : 5))).toBe(true);
    }
  });

  it('reads long quoted rows between short ones', () => {
    const long = '"'.concat('z'.repeat(200_000), '"');
    const parts = read(Buffer.from(`"a"\n${long}\n"b"\n${long}\n${long}\nc\n`), { rows: 6 });
    const lengths = parts.flatMap((part) => (part.kind === 'rows' ? part.fields.map(([text]) => text?.length) : []));
    expect(lengths).toEqual([1, 200_000, 1, 200_000, 200_000, 1]);
  });

  it('throws PLAN_MISMATCH when the rows are not as many as planned', () => {
    expect(() => read(Buffer.from('a\nb\n'), { rows: 3 })).toThrow(
      new SluiceError('PLAN_MISMATCH', 'expected 3 rows in bytes 100 to 104 of chunk 3, found 2 up to byte 104'),
    );
  });

  it('throws PLAN_MISMATCH when bytes are missing', () => {
    expect(() => read(Buffer.from('a\nb\n'), { rows: 2, end: 105 })).toThrow(
      new SluiceError('PLAN_MISMATCH', 'expected 2 rows in bytes 100 to 105 of chunk 3, found 2 up to byte 104'),
    );
  });

  it('gives nothing for a chunk of blank lines', () => {
    expect(read(Buffer.from('\n\r\n'), { rows: 0 })).toEqual([]);
  });
});
