import type { RejectLine } from '@sluice/core/rejected-rows';
import { describe, expect, it } from 'vitest';
import type { ExpectedRow } from '../expected-rows.ts';
import { findDifference, parseRejectLines } from './reject-lines.ts';

const kept = 64 * 1024;

describe('a line of a reject object', () => {
  const source = Buffer.concat([Buffer.from('xé'.padEnd(7, 'y')), Buffer.from('é'.repeat(kept))]);
  const expected = (byteEnd: number): ExpectedRow => ({
    ...{ row: 2, line: 3, byteStart: 1, byteEnd, accepted: false, code: 'REQUIRED' },
  });
  const line = (byteEnd: number, raw: Buffer, change: Partial<RejectLine> = {}): RejectLine => ({
    ...{ row: 2, line: 3, byteStart: 1, byteEnd, code: 'REQUIRED', message: '', raw: raw.toString() },
    ...change,
  });
  const short = line(4, source.subarray(1, 4));

  it('is as its row is in the file', () => expect(findDifference(short, expected(4), source)).toBeUndefined());

  it.each([
    ['row 1', { row: 1 }],
    ['line 4', { line: 4 }],
    ['the code TOO_LONG for REQUIRED', { code: 'TOO_LONG' }],
    ['bytes 1 to 5 for 1 to 4', { byteEnd: 5 }],
    ['bytes 0 to 4 for 1 to 4', { byteStart: 0 }],
    ['other bytes than those of the row', { raw: 'éz' }],
    ['other bytes than those of the row', { raw: 'é' }],
    ['rawTruncated true', { rawTruncated: true }],
  ] as const)('is told by %s', (difference, change) =>
    expect(findDifference({ ...short, ...change }, expected(4), source)).toBe(difference),
  );

  it('speaks of a rejected row', () =>
    expect(findDifference(short, { ...expected(4), accepted: true, values: [] }, source)).toBe('an accepted row'));

  it('keeps as many of the first 64 KiB as make whole characters', () => {
    const end = source.length;
    const cut = source.subarray(1, kept);
    expect(findDifference(line(end, cut, { rawTruncated: true }), expected(end), source)).toBeUndefined();
    expect(findDifference(line(end, cut), expected(end), source)).toMatch('rawTruncated');
    for (const bytes of [source.subarray(1, kept - 4), source.subarray(1, kept + 3)]) {
      expect(findDifference(line(end, bytes, { rawTruncated: true }), expected(end), source)).toMatch('other bytes');
    }
  });
});

describe('a reject object', () => {
  it('is lines of JSON', () => {
    expect(parseRejectLines(Buffer.from('{"row":1}\n{"row":2}\n'))).toEqual([{ row: 1 }, { row: 2 }]);
  });

  it.each(['', '{"row":1}', '{"row":1}\n{"ro\n', '{"row":1}\n\n'])('and nothing else: %j', (text) =>
    expect(parseRejectLines(Buffer.from(text))).toBeUndefined(),
  );
});
