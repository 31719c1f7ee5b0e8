import { isUtf8 } from 'node:buffer';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutBytes, cutSizes, dirtyBytes, recordLimit } from './dirty-bytes.ts';
import { parseRecords } from './parse.ts';
import { createPlanner } from './plan.ts';
import { type RejectedRow, type Run, rawOfRow } from './run.ts';
import { createRunReader } from './run-reader.ts';
import { readRecords } from './scan-oracle.ts';

/** A row as every way of cutting must give it. */
type FlatRow = {
  readonly row: number;
  readonly line: number;
  readonly start: number;
  readonly end: number;
  readonly raw: string;
  readonly fields?: readonly string[] | undefined;
  readonly code?: string;
};

const flatten = (part: Run | RejectedRow): FlatRow[] => {
  if (part.kind === 'rejected') {
    const { row, line, start, end, reason, raw } = part;
    return [{ row, line, start, end, raw: raw.toString('latin1'), code: reason.code }];
  }
  expect([part.starts.length, part.ends.length, part.lines.length]).toEqual(Array(3).fill(part.fields.length));
  return part.fields.map((fields, index) => ({
    row: part.firstRow + index,
    line: part.lines[index] ?? 0,
    start: part.starts[index] ?? 0,
    end: part.ends[index] ?? 0,
    raw: rawOfRow(part, index).toString('latin1'),
    fields,
  }));
};

const expected = (bytes: Buffer, maxRecordBytes: number): FlatRow[] =>
  readRecords(bytes, 0x2c, maxRecordBytes)
    .filter(({ kind }) => kind !== 'blank')
    .map(({ kind, start, end, next, line }, index) => {
      const raw = bytes.subarray(start, end);
      const common = { row: index + 1, line, start, end, raw: raw.toString('latin1') };
      if (kind !== 'row') return { ...common, code: kind };
      return isUtf8(raw)
        ? { ...common, fields: parseRecords(bytes.subarray(start, next), ',')[0] }
        : { ...common, code: 'INVALID_UTF8' };
    });

describe('createRunReader', () => {
  it('gives the same rows, numbers, offsets and codes for every chunk size and every piece size', () => {
    fc.assert(
      fc.property(
        dirtyBytes(),
        recordLimit,
        fc.integer({ min: 1, max: 60 }),
        cutSizes,
        (bytes, maxRecordBytes, chunkBytes, sizes) => {
          const planner = createPlanner({
            delimiter: 0x2c,
            cursor: { offset: 0, line: 1, row: 1, chunk: 0 },
            chunkBytes,
            maxRecordBytes,
          });
          const chunks = [...planner.push(bytes), ...planner.end()];
          const rows = chunks.flatMap((chunk) => {
            const reader = createRunReader({ chunk, delimiter: ',', maxRecordBytes });
            const pieces = cutBytes(bytes.subarray(chunk.start, chunk.end), sizes);
            return [...pieces.flatMap((piece) => [...reader.push(piece)]), ...reader.end()].flatMap(flatten);
          });
          expect(rows).toEqual(expected(bytes, maxRecordBytes));
        },
      ),
      { numRuns: 5_000 },
    );
  });
});
