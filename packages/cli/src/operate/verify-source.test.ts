import { gzipSync } from 'node:zlib';
import { SluiceError } from '@sluice/core/errors';
import { stagedKeyOf } from '@sluice/core/identity';
import { createMemoryJobs } from '@sluice/core/memory-jobs';
import { createMemoryObjects } from '@sluice/core/memory-objects';
import { createMemoryRows } from '@sluice/core/memory-rows';
import type { ChunkRecord, Job, JobLayout } from '@sluice/core/ports/job-store';
import { describe, expect, it } from 'vitest';
import type { CarriedJob } from './carried-job-harness.ts';
import { carryJob } from './carried-job-harness.ts';
import type { PlannedJob } from './count-source.ts';
import { createOperateHarness, jobId } from './operate-harness.ts';
import { verify } from './verify.ts';
import { csvOf, verified } from './verify-harness.ts';

const complete: Partial<Job> = { state: 'COMPLETE' };

const ofFile = async (settings: CarriedJob) => {
  const harness = createOperateHarness();
  await carryJob(harness, settings);
  return verified(harness);
};

describe('verify, of files of every kind', () => {
  const text = '\n\nid;name\r\n1;"für\n€"\r\n\r\n2;b\r\n3;"a;""b"\r\n4;\r\n5;zz';
  it.each<readonly [string, CarriedJob, { readonly rows: number; readonly isDecoded: boolean }]>([
    ['plain', { content: Buffer.from(text) }, { rows: 5, isDecoded: false }],
    ['with a byte order mark', { content: Buffer.from(`\ufeff${text}`) }, { rows: 5, isDecoded: false }],
    ['gzip', { content: gzipSync(text) }, { rows: 5, isDecoded: true }],
    ['gzip in gzip', { content: gzipSync(gzipSync(text)) }, { rows: 5, isDecoded: true }],
    ['UTF-16', { content: Buffer.from(`\ufeff${text}`, 'utf16le') }, { rows: 5, isDecoded: true }],
    ['UTF-16 in gzip', { content: gzipSync(Buffer.from(`\ufeff${text}`, 'utf16le')) }, { rows: 5, isDecoded: true }],
    [
      'windows-1252',
      { content: Buffer.from('id,name\n1,f\xfcr\n2,\x80\n', 'latin1'), profile: { encoding: 'windows-1252' } },
      { rows: 2, isDecoded: true },
    ],
    [
      'without a header',
      { content: Buffer.from('1,a\n\n2,b\n'), profile: { header: false } },
      { rows: 2, isDecoded: false },
    ],
    [
      'with a limit',
      { content: Buffer.from(`${csvOf(40)}\n\n`), profile: { limit: 17 } },
      { rows: 17, isDecoded: false },
    ],
    [
      'with a limit it never reaches',
      { content: Buffer.from(csvOf(4)), profile: { limit: 17 } },
      { rows: 4, isDecoded: false },
    ],
    ['with a limit, packed', { content: gzipSync(csvOf(40)), profile: { limit: 40 } }, { rows: 40, isDecoded: true }],
    ['of a header alone', { content: Buffer.from('id,name') }, { rows: 0, isDecoded: false }],
    ['empty', { content: Buffer.alloc(0) }, { rows: 0, isDecoded: false }],
    ['of blank lines', { content: Buffer.from('\n\n\r\n'), profile: { header: false } }, { rows: 0, isDecoded: false }],
    [
      'with a quote that is never closed',
      { content: Buffer.from('id,name\n1,a\n2,"b\n3,c\n') },
      { rows: 3, isDecoded: false },
    ],
    [
      'with bytes that are no UTF-8',
      { content: Buffer.from('id,name\n1,a\n2,\xff\n', 'latin1') },
      { rows: 2, isDecoded: false },
    ],
  ])('holds: %s', async (_, settings, source) => {
    const { status, value } = await ofFile({ ...settings, chunkBytes: 8 });
    expect(value).toMatchObject({ verdict: 'holds', reasons: [], source: { ...source, faults: [] }, gaps: [] });
    expect(status).toBe(0);
  });

  it('stops reading where the limit does', async () => {
    const harness = createOperateHarness({ objects: createMemoryObjects({ pieceBytes: 16 }) });
    await carryJob(harness, { content: Buffer.from(csvOf(40)), profile: { limit: 5 } });
    // Of 430 bytes, rows 1 to 5 end with byte 53.
    expect((await verified(harness)).value).toMatchObject({ verdict: 'holds', source: { rows: 5, bytes: 64 } });
  });

  it('does not look at the copy that was made of a packed file', async () => {
    const harness = createOperateHarness();
    await carryJob(harness, { content: gzipSync(csvOf(9)) });
    harness.objects.remove('work', stagedKeyOf(jobId));
    expect(await verified(harness)).toMatchObject({ status: 0, value: { verdict: 'holds' } });
  });

  it('finds a copy that held fewer rows than the file', async () => {
    const harness = createOperateHarness();
    const { file } = await carryJob(harness, { content: gzipSync(csvOf(9)) });
    const head = await harness.objects.put(file.bucket, file.key, gzipSync(csvOf(10)));
    const { getJob } = harness.jobs;
    harness.jobs.getJob = async (id) => {
      const job = await getJob(id);
      return job === undefined ? undefined : { ...job, file: { ...file, ...head } };
    };
    const { status, value } = await verified(harness);
    expect(status).toBe(1);
    expect(value).toMatchObject({ verdict: 'gap', source: { rows: 10 } });
    expect(value.source.faults).toContainEqual({ message: 'expected 9 rows, as planned, found 10 in the file' });
  });
});

describe('verify, of a file that is not as it was planned', () => {
  /** Changes chunks as they are read. */
  const withChunks = (change: (chunk: ChunkRecord) => ChunkRecord | undefined) => {
    const jobs = createMemoryJobs();
    const { listChunks } = jobs;
    jobs.listChunks = async function* (...args) {
      for await (const page of listChunks(...args)) yield page.flatMap((chunk) => change(chunk) ?? []);
    };
    return createOperateHarness({ jobs });
  };

  it.each([-1, 1])('finds a boundary between chunks that was moved by a byte: %i', async (by) => {
    const harness = withChunks((chunk) => ({
      ...chunk,
      start: chunk.start + (chunk.chunk === 1 ? by : 0),
      end: chunk.end + (chunk.chunk === 0 ? by : 0),
    }));
    await harness.addJob({ csv: csvOf(25), job: complete });
    const { status, value, text } = await verified(harness);
    expect(status).toBe(1);
    expect(value).toMatchObject({ verdict: 'gap', gaps: [], source: { rows: 25 } });
    expect(value.source.faults.map(({ chunk }) => chunk)).toContain(0);
    expect(text).toContain('chunk 0: expected its end, byte');
    expect(text).toContain('chunk 1: expected its start, byte');
  });

  it.each<readonly [string, (chunk: ChunkRecord) => ChunkRecord | undefined, RegExp]>([
    ['lost a chunk', (chunk) => (chunk.chunk === 1 ? undefined : chunk), /expected chunk 1 next in the plan, found 2/],
    [
      'lost the last chunk',
      (chunk) => (chunk.chunk === 2 ? undefined : chunk),
      /expected every byte in a chunk[\s\S]*expected 3 chunks, found 2/,
    ],
    [
      'has chunks that overlap',
      (chunk) => ({ ...chunk, start: chunk.start - (chunk.chunk === 1 ? 1 : 0) }),
      /chunk 1: expected to begin at byte 100, where the chunk before it ends, found byte 99/,
    ],
    [
      'counts a row too many',
      (chunk) => (chunk.chunk === 2 ? { ...chunk, rows: 6 } : chunk),
      /expected 6 rows .* found 5/,
    ],
    [
      'numbers rows otherwise',
      (chunk) => ({ ...chunk, firstRow: chunk.firstRow + (chunk.chunk === 2 ? 1 : 0) }),
      /row 21, found 22/,
    ],
    ['numbers lines otherwise', (chunk) => ({ ...chunk, firstLine: chunk.firstLine + 1 }), /line 2, found 3/],
    [
      'goes on behind the file',
      (chunk) => (chunk.chunk === 2 ? { ...chunk, end: chunk.end + 9 } : chunk),
      /expected its end/,
    ],
  ])('finds a plan that %s', async (_, change, message) => {
    const harness = withChunks(change);
    await harness.addJob({ csv: csvOf(25), job: complete });
    const { status, value, text } = await verified(harness);
    expect(status).toBe(1);
    expect(value.verdict).toBe('gap');
    expect(text).toMatch(message);
  });

  /** Verifies the job of a file as if it had been planned with another layout. */
  const withLayout = async (content: Buffer, change: (job: PlannedJob) => Partial<JobLayout>) => {
    const harness = createOperateHarness();
    const job = (await carryJob(harness, { content })) as PlannedJob;
    harness.jobs.getJob = async () => ({ ...job, layout: { ...job.layout, ...change(job) } });
    return (await verified(harness)).value;
  };

  it('finds a plan that took a packed file for a plain one', async () => {
    const value = await withLayout(gzipSync(csvOf(5)), ({ file }) => ({ source: file }));
    expect(value).toMatchObject({
      verdict: 'gap',
      source: { faults: [{ message: expect.stringMatching(/from a decoded copy, found the file itself/) }] },
    });
  });

  it('finds a text that is longer than it was', async () => {
    const value = await withLayout(gzipSync(csvOf(5)), ({ layout }) => ({ bytes: layout.bytes - 1 }));
    expect(value).toMatchObject({
      verdict: 'gap',
      source: { faults: [{ message: 'expected 52 bytes of text, found 53' }] },
    });
  });

  it('finds a row that hides before the data', async () => {
    const harness = createOperateHarness();
    const { layout } = await harness.addJob({ csv: csvOf(25), job: complete });
    const { getJob } = harness.jobs;
    harness.jobs.getJob = async (id) => {
      const job = await getJob(id);
      if (job === undefined || layout === undefined) return undefined;
      return { ...job, layout: { ...layout, dataStart: layout.dataStart + 9, dataLine: 3 } };
    };
    const { value } = await verified(harness);
    expect(value.verdict).toBe('gap');
    expect(value.source.faults).toContainEqual({ message: 'expected 1 records before the data, found 2' });
  });

  it.each<readonly [string, (harness: ReturnType<typeof createOperateHarness>) => Promise<unknown>]>([
    ['overwritten', (harness) => harness.objects.put('inbox', 'a.csv', csvOf(25))],
    ['deleted', async (harness) => harness.objects.remove('inbox', 'a.csv')],
  ])('cannot verify a file that was %s, but counts the table', async (_, change) => {
    const harness = createOperateHarness();
    await harness.addJob({ csv: csvOf(25), job: complete });
    await change(harness);
    const { status, value } = await verified(harness);
    expect(status).toBe(1);
    expect(value).toMatchObject({
      verdict: 'cannot verify',
      reasons: [expect.stringMatching(/^its file cannot be read as it was: OBJECT_CHANGED/)],
      source: { error: { code: 'OBJECT_CHANGED' } },
      counted: { rows: 25, done: 25 },
    });
  });

  it.each(['SERVICE_REFUSED', 'THROTTLED'] as const)(
    'throws what keeps the file from being read for now: %s',
    async (code) => {
      const objects = createMemoryObjects({
        read: () => {
          throw new SluiceError(code, 'expected bytes, found none');
        },
      });
      const harness = createOperateHarness({ objects });
      await harness.addJob({ csv: csvOf(5), job: complete });
      await expect(harness.run(verify(harness.session, jobId))).rejects.toThrow(SluiceError);
      expect(harness.hasResult()).toBe(false);
    },
  );

  it('throws what a service refuses for now, which is no answer', async () => {
    const rows = createMemoryRows();
    rows.readChunk = () => {
      throw new Error('expected the table, found it down');
    };
    const harness = createOperateHarness({ rows });
    await harness.addJob({ csv: csvOf(5), job: complete });
    await expect(verify(harness.session, jobId)).rejects.toThrow('found it down');
    expect(harness.hasResult()).toBe(false);
  });
});
