import { createMemoryJobs, createOpenJob } from '@sluice/core/memory-jobs';
import { createMemoryRows } from '@sluice/core/memory-rows';
import { createVirtualClock } from '@sluice/core/virtual-clock';
import { expect, it } from 'vitest';
import { createJobCounter } from './job-count.ts';
import { jobId, markOf } from './operate-harness.ts';
import type { ReadingBudget } from './reading-budget.ts';

const source = { bucket: 'inbox', key: 'a.csv', etag: 'e', bytes: 100 };
const { signal } = new AbortController();

/** Chunks of ten rows that are cleaned, with as many rows final as `done` says. */
const setUp = async (done: readonly number[], settings: Partial<ReadingBudget> = {}) => {
  const clock = createVirtualClock(1_000);
  const jobs = createMemoryJobs();
  const rows = createMemoryRows();
  const counted: number[] = [];
  const counts = [...done];
  rows.countChunk = async (_, chunk) => {
    counted.push(chunk);
    const final = counts[chunk] ?? 0;
    return { PENDING: 10 - final, DONE: final, FAILED: 0, ...(final < 10 ? { pendingRow: chunk * 10 + 10 } : {}) };
  };
  await jobs.createJob({
    ...createOpenJob(jobId, source, ['a']),
    plan: { chunks: done.length, rows: done.length * 10, closedAt: 0 },
  });
  for (const chunk of done.keys()) {
    await jobs.putChunks(jobId, [
      { chunk, start: chunk, end: chunk + 1, firstRow: chunk * 10 + 1, rows: 10, firstLine: 2 },
    ]);
  }
  let spent = 0;
  const budget: ReadingBudget = {
    isInParts: true,
    spare: () => Number.POSITIVE_INFINITY,
    spend(read) {
      spent += read;
    },
    ...settings,
  };
  const count = createJobCounter({ jobs, rows, clock }, budget);
  const clean = (...chunks: number[]) =>
    Promise.all(chunks.map((chunk) => jobs.putCounts(jobId, chunk, { accepted: 10, rejected: 0 })));
  const look = () => count(jobs.jobOf(jobId), signal);
  return { clock, jobs, rows, counts, counted, clean, look, spent: () => spent };
};

it('counts no chunk again that is through or closed, and takes what is closed together', async () => {
  const { jobs, counted, counts, clean, look, spent } = await setUp([10, 10, 4, 0]);
  await clean(0, 1, 2);
  expect(await look()).toMatchObject({
    ledger: { rows: 40, done: 24, open: 16 },
    cleaned: 30,
    stored: 30,
    closed: 0,
    chunks: { planned: 4, cleaned: 3, closed: 0 },
  });
  await jobs.closeChunk(jobId, 0, { done: 10, failed: 0 });
  counts[2] = 5;
  expect(await look()).toMatchObject({ ledger: { done: 25 }, closed: 10, chunks: { planned: 4, closed: 1 } });
  await jobs.closeChunk(jobId, 1, { done: 10, failed: 0 });
  expect(await look()).toMatchObject({ ledger: { done: 25 }, closed: 20, chunks: { planned: 4, closed: 2 } });
  expect(counted).toEqual([0, 1, 2, 2, 2]);
  expect(spent()).toBe(50);
});

it('counts in turns what it cannot count at once, and says how old that is', async () => {
  let spare = 20;
  const { clock, counted, clean, look } = await setUp([1, 2, 3], {
    spare: () => spare,
    spend(read) {
      spare -= read;
    },
  });
  await clean(0, 1, 2);
  expect(await look()).toMatchObject({ ledger: { done: 3 }, source: 'audited' });
  clock.pass(2_000);
  spare = 20;
  expect(await look()).toMatchObject({ ledger: { done: 6 }, source: 'counted', countedAt: 1_000 });
  expect(counted).toEqual([0, 1, 2, 0]);
});

it('counts all or nothing where there is no later look', async () => {
  const { counted, clean, look } = await setUp([1, 2, 3], { isInParts: false, spare: () => 29 });
  await clean(0, 1, 2);
  expect(await look()).toMatchObject({ ledger: { done: 0, open: 30 }, source: 'audited' });
  expect(counted).toEqual([]);
});

it('takes a chunk that was given up for dead until it is cleaned', async () => {
  const { jobs, clean, look } = await setUp([0, 3]);
  await jobs.putMarks([markOf({ stage: 'clean-rows', chunk: 1 })]);
  expect((await look()).ledger).toMatchObject({ dead: 10, open: 10 });
  await clean(1);
  expect((await look()).ledger).toMatchObject({ done: 3, dead: 0, open: 17 });
});

it('does not count chunks of which it cannot hold the marks', async () => {
  const { jobs, counted, clean, look } = await setUp([1, 2, 3]);
  await clean(0, 1, 2);
  await jobs.putMarks(Array.from({ length: 10_001 }, (_, index) => markOf({ chunk: 1, row: 100 + index })));
  expect(await look()).toMatchObject({ ledger: { done: 1, open: 29 }, source: 'audited' });
  expect(counted).toEqual([0]);
});

it('stops when it is told to', async () => {
  const { jobs, clean, counted } = await setUp([1]);
  await clean(0);
  const count = createJobCounter(
    { jobs, rows: createMemoryRows(), clock: createVirtualClock() },
    { isInParts: true, spare: () => 100, spend: () => undefined },
  );
  await expect(count(jobs.jobOf(jobId), AbortSignal.abort(new Error('interrupted')))).rejects.toThrow('interrupted');
  expect(counted).toEqual([]);
});

it('fails when none of its counts is under way any more: a later look would begin them once more', async () => {
  const { clean, look, rows } = await setUp([5, 5]);
  await clean(0, 1);
  let hasEnded = false;
  const { countChunk } = rows;
  rows.countChunk = async (id, chunk) => {
    if (chunk === 0) throw new Error('away');
    await new Promise((resolve) => setImmediate(resolve));
    hasEnded = true;
    return countChunk(id, chunk);
  };
  await expect(look()).rejects.toThrow('away');
  expect(hasEnded).toBe(true);
});
