import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SluiceError } from '@sluice/core/errors';
import { rejectKeyOf } from '@sluice/core/identity';
import { describe, expect, it } from 'vitest';
import { readMarkup } from '../report-page/page-harness.ts';
import { makeFolder } from '../run-harness.ts';
import { forgetKeyOf } from './forget-state.ts';
import type { MetricQuery, MetricReader, MetricWindow } from './metrics.ts';
import type { HarnessSettings, JobSettings } from './operate-harness.ts';
import { createOperateHarness, jobId, markOf, startsAt } from './operate-harness.ts';
import { report } from './report.ts';

const minute = 60_000;
const csvOf = (rows: number): string =>
  `n,text\n${Array.from({ length: rows }, (_, i) => `${i + 1},text ${i + 1}\n`).join('')}`;

const setUp = async (job: Partial<JobSettings> = {}, settings: HarnessSettings = {}) => {
  const harness = createOperateHarness(settings);
  await harness.addJob({ csv: csvOf(30), ...job });
  const out = join(makeFolder(), 'page.html');
  const write = (force = false) => report(harness.session, jobId, { out, force });
  const read = async () => {
    expect(await write()).toBe(0);
    const { elements, text } = readMarkup(readFileSync(out, 'utf8'));
    const rows = elements.filter(({ name }) => name === 'tr').map((row) => row.text);
    return { elements, text, rows };
  };
  return { ...harness, out, write, read };
};

const ended = { state: 'COMPLETE', announcedAt: startsAt + 10 * minute } as const;

/** CloudWatch with the same points for every query; what it was asked is kept. */
const createMetrics = (points: readonly { at: number; value: number }[]) => {
  const asked: { readonly queries: readonly MetricQuery[]; readonly window: MetricWindow }[] = [];
  const metrics: MetricReader = async (queries, window) => {
    asked.push({ queries, window });
    return new Map(queries.map(({ id }) => [id, points]));
  };
  return { asked, metrics };
};

describe('sluice report', () => {
  it('writes the ledger, with examples of rows that are not done', async () => {
    const { read, value, out } = await setUp({
      job: ended,
      fates: { 3: 'FAILED', 4: 'FAILED', 5: 'FAILED', 6: 'FAILED', 12: 'REJECTED' },
    });
    const { text, rows } = await read();
    expect(rows.slice(1, 7)).toEqual([
      'done2583.33 %processed, with the result kept',
      'failed413.33 %refused by the processor, with a code',
      'rejected13.33 %could not be cleaned; kept with a code and the bytes',
      'dead00 %ran out of tries, with the stage and the error',
      'missing00 %in none of these places',
      'rows30100 %counted from the file',
    ]);
    expect(rows).toContain('NOT_WANTED4100 %');
    expect(rows.filter((row) => row.endsWith('expected another row'))).toEqual([
      'NOT_WANTED3expected another row',
      '4expected another row',
      '5expected another row',
    ]);
    expect(rows).toContain('REQUIRED1213nexpected a value, found none12,text 12');
    expect(text).toContain('Took10 min 0 s');
    expect(text).toContain('Began2026-01-02 03:04:05 UTCEnded2026-01-02 03:14:05 UTC');
    expect(value()).toMatchObject({ jobId, state: 'COMPLETE', file: out, bytes: readFileSync(out).length });
  });

  it('tells of dead rows by their marks, and of rows that are open', async () => {
    const { read } = await setUp({
      job: {
        state: 'HELD',
        audited: {
          through: 0,
          ledger: { rows: 0, rejected: 0, done: 0, failed: 0, dead: 0, open: 0 },
          accounted: 0,
          fruitless: 0,
          witnesses: [[1, 13, 2, 8, 0, 2]],
        },
      },
      fates: { 13: 'PENDING', 14: 'PENDING' },
      marks: [
        { chunk: 1, row: 13 },
        { chunk: 1, row: 14, stage: 'store-rows', code: 'ROW_REFUSED' },
        { chunk: 0, row: 1, code: 'OF_A_CHUNK_THAT_IS_CLOSED' },
      ],
    });
    const { rows, text } = await read();
    expect(rows.slice(1, 7).map((row) => row.replace(/ %.*/, ''))).toEqual([
      'done2893.33',
      'failed00',
      'rejected00',
      'dead26.67',
      'open00',
      'rows30100',
    ]);
    expect(rows).toContain('process-rowsPROCESSOR_ERROR150.00 %');
    expect(rows).toContain('store-rowsROW_REFUSED150.00 %');
    expect(text).not.toContain('OF_A_CHUNK_THAT_IS_CLOSED');
    expect(text).toContain('Endednot yet');
  });

  it('draws what CloudWatch tells of all jobs, by the minute, and reckons with the times of the functions', async () => {
    const points = [
      { at: Math.floor(startsAt / minute) * minute, value: 600 },
      { at: Math.floor(startsAt / minute) * minute + 2 * minute, value: 1_200 },
    ];
    const { asked, metrics } = createMetrics(points);
    const { read } = await setUp({ job: ended }, { metrics });
    const { elements, text, rows } = await read();
    expect(asked.map(({ window }) => window)).toEqual([
      { from: Date.UTC(2026, 0, 2, 3, 4), to: Date.UTC(2026, 0, 2, 3, 15), periodSeconds: 60 },
    ]);
    expect(asked[0]?.queries).toContainEqual({
      id: 'RowsOut store-rows',
      namespace: 'Sluice',
      name: 'RowsOut',
      dimensions: { stage: 'store-rows', environment: 'test' },
      statistic: 'Sum',
    });
    expect(asked[0]?.queries).toContainEqual({
      id: 'Visible work',
      namespace: 'AWS/SQS',
      name: 'ApproximateNumberOfMessagesVisible',
      dimensions: { QueueName: 'sluice-test-work' },
      statistic: 'Maximum',
    });
    expect(elements.filter(({ name }) => name === 'svg')).toHaveLength(9);
    expect(rows).toContain('0.01010101010');
    expect(rows).toContain('2.02020202020');
    expect(rows).toContain('0.0600600600600');
    expect(rows).toContain('store-rows1,8001,8001,8001,8001.8 s');
    expect(text).toContain('From CloudWatch, of all jobs of the deployment in that time');
    expect(text).toContain('seconds busy on AWS x memory');
  });

  it('knows no times of functions that CloudWatch tells none of', async () => {
    const metrics: MetricReader = async (queries) =>
      new Map(queries.map(({ id, name }) => [id, name === 'RowsIn' ? [{ at: startsAt, value: 1 }] : []]));
    const { rows } = await (await setUp({ job: ended }, { metrics })).read();
    expect(rows).toContain('store-rows1000not known');
  });

  it('says so where CloudWatch has nothing, or cannot be asked', async () => {
    const none = await (await setUp({ job: ended })).read();
    expect(none.text).toContain('Over timeCloudWatch has no metrics of the stages from the time of this job.');
    const metrics: MetricReader = async () => {
      throw new SluiceError('UNKNOWN', 'expected an answer, found none');
    };
    const refused = await (await setUp({ job: ended }, { metrics })).read();
    expect(refused.text).toContain(
      'CloudWatch could not be asked what the stages did: expected an answer, found none.',
    );
    expect(refused.text).toContain("Of the functions' time only that is counted");
  });

  it('of a job that was cancelled, or never planned, says what is known', async () => {
    const reason = { code: 'CANCELLED', message: 'by <somebody>' };
    const cancelled = await (await setUp({ job: { state: 'REFUSED', reason } })).read();
    expect(cancelled.text).toContain('The job was cancelled');
    expect(cancelled.text).toContain('CANCELLED: by <somebody>');
    const harness = createOperateHarness();
    await harness.addJob({ csv: csvOf(1) });
    const { plan: _, ...unplanned } = harness.jobs.jobOf(jobId);
    const other = createOperateHarness();
    await other.jobs.createJob({ ...unplanned, state: 'PLANNING' });
    const out = join(makeFolder(), 'page.html');
    expect(await report(other.session, jobId, { out, force: false })).toBe(0);
    expect(readMarkup(readFileSync(out, 'utf8')).text).toContain('nobody knows how many rows it has');
  });

  it('of a job whose rows were deleted reads none, and says so', async () => {
    const {
      read,
      rows: table,
      objects,
    } = await setUp({
      job: { ...ended, forgottenAt: startsAt },
      fates: { 3: 'FAILED', 12: 'REJECTED' },
    });
    const { text } = await read();
    expect(text).toContain('Rows and rejects of this job were deleted on 2026-01-02.');
    expect(text).not.toMatch(/No row was|refused no row|No row ran/);
    expect(text).not.toContain('text 12');
    expect(table.calls.filter(({ operation }) => operation === 'readChunk')).toEqual([]);
    expect(objects.reads).toEqual([]);
  });

  it('of a job whose rows are being deleted says who goes on', async () => {
    const { read, objects } = await setUp({ job: { ...ended, forgottenAt: startsAt } });
    await objects.put('work', forgetKeyOf(jobId), '{}');
    const { text } = await read();
    expect(text).toContain(
      `Deleting the rows and rejects of this job was begun on 2026-01-02 and not finished: sluice forget ${jobId} goes on.`,
    );
  });

  it('reads rows of chunks with failed rows alone, and the lost rejects of none', async () => {
    const {
      read,
      rows: table,
      objects,
    } = await setUp({
      job: ended,
      fates: { 3: 'FAILED', 12: 'REJECTED', 22: 'REJECTED' },
    });
    objects.remove('work', rejectKeyOf(jobId, 1));
    const { text } = await read();
    expect(table.calls.filter(({ operation }) => operation === 'readChunk').map(({ chunk }) => chunk)).toEqual([0]);
    expect(text).toContain('text 22');
    expect(text).not.toContain('text 12');
    expect(text).toContain('Of 2 rejected rows 1 were looked at for this.');
  });

  it('replaces a file only when it is told to', async () => {
    const { write, out } = await setUp({ job: ended });
    writeFileSync(out, 'precious');
    await expect(write()).rejects.toThrow('--force replaces it');
    expect(readFileSync(out, 'utf8')).toBe('precious');
    expect(await write(true)).toBe(0);
    expect(readFileSync(out, 'utf8')).toContain('<!doctype html>');
    expect(existsSync(`${out}.tmp`)).toBe(false);
  });

  it('changes nothing', async () => {
    const { read, jobs } = await setUp({
      job: { state: 'HELD' },
      fates: { 3: 'PENDING' },
      marks: [markOf({ chunk: 0, row: 3 })],
    });
    const before = JSON.stringify([jobs.jobOf(jobId), jobs.chunksOf(jobId), jobs.marksOf(jobId)]);
    await read();
    expect(JSON.stringify([jobs.jobOf(jobId), jobs.chunksOf(jobId), jobs.marksOf(jobId)])).toBe(before);
  });
});
