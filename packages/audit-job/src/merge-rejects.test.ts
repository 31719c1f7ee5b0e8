import { catchOutput } from '@sluice/core/caught-output';
import { rejectKeyOf } from '@sluice/core/identity';
import { createOpenJob } from '@sluice/core/memory-jobs';
import type { ReadScript } from '@sluice/core/memory-objects';
import { createMemoryObjects } from '@sluice/core/memory-objects';
import type { Job, JobLayout } from '@sluice/core/ports/job-store';
import type { RejectLine } from '@sluice/core/rejected-rows';
import { describe, expect, it } from 'vitest';
import { bucket, jobId, range, secret, setUp } from './audit-harness.ts';

const [csvKey, reasonsKey, manifestKey] = ['csv', 'ndjson', 'manifest.json'].map(
  (end) => `jobs/${jobId}/rejects.${end}`,
) as [string, string, string];

const lines = catchOutput();

type Rejected = { readonly text: string | Buffer; readonly code?: string; readonly keptBytes?: number };

/**
 * A complete job of which every row was rejected, over a file of these bytes: `head`, then the rows, each with its line end. Rows stand in
 * chunks of so many.
 */
const setUpRejects = async (
  head: string | Buffer,
  rows: readonly Rejected[],
  {
    perChunk = 2,
    layout = {},
    profile = {},
    read = () => undefined,
  }: {
    readonly perChunk?: number;
    readonly read?: ReadScript;
    readonly layout?: Partial<JobLayout>;
    readonly profile?: Partial<Job['profile']>;
  } = {},
) => {
  const objects = createMemoryObjects({ pieceBytes: 7, read });
  const dataStart = Buffer.byteLength(head);
  let at = dataStart;
  const rejects: RejectLine[] = rows.map(({ text, code = 'REQUIRED', keptBytes }, index) => {
    const bytes = Buffer.from(text);
    const kept = keptBytes === undefined ? bytes : bytes.subarray(0, keptBytes);
    const byteStart = at;
    at += bytes.length + 1;
    const isText = kept.equals(Buffer.from(kept.toString('utf8')));
    return {
      row: index + 1,
      line: index + 2,
      byteStart,
      byteEnd: byteStart + bytes.length,
      code,
      column: 'a',
      message: `expected ${index}`,
      ...(isText ? { raw: kept.toString('utf8') } : { rawBase64: kept.toString('base64') }),
      ...(keptBytes === undefined ? {} : { rawTruncated: true as const }),
    };
  });
  const content = Buffer.concat([
    Buffer.from(head),
    ...rows.flatMap(({ text }) => [Buffer.from(text), Buffer.from('\n')]),
  ]);
  const source = { bucket: 'uploads', key: 'a.csv', ...(await objects.put('uploads', 'a.csv', content)) };
  const { bytes: _, ...version } = source;
  const job = createOpenJob(jobId, source, ['a', 'b']);
  const made = await setUp({
    objects,
    job: {
      file: source,
      profile: { prefix: '', ...profile },
      layout: { ...job.layout, source: version, dataStart, ...layout },
      plan: { chunks: Math.ceil(rows.length / perChunk), rows: rows.length, closedAt: 1_000_000 },
    },
  });
  for (let chunk = 0; chunk * perChunk < rows.length; chunk++) {
    const some = rejects.slice(chunk * perChunk, (chunk + 1) * perChunk);
    const firstRow = chunk * perChunk + 1;
    await made.jobs.putChunks(jobId, [
      { chunk, rows: some.length, start: 0, end: 1, firstRow, firstLine: firstRow + 1 },
    ]);
    const key = rejectKeyOf(jobId, chunk);
    await objects.put(bucket, key, some.map((line) => `${JSON.stringify(line)}\n`).join(''));
    await made.jobs.putCounts(jobId, chunk, { accepted: 0, rejected: some.length, rejects: key });
  }
  return {
    ...made,
    rejects,
    source,
    csv: () => objects.bytesOf(bucket, csvKey)?.toString('latin1'),
    reasons: () =>
      (objects.bytesOf(bucket, reasonsKey)?.toString() ?? '')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as RejectLine),
  };
};

describe('the merged rejects of a job', () => {
  it('are its header and its rejected rows as they stand in the file, with the reasons line by line', async () => {
    const rows = [{ text: `1,"${secret}\n"` }, { text: '2' }, { text: ' 3 ;, "x"' }].map((row) => row);
    const made = await setUpRejects('a,"b ""c"""\n', rows);
    expect(await made.audit()).toBe('COMPLETE');
    expect(made.csv()).toBe(`a,"b ""c"""\n1,"${secret}\n"\n2\n 3 ;, "x"\n`);
    expect(made.reasons()).toEqual(made.rejects.map(({ raw: _, ...reason }) => reason));
    expect(made.objects.bytesOf(bucket, manifestKey)).toBeUndefined();
    expect(lines.join('')).not.toContain(secret);
  });

  it('are there before the job is complete, and before that is told', async () => {
    const made = await setUpRejects('a\n', [{ text: '1' }]);
    const seen: unknown[] = [];
    const { changeJob } = made.jobs;
    made.jobs.changeJob = (id, states, change) => {
      if (change.state === 'COMPLETE') seen.push(made.csv());
      return changeJob(id, states, change);
    };
    await made.audit();
    expect(seen).toEqual(['a\n1\n']);
    expect(made.events.sent).toMatchObject([{ rejects: csvKey, rejected: 1 }]);
  });

  it('have every row whose quote is never closed at the end, so that it swallows no other', async () => {
    const open = { code: 'QUOTE_NOT_CLOSED' };
    const rows = [{ text: '1,"x', ...open }, { text: '2' }, { text: '3,"y', ...open }, { text: '4' }, { text: '5' }];
    const made = await setUpRejects('a\n', rows);
    await made.audit();
    expect(made.csv()).toBe('a\n2\n4\n5\n1,"x\n3,"y\n');
    expect(made.reasons().map(({ row }) => row)).toEqual([2, 4, 5, 1, 3]);
  });

  it('have the bytes of rows that are no UTF-8', async () => {
    const bytes = Buffer.from([0x31, 0x2c, 0xff, 0xc0, 0x00]);
    const made = await setUpRejects('a\n', [{ text: bytes, code: 'INVALID_UTF8' }]);
    await made.audit();
    expect(made.csv()).toBe(`a\n${bytes.toString('latin1')}\n`);
    expect(made.reasons()[0]).not.toHaveProperty('rawBase64');
  });

  it('have all bytes of a row of which only the first were kept', async () => {
    const text = 'x'.repeat(1_000);
    const made = await setUpRejects('a\n', [{ text: '1' }, { text, keptBytes: 10 }, { text: '3' }]);
    await made.audit();
    expect(made.csv()).toBe(`a\n1\n${text}\n3\n`);
    expect(made.reasons().map(({ rawTruncated }) => rawTruncated)).toEqual([undefined, true, undefined]);
  });

  it('are made anew where the file goes while such a row is read: a row is whole or what was kept of it', async () => {
    const text = 'x'.repeat(100);
    let isGoing = true;
    const made = await setUpRejects('a\n', [{ text: '1' }, { text, keptBytes: 10 }], {
      read({ version, start }) {
        if (!isGoing || version.bucket !== 'uploads' || start < 4) return undefined;
        // The first read of the row breaks off; before the second one the file is gone.
        if (start > 4) {
          isGoing = false;
          made.objects.remove('uploads', 'a.csv');
        }
        return { kind: 'ends', afterBytes: 14 };
      },
    });
    await expect(made.audit()).rejects.toThrow('found it handed back');
    expect([isGoing, made.csv()]).toEqual([false, undefined]);
    expect(await made.audit()).toBe('COMPLETE');
    expect(made.csv()).toBe(`"a","b"\n1\n${'x'.repeat(10)}\n`);
  });

  it('have what is kept of such a row, and the names of the columns, where the file is gone', async () => {
    const made = await setUpRejects('A\n', [{ text: 'x'.repeat(100), keptBytes: 10 }], {
      layout: { columns: ['a "1"', 'b;2'], delimiter: ';' },
    });
    made.objects.remove('uploads', 'a.csv');
    expect(await made.audit()).toBe('COMPLETE');
    expect(made.csv()).toBe(`"a ""1""";"b;2"\n${'x'.repeat(10)}\n`);
  });

  it.each<[string, string, string]>([
    ['a byte order mark', '\ufeffa,b\n', 'a,b\n'],
    ['blank lines before it', '\n\r\n\na,b\r\n', 'a,b\n'],
    ['both', '\ufeff\r\n\na,b\r\n', 'a,b\n'],
    ['lines within quotes', '"a\n\nx",b\n', '"a\n\nx",b\n'],
    ['half a megabyte of blank lines', `${'\n'.repeat(500_000)}a\n`, 'a\n'],
    ['as many bytes as a header may have', `${'h'.repeat(16 * 1024)}\r\n`, `${'h'.repeat(16 * 1024)}\n`],
  ])('have the header alone where the file has %s', async (_, head, header) => {
    const made = await setUpRejects(head, [{ text: '1' }]);
    await made.audit();
    expect(made.csv()).toBe(`${header}1\n`);
  });

  it("are a list of the chunks' own where one invocation is too short to merge them", async () => {
    const rows = range(1, 40).map((row) => ({ text: `${row}` }));
    const made = await setUpRejects('a\n', rows, {
      perChunk: 1,
      read({ version }) {
        if (version.bucket === bucket) made.clock.pass(20_000);
        return undefined;
      },
    });
    expect(await made.audit()).toBe('COMPLETE');
    expect(made.csv()).toBeUndefined();
    const manifest = JSON.parse(String(made.objects.bytesOf(bucket, manifestKey))) as { objects: unknown[] };
    expect(manifest.objects).toHaveLength(40);
    expect(made.events.sent).toMatchObject([{ rejects: manifestKey }]);
  });

  it.each(['windows-1252', 'iso-8859-1', 'utf-16le'])(
    'begin with a mark where the profile declares %s: the copy that they come from is UTF-8',
    async (encoding) => {
      const made = await setUpRejects('ä,b\n', [{ text: 'ö' }], { profile: { encoding } });
      await made.audit();
      expect(made.csv()).toBe(Buffer.from('\ufeffä,b\nö\n').toString('latin1'));
    },
  );

  it('have no mark where the profile declares what they are in', async () => {
    const made = await setUpRejects('ä,b\n', [{ text: 'ö' }], { profile: { encoding: 'UTF8' } });
    await made.audit();
    expect(made.csv()).toBe(Buffer.from('ä,b\nö\n').toString('latin1'));
  });

  it.each<[string, string, Buffer]>([
    ['UTF-16', '', Buffer.from([0xff, 0xfe, 0x31])],
    ['UTF-32', '', Buffer.from([0xff, 0xfe, 0, 0])],
    ['gzip', '', Buffer.from([0x1f, 0x8b, 0x08])],
    ['a zip archive', '\n', Buffer.from('PK\u0003\u0004')],
    ['a PDF document', '\ufeff', Buffer.from('%PDF-')],
  ])('begin with a mark where they would be taken for %s otherwise', async (_, head, text) => {
    const made = await setUpRejects(head, [{ text, code: 'INVALID_UTF8' }], { profile: { header: false } });
    await made.audit();
    expect(made.csv()).toBe(`\xef\xbb\xbf${text.toString('latin1')}\n`);
  });

  it('begin with a mark where the header would be taken for another format without that of the file', async () => {
    const made = await setUpRejects('\ufeff%PDF-,b\n', [{ text: '1' }]);
    await made.audit();
    expect(made.csv()).toBe('\xef\xbb\xbf%PDF-,b\n1\n');
  });

  it('begin with a mark where a row would lose its own otherwise', async () => {
    const made = await setUpRejects('', [{ text: '\ufeff"1"' }], { profile: { header: false } });
    await made.audit();
    expect(made.csv()).toBe(Buffer.from('\ufeff\ufeff"1"\n').toString('latin1'));
  });

  it('have no header where the file has none', async () => {
    const made = await setUpRejects('', [{ text: '1' }], { profile: { header: false } });
    await made.audit();
    expect(made.csv()).toBe('1\n');
  });

  it('come to the same when they are made again', async () => {
    const made = await setUpRejects('a\n', [{ text: '1' }, { text: '2,"', code: 'QUOTE_NOT_CLOSED' }, { text: '3' }]);
    const { changeJob } = made.jobs;
    let left = 1;
    made.jobs.changeJob = async (id, states, change) => {
      if (change.state === 'COMPLETE' && left-- > 0) throw new Error('throttled');
      return changeJob(id, states, change);
    };
    await made.deliver(JSON.stringify({ v: 1, kind: 'audit', jobId }));
    const first = [made.csv(), made.reasons()];
    expect(made.jobs.jobOf(jobId).state).toBe('OPEN');
    expect(await made.audit()).toBe('COMPLETE');
    expect([made.csv(), made.reasons()]).toEqual(first);
    expect(made.objects.puts.filter((key) => key === csvKey)).toHaveLength(2);
  });

  it('are not made where there are none, or where nobody wants them', async () => {
    const none = await setUp({ chunks: [{ rows: 1, rejected: [], done: [1] }] });
    await none.audit();
    const unwanted = await setUp({ chunks: [{ rows: 1, rejected: [1] }], config: { mergeRejects: false } });
    expect(await unwanted.audit()).toBe('COMPLETE');
    for (const { objects, events } of [none, unwanted]) {
      expect(objects.puts.filter((key) => !key.includes('rejects/'))).toEqual([]);
      expect(events.sent[0]).not.toHaveProperty('rejects');
    }
  });

  it.each<[string, (line: string) => string]>([
    ['of which lines are missing', (text) => text.slice(0, text.indexOf('\n') + 1)],
    ['that is cut', (text) => `${text.slice(0, -20)}\n`],
  ])('are not made over a reject object %s: it is written again', async (_, damage) => {
    const made = await setUpRejects('a\n', [{ text: '1' }, { text: '2' }, { text: '3' }]);
    const key = rejectKeyOf(jobId, 0);
    await made.objects.put(bucket, key, damage(made.objects.bytesOf(bucket, key)?.toString() ?? ''));
    made.wait();
    expect(await made.audit()).toBe('OPEN');
    expect(made.csv()).toBeUndefined();
    expect(made.sent().chunks).toEqual([{ chunk: 0 }]);
  });

  it('wait for a pass with enough time', async () => {
    const made = await setUp({ chunks: [{ rows: 2, rejected: [1], done: [2] }], chunkMilliseconds: 121_000 });
    expect(await made.audit()).toBe('OPEN');
    expect(made.jobs.jobOf(jobId).auditAt).toBe(made.clock.now());
    expect(await made.audit()).toBe('COMPLETE');
    expect(made.counted()).toEqual([0]);
  });
});

describe('too many rejects to be merged', () => {
  const expectManifest = ({ objects, events }: Awaited<ReturnType<typeof setUp>>, entries: readonly object[]): void => {
    expect(JSON.parse(objects.bytesOf(bucket, manifestKey)?.toString() ?? '')).toEqual({
      v: 1,
      jobId,
      objects: entries,
    });
    expect(objects.bytesOf(bucket, csvKey)).toBeUndefined();
    expect(events.sent).toMatchObject([{ rejects: manifestKey }]);
  };

  it('are listed where their objects hold more than a GiB', async () => {
    const objects = createMemoryObjects();
    const { head } = objects;
    objects.head = async (of, key) => {
      const found = await head(of, key);
      return found === undefined || !key.includes('rejects/') ? found : { ...found, bytes: 2 ** 29 + 1 };
    };
    const made = await setUp({
      chunks: [
        { rows: 2, rejected: [1, 2] },
        { rows: 1, rejected: [], done: [3] },
        { rows: 1, rejected: [4] },
      ],
      objects,
    });
    expect(await made.audit()).toBe('COMPLETE');
    expectManifest(made, [
      { chunk: 0, key: rejectKeyOf(jobId, 0), rows: 2 },
      { chunk: 2, key: rejectKeyOf(jobId, 2), rows: 1 },
    ]);
  });

  it('are listed where they are in more than two thousand objects', async () => {
    const chunks = Array.from({ length: 2_001 }, (_, chunk) => ({ rows: 1, rejected: [chunk + 1] }));
    const made = await setUp({ chunks, auditEverySeconds: 0 });
    expect(await made.audit()).toBe('COMPLETE');
    expectManifest(
      made,
      chunks.map((_, chunk) => ({ chunk, key: rejectKeyOf(jobId, chunk), rows: 1 })),
    );
  });
});
