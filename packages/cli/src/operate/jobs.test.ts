import { describe, expect, it } from 'vitest';
import { textWidth } from '../view/text-width.ts';
import { jobs } from './jobs.ts';
import { createOperateHarness, jobId, startsAt } from './operate-harness.ts';

const idOf = (letter: string): string => letter + jobId.slice(1);

/** Three jobs, the first of which is the oldest. */
const setUp = async (settings: Parameters<typeof createOperateHarness>[0] = {}) => {
  const harness = createOperateHarness(settings);
  const { addJob, clock } = harness;
  const csv = 'a\n1\n2\n3\n4\n';
  const file = (key: string) => ({ bucket: 'inbox', key, etag: 'e', bytes: csv.length });
  await addJob({
    csv,
    job: {
      jobId: idOf('a'),
      state: 'COMPLETE',
      file: file('old.csv'),
      audited: undefined as never,
      createdAt: startsAt,
    },
  });
  await addJob({
    csv,
    rowsPerChunk: 2,
    fates: { 2: 'REJECTED', 3: 'FAILED', 4: 'PENDING' },
    marks: [{ chunk: 1, row: 4 }],
    job: { jobId: idOf('b'), state: 'HELD', file: file('held\u001b[31m.csv'), createdAt: startsAt + 60_000 },
  });
  await addJob({
    csv,
    job: {
      jobId: idOf('c'),
      state: 'PLANNING',
      plan: undefined as never,
      file: file('資料.csv'),
      createdAt: startsAt + 90_000,
    },
  });
  clock.pass(120_000);
  return harness;
};

describe('jobs', () => {
  it('lists the newest first, each with where its rows are and its age', async () => {
    const { session, lines } = await setUp();
    expect(await jobs(session, { limit: 20 })).toBe(0);
    expect(lines().map((line) => line.split(/ {2,}/))).toEqual([
      ['JOB', 'KEY', 'STATE', 'ROWS', 'DONE', 'FAILED', 'REJECTED', 'DEAD', 'OPEN', 'AGE'],
      [idOf('c'), '資料.csv', 'PLANNING', '-', '-', '-', '-', '-', '-', '30 s'],
      [idOf('b'), 'held\\u{1b}[31m.csv', 'HELD', '4', '1', '0', '1', '2', '0', '1 min'],
      [idOf('a'), 'old.csv', 'COMPLETE', '4', '4', '0', '0', '0', '0', '2 min'],
    ]);
  });

  it('gives the same as JSON', async () => {
    const { session, value } = await setUp();
    await jobs(session, { limit: 1 });
    expect(value()).toEqual([
      {
        jobId: idOf('c'),
        bucket: 'inbox',
        key: '資料.csv',
        versionId: null,
        bytes: 10,
        state: 'PLANNING',
        reason: null,
        createdAt: new Date(startsAt + 90_000).toISOString(),
        forgottenAt: null,
        repairs: 0,
        ledger: null,
      },
    ]);
  });

  it('lists those alone that stand so, up to the limit', async () => {
    const { session, value } = await setUp();
    await jobs(session, { state: ['COMPLETE', 'HELD'], limit: 1 });
    expect(value()).toMatchObject([{ jobId: idOf('b') }]);
  });

  it('says so when there is none', async () => {
    const { session, lines, value } = await setUp();
    await jobs(session, { state: ['STALLED'], limit: 1 });
    expect(lines()).toEqual(['no job of sluice-test is STALLED']);
    expect(value()).toEqual([]);
  });

  it.each([120, 100, 80, 60, 40])('takes at most the %i cells that a line of the terminal has', async (width) => {
    const { session, lines } = await setUp({ width });
    await jobs(session, { limit: 20 });
    expect(Math.max(...lines().map(textWidth))).toBeLessThanOrEqual(width);
    expect(lines()[1]).toMatch(/^c123456.*資料\.csv.*PLANNING/);
  });
});
