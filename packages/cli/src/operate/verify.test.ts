import { rejectKeyOf } from '@sluice/core/identity';
import { createMemoryRows } from '@sluice/core/memory-rows';
import type { Job } from '@sluice/core/ports/job-store';
import { describe, expect, it } from 'vitest';
import { carryJob } from './carried-job-harness.ts';
import { forgetKeyOf } from './forget-state.ts';
import { createOperateHarness, jobId } from './operate-harness.ts';
import { verify } from './verify.ts';
import { csvOf, verified, verifiedJob } from './verify-harness.ts';

const complete: Partial<Job> = { state: 'COMPLETE' };

describe('verify, of a job whose rows are where they belong', () => {
  it('holds, and shows the equation from its own counts', async () => {
    const fates = { 3: 'REJECTED', 11: 'FAILED', 25: 'REJECTED' } as const;
    const { status, value, text } = await verifiedJob({ csv: csvOf(25), fates, job: complete });
    expect(status).toBe(0);
    expect(value).toMatchObject({
      verdict: 'holds',
      counted: { rows: 25, rejected: 2, done: 22, failed: 1, dead: 0, open: 0 },
      ledger: { rows: 25, rejected: 2, done: 22, failed: 1 },
      source: { rows: 25, isDecoded: false, faults: [] },
      gaps: [],
    });
    expect(text).toContain('25 rows = 2 rejected + 22 done + 1 failed + 0 dead + 0 open');
    expect(text).toContain('holds:');
  });

  it('cannot say so before the job is COMPLETE', async () => {
    const { status, value } = await verifiedJob({ csv: csvOf(3) });
    expect(status).toBe(1);
    expect(value).toMatchObject({
      verdict: 'cannot verify',
      reasons: [
        'the job is OPEN, though every row is in exactly one place: its next audit has yet to say that it is COMPLETE',
      ],
    });
  });

  it('says how far it is every two seconds of a long count, and nothing of a short one', async () => {
    const rows = createMemoryRows();
    const harness = createOperateHarness({ rows });
    const { readChunk } = rows;
    rows.readChunk = (...place) => {
      harness.clock.pass(1_000);
      return readChunk(...place);
    };
    await harness.addJob({ csv: csvOf(50), job: complete });
    await verified(harness);
    expect(harness.notes).toEqual(['table: 20 of 50 rows', 'table: 40 of 50 rows']);
  });
});

describe('verify, of rows that are not where they belong', () => {
  it('names the row that is missing in the table', async () => {
    const harness = createOperateHarness();
    await harness.addJob({ csv: csvOf(25), job: complete });
    await harness.rows.remove(jobId, 1, [17]);
    const { status, value, text } = await verified(harness);
    expect(status).toBe(1);
    expect(value).toMatchObject({
      verdict: 'gap',
      gaps: [{ kind: 'missing', rows: [17, 17], chunks: [1, 1] }],
      counted: { rows: 25, done: 24, open: 1 },
      differences: [
        { chunk: 1, of: 'accepted', counted: 9, ledger: 10 },
        { chunk: 1, of: 'done', counted: 9, ledger: 10 },
      ],
    });
    expect(text).toContain('17 (chunk 1)  not in the table, not rejected, no mark: nothing is known');
    expect(text).toMatch(/done +24 +25 {2}table {2}<- differs/);
  });

  it('names a row that is rejected and in the table', async () => {
    const harness = createOperateHarness();
    await harness.addJob({ csv: csvOf(12), fates: { 5: 'REJECTED' }, job: complete });
    await harness.rows.insert(jobId, [[0, 5, 6, ['5', 'name 5']]]);
    const { status, value } = await verified(harness);
    expect(status).toBe(1);
    expect(value.gaps).toEqual([{ kind: 'doubled', rows: [5, 5], chunks: [0, 0] }]);
  });

  it('names a row that is rejected twice, and one that stands with another chunk', async () => {
    const harness = createOperateHarness();
    await harness.addJob({ csv: csvOf(12), fates: { 5: 'REJECTED' }, job: complete });
    const key = rejectKeyOf(jobId, 0);
    const line = harness.objects.bytesOf('work', key)?.toString() ?? '';
    await harness.objects.put('work', key, line + line);
    await harness.rows.insert(jobId, [[1, 5, 6, ['5', 'name 5']]]);
    const { value } = await verified(harness);
    expect(value.gaps).toEqual([
      { kind: 'doubled', rows: [5, 5], chunks: [0, 0] },
      { kind: 'stray', rows: [5, 5], chunks: [1, 1] },
    ]);
  });

  it('counts a row of another chunk for none', async () => {
    const harness = createOperateHarness();
    await harness.addJob({ csv: csvOf(12), job: complete });
    await harness.rows.remove(jobId, 0, [5]);
    await harness.rows.insert(jobId, [[1, 5, 6, ['5', 'name 5']]]);
    await harness.rows.finish(jobId, [[1, 5, 'DONE', null]]);
    const { value } = await verified(harness);
    expect(value).toMatchObject({ verdict: 'gap', counted: { done: 11, open: 1 } });
  });

  it('names the rows whose lines a reject object lost', async () => {
    const harness = createOperateHarness();
    await harness.addJob({ csv: csvOf(12), fates: { 5: 'REJECTED', 6: 'REJECTED' }, job: complete });
    const key = rejectKeyOf(jobId, 0);
    const lines = harness.objects.bytesOf('work', key)?.toString() ?? '';
    await harness.objects.put('work', key, lines.slice(0, lines.indexOf('\n') + 20));
    const { status, value } = await verified(harness);
    expect(status).toBe(1);
    expect(value).toMatchObject({
      verdict: 'gap',
      gaps: [{ kind: 'missing', rows: [6, 6] }],
      differences: [{ chunk: 0, of: 'rejected', counted: 1, ledger: 2 }],
    });
  });

  it('cannot tell when a reject object is gone, and says so', async () => {
    const harness = createOperateHarness();
    await harness.addJob({ csv: csvOf(12), fates: { 5: 'REJECTED', 6: 'REJECTED' }, job: complete });
    harness.objects.remove('work', rejectKeyOf(jobId, 0));
    const { status, value, text } = await verified(harness);
    expect(status).toBe(1);
    expect(value).toMatchObject({
      verdict: 'cannot verify',
      reasons: ['the reject objects of 1 chunks are gone or broken: 2 rows may be rejected or lost'],
      gaps: [{ kind: 'unknown', rows: [5, 6] }],
      rejectsGone: [{ chunk: 0, what: 'gone', counted: 2 }],
      differences: [],
    });
    expect(text).toContain('chunk 0: the reject object is gone; the ledger counted 2 rows in it');
  });

  it('finds a row that is lost besides those of a reject object that is gone', async () => {
    const harness = createOperateHarness();
    await harness.addJob({ csv: csvOf(12), fates: { 5: 'REJECTED' }, job: complete });
    harness.objects.remove('work', rejectKeyOf(jobId, 0));
    await harness.rows.remove(jobId, 0, [7]);
    expect(await verified(harness)).toMatchObject({ status: 1, value: { verdict: 'gap' } });
  });

  it('says that a reject object holds lines that are none', async () => {
    const harness = createOperateHarness();
    await harness.addJob({ csv: csvOf(12), fates: { 5: 'REJECTED' }, job: complete });
    await harness.objects.put('work', rejectKeyOf(jobId, 0), 'rubbish\n');
    const { value } = await verified(harness);
    expect(value).toMatchObject({ verdict: 'cannot verify', rejectsGone: [{ chunk: 0, what: 'broken', counted: 1 }] });
  });

  it('marks counts of the ledger that are not those of the table', async () => {
    const harness = createOperateHarness();
    await harness.addJob({ csv: csvOf(3), fates: { 2: 'FAILED' }, job: complete });
    await harness.rows.remove(jobId, 0, [2]);
    await harness.rows.insert(jobId, [[0, 2, 3, ['2', 'name 2']]]);
    await harness.rows.finish(jobId, [[0, 2, 'DONE', null]]);
    const { status, value } = await verified(harness);
    expect(status).toBe(1);
    expect(value).toMatchObject({
      verdict: 'gap',
      gaps: [],
      differences: [
        { chunk: 0, of: 'done', counted: 3, ledger: 2 },
        { chunk: 0, of: 'failed', counted: 0, ledger: 1 },
      ],
    });
  });

  it('finds a chunk of a COMPLETE job that was never closed', async () => {
    const { value } = await verifiedJob({ csv: csvOf(12), fates: { 11: 'PENDING' }, job: complete });
    expect(value).toMatchObject({
      verdict: 'gap',
      gaps: [{ kind: 'pending', rows: [11, 11] }],
      differences: [{ chunk: 1, of: 'closed' }],
    });
  });

  it('tells what is known of dead rows, in ranges, over the bounds of chunks', async () => {
    const marks = [
      ...[9, 10, 11].map((row) => ({ chunk: row > 10 ? 1 : 0, row, stage: 'process-rows' as const, code: 'TIMEOUT' })),
      { chunk: 1, row: 12, code: 'ROW_REFUSED', stage: 'store-rows' as const, attempts: 1, permanent: true },
      { chunk: 1, row: 15 },
    ];
    const fates = { 9: 'PENDING', 10: 'PENDING', 11: 'PENDING', 12: 'ABSENT' } as const;
    const { status, value, text } = await verifiedJob({ csv: csvOf(20), fates, marks, job: { state: 'HELD' } });
    expect(status).toBe(1);
    expect(value).toMatchObject({
      verdict: 'gap',
      reasons: ['4 rows dead'],
      counted: { rows: 20, done: 16, dead: 4, open: 0 },
      gaps: [
        {
          kind: 'dead',
          rows: [9, 11],
          chunks: [0, 1],
          reason: { stage: 'process-rows', code: 'TIMEOUT', attempts: 5 },
        },
        { kind: 'dead', rows: [12, 12], chunks: [1, 1], reason: { code: 'ROW_REFUSED', permanent: true } },
      ],
    });
    expect(text).toContain('9 to 11 (chunks 0 to 1)  dead at process-rows: TIMEOUT, 5 attempts');
    expect(text).toContain('12 (chunk 1)  dead at store-rows: ROW_REFUSED, 1 attempts, for good');
  });

  it('takes a mark on a chunk for all its rows as long as it has no counts', async () => {
    const marks = [{ chunk: 1, stage: 'clean-rows' as const, code: 'PLAN_MISMATCH' }];
    const fates = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [i + 11, 'ABSENT' as const]));
    const held = { csv: csvOf(20), fates, marks, job: { state: 'HELD' as const } };
    expect((await verifiedJob({ ...held, uncounted: [1] })).value.gaps).toMatchObject([
      { kind: 'dead', rows: [11, 20] },
    ]);
    expect((await verifiedJob(held)).value.gaps).toMatchObject([{ kind: 'missing', rows: [11, 20] }]);
  });

  it('says how many rows of an OPEN job are still on their way', async () => {
    const { status, value } = await verifiedJob({ csv: csvOf(20), fates: { 3: 'PENDING', 4: 'ABSENT' } });
    expect(status).toBe(1);
    expect(value).toMatchObject({
      verdict: 'cannot verify',
      reasons: ['2 rows are still on their way'],
      counted: { open: 2 },
      gaps: [
        { kind: 'pending', rows: [3, 3] },
        { kind: 'missing', rows: [4, 4] },
      ],
    });
  });

  it('says that the gaps of a job that was cancelled are expected', async () => {
    const reason = { code: 'CANCELLED', message: 'cancelled' };
    const { status, value } = await verifiedJob({
      csv: csvOf(9),
      fates: { 3: 'PENDING' },
      job: { state: 'REFUSED', reason },
    });
    expect(status).toBe(1);
    expect(value).toMatchObject({
      verdict: 'gap',
      reasons: [
        '1 row in the table and not final',
        'the job was cancelled, so rows that were not at their end by then are expected to be left over',
      ],
    });
  });

  it('lists so many ranges, and says how many more there are', async () => {
    const fates = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [i * 2 + 1, 'PENDING' as const]));
    const { value, text } = await verifiedJob({ csv: csvOf(60), fates, job: { state: 'STALLED' } });
    expect(value.gaps).toHaveLength(30);
    expect(text).toContain('and 10 more ranges');
  });
});

describe('verify, of a job that cannot be counted', () => {
  it.each<readonly [string, Partial<Job>, RegExp]>([
    ['was forgotten', { state: 'COMPLETE', forgottenAt: 0 }, /were deleted on 1970-01-01T00:00:00.000Z/],
    [
      'is being planned',
      { state: 'PLANNING', cursor: { chunk: 1, offset: 1, row: 1_235, line: 1 } },
      /still being planned: 1,234 rows so far/,
    ],
    ['was never planned', { state: 'HELD' }, /planning its file was given up: 0 rows so far/],
    [
      'was refused',
      { state: 'REFUSED', reason: { code: 'FILE_FORMAT', message: 'a\u001b[2Jb' } },
      /FILE_FORMAT a\\u{1b}\[2Jb/,
    ],
  ])('says why: it %s', async (_, job, message) => {
    const harness = createOperateHarness();
    const made = await harness.addJob({ csv: csvOf(5) });
    const { getJob } = harness.jobs;
    harness.jobs.getJob = async (id) => {
      const { plan: _plan, ...unplanned } = made;
      return id === (await getJob(id))?.jobId
        ? { ...(job.forgottenAt === undefined ? unplanned : made), ...job }
        : undefined;
    };
    const { status, value, text } = await verified(harness);
    expect(status).toBe(1);
    expect(value.verdict).toBe('cannot verify');
    expect(text).toMatch(message);
  });

  it('says that they are being deleted, where that has not come to its end', async () => {
    const harness = createOperateHarness();
    await harness.addJob({ csv: csvOf(5), job: { state: 'COMPLETE', forgottenAt: 0 } });
    await harness.objects.put('work', forgetKeyOf(jobId), '{}');
    const { status, value } = await verified(harness);
    expect([status, value.verdict]).toEqual([1, 'cannot verify']);
    expect(value.reasons).toEqual([
      `deleting its rows and rejects was begun on 1970-01-01T00:00:00.000Z and not finished: sluice forget ${jobId} goes on`,
    ]);
  });

  it('has its rows deleted while they are counted: no gap is made of that', async () => {
    const harness = createOperateHarness();
    const job = await harness.addJob({ csv: csvOf(5), job: complete });
    let calls = 0;
    harness.jobs.getJob = async () => (calls++ === 0 ? job : { ...job, forgottenAt: 0 });
    await harness.rows.remove(jobId, 0, [1, 2, 3]);
    const { status, value } = await verified(harness);
    expect(status).toBe(1);
    expect(value).toMatchObject({ verdict: 'cannot verify', reasons: [expect.stringContaining('were deleted on')] });
  });

  it.each(['OPEN', 'COMPLETE', 'REFUSED'] as const)(
    'becomes %s while its rows are counted: no gap is made of rows that may be elsewhere by now',
    async (state) => {
      const harness = createOperateHarness();
      const job = await harness.addJob({ csv: csvOf(5), fates: { 2: 'PENDING' }, job: { state: 'HELD' } });
      let calls = 0;
      harness.jobs.getJob = async () => (calls++ === 0 ? job : { ...job, state });
      const { status, value } = await verified(harness);
      expect(status).toBe(1);
      expect(value).toMatchObject({
        verdict: 'cannot verify',
        reasons: [`the job was HELD and became ${state} while its rows were counted: verify it again`],
      });
    },
  );

  it('becomes COMPLETE while its rows are counted: what may never be is a gap all the same', async () => {
    const harness = createOperateHarness();
    const job = await harness.addJob({ csv: csvOf(5), job: { state: 'OPEN' } });
    await harness.rows.insert(jobId, [[0, 99, 100, ['99', 'x']]]);
    let calls = 0;
    harness.jobs.getJob = async () => (calls++ === 0 ? job : { ...job, state: 'COMPLETE' });
    const { value } = await verified(harness);
    expect(value).toMatchObject({ verdict: 'gap', reasons: ['1 row in chunks to which they do not belong'] });
  });

  it('is told of in the words of the other commands', async () => {
    const { value } = await verifiedJob({ csv: csvOf(2), job: complete });
    expect(value).toMatchObject({ jobId, bucket: 'inbox', key: 'a.csv', state: 'COMPLETE', forgottenAt: null });
  });

  it('stops when somebody interrupts', async () => {
    const stopping = new AbortController();
    const harness = createOperateHarness({ signal: stopping.signal });
    await harness.addJob({ csv: csvOf(5), job: complete });
    stopping.abort(new Error('interrupted'));
    await expect(verify(harness.session, jobId)).rejects.toThrow('interrupted');
  });

  it('shows the key of a file without what a terminal would obey', async () => {
    const key = 'a\u001b[31m<script>.csv';
    const file = { bucket: 'inbox', key, etag: '', bytes: 0 };
    const harness = createOperateHarness();
    await carryJob(harness, { content: Buffer.from(csvOf(2)), key: file.key });
    const { text } = await verified(harness);
    expect(text).not.toContain('\u001b');
    expect(text).toContain('\\u{1b}[31m');
  });
});
