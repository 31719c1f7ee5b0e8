import { gzipSync } from 'node:zlib';
import { stagedKeyOf } from '@sluice/core/identity';
import { createMemoryObjects } from '@sluice/core/memory-objects';
import type { Job, JobLayout, Profile } from '@sluice/core/ports/job-store';
import { createVirtualClock } from '@sluice/core/virtual-clock';
import { describe, expect, it } from 'vitest';
import { readLayout } from './read-layout.ts';

const jobId = '0123456789abcdefghjkmnpqrs';
const stagedKey = stagedKeyOf(jobId);

const utf16le = (content: string): Buffer => Buffer.from(`\ufeff${content}`, 'utf16le');

const setUp = async (content: string | Buffer, profile: Partial<Profile> = {}) => {
  const objects = createMemoryObjects();
  const head = await objects.put('in', 'a.csv', content);
  const job: Job = {
    jobId,
    file: { bucket: 'in', key: 'a.csv', ...head },
    profile: { prefix: '', ...profile },
    schemaHash: '',
    codeVersion: '1',
    rowsPerMessage: 0,
    createdAt: 0,
    state: 'PLANNING',
    repairs: 0,
    auditAt: 0,
  };
  return { objects, job, read: () => readLayout(job, { objects, clock: createVirtualClock() }, 'staged') };
};

const layoutOf = async (content: string | Buffer, profile?: Partial<Profile>): Promise<JobLayout> => {
  const { read } = await setUp(content, profile);
  const { layout, ...rest } = await read();
  expect(rest).toEqual({});
  return layout;
};

describe('readLayout', () => {
  it('reads a UTF-8 file where it is, at its version', async () => {
    const { objects, job, read } = await setUp('id;name\n1;a\n');
    expect(await read()).toEqual({
      layout: {
        source: { bucket: 'in', key: 'a.csv', etag: job.file.etag },
        bytes: 12,
        delimiter: ';',
        columns: ['id', 'name'],
        outputColumns: ['id', 'name'],
        dataStart: 8,
        dataLine: 2,
      },
    });
    expect(objects.puts).toEqual(['a.csv']);
  });

  it('names the version of a file in a bucket that keeps versions', async () => {
    const { objects, job } = await setUp('id\n1\n');
    const versioned = { ...job, file: { ...job.file, versionId: 'v1' } };
    const { layout } = await readLayout(versioned, { objects, clock: createVirtualClock() }, 'staged');
    expect(layout.source).toEqual({ bucket: 'in', key: 'a.csv', etag: job.file.etag, versionId: 'v1' });
    expect(objects.reads[0]?.version).toMatchObject({ versionId: 'v1', etag: job.file.etag });
  });

  it('begins the data after a byte order mark and a header of several lines', async () => {
    expect(await layoutOf('\ufeff"i\nd",name\r\n1,a\r\n')).toMatchObject({
      columns: ['i d', 'name'],
      dataStart: 3 + 12,
      dataLine: 3,
    });
  });

  it('takes the first row for data when the profile says there is no header', async () => {
    expect(await layoutOf('\ufeff1,a\n2,b\n', { header: false })).toMatchObject({
      columns: ['column_1', 'column_2'],
      dataStart: 3,
      dataLine: 1,
    });
  });

  it('takes the delimiter of the profile for that of the file', async () => {
    expect(await layoutOf('a,b;c,d\n1,2;3,4\n', { delimiter: ';' })).toMatchObject({
      delimiter: ';',
      columns: ['a,b', 'c,d'],
    });
  });

  it('keeps columns of any name apart, __proto__ too', async () => {
    const { columns, outputColumns } = await layoutOf('__proto__,constructor,a,a,\n1,2,3,4,5\n');
    expect(columns).toEqual(['__proto__', 'constructor', 'a', 'a_2', 'column_5']);
    expect(outputColumns).toEqual(columns);
  });

  it('names the columns that come out after rename and drop', async () => {
    const schema = { columns: { id: { type: 'integer', rename: 'number' }, secret: { drop: true } } };
    expect(await layoutOf('id,secret,name\n1,x,a\n', { schema })).toMatchObject({
      columns: ['id', 'secret', 'name'],
      outputColumns: ['number', 'name'],
    });
  });

  it.each([
    ['no byte', '', 0],
    ['a byte order mark alone', '\ufeff', 3],
    ['blank lines alone', '\r\n\n', 3],
  ])('finds no columns and no data in a file of %s, whatever its schema', async (_, content, dataStart) => {
    const schema = { columns: { id: { type: 'integer', required: true } } };
    for (const header of [true, false]) {
      expect(await layoutOf(content, { schema, header })).toMatchObject({
        columns: [],
        outputColumns: [],
        dataStart,
        bytes: Buffer.byteLength(content),
      });
    }
  });

  it.each([
    ['gzip', gzipSync('id;ü\n1;a\n'), {}],
    ['UTF-16', utf16le('id;ü\n1;a\n'), {}],
    ['gzip of UTF-16', gzipSync(utf16le('id;ü\n1;a\n')), {}],
    ['gzip of gzip', gzipSync(gzipSync('id;ü\n1;a\n')), {}],
    ['Windows-1252', Buffer.from('id;ü\n1;a\n', 'latin1'), { encoding: 'windows-1252' }],
    ['UTF-16 that is declared', utf16le('id;ü\n1;a\n').subarray(2), { encoding: 'utf-16' }],
    ['gzip of Windows-1252', gzipSync(Buffer.from('id;ü\n1;a\n', 'latin1')), { encoding: 'windows-1252' }],
  ])('reads %s from a UTF-8 copy, to which all offsets refer', async (_, content, profile) => {
    const { objects, read } = await setUp(content, profile);
    const { layout } = await read();
    expect(layout).toEqual({
      source: { bucket: 'staged', key: stagedKey, etag: (await objects.head('staged', stagedKey))?.etag },
      bytes: 10,
      delimiter: ';',
      columns: ['id', 'ü'],
      outputColumns: ['id', 'ü'],
      dataStart: 6,
      dataLine: 2,
    });
    expect(objects.bytesOf('staged', stagedKey)?.toString()).toBe('id;ü\n1;a\n');
    expect(objects.bytesOf('in', 'a.csv')).toEqual(content);
  });

  it.each(['utf-8', 'UTF8', 'unicode-1-1-utf-8'])(
    'reads a file that is declared as %s where it is',
    async (encoding) => {
      const { objects, read } = await setUp('id;ü\n1;a\n', { encoding });
      expect((await read()).layout.source.bucket).toBe('in');
      expect(objects.puts).toEqual(['a.csv']);
    },
  );

  it('believes a byte order mark more than what is declared', async () => {
    const profile = { encoding: 'windows-1252' };
    expect(await layoutOf('\ufeffü\n1\n', profile)).toMatchObject({ columns: ['ü'], source: { bucket: 'in' } });
    expect(await layoutOf(utf16le('ü\n1\n'), profile)).toMatchObject({ columns: ['ü'] });
    expect(await layoutOf(gzipSync(utf16le('ü\n1\n')), profile)).toMatchObject({ columns: ['ü'] });
  });

  it('decodes a declared encoding once, also when the copy could be taken for it again', async () => {
    const { objects, read } = await setUp(Buffer.from([0xc3, 0xa9, 0x0a]), { encoding: 'windows-1252' });
    expect((await read()).layout.columns).toEqual(['Ã©']);
    expect(objects.puts).toEqual(['a.csv', stagedKey]);
  });

  it.each([
    ['a zip archive', Buffer.from('504b0304140000000800', 'hex'), {}, 'FILE_FORMAT'],
    ['gzip of a zip archive', gzipSync(Buffer.from('504b0304140000000800', 'hex')), {}, 'FILE_FORMAT'],
    ['gzip in gzip in gzip', gzipSync(gzipSync(gzipSync('id\n1\n'))), {}, 'FILE_FORMAT'],
    ['UTF-32', Buffer.from('fffe000069000000', 'hex'), {}, 'FILE_ENCODING'],
    ['a header that is no UTF-8', Buffer.from([0xfc, 0x0a]), {}, 'FILE_ENCODING'],
    ['UTF-16 without a byte order mark', utf16le('id,a\n1,2\n').subarray(2), {}, 'FILE_ENCODING'],
    ['lines that end with CR alone', 'id\r1\r2\r', {}, 'FILE_LINE_ENDS'],
    ['a gzip file that is cut', gzipSync('id\n1\n').subarray(0, 15), {}, 'FILE_TRUNCATED'],
    ['a header that is too long', `${'a'.repeat(20_000)}\n1\n`, {}, 'HEADER_TOO_LARGE'],
    ['a header with an open quote', '"id\n1\n', {}, 'HEADER_INVALID'],
    ['a thousand and one columns', `${'a,'.repeat(1_000)}a\n`, {}, 'TOO_MANY_COLUMNS'],
    ['a delimiter that is none', 'id\n1\n', { delimiter: '""' }, 'FILE_FORMAT'],
    [
      'a column that the schema requires and the file lacks',
      'name\na\n',
      { schema: { columns: { id: { type: 'integer', required: true } } } },
      'SCHEMA_MISMATCH',
    ],
  ] as const)('refuses %s', async (_, content, profile, code) => {
    const { objects, read } = await setUp(content, profile);
    await expect(read()).rejects.toMatchObject({ code, permanent: true });
    expect(objects.bytesOf('in', 'a.csv')).toEqual(Buffer.from(content));
  });

  it.each([
    ['gzip in gzip in gzip', gzipSync(gzipSync(gzipSync('id\n1\n')))],
    ['UTF-16 in gzip in gzip', gzipSync(gzipSync(utf16le('id\n1\n')))],
  ])('refuses %s as more layers than a file may have', async (_, content) => {
    const { read } = await setUp(content);
    await expect(read()).rejects.toMatchObject({
      message: 'expected a CSV file packed or encoded at most twice over, found more layers; unpack it first',
    });
  });

  it('refuses a file whose declared encoding nobody knows, for good', async () => {
    const { read } = await setUp('id\n1\n', { encoding: 'klingon' });
    await expect(read()).rejects.toMatchObject({ code: 'FILE_ENCODING', permanent: true });
  });

  it('reads the head alone of a large file, and no more of a copy', async () => {
    const content = `id,name\n${'1,some name\n'.repeat(100_000)}`;
    const { objects, read } = await setUp(content);
    await read();
    expect(objects.reads.map(({ start, end }) => [start, end])).toEqual([[0, 320 * 1024]]);
    expect((await setUp(gzipSync(content))).job.file.bytes).toBeLessThan(320 * 1024);
  });

  it('says that a file was replaced before its head was read', async () => {
    const { objects, read } = await setUp('id\n1\n');
    await objects.put('in', 'a.csv', 'id\n1\n');
    await expect(read()).rejects.toMatchObject({ code: 'OBJECT_CHANGED' });
  });
});
