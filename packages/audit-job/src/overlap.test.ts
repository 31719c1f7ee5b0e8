import { catchOutput } from '@sluice/core/caught-output';
import { createMemoryEvents } from '@sluice/core/memory-events';
import { serialiseAudit } from '@sluice/core/messages';
import type { JobState, JobStore } from '@sluice/core/ports/job-store';
import { recordOf } from '@sluice/core/stage-harness';
import type { Context } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import type { SetUp } from './audit-harness.ts';
import { bucket, jobId, markOf, nothing, range, setUp } from './audit-harness.ts';
import { createAuditJob } from './audit-job.ts';

// Two audits of one job at once: the lease keeps them apart, and where clocks differ by minutes and it does not, what they write is
// right all the same.

catchOutput();

/** A second function whose clock is `skewMilliseconds` ahead of the harness's. */
const secondOf = (made: Awaited<ReturnType<typeof setUp>>, skewMilliseconds: number) => {
  const { ports, clock, jobs, rows, objects, events } = made;
  const skewed = { ...clock, now: () => clock.now() + skewMilliseconds };
  const handler = createAuditJob({ ...ports, clock: skewed, jobs, rows, objects, events }, { bucket });
  return async (): Promise<number> => {
    const endsAt = clock.now() + 300_000;
    const context = {
      awsRequestId: 'second',
      functionName: 'audit-job',
      getRemainingTimeInMillis: () => endsAt - clock.now(),
    } as Context;
    const { batchItemFailures } = await handler({ Records: [recordOf('b', serialiseAudit(jobId))] }, context);
    return batchItemFailures.length;
  };
};

describe('the lease of an audit', () => {
  it('lasts as long as its invocation: one that died holds up nobody for longer', async () => {
    const made = await setUp({ chunks: [{ rows: 1, rejected: [], done: [1] }] });
    const until: number[] = [];
    const { takeLease } = made.jobs;
    made.jobs.takeLease = (id, lease, owner, now, to) => {
      until.push(to - now);
      return takeLease(id, lease, owner, now, to);
    };
    await made.audit();
    expect(until).toEqual([300_000]);
  });

  it('keeps a second audit away that starts in the middle of the first, and that is acknowledged', async () => {
    const made = await setUp({ chunks: [{ rows: 1, rejected: [], done: [1] }] });
    const second = secondOf(made, 0);
    const { countChunk } = made.rows;
    const answers: number[] = [];
    made.rows.countChunk = async (...place) => {
      answers.push(await second());
      return countChunk(...place);
    };
    expect(await made.audit()).toBe('COMPLETE');
    expect(answers).toEqual([0]);
    expect(made.counted()).toEqual([0]);
    expect(made.events.sent).toHaveLength(1);
  });
});

/** Where the second audit runs from start to end in the middle of the first: before its first call of this. */
const moments: readonly (keyof JobStore)[] = [
  'getJob',
  'listChunks',
  'listMarks',
  'closeChunk',
  'changeJob',
  'putMarks',
];

const jobs: readonly (readonly [name: string, settings: SetUp, state: JobState])[] = [
  [
    'that completes',
    { chunks: range(1, 3).map((row) => ({ rows: 1, rejected: row === 2 ? [row] : [], done: row === 2 ? [] : [row] })) },
    'COMPLETE',
  ],
  [
    'that is held',
    { chunks: [{ rows: 2, rejected: [], done: [1], pending: [2] }], marks: [markOf({ chunk: 0, row: 2 })] },
    'HELD',
  ],
  ['that is repaired', { chunks: [{ rows: 2, rejected: [], done: [1], pending: [2] }] }, 'OPEN'],
  [
    'that is given up',
    { chunks: [{ rows: 2, rejected: [], done: [1], pending: [2] }], job: { repairs: 3, repairedAt: 0 } },
    'STALLED',
  ],
];

describe.each(jobs)('two audits at once of a job %s, with clocks six minutes apart', (_, settings, state) => {
  it.each(moments)('come to what one would, the second within %s of the first', async (moment) => {
    const events = createMemoryEvents();
    let second: (() => Promise<number>) | undefined;
    const made = await setUp({ ...settings, events });
    made.clock.pass(500_000);
    const target = made.jobs as unknown as Record<string, (...args: readonly unknown[]) => unknown>;
    const original = target[moment];
    if (original === undefined) throw new Error(`expected an operation ${moment}, found none`);
    const runSecond = async (): Promise<void> => {
      const run = second;
      second = undefined;
      await run?.();
    };
    target[moment] = moment.startsWith('list')
      ? async function* (...args: readonly unknown[]) {
          await runSecond();
          yield* original(...args) as AsyncIterable<unknown>;
        }
      : async (...args: readonly unknown[]) => {
          await runSecond();
          return original(...args);
        };
    second = secondOf(made, 360_000);
    await made.audit();
    expect(made.jobs.jobOf(jobId).state).toBe(state);
    expect(made.jobs.jobOf(jobId).repairs).toBeLessThanOrEqual(state === 'STALLED' ? 3 : 1);
    expect(made.marked().filter(([stage]) => stage === 'LOST')).toHaveLength(state === 'STALLED' ? 1 : 0);
    if (state !== 'OPEN') expect(made.sent()).toEqual(nothing);
    for (const { rows, rejected, done, failed } of events.sent) {
      expect({ rows, rejected, done, failed }).toEqual({ rows: 3, rejected: 1, done: 2, failed: 0 });
    }
    expect(events.sent.length > 0).toBe(state === 'COMPLETE');
    // What both left is a ledger from which a further audit comes to the same.
    expect(await made.audit()).toBe(state);
  });
});

describe('a job that is complete', () => {
  it('stays so, whatever an audit that began before it writes', async () => {
    const made = await setUp({
      chunks: [{ rows: 1, rejected: [], pending: [1] }],
      marks: [markOf({ chunk: 0, row: 1 })],
    });
    const second = secondOf(made, 360_000);
    const { changeJob } = made.jobs;
    let isFirst = true;
    made.jobs.changeJob = async (...change) => {
      if (isFirst) {
        isFirst = false;
        await made.finish(0, [1]);
        await second();
        expect(made.jobs.jobOf(jobId).state).toBe('COMPLETE');
      }
      return changeJob(...change);
    };
    await made.audit();
    expect(made.jobs.jobOf(jobId).state).toBe('COMPLETE');
    expect(made.events.sent).toHaveLength(1);
  });
});
