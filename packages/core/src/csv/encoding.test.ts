import { describe, expect, it } from 'vitest';
import { SluiceError } from '../errors.ts';
import { detectEncoding } from './encoding.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const thrownBy = (head: Buffer): SluiceError => {
  try {
    detectEncoding(head);
  } catch (thrown) {
    if (thrown instanceof SluiceError) return thrown;
    throw thrown;
  }
  return expect.fail('expected a throw');
};

describe('detectEncoding', () => {
  it.each([
    ['', 'utf-8', 0],
    ['61 2c 62', 'utf-8', 0],
    ['ef bb bf 61', 'utf-8', 3],
    ['ef bb', 'utf-8', 0],
    ['ff fe 61 00', 'utf-16le', 2],
    ['fe ff 00 61', 'utf-16be', 2],
    ['1f 8b 08 00', 'gzip', 0],
  ])('takes %s as %s', (bytes, encoding, bomBytes) => {
    expect(detectEncoding(hex(bytes))).toEqual({ encoding, bomBytes });
  });

  it.each([
    ['50 4b 03 04 14 00', 'a zip archive (perhaps an xlsx workbook)'],
    ['d0 cf 11 e0 a1 b1 1a e1', 'an OLE document (perhaps an xls workbook)'],
    ['50 41 52 31 15 04', 'a Parquet file'],
    ['25 50 44 46 2d 31', 'a PDF document'],
    ['42 5a 68 39 31 41 59 26 53 59', 'a bzip2 file'],
    ['28 b5 2f fd 00', 'a zstd file'],
    ['53 51 4c 69 74 65 20 66 6f 72 6d 61 74 20 33 00', 'an SQLite database'],
  ])('refuses %s as %s', (bytes, name) => {
    expect(thrownBy(hex(bytes))).toMatchObject({ code: 'FILE_FORMAT', message: `expected a CSV file, found ${name}` });
  });

  it('refuses UTF-32, though its mark begins like that of UTF-16', () => {
    const message = 'expected UTF-8 or UTF-16 text, found UTF-32 LE';
    expect(thrownBy(hex('ff fe 00 00'))).toMatchObject({ code: 'FILE_ENCODING', message });
    expect(thrownBy(hex('00 00 fe ff')).code).toBe('FILE_ENCODING');
  });

  it.each(['PAR1,PAR2\n1,2\n', 'PAR1\n1\n', 'PAR1', 'BZh9,b\n', 'PK,b\n', 'Obj,b\n'])('takes %j as text', (text) => {
    expect(detectEncoding(Buffer.from(text)).encoding).toBe('utf-8');
  });
});
