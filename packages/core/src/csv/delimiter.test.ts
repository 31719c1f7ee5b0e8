import { describe, expect, it } from 'vitest';
import { SluiceError } from '../errors.ts';
import { parseDelimiter, sniffDelimiter } from './delimiter.ts';

describe('sniffDelimiter', () => {
  it.each([
    ['a,b\n1,2\n', ','],
    ['a;b\n1,5;2,5\n', ';'],
    ['a\tb\n1\t2\n', '\t'],
    ['a|b\n1|2\n', '|'],
    ['"a,b,c";d\n"1,2";3\n', ';'],
    ['a;"x\n,,,,\n"\n1;2\n', ';'],
    ['id;name, full;city\n1;"Doe";Berlin\n2;Roe;Paris\n3;Foe\n', ';'],
    ['id,tags\n1,a|b|c\n2,a|b|c|d\n', ','],
    ['a;b\n1;2\n3;"open\n4;5\n', ';'],
    ['a;b;c', ';'],
    ['only\none\ncolumn, with text\n', ','],
    ['', ','],
  ])('finds in %j the delimiter %j', (text, delimiter) => {
    expect(sniffDelimiter(Buffer.from(text), true)).toBe(delimiter);
  });

  it('does not judge by a row that the head cuts', () => {
    expect(sniffDelimiter(Buffer.from('a;b;c,d\n1,2'), false)).toBe(';');
  });
});

describe('parseDelimiter', () => {
  it('takes any other ASCII character', () => {
    expect([',', '\t', '^', '\x01', ' '].map(parseDelimiter)).toEqual([',', '\t', '^', '\x01', ' ']);
  });

  it.each(['', '""', '"', '\n', '\r', '\0', ',,', 'é', '😀'])('refuses %j', (text) => {
    const found = JSON.stringify(text);
    expect(() => parseDelimiter(text)).toThrow(
      new SluiceError(
        'FILE_FORMAT',
        `expected a delimiter of one ASCII character other than NUL, quote, CR and LF, found ${found}`,
      ),
    );
  });
});
