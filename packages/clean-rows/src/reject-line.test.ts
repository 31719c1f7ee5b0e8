import type { RejectLine } from '@sluice/core/rejected-rows';
import type { RejectReason } from '@sluice/core/rejects';
import { describe, expect, it } from 'vitest';
import { toRejectLine } from './reject-line.ts';

const reason: RejectReason = { code: 'FIELD_COUNT', message: 'expected 2 fields, found 3' };
const keptMax = 64 * 1024;

const lineOf = (bytes: Buffer, byteEnd = 100 + bytes.length, because = reason): RejectLine => {
  const text = toRejectLine({ row: 7, line: 9, byteStart: 100, byteEnd, bytes }, because);
  expect(text).toMatch(/^[^\n]*\n$/);
  return JSON.parse(text) as RejectLine;
};

describe('toRejectLine', () => {
  it('says where the row stands, why it is rejected, and what it holds', () => {
    const bytes = Buffer.from('1,a,b');
    expect(toRejectLine({ row: 7, line: 9, byteStart: 100, byteEnd: 105, bytes }, reason)).toBe(
      '{"row":7,"line":9,"byteStart":100,"byteEnd":105,"code":"FIELD_COUNT","message":"expected 2 fields, found 3","raw":"1,a,b"}\n',
    );
  });

  it('names the column when there is one, whatever its name', () => {
    for (const column of ['id', '__proto__', 'a "b"\n']) {
      expect(lineOf(Buffer.from('x'), 101, { ...reason, column }).column).toBe(column);
    }
    expect(lineOf(Buffer.from('x'))).not.toHaveProperty('column');
  });

  it.each(['', 'a"b\\c', 'two\r\nlines', '\u0000\u0007\u2028\ufeff', 'für €😀', '\ufeffid'])(
    'keeps %j as it is, on one line',
    (raw) => {
      const line = lineOf(Buffer.from(raw));
      expect(line.raw).toBe(raw);
      expect(line).not.toHaveProperty('rawBase64');
      expect(line).not.toHaveProperty('rawTruncated');
    },
  );

  it.each(['ff', '61ff62', 'c3', 'e282', 'eda080', 'c080', '61f09f98'])(
    'keeps the bytes %s, which are no UTF-8, as base64',
    (hex) => {
      const line = lineOf(Buffer.from(hex, 'hex'));
      expect(Buffer.from(line.rawBase64 ?? '', 'base64').toString('hex')).toBe(hex);
      expect(line).not.toHaveProperty('raw');
      expect(line).not.toHaveProperty('rawTruncated');
    },
  );

  it('says when only the first bytes are kept', () => {
    const line = lineOf(Buffer.alloc(keptMax, 'a'), 100 + keptMax + 1);
    expect(line.rawTruncated).toBe(true);
    expect(line.raw).toBe('a'.repeat(keptMax));
    expect(line.byteEnd - line.byteStart).toBe(keptMax + 1);
  });

  it.each([
    ['ü', 2],
    ['€', 3],
    ['😀', 4],
  ])('keeps whole characters when it cuts %s of %d bytes', (character, length) => {
    for (let kept = 1; kept < length; kept++) {
      const bytes = Buffer.from(`ab${character}`).subarray(0, 2 + kept);
      const line = lineOf(bytes, 100 + 2 + length);
      expect(line).toMatchObject({ raw: 'ab', rawTruncated: true });
    }
    expect(lineOf(Buffer.from(`ab${character}`), 100 + 3 + length)).toMatchObject({
      raw: `ab${character}`,
      rawTruncated: true,
    });
  });

  it('keeps half a character of a row that was not cut', () => {
    const bytes = Buffer.from('ab€').subarray(0, 4);
    expect(lineOf(bytes)).toMatchObject({ rawBase64: bytes.toString('base64') });
  });

  it('keeps all first bytes of a cut row that is no UTF-8', () => {
    const bytes = Buffer.concat([Buffer.from([0xff]), Buffer.from('ab€').subarray(0, 4)]);
    expect(lineOf(bytes, 200)).toMatchObject({ rawBase64: bytes.toString('base64'), rawTruncated: true });
  });
});
