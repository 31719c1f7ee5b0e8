import { gzipSync } from 'node:zlib';
import { rejectKeyOf } from '@sluice/core/identity';
import type { Job } from '@sluice/core/ports/job-store';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../usage-error.ts';
import { carryJob } from './carried-job-harness.ts';
import { forgetKeyOf } from './forget-state.ts';
import { createOperateHarness, type JobSettings, jobId, type OperateHarness, startsAt } from './operate-harness.ts';
import type { RetryNote } from './retry-note.ts';
import { putRetryNote } from './retry-note.ts';
import { csvOf } from './verify-harness.ts';
import { where } from './where.ts';
import { ofRow, storyOf } from './where-harness.ts';

const timeOf = (at: number): string => new Date(at).toISOString();
const startTime = timeOf(startsAt);

describe('where, of a row in each state', () => {
  it('DONE: where it is in the file, and when it was stored and finished', async () => {
    const { value, text } = await ofRow(12, { csv: csvOf(25), job: { state: 'COMPLETE' } });
    expect(value).toEqual({
      jobId,
      jobState: 'COMPLETE',
      key: 'a.csv',
      row: 12,
      rows: 25,
      state: 'DONE',
      notes: [],
      chunk: expect.objectContaining({ chunk: 1, firstRow: 11, rows: 10, closed: { done: 10, failed: 0 } }),
      isCopied: false,
      place: { byteStart: 111, byteEnd: 121, line: 13, kind: 'row', blankLinesBefore: 0 },
      createdAt: startTime,
      finishedAt: startTime,
      sentAgain: [],
    });
    expect(text).toContain(`row 12 of 25  ${jobId} (COMPLETE)  a.csv`);
    expect(text).toContain('bytes     111 to 121 of the file (10 bytes)');
    expect(text).toContain('finished  2026-01-02T03:04:05.000Z');
    expect(text).toContain('chunk     1 (rows 11 to 20); cleaned: 10 accepted, 0 rejected; closed: 10 done, 0 failed');
  });

  it('FAILED: with what the processor said', async () => {
    const { value, text } = await ofRow(2, { csv: csvOf(3), fates: { 2: 'FAILED' } });
    expect(value).toMatchObject({
      state: 'FAILED',
      error: { code: 'NOT_WANTED', message: 'expected another row' },
      finishedAt: startTime,
    });
    expect(text).toContain('why       NOT_WANTED: expected another row');
  });

  it('REJECTED: with the reason and its column', async () => {
    const { value, text } = await ofRow(2, { csv: csvOf(3), fates: { 2: 'REJECTED' } });
    expect(value).toMatchObject({
      state: 'REJECTED',
      error: { code: 'REQUIRED', column: 'id', message: 'expected a value, found none' },
      place: { line: 3 },
    });
    expect(value).not.toHaveProperty('createdAt');
    expect(text).toContain('why       REQUIRED in column "id": expected a value, found none');
  });

  it('PENDING: in the table', async () => {
    const { value } = await ofRow(2, { csv: csvOf(3), fates: { 2: 'PENDING' } });
    expect(value).toMatchObject({ state: 'PENDING', waitsFor: 'process-rows', createdAt: startTime });
    expect(value).not.toHaveProperty('finishedAt');
  });

  it.each(['PENDING', 'ABSENT'] as const)(
    'DEAD: with its mark, whether it is in the table or not (%s)',
    async (fate) => {
      const marks = [
        { chunk: 0, row: 1 },
        { chunk: 0, row: 2, code: 'TIMEOUT', attempts: 7, permanent: true },
        { chunk: 0, row: 3 },
      ];
      const { value, text } = await ofRow(2, { csv: csvOf(3), fates: { 2: fate }, marks, job: { state: 'HELD' } });
      expect(value).toMatchObject({ state: 'DEAD', mark: { stage: 'process-rows', code: 'TIMEOUT', attempts: 7 } });
      expect(text).toContain(
        'why       TIMEOUT at process-rows, 7 attempts, for good: expected success, found an error',
      );
      expect(text).toContain(fate === 'PENDING' ? 'it is in the table' : 'it never got into the table');
    },
  );

  it('DEAD with its chunk, as long as that has no counts', async () => {
    const settings = { csv: csvOf(20), fate: 'ABSENT', marks: [{ chunk: 1, stage: 'clean-rows' }] } as const;
    expect((await ofRow(12, { ...settings, uncounted: [1] })).value).toMatchObject({
      state: 'DEAD',
      mark: { stage: 'clean-rows' },
      notes: ['its whole chunk was given up'],
    });
    expect((await ofRow(12, settings)).value).toMatchObject({ state: 'OPEN', waitsFor: 'store-rows' });
  });

  it('final, though it was given up before', async () => {
    const { value } = await ofRow(2, { csv: csvOf(3), marks: [{ chunk: 0, row: 2 }] });
    expect(value).toMatchObject({
      state: 'DONE',
      notes: ['it had been given up before (process-rows: PROCESSOR_ERROR), and became final since'],
    });
  });

  it('OPEN: at the stage that must have it', async () => {
    const settings = { csv: csvOf(20), fate: 'ABSENT' } as const;
    expect((await ofRow(12, { ...settings, uncounted: [1] })).value).toMatchObject({
      state: 'OPEN',
      waitsFor: 'clean-rows',
    });
    expect((await ofRow(12, settings)).value).toMatchObject({ state: 'OPEN', waitsFor: 'store-rows' });
  });

  it('OPEN, where the reject object is gone, with no repair of a job that is at its end', async () => {
    const harness = createOperateHarness();
    await harness.addJob({ csv: csvOf(3), fates: { 2: 'REJECTED' }, job: { state: 'REFUSED' } });
    harness.objects.remove('work', rejectKeyOf(jobId, 0));
    const { value } = await storyOf(harness, 2);
    expect(value).toMatchObject({ state: 'OPEN' });
    expect(JSON.stringify(value)).not.toContain('sluice repair');
  });

  it('OPEN, and perhaps rejected, where the reject object is gone', async () => {
    const harness = createOperateHarness();
    await harness.addJob({ csv: csvOf(3), fates: { 2: 'REJECTED' } });
    harness.objects.remove('work', rejectKeyOf(jobId, 0));
    const { value } = await storyOf(harness, 2);
    expect(value).toMatchObject({ state: 'OPEN', notes: [expect.stringContaining('nobody can tell whether')] });
  });

  it('FORGOTTEN: where it was in the file, and no more', async () => {
    const { value } = await ofRow(2, {
      csv: csvOf(3),
      fate: 'ABSENT',
      job: { state: 'COMPLETE', forgottenAt: 1 },
    });
    expect(value).toMatchObject({ state: 'FORGOTTEN', place: { line: 3 } });
  });

  it.each([
    ['still there', 'DONE', 'DONE'],
    ['deleted already', 'ABSENT', 'FORGOTTEN'],
  ] as const)('of a job that is being forgotten, and %s: says so', async (_, fate, state) => {
    const harness = createOperateHarness();
    await harness.addJob({ csv: csvOf(3), fate, job: { state: 'COMPLETE', forgottenAt: 0 } });
    await harness.objects.put('work', forgetKeyOf(jobId), '{}');
    const { value } = await storyOf(harness, 2);
    expect(value).toMatchObject({
      state,
      notes: expect.arrayContaining([
        `deleting its rows and rejects was begun on 1970-01-01T00:00:00.000Z and not finished: sluice forget ${jobId} goes on`,
      ]),
    });
  });

  it('in two places: says that this must not be', async () => {
    const harness = createOperateHarness();
    await harness.addJob({ csv: csvOf(3), fates: { 2: 'REJECTED' } });
    await harness.rows.insert(jobId, [[0, 2, 3, ['2', 'name 2']]]);
    expect((await storyOf(harness, 2)).value).toMatchObject({
      state: 'PENDING',
      notes: [expect.anything(), 'it is among the rejected rows, too: this must not be'],
    });
  });

  it.each<readonly [string, Partial<Job>, string]>([
    [
      'was cancelled',
      { state: 'REFUSED', reason: { code: 'CANCELLED', message: '' } },
      'the job was cancelled: it stays so',
    ],
    ['was superseded', { state: 'SUPERSEDED' }, 'the job ended SUPERSEDED: nothing sends it again'],
    [
      'is COMPLETE',
      { state: 'COMPLETE' },
      'the job is COMPLETE, so this must not be: sluice verify names all such rows',
    ],
  ])('not final, in a job that %s', async (_, job, note) => {
    const { value } = await ofRow(2, { csv: csvOf(3), fates: { 2: 'PENDING' }, job });
    expect((value as { readonly notes: readonly string[] }).notes).toContain(note);
  });
});

describe('where, of a row in its file', () => {
  it.each<readonly [string, Buffer, boolean]>([
    ['as it is', Buffer.from('id,name\n\n1,a\n\r\n\n2,"b\nb"\n3,c\n'), false],
    ['unpacked', gzipSync('id,name\n\n1,a\n\r\n\n2,"b\nb"\n3,c\n'), true],
    ['decoded', Buffer.from('\ufeffid,name\n\n1,a\n\r\n\n2,"b\nb"\n3,c\n', 'utf16le'), true],
  ])('tells its bytes, its first line and the blank lines before it: %s', async (_, content, isCopied) => {
    const harness = createOperateHarness();
    await carryJob(harness, { content, chunkBytes: 1_000 });
    const { value, text } = await storyOf(harness, 2);
    expect(value).toMatchObject({
      isCopied,
      place: { byteStart: 16, byteEnd: 23, line: 6, kind: 'row', blankLinesBefore: 2 },
    });
    expect(text).toContain(isCopied ? 'of the unpacked or decoded copy of the file' : 'of the file (7 bytes)');
    expect(text).toContain('6; after 2 blank lines, which are no rows');
  });

  it('tells that a row was set aside whole', async () => {
    const harness = createOperateHarness();
    await carryJob(harness, { content: Buffer.from('id,name\n1,a\n2,"b\n3,c\n') });
    const { value, text } = await storyOf(harness, 2);
    expect(value).toMatchObject({
      state: 'REJECTED',
      place: { kind: 'QUOTE_NOT_CLOSED' },
      error: { code: 'QUOTE_NOT_CLOSED' },
    });
    expect(text).toContain('set aside whole: QUOTE_NOT_CLOSED');
  });

  it('reads its chunk alone, from its start', async () => {
    const harness = createOperateHarness();
    await harness.addJob({ csv: csvOf(100) });
    const before = harness.objects.reads.length;
    await storyOf(harness, 42);
    const { start, end } = harness.jobs.chunksOf(jobId)[4] ?? { start: 0, end: 0 };
    expect(harness.objects.reads.slice(before).map((read) => [read.start, read.end])).toEqual([[start, end]]);
  });

  it('tells what it can when the file is gone', async () => {
    const harness = createOperateHarness();
    await harness.addJob({ csv: csvOf(3), fates: { 2: 'REJECTED' } });
    harness.objects.remove('inbox', 'a.csv');
    const { value } = await storyOf(harness, 2, true);
    expect(value).toMatchObject({
      state: 'REJECTED',
      unreadable: { code: 'OBJECT_CHANGED' },
      place: { byteStart: 17, line: 3 },
      content: { raw: '2,name 2' },
    });
    const other = createOperateHarness();
    await other.addJob({ csv: csvOf(3) });
    other.objects.remove('inbox', 'a.csv');
    const { value: done, text } = await storyOf(other, 2, true);
    expect(done).toMatchObject({ state: 'DONE', content: { isStored: true } });
    expect(done).not.toHaveProperty('place');
    expect(text).toContain('bytes     not known: OBJECT_CHANGED');
  });
});

describe('where, of a row that there is not', () => {
  it.each<readonly [number, JobSettings, string]>([
    [4, { csv: csvOf(3) }, 'ROW: expected 1 to 3, the rows of the job, found 4'],
    [1, { csv: 'id,name\n' }, 'ROW: expected a row, and the job has none, found 1'],
  ])('says how many there are', async (row, settings, message) => {
    const harness = createOperateHarness();
    await harness.addJob(settings);
    await expect(where(harness.session, jobId, row, { content: false })).rejects.toThrow(new UsageError(message));
  });

  it('says how many are planned so far, and finds those', async () => {
    const harness = createOperateHarness();
    const made = await harness.addJob({ csv: csvOf(30), fate: 'ABSENT', uncounted: [0, 1, 2] });
    const { plan: _, ...unplanned } = made;
    harness.jobs.getJob = async () => ({
      ...unplanned,
      state: 'PLANNING',
      cursor: { chunk: 2, offset: 0, row: 21, line: 0 },
    });
    await expect(where(harness.session, jobId, 21, { content: false })).rejects.toThrow(
      new UsageError(
        'ROW: expected a row of the 20 planned so far, found 21; its file is still being planned to the end',
      ),
    );
    expect((await storyOf(harness, 20)).value).toMatchObject({ rows: 20, state: 'OPEN', waitsFor: 'clean-rows' });
  });
});

describe('where, of a row that was sent again', () => {
  const retriedId = 'zzzzzzzzzzzzzzzzzzzzzzzzzz';
  const keyOf = (n: number): string => `in/a.retry-${jobId}-${n}.csv`;
  const putNote = (harness: OperateHarness, note: Partial<RetryNote> & Pick<RetryNote, 'n' | 'rows'>) =>
    putRetryNote(harness.operator, jobId, { v: 1, key: keyOf(note.n), at: startsAt + note.n, ...note });

  it('tells as which row of which file, and of which job once there is one', async () => {
    const harness = createOperateHarness();
    await harness.addJob({ csv: csvOf(30), fate: 'FAILED' });
    await putNote(harness, {
      n: 1,
      rows: [
        [2, 4],
        [11, 13],
      ],
      sentAt: 7,
    });
    await putNote(harness, { n: 2, rows: [[12, 12]], sentAt: 8 });
    await putNote(harness, { n: 3, rows: [[12, 14]] });
    await harness.objects.put('inbox', keyOf(3), csvOf(3));
    await putNote(harness, { n: 10, rows: [[1, 1]] });
    await carryJob(harness, { content: Buffer.from(csvOf(6)), jobId: retriedId, key: keyOf(1) });
    const { value, text } = await storyOf(harness, 12);
    expect(value).toMatchObject({
      sentAgain: [
        { key: keyOf(1), row: 5, at: timeOf(startsAt + 1), sentAt: timeOf(7), jobId: retriedId },
        { key: keyOf(2), row: 1, at: timeOf(startsAt + 2), sentAt: timeOf(8) },
        { key: keyOf(3), row: 1, at: timeOf(startsAt + 3) },
      ],
      notes: [],
    });
    expect(text).toContain(`again as row 5 of ${keyOf(1)}, job ${retriedId}`);
    expect(text).toContain(`again as row 1 of ${keyOf(2)}, which has no job yet`);
    expect(text).toContain(`again as row 1 of ${keyOf(3)}, which has no job yet`);
  });

  it('does not tell as sent what was begun, and of which there is neither a file nor a job', async () => {
    const harness = createOperateHarness();
    await harness.addJob({ csv: csvOf(30), fate: 'FAILED' });
    await putNote(harness, { n: 1, rows: [[11, 13]], sentAt: 7 });
    await putNote(harness, { n: 2, rows: [[12, 12]] });
    const { value, text } = await storyOf(harness, 12);
    const note = `a retry with it, as row 1 of ${keyOf(2)}, was begun at ${new Date(startsAt + 2).toISOString()}; neither that file nor a job of it is there, so it may never have been put`;
    expect(value).toMatchObject({ sentAgain: [{ key: keyOf(1) }], notes: [note] });
    expect(text).toContain(note);
    expect(text.match(/again as row/g)).toHaveLength(1);
  });

  it('tells as sent what nobody noted, and a job was made of', async () => {
    const harness = createOperateHarness();
    await harness.addJob({ csv: csvOf(30), fate: 'FAILED' });
    await putNote(harness, { n: 1, rows: [[11, 13]] });
    await carryJob(harness, { content: Buffer.from(csvOf(3)), jobId: retriedId, key: keyOf(1) });
    harness.objects.remove('inbox', keyOf(1));
    const { value } = await storyOf(harness, 12);
    expect(value).toMatchObject({ sentAgain: [{ key: keyOf(1), row: 2, jobId: retriedId }], notes: [] });
  });

  it('does not take a job from long before, of a file of the same key, for that of the retry', async () => {
    const harness = createOperateHarness();
    await carryJob(harness, { content: Buffer.from(csvOf(6)), jobId: retriedId, key: keyOf(1) });
    await harness.addJob({ csv: csvOf(3) });
    await putNote(harness, { n: 1, at: startsAt + 2 * 60 * 60 * 1000, sentAt: 7, rows: [[2, 2]] });
    const { value } = await storyOf(harness, 2);
    expect((value as { readonly sentAgain: readonly object[] }).sentAgain[0]).not.toHaveProperty('jobId');
  });

  it('tells of a row of such a file which one it was', async () => {
    const harness = createOperateHarness();
    await putNote(harness, {
      n: 3,
      rows: [
        [2, 4],
        [11, 13],
      ],
    });
    await carryJob(harness, { content: Buffer.from(csvOf(6)), jobId: retriedId, key: keyOf(3) });
    for (const [row, from] of [
      [1, 2],
      [3, 4],
      [4, 11],
      [6, 13],
    ] as const) {
      const asked = {
        ...harness.session,
        output: { ...harness.session.output, result: (story: unknown) => void stories.push(story) },
      };
      const stories: unknown[] = [];
      await where(asked, retriedId, row, { content: false });
      expect(stories).toMatchObject([{ sentFrom: { jobId, row: from } }]);
    }
  });

  it.each([
    '{}',
    'no JSON',
    '{"v":2,"n":1,"key":"k","at":1,"rows":[[2,2]]}',
    '{"v":1,"n":1,"key":"k","at":1,"rows":[["2","2"]]}',
  ])('tells the rest of the story though a note cannot be read: %s', async (broken) => {
    const harness = createOperateHarness();
    await harness.addJob({ csv: csvOf(3) });
    await harness.objects.put('work', `jobs/${jobId}/retries/1.json`, broken);
    const { value } = await storyOf(harness, 2);
    expect(value).toMatchObject({ state: 'DONE', notes: [expect.stringContaining('expected a note of a retry')] });
  });

  it('believes the key of a file only where a retry was noted under it', async () => {
    const harness = createOperateHarness();
    await putNote(harness, { n: 3, rows: [[2, 4]], key: 'other.csv' });
    await carryJob(harness, { content: Buffer.from(csvOf(6)), jobId: retriedId, key: keyOf(3) });
    await where(harness.session, retriedId, 1, { content: false });
    expect(harness.value()).not.toHaveProperty('sentFrom');
  });
});
