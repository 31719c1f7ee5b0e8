import { describe, expect, it } from 'vitest';
import { makeFile, smallFile } from './file.ts';

const { bytes, rows } = makeFile(5_000);

describe('the file', () => {
  it('is always the same', () => {
    expect(makeFile(5_000)).toMatchObject({ bytes, rows });
  });

  it('says of every row once where it begins', () => {
    const lines = bytes.toString('latin1').split('\n');
    expect(rows.map(({ row }) => row)).toEqual(Array.from({ length: 5_000 }, (_, index) => index + 1));
    for (const { row, line, code } of rows) {
      const order = code === 'NOT_INTEGER' ? '12a' : `${row}`;
      expect(lines[line - 1]?.split(',')[0]?.trim()).toBe(order);
    }
  });

  it('has rows of every fate, and few that need the outside service: many at once would be an outage', () => {
    const count = (fate: string): number => rows.filter((row) => row.fate === fate).length;
    expect(count('outside')).toBe(3);
    expect(count('unwanted')).toBeGreaterThan(50);
    expect(count('rejected')).toBeGreaterThan(80);
    expect(count('done')).toBeGreaterThan(4_000);
    expect(new Set(rows.map(({ code }) => code).filter((code) => code !== undefined)).size).toBe(11);
  });

  it('has a value for every row that is not rejected and for no other', () => {
    for (const { fate, values, hundredths, code } of rows) {
      expect([values?.length, hundredths === undefined, code === undefined]).toEqual(
        fate === 'rejected' ? [undefined, true, false] : [5, false, true],
      );
    }
  });

  it('holds the bytes of every rejected row, each at the line that it says', () => {
    for (const file of [makeFile(5_000), smallFile]) {
      const lines = file.bytes.toString('latin1').split('\n');
      for (const { line, fate, raw } of file.rows) {
        expect(raw === undefined).toBe(fate !== 'rejected');
        if (raw === undefined) continue;
        const text = raw.toString('latin1');
        const found = lines.slice(line - 1, line - 1 + text.split('\n').length).join('\n');
        expect(found.replace(/\r$/, '')).toBe(text);
      }
    }
  });

  it('makes several chunks: none is smaller than 64 KiB', () => {
    expect(bytes.length).toBeGreaterThan(2 * 64 * 1024);
  });
});
