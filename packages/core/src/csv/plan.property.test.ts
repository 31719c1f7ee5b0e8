import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutBytes, cutSizes, dirtyBytes, recordLimit } from './dirty-bytes.ts';
import { type Chunk, type Cursor, createPlanner } from './plan.ts';
import { readRecords } from './scan-oracle.ts';

const comma = 0x2c;
const start: Cursor = { offset: 0, line: 1, row: 1, chunk: 0 };
const chunkSize = fc.integer({ min: 1, max: 60 });

const plan = (
  pieces: readonly Buffer[],
  options: { chunkBytes: number; maxRecordBytes: number; cursor?: Cursor; limit?: number },
): { chunks: Chunk[]; cursors: Cursor[] } => {
  const planner = createPlanner({ delimiter: comma, cursor: start, ...options });
  const chunks: Chunk[] = [];
  const cursors: Cursor[] = [];
  const take = (planned: Chunk[]): void => {
    chunks.push(...planned);
    cursors.push(planner.cursor());
  };
  for (const piece of pieces) take(planner.push(piece));
  take(planner.end());
  return { chunks, cursors };
};

/** Straight from the definition, over the oracle's records. */
const naivePlan = (
  bytes: Buffer,
  chunkBytes: number,
  maxRecordBytes: number,
  limit = Number.POSITIVE_INFINITY,
): Chunk[] => {
  const chunks: Chunk[] = [];
  let open = { chunk: 0, start: 0, firstRow: 1, firstLine: 1 };
  let row = 1;
  const records = readRecords(bytes, comma, maxRecordBytes);
  for (const [index, record] of records.entries()) {
    if (record.kind !== 'blank') row += 1;
    const isLast = row > limit;
    if (record.next - open.start < chunkBytes && index < records.length - 1 && !isLast) continue;
    chunks.push({ ...open, end: record.next, rows: row - open.firstRow });
    if (isLast) break;
    const firstLine = bytes.subarray(0, record.next).toString('latin1').split('\n').length;
    open = { chunk: open.chunk + 1, start: record.next, firstRow: row, firstLine };
  }
  return chunks;
};

describe('createPlanner', () => {
  it('cuts at the first record boundary at or after the wanted size, whatever the pieces are', () => {
    fc.assert(
      fc.property(dirtyBytes(), recordLimit, chunkSize, cutSizes, (bytes, maxRecordBytes, chunkBytes, sizes) => {
        const { chunks } = plan(cutBytes(bytes, sizes), { chunkBytes, maxRecordBytes });
        expect(chunks).toEqual(naivePlan(bytes, chunkBytes, maxRecordBytes));
      }),
      { numRuns: 4_000 },
    );
  });

  it('tiles the data', () => {
    fc.assert(
      fc.property(dirtyBytes(), recordLimit, chunkSize, (bytes, maxRecordBytes, chunkBytes) => {
        const { chunks } = plan([bytes], { chunkBytes, maxRecordBytes });
        let offset = 0;
        let row = 1;
        for (const [index, chunk] of chunks.entries()) {
          expect([chunk.chunk, chunk.start, chunk.firstRow]).toEqual([index, offset, row]);
          expect(chunk.end).toBeGreaterThan(chunk.start);
          offset = chunk.end;
          row += chunk.rows;
        }
        expect(offset).toBe(bytes.length);
      }),
      { numRuns: 3_000 },
    );
  });

  it('makes the same plan when it is taken up again from any cursor', () => {
    fc.assert(
      fc.property(
        dirtyBytes(),
        recordLimit,
        chunkSize,
        cutSizes,
        fc.nat(),
        (bytes, maxRecordBytes, chunkBytes, sizes, at) => {
          const { chunks, cursors } = plan(cutBytes(bytes, sizes), { chunkBytes, maxRecordBytes });
          const cursor = cursors[at % cursors.length] ?? start;
          const resumed = plan([bytes.subarray(cursor.offset)], { chunkBytes, maxRecordBytes, cursor });
          expect(resumed.chunks).toEqual(chunks.slice(cursor.chunk));
          expect(resumed.cursors.at(-1)).toEqual(cursors.at(-1));
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it('ends after the limited number of rows', () => {
    fc.assert(
      fc.property(
        dirtyBytes(),
        chunkSize,
        cutSizes,
        fc.integer({ min: 1, max: 8 }),
        (bytes, chunkBytes, sizes, limit) => {
          const { chunks } = plan(cutBytes(bytes, sizes), { chunkBytes, maxRecordBytes: 10, limit });
          expect(chunks).toEqual(naivePlan(bytes, chunkBytes, 10, limit));
        },
      ),
      { numRuns: 3_000 },
    );
  });
});
