import type { Profile } from '@sluice/core/ports/job-store';
import { describe, expect, it } from 'vitest';
import { splitFields } from './expected-fields.ts';
import { nameColumnsNaively } from './expected-layout.ts';
import { expectFile } from './expected-rows.ts';

// Worked out by hand from the grammar and the rules of cleaning: the oracle is not to be believed only because the product agrees.

const read = (content: string | Buffer, profile: Partial<Profile> = {}) => {
  const expected = expectFile(Buffer.from(content), 'in/a.csv', [{ prefix: 'in/', ...profile }]);
  if (expected.ends !== 'read') return expected.ends;
  const rows = expected.rows.map((row) => (row.accepted ? row.values : row.code));
  return { ...expected, rows };
};

describe('splitFields', () => {
  it.each<[string, readonly string[]]>([
    ['', ['']],
    ['a,b', ['a', 'b']],
    ['a,', ['a', '']],
    [',,', ['', '', '']],
    ['""', ['']],
    ['"a,b",c', ['a,b', 'c']],
    ['"a""b"', ['a"b']],
    ['""""', ['"']],
    ['"a\r\nb"', ['a\r\nb']],
    ['a"b"c', ['a"b"c']],
    [' "a,b"', [' "a', 'b"']],
    ['"a"b,c', ['"a"b', 'c']],
    ['"a""b"c"d,e', ['"a"b"c"d', 'e']],
    ['"a"\0b"c,d', ['a\0b"c', 'd']],
    ['"a"\r,b', ['"a"\r', 'b']],
  ])('reads %j', (record, fields) => {
    expect(splitFields(record, ',')).toEqual(fields);
  });
});

describe('nameColumnsNaively', () => {
  it.each<[readonly string[], readonly string[]]>([
    [
      ['a', 'a', 'a'],
      ['a', 'a_2', 'a_3'],
    ],
    [
      ['a', 'a', 'a_2'],
      ['a', 'a_3', 'a_2'],
    ],
    [
      [' a ', '', '__proto__'],
      ['a', 'column_2', '__proto__'],
    ],
    [
      ['', 'column_1'],
      ['column_1_2', 'column_1'],
    ],
  ])('names %j', (header, names) => {
    expect(nameColumnsNaively(header)).toEqual(names);
  });
});

describe('expectFile', () => {
  it('places rows by their bytes and lines, after a mark, a header and blank lines', () => {
    const expected = expectFile(Buffer.from('\ufeff\n"i\nd",n\r\n1,a\r\n\r\n2,"b\n"\n3,c'), 'a.csv', [{ prefix: '' }]);
    expect(expected).toEqual({
      ends: 'read',
      columns: ['i d', 'n'],
      rows: [
        { row: 1, line: 4, byteStart: 13, byteEnd: 16, accepted: true, values: ['1', 'a'] },
        { row: 2, line: 6, byteStart: 20, byteEnd: 26, accepted: true, values: ['2', 'b'] },
        { row: 3, line: 8, byteStart: 27, byteEnd: 30, accepted: true, values: ['3', 'c'] },
      ],
      tooManyRejects: false,
    });
  });

  it('sets a row aside whose quote is never closed, and goes on after its line', () => {
    expect(read('a,b\n1,"x\n2,y\n')).toMatchObject({ rows: ['QUOTE_NOT_CLOSED', ['2', 'y']] });
  });

  it.each<[string, string | Buffer, string]>([
    ['another number of fields', 'a,b\n1\n', 'FIELD_COUNT'],
    ['bytes that are no UTF-8', Buffer.from('a\n\xff\n', 'latin1'), 'INVALID_UTF8'],
    ['too long a record', `a\n${'x'.repeat(256 * 1024 + 1)}\n`, 'RECORD_TOO_LARGE'],
    ['a quote that is open for too long', `a\n"${'x'.repeat(256 * 1024)}\n"\n`, 'QUOTE_NOT_CLOSED'],
    ['too large a row', `a\n${'x'.repeat(192 * 1024 - 3)}\n`, 'ROW_TOO_LARGE'],
  ])('rejects a row for %s', (_, content, code) => {
    const expected = read(content);
    expect(typeof expected === 'string' ? expected : expected.rows[0]).toBe(code);
  });

  it('takes a row of exactly the size that a row may have', () => {
    expect(read(`a\n${'x'.repeat(192 * 1024 - 4)}\n`)).toMatchObject({ rows: [[expect.any(String)]] });
  });

  it('cleans, checks, renames and drops by the schema, in the order of the file', () => {
    const schema = {
      columns: {
        id: { type: 'integer', required: true, rename: 'number' },
        amount: { type: 'decimal', min: 0.5, default: '1.50' },
        secret: { drop: true, maxLength: 3 },
      },
      unknown: 'drop',
      ragged: 'pad',
    };
    const content = 'secret,id,amount,more\nabc,1,2.50,x\nabcd,y\n,z\n,7\n,8,0.4\n,9,1,, \n,9,1,,x\n';
    expect(read(content, { schema })).toMatchObject({
      columns: ['number', 'amount'],
      rows: [[1, '2.50'], 'TOO_LONG', 'NOT_INTEGER', [7, '1.50'], 'BELOW_MIN', [9, '1'], 'FIELD_COUNT'],
    });
  });

  it.each<[string, Partial<Profile>, boolean]>([
    ['as many as are allowed', { maxRejectedRatio: 0.5 }, false],
    ['more', { maxRejectedRatio: 0.4 }, true],
    ['more, but for those after the last row that is read', { maxRejectedRatio: 0, limit: 1 }, false],
    ['any, where nothing is said', {}, false],
  ])('knows whether too many rows are rejected: %s', (_, profile, tooManyRejects) => {
    expect(read('a\n1\n2,3\n', profile)).toMatchObject({ tooManyRejects });
  });

  it.each<[string, string | Buffer, Partial<Profile>]>([
    ['a zip archive', 'PK\x03\x04', {}],
    ['NUL in the header', 'a,\0b\n', {}],
    ['CR-only line ends', 'a,b\r1,2\r', {}],
    ['a quote of the header that is never closed', '"a,b\n1,2\n', {}],
    ['a header that is no UTF-8', Buffer.from('\xc3(\n1\n', 'latin1'), {}],
    ['too many columns', `${','.repeat(1_000)}\n`, {}],
    ['too large a header', `${'a'.repeat(16 * 1024 + 1)}\n`, {}],
    ['half a unit of UTF-16', Buffer.from('\xff\xfea', 'latin1'), {}],
    ['a required column that is not there', 'a\n1\n', { schema: { columns: { id: { required: true } } } }],
    ['two columns of one name', 'a,b\n1,2\n', { schema: { columns: { a: { rename: 'b' } } } }],
  ])('refuses %s', (_, content, profile) => {
    expect(read(content, profile)).toBe('refused');
  });

  it.each<[string, string | Buffer]>([
    ['nothing', ''],
    ['a mark alone', '\ufeff'],
    ['blank lines', '\n\r\n'],
  ])('takes %s for a file without columns and rows, whatever the schema', (_, content) => {
    const schema = { columns: { id: { required: true } } };
    expect(read(content, { schema })).toMatchObject({ columns: [], rows: [] });
    expect(read(content, { schema, header: false })).toMatchObject({ columns: [], rows: [] });
  });

  it('decodes UTF-16 by its mark and Windows-1252 by what is declared, and counts in UTF-8', () => {
    const text = 'ä\n€\n';
    const place = { byteStart: 3, byteEnd: 6, values: ['€'] };
    const files: [Buffer, Partial<Profile>][] = [
      [Buffer.from(`\ufeff${text}`, 'utf16le'), {}],
      [Buffer.from(`\ufeff${text}`, 'utf16le').swap16(), {}],
      [Buffer.from(text, 'utf16le'), { encoding: 'utf-16le' }],
      [Buffer.from('\xe4\n\x80\n', 'latin1'), { encoding: 'windows-1252' }],
    ];
    for (const [bytes, profile] of files) {
      expect(expectFile(bytes, 'a', [{ prefix: '', ...profile }])).toMatchObject({ columns: ['ä'], rows: [place] });
    }
  });

  it.each([
    ['a;b\n1,5;2\n', ';'],
    ['a\tb\n1\t2\n', '\t'],
    ['title\na|b\n1|2\n', '|'],
    ['one\ntwo\n', ','],
  ])('finds the delimiter of %j', (content, delimiter) => {
    expect(read(content)).toEqual(read(content, { delimiter }));
  });

  it('goes by the profile with the longest prefix, and by none for other keys', () => {
    const profiles = [
      { prefix: 'in/', limit: 1 },
      { prefix: 'in/b/', limit: 2 },
      { prefix: 'in', limit: 3 },
    ];
    const rowsOf = (key: string) => {
      const expected = expectFile(Buffer.from('a\n1\n2\n3\n4\n'), key, profiles);
      return expected.ends === 'read' ? expected.rows.length : expected.ends;
    };
    expect(['in/a', 'in/b/a', 'inner', 'other'].map(rowsOf)).toEqual([1, 2, 3, 'ignored']);
  });
});
