// The oracle's reading of encodings: by tables and bit shifts, without the platform's decoders.

/** Windows-1252 from 0x80 to 0x9F, the rest being Latin-1. Source: Encoding Standard, index windows-1252. */
const windows1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';

const decodeWindows1252 = (bytes: Buffer): string => {
  let text = '';
  for (const byte of bytes) text += byte >= 0x80 && byte < 0xa0 ? windows1252[byte - 0x80] : String.fromCharCode(byte);
  return text;
};

/** Undefined when a unit is cut in half or a surrogate stands alone. A byte order mark goes. */
const decodeUtf16 = (bytes: Buffer, isLittle: boolean): string | undefined => {
  if (bytes.length % 2 === 1) return undefined;
  let text = '';
  for (let at = 0; at < bytes.length; at += 2) {
    const [first = 0, second = 0] = [bytes[at], bytes[at + 1]];
    text += String.fromCharCode(isLittle ? second * 256 + first : first * 256 + second);
  }
  const isAlone = Array.from(text).some(
    (character) => character >= '\ud800' && character <= '\udfff' && character.length === 1,
  );
  return isAlone ? undefined : text.replace(/^\ufeff/, '');
};

/** What a file of another format begins with, in hexadecimal digits, as in the formats' specifications. */
const formats = [
  ...['504b0304', '504b0506', '504b0708', 'd0cf11e0a1b11ae1', '255044462d', '4f626a01', '4152524f57310000'],
  ...['894844460d0a1a0a', '53514c69746520666f726d6174203300', '28b52ffd', 'fd377a585a00', '04224d18', '377abcaf271c'],
  ...['526172211a07', '89504e470d0a1a0a', 'ffd8ff', '7f454c46', '425a68', '1f8b', 'fffe0000', '0000feff'],
];

// The name alone could be a column's; in Parquet a Thrift struct follows, whose first byte is no character of a text.
const isParquet = (bytes: Buffer): boolean => {
  const [after = 0x20] = bytes.subarray(4);
  const isCharacter = (after >= 0x20 && after < 0x80) || [0x09, 0x0a, 0x0d].includes(after);
  return bytes.toString('latin1', 0, 4) === 'PAR1' && !isCharacter;
};

const isOtherFormat = (bytes: Buffer): boolean => {
  const digits = bytes.toString('hex', 0, 20);
  return isParquet(bytes) || formats.some((format) => digits.startsWith(format));
};

/** Bytes of the UTF-8 byte order mark that they begin with, if they do. */
export const markBytes = (bytes: Buffer): number => (bytes.toString('hex', 0, 3) === 'efbbbf' ? 3 : 0);

const decode = (bytes: Buffer, declared: string): string | undefined => {
  const mark = bytes.toString('hex', 0, 2);
  if (mark === 'fffe' || mark === 'feff') return decodeUtf16(bytes, mark === 'fffe');
  switch (declared.toLowerCase()) {
    case 'windows-1252':
    case 'latin1':
      return decodeWindows1252(bytes);
    case 'utf-16':
    case 'utf-16le':
    case 'utf-16be':
      return decodeUtf16(bytes, declared.toLowerCase() !== 'utf-16be');
    default:
      throw new Error('expected an encoding that the oracle knows, found another');
  }
};

/**
 * The bytes from which a file is read, to which all offsets refer: itself, or its text as UTF-8. Undefined when it is refused: it
 * is not in the encoding it should be in, or of a format that is no CSV. Packed files the oracle does not know, and refuses.
 */
export const toUtf8 = (bytes: Buffer, declared: string | undefined): Buffer | undefined => {
  if (isOtherFormat(bytes)) return undefined;
  const isMarked = ['fffe', 'feff'].includes(bytes.toString('hex', 0, 2));
  const isUtf8 = markBytes(bytes) > 0 || declared === undefined || /^utf-?8$/i.test(declared);
  if (isUtf8 && !isMarked) return bytes;
  const text = decode(bytes, declared ?? '');
  if (text === undefined) return undefined;
  const copy = Buffer.from(text);
  return isOtherFormat(copy) ? undefined : copy;
};
