import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@sluice/core/logger';
import { createOpenJob } from '@sluice/core/memory-jobs';
import type { ChunkCounts, ChunkPlan, DeadMark, Job } from '@sluice/core/ports/job-store';
import { realClock } from '@sluice/core/real-clock';
import type { StagePorts } from '@sluice/core/stage';
import { parseWiring } from '@sluice/core/wiring';
import { openDatabase, StateDamaged } from '@sluice/local-cloud/database';
import { createLocalCloud } from '@sluice/local-cloud/local-cloud';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import wiringJson from '../../../infra/wiring.json' with { type: 'json' };
import { exportJob } from './export-job.ts';

// A job whose rows stand where rows of a job that is held or interrupted can stand.

const jobId = '0123456789abcdefghjkmnpqrs';
const source = 'n,__proto__\n1,a\n2,b\nbad\n4,d\n5,e\n6,f\n';
const first: ChunkPlan = { chunk: 0, start: 12, end: 28, firstRow: 1, rows: 4, firstLine: 2 };
const second: ChunkPlan = { chunk: 1, start: 28, end: 36, firstRow: 5, rows: 2, firstLine: 6 };
const rejectLine = { row: 3, line: 4, byteStart: 20, byteEnd: 23, code: 'FIELD_COUNT', message: 'm', raw: 'bad' };
const rejectsKey = 'jobs/rejects';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  for (const name of ['inbox', 'work', 'out']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'inbox', 'a.csv'), source);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const setUp = async (
  counts: Readonly<Record<number, ChunkCounts>>,
  marks: readonly Omit<DeadMark, 'jobId' | 'message'>[],
) => {
  const wiring = parseWiring(wiringJson, 'local');
  const database = openDatabase(':memory:');
  const buckets = { inbox: join(folder, 'inbox'), work: join(folder, 'work') };
  const cloud = createLocalCloud({ wiring, clock: realClock, database, buckets });
  const services = cloud.services;
  const { etag = '', bytes = 0 } = (await services.objects.head('inbox', 'a.csv')) ?? {};
  const open = createOpenJob(jobId, { bucket: 'inbox', key: 'a.csv', etag, bytes }, ['n', '__proto__']);
  const job: Job = { ...open, plan: { chunks: 2, rows: 6, closedAt: 0 } };
  await services.jobs.createJob(job);
  await services.jobs.putChunks(jobId, [first, second]);
  await services.objects.put('work', rejectsKey, `${JSON.stringify(rejectLine)}\n`);
  for (const [chunk, count] of Object.entries(counts)) await services.jobs.putCounts(jobId, Number(chunk), count);
  await services.jobs.putMarks(marks.map((mark) => ({ ...mark, jobId, message: 'given up' })));
  const ports: StagePorts = {
    ...services,
    clock: realClock,
    random: () => 0.5,
    metrics: () => undefined,
    logger: createLogger('test', 'SILENT'),
    wiring,
  };
  const read = (name: string): unknown[] =>
    readFileSync(join(folder, 'out', name), 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as unknown);
  const exported = async () => {
    const seen: unknown[] = [];
    const result = await exportJob(job, ports, join(folder, 'out'), () => undefined, {
      rejected: (code, line) => void seen.push([code, JSON.parse(line)]),
      failed: (row, error) => void seen.push([row, error]),
      dead: (row, { code }) => void seen.push([row, code]),
    });
    for (const file of result.files) file.close();
    return { ...result, seen, rows: read('rows.ndjson'), rejected: read('rejects.ndjson'), dead: read('dead.ndjson') };
  };
  return { ...services, database, exported };
};

const mark = { stage: 'store-rows', code: 'ROW_REFUSED', attempts: 1 } as const;
const data = (n: string, text: string): unknown => JSON.parse(`{"n":"${n}","__proto__":"${text}"}`);

describe('exportJob', () => {
  it('reads rows that never reached the table again from the source, dead ones and open ones alike', async () => {
    const counts = { 0: { accepted: 3, rejected: 1, rejects: rejectsKey }, 1: { accepted: 2, rejected: 0 } };
    const { rows, exported } = await setUp(counts, [{ ...mark, chunk: 0, row: 2 }]);
    await rows.insert(jobId, [
      [0, 1, 2, ['1', 'a']],
      [1, 5, 6, ['5', 'e']],
      [1, 6, 7, ['6', 'f']],
    ]);
    await rows.finish(jobId, [
      [0, 1, 'DONE', null],
      [1, 5, 'FAILED', ['NEVER', 'no']],
      [1, 6, 'DONE', { ok: true }],
    ]);
    const found = await exported();
    expect(found.rows).toEqual([
      { row: 1, line: 2, status: 'DONE', data: data('1', 'a') },
      { row: 2, line: 3, status: 'DEAD', data: data('2', 'b'), error: { code: 'ROW_REFUSED', message: 'given up' } },
      { row: 4, line: 5, status: 'PENDING', data: data('4', 'd') },
      { row: 5, line: 6, status: 'FAILED', data: data('5', 'e'), error: { code: 'NEVER', message: 'no' } },
      { row: 6, line: 7, status: 'DONE', data: data('6', 'f'), result: { ok: true } },
    ]);
    expect(found.rejected).toEqual([rejectLine]);
    expect(found.dead).toEqual([
      { row: 2, stage: 'store-rows', code: 'ROW_REFUSED', message: 'given up', attempts: 1 },
    ]);
    expect(found.ledger).toEqual({ rows: 6, rejected: 1, done: 2, failed: 1, dead: 1, open: 1 });
    expect(found.accepted).toBe(5);
    expect([...found.rejects]).toEqual([['FIELD_COUNT', 1]]);
    expect(found.seen).toEqual([
      ['FIELD_COUNT', rejectLine],
      [2, 'ROW_REFUSED'],
      [5, { code: 'NEVER', message: 'no' }],
    ]);
  });

  it('takes a mark on a row that became final for past', async () => {
    const counts = { 0: { accepted: 3, rejected: 1, rejects: rejectsKey }, 1: { accepted: 2, rejected: 0 } };
    const { rows, exported } = await setUp(counts, [{ ...mark, chunk: 1, row: 5 }]);
    await rows.insert(jobId, [[1, 5, 6, ['5', 'e']]]);
    await rows.finish(jobId, [[1, 5, 'DONE', null]]);
    const found = await exported();
    expect(found.dead).toEqual([]);
    expect(found.ledger).toMatchObject({ done: 1, dead: 0, open: 4 });
  });

  it('counts every row of a chunk that was given up before it was cleaned as dead', async () => {
    const counts = { 0: { accepted: 3, rejected: 1, rejects: rejectsKey } };
    const { exported } = await setUp(counts, [{ stage: 'clean-rows', code: 'PLAN_MISMATCH', attempts: 4, chunk: 1 }]);
    const found = await exported();
    expect(found.dead).toEqual(
      [5, 6].map((row) => ({ row, stage: 'clean-rows', code: 'PLAN_MISMATCH', message: 'given up', attempts: 4 })),
    );
    expect(found.ledger).toEqual({ rows: 6, rejected: 1, done: 0, failed: 0, dead: 2, open: 3 });
  });

  it('counts what never reached the table where the file has changed since, though it cannot be shown', async () => {
    const counts = { 0: { accepted: 3, rejected: 1, rejects: rejectsKey }, 1: { accepted: 2, rejected: 0 } };
    const { exported } = await setUp(counts, [{ ...mark, chunk: 0, row: 2 }]);
    writeFileSync(join(folder, 'inbox', 'a.csv'), 'another file');
    const found = await exported();
    expect(found.rows).toEqual([]);
    expect(found.dead).toMatchObject([{ row: 2, stage: 'store-rows' }]);
    expect(found.ledger).toEqual({ rows: 6, rejected: 1, done: 0, failed: 0, dead: 1, open: 4 });
  });

  it.each<readonly [string, string | undefined]>([
    ['gone', undefined],
    ['empty', ''],
    ['cut', JSON.stringify(rejectLine).slice(0, 20)],
    ['garbage', 'x\n'],
    ['longer than the ledger says', `${JSON.stringify(rejectLine)}\n`.repeat(2)],
  ])('leaves the folder as it was when a reject object is %s', async (_, content) => {
    const counts = { 0: { accepted: 3, rejected: 1, rejects: 'jobs/other' } };
    const { objects, exported } = await setUp(counts, []);
    if (content !== undefined) await objects.put('work', 'jobs/other', content);
    await expect(exported()).rejects.toBeInstanceOf(StateDamaged);
    expect(readdirSync(join(folder, 'out'))).toEqual([]);
  });

  it('leaves the folder as it was when a row cannot be read', async () => {
    const { database, rows, exported } = await setUp({}, []);
    await rows.insert(jobId, [[0, 1, 2, ['1', 'a']]]);
    database.write(database.prepare("UPDATE rows SET data = '['"));
    await expect(exported()).rejects.toBeInstanceOf(StateDamaged);
    expect(readdirSync(join(folder, 'out'))).toEqual([]);
  });

  it('counts as accepted what came out of a chunk that was cut short', async () => {
    const { rows, exported } = await setUp({}, []);
    await rows.insert(jobId, [[0, 1, 2, ['1', 'a']]]);
    expect(await exported()).toMatchObject({ accepted: 1, ledger: { rows: 6, open: 6 } });
  });
});
