import { describe, expect, it } from 'vitest';
import { csvParseOptions, parseRecords, splitQuoted } from './parse.ts';

describe('csvParseOptions', () => {
  it('are frozen', () => {
    expect(Object.isFrozen(csvParseOptions)).toBe(true);
  });
});

describe('parseRecords', () => {
  it('keeps U+FEFF and U+FFFD wherever they stand', () => {
    expect(parseRecords(Buffer.from('\ufeffa,\ufeffb\n\ufeff\ufffd\n'), ',')).toEqual([
      ['\ufeffa', '\ufeffb'],
      ['\ufeff\ufffd'],
    ]);
  });

  it('keeps names of object properties, numbers and spaces as text', () => {
    expect(parseRecords(Buffer.from('__proto__, 1 ,2020\n'), ',')).toEqual([['__proto__', ' 1 ', '2020']]);
  });

  it('allows rows of different widths, and skips blank lines only', () => {
    expect(parseRecords(Buffer.from('a;b\r\n\r\n;;\n \n\nc'), ';')).toEqual([['a', 'b'], ['', '', ''], [' '], ['c']]);
  });
});

describe('splitQuoted', () => {
  it.each([
    ['"a;b";c', ['a;b', 'c']],
    ['a;"b"', ['a', 'b']],
    ['"";"";', ['', '', '']],
    ['"said ""no""";""""', ['said "no"', '"']],
    ['"two\r\nlines";x', ['two\r\nlines', 'x']],
  ])('reads %j', (record, fields) => {
    expect(splitQuoted(record, ';')).toEqual(fields);
  });

  it.each(['a"b', '"a"b;c', '"a" ;b', '"a"\r', '"a"\0;b', '"a', '"a""', '"', 'a;"'])(
    'leaves %j to csv-parse',
    (record) => {
      expect(splitQuoted(record, ';')).toBeUndefined();
    },
  );
});
