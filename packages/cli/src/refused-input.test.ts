import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { makeFolder, refusalIn, refusalOf, removeFolders, sluice, utf16be, utf16le } from './hard-input-harness.ts';

afterAll(removeFolders);

const columns = (count: number): string => `${Array.from({ length: count }, (_, i) => `c${i}`).join()}\n`;
const numbers = gzipSync(`n\n${Array.from({ length: 5_000 }, (_, i) => `${i}\n`).join('')}`);

const damaged = (bytes: Buffer, at: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy[copy.length + at] = (copy.at(at) ?? 0) ^ 1;
  return copy;
};

/** Bytes without any order, the same every time. */
const randomBytes = (count: number): Buffer => {
  let state = 7;
  return Buffer.from(
    Array.from({ length: count }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
      return state >>> 24;
    }),
  );
};

const notUtf16 = 'expected text in utf-16le, found';
const zip = 'expected a CSV file, found a zip archive (perhaps an xlsx workbook) (FILE_FORMAT)';

describe.concurrent('a file is refused in one line, and all is left as it was, for', () => {
  it.each<[what: string, content: string | Uint8Array, expected: string, option?: string]>([
    ['a zip archive', Buffer.from('504b030414000000', 'hex'), zip],
    ['a zip archive in gzip', gzipSync(Buffer.from('504b030414000000', 'hex')), zip],
    ['a workbook', Buffer.concat([Buffer.from('504b030414000600', 'hex'), Buffer.from('[Content_Types].xml')]), zip],
    ['Parquet', Buffer.from('PAR1\u0015\u0004\u0015\0PAR1'), 'expected a CSV file, found a Parquet file (FILE_FORMAT)'],
    [
      'bytes without any order',
      randomBytes(5_000),
      'expected a header in UTF-8, found NUL bytes in it (FILE_ENCODING)',
    ],
    ['a NUL in the header', 'a,\0b\n1,2\n', 'expected a header in UTF-8, found NUL bytes in it (FILE_ENCODING)'],
    [
      'a header in an encoding that is not declared',
      Buffer.from('id,pr\xe4is\n1,5\n', 'latin1'),
      'expected a header in UTF-8, found bytes that are none; declare the encoding, as in --encoding windows-1252 (FILE_ENCODING)',
    ],
    [
      'UTF-16 LE without a byte order mark',
      utf16le('id,name\n1,x\n').subarray(2),
      'expected a header in UTF-8, found one in what looks like UTF-16 LE without a byte order mark; declare it, as in --encoding utf-16le (FILE_ENCODING)',
    ],
    [
      'UTF-16 BE without a byte order mark',
      utf16be('id,name\n1,x\n').subarray(2),
      'expected a header in UTF-8, found one in what looks like UTF-16 BE without a byte order mark; declare it, as in --encoding utf-16be (FILE_ENCODING)',
    ],
    [
      'UTF-32',
      Buffer.from('fffe000061000000', 'hex'),
      'expected UTF-8 or UTF-16 text, found UTF-32 LE (FILE_ENCODING)',
    ],
    [
      'UTF-16 of an odd number of bytes',
      utf16le('a\n1\n2').subarray(0, -1),
      `${notUtf16} half a character at its end (FILE_ENCODING)`,
    ],
    ['UTF-16 with half a surrogate pair', utf16le('a\n\ud83d\n2\n'), `${notUtf16} bytes that are none (FILE_ENCODING)`],
    [
      'gzip that ends early',
      numbers.subarray(0, -100),
      'expected a whole gzip file, found one that ends early (FILE_TRUNCATED)',
    ],
    [
      'gzip of its first bytes',
      numbers.subarray(0, 5),
      'expected a whole gzip file, found one that ends early (FILE_TRUNCATED)',
    ],
    [
      'gzip with a wrong checksum',
      damaged(numbers, -6),
      'expected a whole gzip file, found a damaged one (FILE_TRUNCATED)',
    ],
    [
      'gzip in gzip in gzip',
      gzipSync(gzipSync(numbers)),
      'expected a CSV file packed or encoded at most twice over, found more layers; unpack it first (FILE_FORMAT)',
    ],
    [
      'lines that end with CR',
      'a,b\r1,2\r3,4\r',
      'expected lines that end with LF or CRLF, found lines that end with CR alone (FILE_LINE_ENDS)',
    ],
    [
      'lines that end with CR, around LF in quotes',
      'a,b\r"x\ny",2\r3,4\r',
      'expected lines that end with LF or CRLF, found lines that end with CR alone (FILE_LINE_ENDS)',
    ],
    ['1,001 columns', columns(1_001), 'expected at most 1000 columns, found 1001 (TOO_MANY_COLUMNS)'],
    [
      '1,001 columns without a header',
      columns(1_001),
      'expected at most 1000 columns, found 1001 (TOO_MANY_COLUMNS)',
      '--no-header',
    ],
    [
      'a header above 16 KiB',
      `${'h'.repeat(16 * 1024 + 1)}\n1\n`,
      'expected a header of at most 16384 bytes, found a longer first record (HEADER_TOO_LARGE)',
    ],
    [
      'a quote open in the header',
      'a,"b\n1,2\n',
      'expected every quote of the header to be closed within 16384 bytes, found one open (HEADER_INVALID)',
    ],
    [
      'half a megabyte of blank lines',
      '\n'.repeat(500_000),
      'expected a header in the first 327680 bytes, found blank lines (HEADER_INVALID)',
    ],
  ])('%s', async (_, content, expected, option) => {
    expect(await refusalOf(content, option === undefined ? [] : [option])).toBe(`in.csv: ${expected}`);
  });

  it('gzip of 400 MiB in 0.4, with little memory', async () => {
    const parts = [gzipSync('a\n'), ...Array<Buffer>(4).fill(gzipSync(Buffer.alloc(100 * 1024 * 1024, '1\n')))];
    const bomb = Buffer.concat(parts);
    const most = 200 * bomb.length;
    const folder = makeFolder();
    const peak = join(makeFolder(), 'peak');
    const tellPeak = `import { writeFileSync } from 'node:fs'; import { isMainThread } from 'node:worker_threads'; if (isMainThread) process.on('exit', () => writeFileSync(${JSON.stringify(peak)}, String(process.resourceUsage().maxRSS)));`;
    writeFileSync(join(folder, 'in.csv'), bomb);
    const by = ['env', `NODE_OPTIONS=--import data:text/javascript,${encodeURIComponent(tellPeak)}`];
    expect(await refusalIn(folder, ['run', 'in.csv'], by)).toBe(
      `in.csv: expected at most ${most} bytes once unpacked, found more; unpack it first (FILE_TOO_LARGE)`,
    );
    expect(Number(readFileSync(peak, 'utf8'))).toBeLessThan(400 * 1024);
  });

  it('a column that the schema requires, with names that would act on a terminal', async () => {
    const folder = makeFolder();
    const header = 'a\u001b]0;owned\u0007\u202e\u200fmount\u2028,id\n1,2\n';
    writeFileSync(join(folder, 'in.csv'), header);
    writeFileSync(join(folder, 'schema.json'), '{"columns":{"amount\u202e":{"required":true},"b":{"required":true}}}');
    const line = await refusalIn(folder, ['run', 'in.csv', '--schema', 'schema.json']);
    expect(line).toMatch(/^in\.csv: expected the required columns "amount\\u\{202e\}".*, "b".* \(SCHEMA_MISMATCH\)$/);
  });
});

describe.concurrent('an option is refused in one line for', () => {
  it.each<[what: string, args: string[], expected: string]>([
    [
      'a quote as the delimiter',
      ['--delimiter', '"'],
      '--delimiter: expected one ASCII character, or comma, semicolon, tab or pipe, found "\\""',
    ],
    [
      'a delimiter beyond ASCII',
      ['--delimiter', '¦'],
      '--delimiter: expected one ASCII character, or comma, semicolon, tab or pipe, found "¦"',
    ],
    [
      'an encoding nobody knows',
      ['--encoding', 'klingon\u001b[31m'],
      '--encoding: expected one of utf-8, utf-16le, utf-16be, windows-1252, found "klingon\\u001b[31m"',
    ],
    ['a limit of nothing', ['--limit', '0'], '--limit: expected a whole number of at least 1, found "0"'],
  ])('%s', async (_, args, expected) => {
    expect(await refusalOf('a\n1\n', args)).toBe(expected);
  });
});

describe('the report of a file with names that would act on a terminal', () => {
  it('holds nothing of them', async () => {
    const folder = makeFolder();
    writeFileSync(join(folder, 'in.csv'), 'a\u001b[31m\u202eb,c\n1,2\n1\n\u001b[31m,2,3\n');
    const { status, stderr } = await sluice(folder, ['run', 'in.csv']);
    expect(status).toBe(0);
    expect(stderr).toContain('FIELD_COUNT 2');
    expect(stderr.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]|31m/u);
  });
});
