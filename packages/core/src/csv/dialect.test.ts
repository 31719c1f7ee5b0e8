import { describe, expect, it } from 'vitest';
import { cleanField } from '../clean/field.ts';
import { SluiceError } from '../errors.ts';
import { type DialectOptions, headBytes, readDialect } from './dialect.ts';

type Given = Partial<Omit<DialectOptions, 'head' | 'cleanField'>>;

const read = (head: string | Buffer, given: Given = {}) =>
  readDialect({ head: Buffer.from(head), isWhole: true, hasHeader: true, cleanField, ...given });

const thrownBy = (head: string | Buffer, given: Given = {}): SluiceError => {
  try {
    read(head, given);
  } catch (thrown) {
    if (thrown instanceof SluiceError) return thrown;
    throw thrown;
  }
  return expect.fail('expected a throw');
};

describe('readDialect', () => {
  it('reads delimiter, columns and the start of the data', () => {
    expect(read('id;"first ""name""";\r\n1;2;3\r\n')).toEqual({
      encoding: 'utf-8',
      bomBytes: 0,
      delimiter: ';',
      columns: ['id', 'first "name"', 'column_3'],
      dataStart: 22,
      firstLine: 2,
    });
  });

  it('takes the first record that is not blank as the header, behind the byte order mark', () => {
    const { bomBytes, columns, dataStart, firstLine } = read('\ufeff\n\r\na,b\n1,2\n');
    expect({ bomBytes, columns, dataStart, firstLine }).toEqual({
      bomBytes: 3,
      columns: ['a', 'b'],
      dataStart: 10,
      firstLine: 4,
    });
  });

  it('reads a header with line ends and delimiters inside quotes', () => {
    expect(read('"a\nx,y",b\n1,2\n')).toMatchObject({ columns: ['a x,y', 'b'], dataStart: 10, firstLine: 3 });
  });

  it('takes the delimiter it is given', () => {
    expect(read('a,b^c\n', { delimiter: '^' })).toMatchObject({ delimiter: '^', columns: ['a,b', 'c'] });
  });

  it.each([
    ['', 0, 1],
    ['\ufeff', 3, 1],
    ['\ufeff\n\n', 5, 3],
  ])('finds no columns and no data in %j', (text, dataStart, firstLine) => {
    expect(read(text)).toMatchObject({ columns: [], dataStart, firstLine });
  });

  it('finds columns and no data in a header alone, with or without a line end', () => {
    expect(read('a,b')).toMatchObject({ columns: ['a', 'b'], dataStart: 3, firstLine: 1 });
    expect(read('a,b\r\n')).toMatchObject({ columns: ['a', 'b'], dataStart: 5, firstLine: 2 });
    expect(read('a,b\r')).toMatchObject({ columns: ['a', 'b'], dataStart: 4, firstLine: 1 });
  });

  it('refuses lines that end with CR alone, also behind a head and in quotes', () => {
    const message = 'expected lines that end with LF or CRLF, found lines that end with CR alone';
    const all = ['a,b\r1,2\r', 'a,b\r1,"x\ny"\r2,z\r', 'a,b\r1,2\r\n'];
    for (const text of all) expect(thrownBy(text)).toMatchObject({ code: 'FILE_LINE_ENDS', message });
    expect(thrownBy('a,b\r1,2\r', { hasHeader: false }).code).toBe('FILE_LINE_ENDS');
    expect(thrownBy('a,b\r'.repeat(20_000), { isWhole: false }).code).toBe('FILE_LINE_ENDS');
    expect(thrownBy('a,b\r'.repeat(200_000), { isWhole: false, hasHeader: false }).code).toBe('FILE_LINE_ENDS');
  });

  it('refuses lines that end with CR alone, also where LFs inside quotes end what is taken for the header', () => {
    const all = ['a,b\r"x\ny",2\r', 'a,b\r1,2\r3,"x\ny"\r4,"y\nz"\r', `${'a,b\r'.repeat(20_000)}"x\ny",b\r`];
    for (const text of all) {
      expect(thrownBy(text).code, text.slice(0, 20)).toBe('FILE_LINE_ENDS');
      expect(thrownBy(text, { hasHeader: false }).code, text.slice(0, 20)).toBe('FILE_LINE_ENDS');
    }
  });

  it('reads CRs inside a header whose lines end with LF', () => {
    expect(read('a\rx,"b\ry",c\r\r\n1,2,3\n').columns).toEqual(['a x', 'b y', 'c']);
    expect(read('"a\rb",c\n').columns).toEqual(['a b', 'c']);
    expect(read('a\rb,c\n1,2').columns).toEqual(['a b', 'c']);
  });

  it('refuses a header in UTF-16 without a byte order mark, and says how to declare which one it is', () => {
    const message = (name: string, label: string): string =>
      `expected a header in UTF-8, found one in what looks like ${name} without a byte order mark; declare it, as in --encoding ${label}`;
    for (const text of ['a,b\n1,2\n', 'id;\u540d\u524d\n1;2\n', 'a\n']) {
      const bytes = Buffer.from(text, 'utf16le');
      const refused = { code: 'FILE_ENCODING', message: message('UTF-16 LE', 'utf-16le') };
      expect(thrownBy(bytes)).toMatchObject(refused);
      expect(thrownBy(Buffer.from(bytes).swap16()).message).toBe(message('UTF-16 BE', 'utf-16be'));
    }
  });

  it('refuses a header with NUL or with invalid UTF-8', () => {
    for (const header of ['a,\0b\n', '\0\n', `\0${'binary'.repeat(9)}\0\n`]) {
      expect(thrownBy(header)).toMatchObject({
        code: 'FILE_ENCODING',
        message: 'expected a header in UTF-8, found NUL bytes in it',
      });
    }
    expect(thrownBy(Buffer.from('caf\xe9,b\n', 'latin1'))).toMatchObject({
      code: 'FILE_ENCODING',
      message:
        'expected a header in UTF-8, found bytes that are none; declare the encoding, as in --encoding windows-1252',
    });
  });

  it('does not mind NUL and invalid UTF-8 in the data', () => {
    expect(read(Buffer.from('a,b\n\0,\xff\n', 'latin1')).columns).toEqual(['a', 'b']);
  });

  it('refuses what has to be decoded first, and other formats', () => {
    expect(thrownBy(Buffer.from('fffe6100', 'hex')).code).toBe('FILE_ENCODING');
    expect(thrownBy(Buffer.from('504b0304', 'hex')).code).toBe('FILE_FORMAT');
  });

  it('refuses a header of more than 16 KiB, whole or not', () => {
    const message = 'expected a header of at most 16384 bytes, found a longer first record';
    expect(read(`${'h'.repeat(16_384)}\n1\n`).columns).toEqual(['h'.repeat(16_384)]);
    expect(thrownBy(`${'h'.repeat(16_385)}\n1\n`)).toMatchObject({ code: 'HEADER_TOO_LARGE', message });
    expect(thrownBy('h'.repeat(headBytes), { isWhole: false })).toMatchObject({ code: 'HEADER_TOO_LARGE', message });
  });

  it('refuses a header whose quote stays open', () => {
    const message = 'expected every quote of the header to be closed within 16384 bytes, found one open';
    expect(thrownBy('a,"b\n1,2\n')).toMatchObject({ code: 'HEADER_INVALID', message });
    expect(thrownBy(`a,"b\n${'1,2\n'.repeat(10_000)}`, { isWhole: false }).code).toBe('HEADER_INVALID');
  });

  it('refuses a head of blank lines that goes on', () => {
    expect(thrownBy('\n\n\n', { isWhole: false })).toMatchObject({
      code: 'HEADER_INVALID',
      message: 'expected a header in the first 3 bytes, found blank lines',
    });
  });

  it('refuses more than 1,000 columns, with a header or without', () => {
    expect(read(','.repeat(999)).columns).toHaveLength(1_000);
    const refused = { code: 'TOO_MANY_COLUMNS', message: 'expected at most 1000 columns, found 1001' };
    expect(thrownBy(','.repeat(1_000))).toMatchObject(refused);
    expect(thrownBy(','.repeat(1_000), { hasHeader: false })).toMatchObject(refused);
  });

  it('numbers the columns of a file without a header by the width of its first readable row', () => {
    const noHeader = { hasHeader: false };
    const whole = { columns: ['column_1', 'column_2'], dataStart: 3, firstLine: 1 };
    expect(read('\ufeff\n1,2\n3,4,5\n', noHeader)).toMatchObject(whole);
    expect(read('"open\n1,2\n', noHeader).columns).toEqual(['column_1', 'column_2']);
    expect(read('"open\n', noHeader).columns).toEqual(['column_1']);
    expect(read('\n\n', noHeader)).toMatchObject({ columns: [], dataStart: 2, firstLine: 3 });
    expect(thrownBy('x'.repeat(headBytes), { ...noHeader, isWhole: false }).code).toBe('HEADER_TOO_LARGE');
  });

  it('says nothing of the content in an error', () => {
    const heads = ['secret\rsecret', `"secret\n${'x\n'.repeat(20)}`, 'secret\0', `secret${'x'.repeat(20_000)}`];
    for (const head of heads) expect(thrownBy(head).message).not.toContain('secret');
  });
});
