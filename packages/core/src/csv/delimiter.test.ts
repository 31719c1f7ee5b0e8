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

  it.each([
    ['a title before the header', 'Sales, 2020\na;b;c\n1;2;3\n4;5;6\n', ';'],
    ['a comment before the header', '# made by hand\nid;name\n1;Doe\n2;Roe\n', ';'],
    ['rows that have a tail of notes', 'a;b;c\n1;2;3\n4;5;6\n\nSource: here, there\n', ';'],
    ['a header that is wider than every row', 'id,tags,\n1,a|b|c\n2,d|e|f\n', ','],
    ['decimal commas without a header', 'north;1,5\nsouth;2,25\n', ';'],
    ['decimal commas in every field', '1,5;2,5\n-0,5;3,5\n', ';'],
    ['lists of numbers, and a delimiter at the end', 'a\t51,47,45\t8,9\t\nb\t7,5,3\t1,2\t\n', '\t'],
    ['numbers with a semicolon at the end', '1,2,3;\n4,5,6;\n', ','],
    ['a number of semicolons that changes', '1,2;3\n4,5;6\n7,8;9;9\n', ','],
    ['rows that are all of another width', 'a;b;c\n1;2\n3;4;5;6\n', ';'],
    ['words with commas, cut alike by a semicolon', 'Doe,Jane,x;y\nRoe,John,z;z\n', ','],
    ['one column with notes', 'note\nso; so\nwell\nno; no; no\n', ','],
  ])('is not misled by %s', (_, text, delimiter) => {
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
