import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutBytes, cutSizes, dirtyBytes, recordLimit } from './dirty-bytes.ts';
import { parseRecords } from './parse.ts';
import { createScanner, type ScannedRecord } from './scan.ts';
import { readRecords } from './scan-oracle.ts';

const comma = 0x2c;

const scanAll = (pieces: readonly Buffer[], maxRecordBytes: number): ScannedRecord[] => {
  const records: ScannedRecord[] = [];
  const scanner = createScanner({
    ...{ offset: 0, line: 1, row: 1, delimiter: comma, maxRecordBytes },
    sink: (record) => records.push({ ...record }),
  });
  for (const piece of pieces) {
    scanner.push(piece);
    piece.fill('"'); // the scanner must not need a piece after the call
  }
  scanner.end();
  return records;
};

const scanWhole = (bytes: Buffer, maxRecordBytes: number): ScannedRecord[] =>
  scanAll([Buffer.from(bytes)], maxRecordBytes);

describe('createScanner', () => {
  it('finds the records that the byte-by-byte oracle finds', () => {
    fc.assert(
      fc.property(dirtyBytes(), recordLimit, (bytes, limit) => {
        const found = scanWhole(bytes, limit).map(({ kind, start, end, next, line }) => ({
          kind,
          start,
          end,
          next,
          line,
        }));
        expect(found).toEqual(readRecords(bytes, comma, limit));
      }),
      { numRuns: 6_000 },
    );
  });

  it('finds the same records however the bytes are cut into pieces', () => {
    fc.assert(
      fc.property(dirtyBytes(), recordLimit, cutSizes, (bytes, limit, sizes) => {
        expect(scanAll(cutBytes(bytes, sizes), limit)).toEqual(scanWhole(bytes, limit));
      }),
      { numRuns: 6_000 },
    );
  });

  it('finds the same long records when they begin in an earlier piece', () => {
    const long = fc.tuple(dirtyBytes(12), fc.integer({ min: 1, max: 2_000 })).map(([bytes, times]) => {
      return Buffer.alloc(bytes.length * times, bytes.length === 0 ? 'x' : bytes);
    });
    const longs = fc.array(long, { maxLength: 4 }).map((parts) => Buffer.concat(parts));
    const sizes = fc.array(fc.integer({ min: 500, max: 20_000 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(longs, fc.integer({ min: 1, max: 10_000 }), sizes, (bytes, limit, cuts) => {
        const inPieces = scanAll(cutBytes(bytes, cuts), limit);
        const whole = scanWhole(bytes, limit);
        expect(inPieces.length).toBe(whole.length);
        expect(inPieces.findIndex((record, index) => JSON.stringify(record) !== JSON.stringify(whole[index]))).toBe(-1);
      }),
      { numRuns: 150 },
    );
  });

  it('tiles the bytes without gap or overlap, and counts rows and lines on the way', () => {
    fc.assert(
      fc.property(dirtyBytes(), recordLimit, cutSizes, (bytes, limit, sizes) => {
        let offset = 0;
        let row = 1;
        for (const record of scanAll(cutBytes(bytes, sizes), limit)) {
          expect(record.start).toBe(offset);
          expect(record.row).toBe(row);
          expect(record.line).toBe(bytes.subarray(0, offset).toString('latin1').split('\n').length);
          expect(bytes.subarray(record.end, record.next).toString('latin1')).toMatch(/^(\r?\n)?$/);
          if (!record.quoted) expect(bytes.subarray(record.start, record.next).includes('"')).toBe(false);
          if (record.kind !== 'blank') row += 1;
          offset = record.next;
        }
        expect(offset).toBe(bytes.length);
      }),
      { numRuns: 4_000 },
    );
  });

  it('agrees with csv-parse on every record that it does not quarantine', () => {
    fc.assert(
      fc.property(dirtyBytes(), recordLimit, (bytes, limit) => {
        const records = scanWhole(bytes, limit);
        const rows = records.filter(({ kind }) => kind === 'row').map(({ start, next }) => bytes.subarray(start, next));
        const oneByOne = rows.map((row) => parseRecords(row, ','));
        expect(oneByOne.map((parsed) => parsed.length)).toEqual(rows.map(() => 1));
        expect(parseRecords(Buffer.concat(rows), ',')).toEqual(oneByOne.flat());
        const isWhole = records.every(({ kind }) => kind === 'row' || kind === 'blank');
        if (isWhole) expect(parseRecords(bytes, ',')).toEqual(oneByOne.flat());
      }),
      { numRuns: 6_000 },
    );
  });
});
