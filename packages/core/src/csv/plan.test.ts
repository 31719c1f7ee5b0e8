import { describe, expect, it } from 'vitest';
import { createPlanner, defaultChunkBytes } from './plan.ts';

const mebibyte = 1024 * 1024;

describe('defaultChunkBytes', () => {
  it('is a 32nd of the file, within 64 KiB and 8 MiB', () => {
    expect(defaultChunkBytes(0)).toBe(65_536);
    expect(defaultChunkBytes(mebibyte)).toBe(65_536);
    expect(defaultChunkBytes(32 * mebibyte)).toBe(mebibyte);
    expect(defaultChunkBytes(32 * mebibyte + 1)).toBe(mebibyte + 1);
    expect(defaultChunkBytes(256 * mebibyte)).toBe(8 * mebibyte);
    expect(defaultChunkBytes(5e12)).toBe(8 * mebibyte);
  });
});

describe('createPlanner', () => {
  const planText = (text: string, chunkBytes: number, limit?: number) => {
    const planner = createPlanner({
      delimiter: 0x2c,
      cursor: { offset: 10, line: 2, row: 1, chunk: 0 },
      chunkBytes,
      ...(limit === undefined ? {} : { limit }),
    });
    const chunks = [...planner.push(Buffer.from(text)), ...planner.end()];
    return { chunks, cursor: planner.cursor(), isComplete: planner.isComplete() };
  };

  it('numbers chunks, rows and lines from the start of the data', () => {
    const { chunks, cursor } = planText('a,"\n"\nb\nc\n', 6);
    expect(chunks).toEqual([
      { chunk: 0, start: 10, end: 16, firstRow: 1, rows: 1, firstLine: 2 },
      { chunk: 1, start: 16, end: 20, firstRow: 2, rows: 2, firstLine: 4 },
    ]);
    expect(cursor).toEqual({ offset: 20, line: 6, row: 4, chunk: 2 });
  });

  it('counts a quarantined record as one row', () => {
    expect(planText('a\n"b\nc\n', 100).chunks).toMatchObject([{ rows: 3 }]);
  });

  it('gives blank lines to the chunk they lie in, if need be to one without rows', () => {
    expect(planText('a\n\n\nb\n', 3).chunks).toMatchObject([
      { start: 10, end: 13, rows: 1 },
      { start: 13, end: 16, firstRow: 2, rows: 1, firstLine: 4 },
    ]);
    expect(planText('a\n\n', 2).chunks).toMatchObject([{ rows: 1 }, { start: 12, end: 13, firstRow: 2, rows: 0 }]);
  });

  it('plans no chunk for no data', () => {
    expect(planText('', 100)).toEqual({
      chunks: [],
      cursor: { offset: 10, line: 2, row: 1, chunk: 0 },
      isComplete: false,
    });
  });

  it('stops behind the last row of the limit, and plans nothing more after it', () => {
    const { chunks, cursor, isComplete } = planText('a\nb\nc\n', 100, 2);
    expect(chunks).toEqual([{ chunk: 0, start: 10, end: 14, firstRow: 1, rows: 2, firstLine: 2 }]);
    expect(cursor).toEqual({ offset: 14, line: 4, row: 3, chunk: 1 });
    expect(isComplete).toBe(true);
    expect(planText('a\n', 100, 0)).toMatchObject({ chunks: [], isComplete: true });
  });
});
