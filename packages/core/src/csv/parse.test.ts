import { describe, expect, it } from 'vitest';
import { csvParseOptions, parseRecords, splitRecords } from './parse.ts';

describe('csvParseOptions', () => {
  it('are frozen', () => {
    expect(Object.isFrozen(csvParseOptions)).toBe(true);
  });
});

describe.each([
  ['parseRecords', parseRecords],
  ['splitRecords', splitRecords],
])('%s', (_, read) => {
  it('keeps U+FEFF and U+FFFD wherever they stand', () => {
    expect(read(Buffer.from('\ufeffa,\ufeffb\n\ufeff\ufffd\n'), ',')).toEqual([
      ['\ufeffa', '\ufeffb'],
      ['\ufeff\ufffd'],
    ]);
  });

  it('keeps names of object properties, numbers and spaces as text', () => {
    expect(read(Buffer.from('__proto__, 1 ,2020\n'), ',')).toEqual([['__proto__', ' 1 ', '2020']]);
  });

  it('allows rows of different widths, and skips blank lines only', () => {
    expect(read(Buffer.from('a;b\r\n\r\n;;\n \n\nc'), ';')).toEqual([['a', 'b'], ['', '', ''], [' '], ['c']]);
  });
});
