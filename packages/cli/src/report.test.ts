import { createOpenJob } from '@sluice/core/memory-jobs';
import type { Job, JobState } from '@sluice/core/ports/job-store';
import type { StageName } from '@sluice/core/wiring';
import { stageNames } from '@sluice/core/wiring';
import type { StageStats } from '@sluice/local-cloud/local-cloud';
import { describe, expect, it } from 'vitest';
import { createReport, reasonOf, renderReport } from './report.ts';

const idle: StageStats = { invocations: 0, failedInvocations: 0, busySeconds: 0 };
const stages = Object.fromEntries(stageNames.map((name) => [name, idle])) as Record<StageName, StageStats>;
const file = { bucket: 'inbox', key: 'a.csv', etag: 'e', bytes: 100 };

const reportOf = (state: JobState, { done = 10, isInterrupted = false, isPlanned = true } = {}) => {
  const ledger = { rows: 10, rejected: 0, done, failed: 0, dead: 0, open: 10 - done };
  const job: Job = {
    ...createOpenJob('0123456789abcdefghjkmnpqrs', file, ['a']),
    state,
    ...(isPlanned ? { plan: { chunks: 1, rows: 10, closedAt: 0 } } : {}),
  };
  return createReport(
    '/data/a.csv',
    job,
    { ledger, accepted: 10, rejects: new Map() },
    stages,
    new Map(),
    isInterrupted,
  );
};

describe('the reason', () => {
  const reason = { code: 'LEASE_HELD', message: 'expected the file to be free, found it being planned' };
  const jobOf = (state: JobState): Job => ({
    ...createOpenJob('0123456789abcdefghjkmnpqrs', file, ['a']),
    state,
    reason,
  });

  it('is told of a job that waits for somebody, and no more of one that got over it', () => {
    expect(reasonOf(jobOf('HELD'))).toBe(reason.message);
    expect(reasonOf(jobOf('COMPLETE'))).toBeUndefined();
  });
});

describe('the verdict', () => {
  it.each<[JobState, string]>([
    ['COMPLETE', 'COMPLETE'],
    ['HELD', 'HELD'],
    ['STALLED', 'STALLED'],
    ['REFUSED', 'REFUSED'],
    ['INCONSISTENT', 'INCONSISTENT'],
    ['OPEN', 'INCOMPLETE'],
    ['PLANNING', 'INCOMPLETE'],
    ['SUPERSEDED', 'INCOMPLETE'],
  ])('of a job that is %s is %s', (state, verdict) => {
    expect(reportOf(state).verdict).toBe(verdict);
  });

  it.each<JobState>(['COMPLETE', 'HELD', 'STALLED'])(
    'is INCOMPLETE with rows missing, though the job is %s',
    (state) => {
      expect(reportOf(state, { done: 9 })).toMatchObject({ verdict: 'INCOMPLETE', missing: 1 });
    },
  );

  it('is INCOMPLETE when the run was interrupted, though every row is done', () => {
    expect(reportOf('OPEN', { isInterrupted: true })).toMatchObject({ verdict: 'INCOMPLETE', missing: 0 });
  });
});

describe('the rendered ledger', () => {
  const rejects = new Map([
    ['REQUIRED', 1],
    ['TOO_LONG', 1_234],
  ]);
  const place = { file: 'a\u001b.csv', out: 'out' };

  it('names rejects by code, the most frequent first, and nothing acts on the terminal', () => {
    const text = renderReport(reportOf('COMPLETE'), { rejects, reason: undefined }, place);
    expect(text).toContain('TOO_LONG 1,234, REQUIRED 1');
    expect(text).toContain('COMPLETE  a\\u{1b}.csv');
  });

  it('gives the reason of the job, and advice where there is none', () => {
    const held = reportOf('HELD');
    expect(renderReport(held, { rejects, reason: 'expected this, found that' }, place)).toContain(
      '\n  expected this, found that\n',
    );
    expect(renderReport(held, { rejects, reason: undefined }, place)).toContain('dead.ndjson tells');
  });
});
