import { SluiceError } from '../errors.ts';

/** `utf-8` is read as it is; the others are decoded once into a UTF-8 copy first. */
export type FileEncoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'gzip';

type Signature = { readonly name: string; readonly bytes: Buffer };

const signature = (name: string, hex: string): Signature => ({ name, bytes: Buffer.from(hex, 'hex') });

// Longer marks first: UTF-32 begins as UTF-16 does.
const foreignMarks = [signature('UTF-32 LE', 'fffe0000'), signature('UTF-32 BE', '0000feff')];
const utf8Mark = Buffer.from('efbbbf', 'hex');
const utf16LittleMark = Buffer.from('fffe', 'hex');
const utf16BigMark = Buffer.from('feff', 'hex');
const gzipMagic = Buffer.from('1f8b', 'hex');

// Magic numbers as in the formats' own specifications; only those that no text begins with.
const formats = [
  signature('a zip archive (perhaps an xlsx workbook)', '504b0304'),
  signature('an empty zip archive', '504b0506'),
  signature('a spanned zip archive', '504b0708'),
  signature('an OLE document (perhaps an xls workbook)', 'd0cf11e0a1b11ae1'),
  signature('a PDF document', '255044462d'), // %PDF-
  signature('an Avro file', '4f626a01'), // Obj, 1
  signature('an Arrow file', '4152524f57310000'), // ARROW1, 0, 0
  signature('an HDF5 file', '894844460d0a1a0a'),
  signature('an SQLite database', '53514c69746520666f726d6174203300'), // SQLite format 3, 0
  signature('a zstd file', '28b52ffd'),
  signature('an xz file', 'fd377a585a00'),
  signature('an lz4 file', '04224d18'),
  signature('a 7z archive', '377abcaf271c'),
  signature('a rar archive', '526172211a07'),
  signature('a PNG image', '89504e470d0a1a0a'),
  signature('a JPEG image', 'ffd8ff'),
  signature('a program', '7f454c46'), // ELF
];

const parquetMagic = Buffer.from('PAR1');
const bzip2Magic = Buffer.from('BZh');
const bzip2Block = Buffer.from('314159265359', 'hex');

const startsWith = (head: Buffer, mark: Buffer): boolean => head.subarray(0, mark.length).equals(mark);

// PAR1 could be a column's name: what follows in Parquet is a Thrift struct, which no text begins with.
const isParquet = (head: Buffer): boolean => {
  const after = head[parquetMagic.length];
  if (!startsWith(head, parquetMagic) || after === undefined) return false;
  return (
    after >= 0x80 || (after < 0x20 && ![0x09, 0x0a, 0x0d].includes(after)) || head.subarray(4).includes(parquetMagic)
  );
};

const isBzip2 = (head: Buffer): boolean => startsWith(head, bzip2Magic) && head.subarray(4, 10).equals(bzip2Block);

const formatOf = (head: Buffer): string | undefined => {
  if (isParquet(head)) return 'a Parquet file';
  if (isBzip2(head)) return 'a bzip2 file';
  return formats.find(({ bytes }) => startsWith(head, bytes))?.name;
};

/**
 * What the first bytes of a file (some hundred are enough) say about its encoding; `bomBytes` is the length of its byte order
 * mark. Throws SluiceError FILE_FORMAT for a known format that is not CSV, FILE_ENCODING for UTF-32.
 */
export const detectEncoding = (head: Buffer): { readonly encoding: FileEncoding; readonly bomBytes: number } => {
  const foreign = foreignMarks.find(({ bytes }) => startsWith(head, bytes));
  if (foreign !== undefined)
    throw new SluiceError('FILE_ENCODING', `expected UTF-8 or UTF-16 text, found ${foreign.name}`);
  if (startsWith(head, utf8Mark)) return { encoding: 'utf-8', bomBytes: utf8Mark.length };
  if (startsWith(head, utf16LittleMark)) return { encoding: 'utf-16le', bomBytes: utf16LittleMark.length };
  if (startsWith(head, utf16BigMark)) return { encoding: 'utf-16be', bomBytes: utf16BigMark.length };
  if (startsWith(head, gzipMagic)) return { encoding: 'gzip', bomBytes: 0 };
  const format = formatOf(head);
  if (format !== undefined) throw new SluiceError('FILE_FORMAT', `expected a CSV file, found ${format}`);
  return { encoding: 'utf-8', bomBytes: 0 };
};
