import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { carry, placeOf, removeFolders, utf16be, utf16le } from './hard-input-harness.ts';

afterAll(removeFolders);

const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');

describe('a file without rows', () => {
  it.each<[what: string, content: string | Uint8Array]>([
    ['no byte', ''],
    ['a byte order mark', '\ufeff'],
    ['a byte order mark of UTF-16', Buffer.from('fffe', 'hex')],
    ['a header without a line end', 'a,b'],
    ['a byte order mark and a header', '\ufeffa,b\r\n'],
    ['blank lines', '\n\r\n\n'],
    ['nothing once it is unpacked', gzipSync('')],
  ])('of %s is complete', async (_, content) => {
    const { report, files } = await carry(content);
    expect(report).toMatchObject({ verdict: 'COMPLETE', rows: 0, accepted: 0, rejected: 0, missing: 0 });
    expect(files).toBe('\n\n');
  });
});

describe('line ends', () => {
  it('may be mixed and may lack at the end', async () => {
    const { rows, rejects } = await carry('a,b\r\n1,2\n3,4\r\n\r\n\n5,"6\r\n7"\n8\r9,10\n11,12');
    expect(rows.map(({ row, line, data }) => [row, line, data])).toEqual([
      [1, 2, { a: '1', b: '2' }],
      [2, 3, { a: '3', b: '4' }],
      [3, 6, { a: '5', b: '6 7' }],
      [4, 8, { a: '8 9', b: '10' }],
      [5, 9, { a: '11', b: '12' }],
    ]);
    expect(rejects).toEqual([]);
  });

  it('of zero bytes are no rows; separators, empty quotes and spaces are', async () => {
    const content = 'a,b,c\n,,\n""\n   \n\n\r\n\t\n"","",\n1,2,3\n';
    const { rows, rejects } = await carry(content, { delimiter: ',' });
    const empty = { a: null, b: null, c: null };
    expect(rows.map(({ row, line, data }) => [row, line, data])).toEqual([
      [1, 2, empty],
      [5, 8, empty],
      [6, 9, { a: '1', b: '2', c: '3' }],
    ]);
    expect(rejects.map(placeOf)).toEqual([
      { row: 2, line: 3, byteStart: 9, byteEnd: 11, code: 'FIELD_COUNT' },
      { row: 3, line: 4, byteStart: 12, byteEnd: 15, code: 'FIELD_COUNT' },
      { row: 4, line: 7, byteStart: 19, byteEnd: 20, code: 'FIELD_COUNT' },
    ]);
    const one = await carry('a\n""\n   \n\n\t\nx\n');
    expect(one.rows.map(({ row, line, data }) => [row, line, data])).toEqual([
      [1, 2, { a: null }],
      [2, 3, { a: null }],
      [3, 5, { a: null }],
      [4, 6, { a: 'x' }],
    ]);
  });
});

describe('an encoding', () => {
  // Bytes of these characters are LF, quote, comma and CR; two of them are surrogate pairs.
  const text = 'id,text\r\n1,\u0a0a\u2c22\u220a\u2c2c\u0d0d\r\n2,"😀,\u0a22\r\n𐀊"\r\n3\r\n4,ä\n';

  it('of any kind that is decoded gives the rows of the same text in UTF-8', async () => {
    const plain = await carry(text);
    expect(plain.rows.map(({ data }) => data)).toEqual([
      { id: '1', text: '\u0a0a\u2c22\u220a\u2c2c\u0d0d' },
      { id: '2', text: '😀,\u0a22 𐀊' },
      { id: '4', text: 'ä' },
    ]);
    expect(plain.rejects.map(placeOf)).toEqual([{ row: 3, line: 5, byteStart: 48, byteEnd: 49, code: 'FIELD_COUNT' }]);
    const marked = await carry(`\ufeff${text}`);
    expect(marked.data).toEqual(plain.data);
    expect(marked.rejects.map(placeOf)).toEqual([{ row: 3, line: 5, byteStart: 51, byteEnd: 52, code: 'FIELD_COUNT' }]);
    const others: readonly [content: Uint8Array, encoding?: string][] = [
      [utf16le(text)],
      [utf16be(text)],
      [utf16le(text).subarray(2), 'utf-16le'],
      [utf16be(text).subarray(2), 'utf-16be'],
      [gzipSync(utf16be(text))],
      [utf16le(text), 'windows-1252'],
    ];
    for (const [content, encoding] of others) {
      const other = await carry(content, { decoded: text, ...(encoding === undefined ? {} : { encoding }) });
      expect(other.files).toBe(plain.files);
    }
  });

  it('that is declared as Windows-1252 gives every byte its character', async () => {
    const characters = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ\u00a0ä';
    const codes = [...Array.from({ length: 0x21 }, (_, i) => 0x80 + i), 0xe4];
    const content = bytesOf(`pr\xe4is\n${codes.map((code) => `x${String.fromCharCode(code)}y\n`).join('')}\x80,\n`);
    const decoded = `präis\n${[...characters].map((character) => `x${character}y\n`).join('')}€,\n`;
    const { rows, rejects } = await carry(content, { encoding: 'windows-1252', decoded, delimiter: ',' });
    // The five bytes that Windows leaves open are control characters, which cleaning drops; the last but one is a space.
    const cleaned = [...characters].map((character) => `x${character.replace(/\p{Cc}/u, '').replace(/\s/u, ' ')}y`);
    expect(rows.map(({ data }) => data)).toEqual(cleaned.map((value) => ({ präis: value })));
    expect(rejects).toMatchObject([{ row: 35, code: 'FIELD_COUNT', raw: '€,' }]);
  });

  it('that is not declared rejects the rows that are no UTF-8 and no other, with their bytes', async () => {
    const invalid = ['\xff', '\x80 5', '\xc0\xaf', '\xed\xa0\x80', '\xf0\x80\x80\xaf', '\xf4\x90\x80\x80', '\xe2\x82'];
    const content = bytesOf(`id,text\n${invalid.map((text, i) => `${i},${text}\n${i},ok\n`).join('')}`);
    const { rows, rejects } = await carry(content);
    expect(rows.map(({ row, line }) => [row, line])).toEqual(invalid.map((_, i) => [2 * i + 2, 2 * i + 3]));
    expect(rejects.map(({ row, code, rawBase64 }) => [row, code, rawBase64])).toEqual(
      invalid.map((text, i) => [2 * i + 1, 'INVALID_UTF8', bytesOf(`${i},${text}`).toString('base64')]),
    );
  });
});

describe('a gzip file', () => {
  const content = `n,text\n${Array.from({ length: 300 }, (_, i) => `${i},row ${i}\n`).join('')}`;

  it('of several members, or packed twice, gives the rows of what it holds', async () => {
    const plain = await carry(content);
    expect(plain.rows).toHaveLength(300);
    const members = [content.slice(0, 1_000), content.slice(1_000, 1_003), '', content.slice(1_003)];
    for (const packed of [Buffer.concat(members.map((member) => gzipSync(member))), gzipSync(gzipSync(content))]) {
      expect((await carry(packed, { decoded: content })).files).toBe(plain.files);
    }
  });
});

describe('a quote that is never closed', () => {
  it('costs the line it stands in, and the lines after it are rows', async () => {
    const { rows, rejects } = await carry('a,b\n1,x\n2,"y\n3,z\n\n4,w\r\n5,v');
    expect(rows.map(({ row, line, data }) => [row, line, data])).toEqual([
      [1, 2, { a: '1', b: 'x' }],
      [3, 4, { a: '3', b: 'z' }],
      [4, 6, { a: '4', b: 'w' }],
      [5, 7, { a: '5', b: 'v' }],
    ]);
    expect(rejects.map(placeOf)).toEqual([{ row: 2, line: 3, byteStart: 8, byteEnd: 12, code: 'QUOTE_NOT_CLOSED' }]);
    expect(rejects[0]?.raw).toBe('2,"y');
  });

  it('costs all lines of its row up to its own, where quotes before it were closed', async () => {
    const { rows, rejects } = await carry('a,b,c\n1,"x\n""y",z\n2,"p\nq","r\r\n3,s,t\n');
    expect(rows.map(({ row, line, data }) => [row, line, data])).toEqual([
      [1, 2, { a: '1', b: 'x "y', c: 'z' }],
      [3, 6, { a: '3', b: 's', c: 't' }],
    ]);
    expect(rejects.map(placeOf)).toEqual([{ row: 2, line: 4, byteStart: 18, byteEnd: 28, code: 'QUOTE_NOT_CLOSED' }]);
  });

  it('costs the last row where it stands in it', async () => {
    const { rows, rejects } = await carry('a,b\n1,x\n2,"y');
    expect(rows).toHaveLength(1);
    expect(rejects.map(placeOf)).toEqual([{ row: 2, line: 3, byteStart: 8, byteEnd: 12, code: 'QUOTE_NOT_CLOSED' }]);
  });

  it('costs one row of a large file, and so does each of several', async () => {
    const open = new Set([3_001, 9_000, 15_000]);
    const line = (n: number): string => `${n},${open.has(n) ? '"' : ''}${'x'.repeat(240)}\n`;
    const all = Array.from({ length: 16_000 }, (_, i) => line(i + 1));
    const { report, rows, rejects } = await carry(`n,text\n${all.join('')}`);
    expect(report).toMatchObject({ rows: 16_000, done: 15_997, rejected: 3, missing: 0 });
    expect(rows.every(({ row, line: at, data }) => at === row + 1 && (data as { n: string }).n === `${row}`)).toBe(
      true,
    );
    expect(rejects.map(({ row, line: at, code, raw }) => [row, at, code, `${raw}\n`])).toEqual(
      [...open].map((n) => [n, n + 1, 'QUOTE_NOT_CLOSED', line(n)]),
    );
  });
});

describe('a row of great size', () => {
  const kibibytes = (count: number, character = 'x'): string => character.repeat(count * 1024);

  it('is rejected above 256 KiB as it stands and above 192 KiB once cleaned, and costs no neighbour', async () => {
    const fields = [
      kibibytes(5 * 1024),
      'a',
      `"${kibibytes(5 * 1024)}"`,
      'b',
      kibibytes(300),
      kibibytes(200),
      `"${kibibytes(200)}"`,
      kibibytes(190),
      kibibytes(100, '\\'),
      `"${kibibytes(64, '""')}"`,
      `"${kibibytes(50, '""')}"`,
      `"${kibibytes(60, '\n\n\t ')}"`,
      'c',
    ];
    const content = `n,text\n${fields.map((field, i) => `${i + 1},${field}\n`).join('')}`;
    const { rows, rejects } = await carry(content);
    expect(rejects.map(({ row, code, rawTruncated }) => [row, code, rawTruncated])).toEqual([
      [1, 'RECORD_TOO_LARGE', true],
      [3, 'QUOTE_NOT_CLOSED', true],
      [5, 'RECORD_TOO_LARGE', true],
      [6, 'ROW_TOO_LARGE', true],
      [7, 'ROW_TOO_LARGE', true],
      [9, 'ROW_TOO_LARGE', true],
    ]);
    expect(rows.map(({ row, data }) => [row, (data as { text: string | null }).text])).toEqual([
      [2, 'a'],
      [4, 'b'],
      [8, kibibytes(190)],
      [10, kibibytes(64, '"')],
      [11, kibibytes(50, '"')],
      [12, null],
      [13, 'c'],
    ]);
    const whole = rejects.map(({ byteStart, byteEnd }) => byteEnd - byteStart);
    expect(whole.slice(0, 3)).toEqual([5 * 1024 * 1024 + 2, 5 * 1024 * 1024 + 4, 300 * 1024 + 2]);
  });

  it('in quotes over many lines is set aside to the end of its first one', async () => {
    const content = `n,text\n1,"${kibibytes(200)}\n${kibibytes(100)}\n${kibibytes(300)}"\n2,a\n`;
    const { rows, rejects } = await carry(content);
    const first = 7 + 3 + 200 * 1024;
    const second = first + 1 + 100 * 1024;
    expect(rejects.map(placeOf)).toEqual([
      { row: 1, line: 2, byteStart: 7, byteEnd: first, code: 'QUOTE_NOT_CLOSED' },
      { row: 2, line: 3, byteStart: first + 1, byteEnd: second, code: 'FIELD_COUNT' },
      { row: 3, line: 4, byteStart: second + 1, byteEnd: second + 2 + 300 * 1024, code: 'RECORD_TOO_LARGE' },
    ]);
    expect(rows.map(({ row, line, data }) => [row, line, data])).toEqual([[4, 5, { n: '2', text: 'a' }]]);
  });
});
