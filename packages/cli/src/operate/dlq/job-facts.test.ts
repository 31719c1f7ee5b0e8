import type { DeadMark, JobStore } from '@sluice/core/ports/job-store';
import { createVirtualClock } from '@sluice/core/virtual-clock';
import { describe, expect, it } from 'vitest';
import { createOperateHarness, jobId, markOf, startsAt } from '../operate-harness.ts';
import { createJobFacts } from './job-facts.ts';

/** A ledger with these marks, in pages of a thousand; `reads` tells from where they were read. */
const createMarks = (marks: () => readonly DeadMark[]) => {
  const reads: (number | undefined)[] = [];
  const clock = createVirtualClock(startsAt);
  const { operator, run } = createOperateHarness({ clock });
  const listMarks: JobStore['listMarks'] = async function* (_, from) {
    reads.push(from);
    const found = marks().filter(({ chunk = -1 }) => chunk >= (from ?? -1));
    for (let at = 0; at < found.length; at += 1000) yield found.slice(at, at + 1000);
  };
  return { facts: createJobFacts({ ...operator, jobs: { ...operator.jobs, listMarks } }), reads, clock, run };
};

describe('the mark on a place', () => {
  it('is the own one, else that of the chunk, else that of the file', async () => {
    const ofFile = markOf({ code: 'FILE' });
    const ofChunk = markOf({ chunk: 1, code: 'CHUNK' });
    const ofRow = markOf({ chunk: 1, row: 2, code: 'ROW' });
    const { facts } = createMarks(() => [ofFile, ofChunk, ofRow]);
    expect(await facts.mark(jobId, { chunk: 1, row: 2 })).toEqual({ own: ofRow, nearest: ofRow });
    expect(await facts.mark(jobId, { chunk: 1, row: 3 })).toEqual({ nearest: ofChunk });
    expect(await facts.mark(jobId, { chunk: 1 })).toEqual({ own: ofChunk, nearest: ofChunk });
    expect(await facts.mark(jobId, { chunk: 2, row: 2 })).toEqual({ nearest: ofFile });
    expect(await facts.mark(jobId, {})).toEqual({ own: ofFile, nearest: ofFile });
  });

  it('is looked for again when it is missing, but not more often than once a minute', async () => {
    let marks: readonly DeadMark[] = [];
    const { facts, reads, clock } = createMarks(() => marks);
    const place = { chunk: 0, row: 1 };
    expect(await facts.mark(jobId, place)).toEqual({});
    marks = [markOf(place)];
    clock.pass(59_000);
    expect(await facts.mark(jobId, place)).toEqual({});
    clock.pass(1_000);
    expect(await facts.mark(jobId, place)).toMatchObject({ own: place });
    clock.pass(600_000);
    expect(await facts.mark(jobId, place)).toMatchObject({ own: place });
    expect(reads).toHaveLength(2);
  });

  it('is read by the chunk in a job with too many, and no chunk twice', async () => {
    const many = Array.from({ length: 100_001 }, (_, i) => markOf({ chunk: Math.floor(i / 100), row: i + 1 }));
    const ofFile = markOf({ code: 'FILE' });
    const { facts, reads } = createMarks(() => [ofFile, ...many]);
    expect(await facts.mark(jobId, { chunk: 7, row: 701 })).toMatchObject({ own: { row: 701 } });
    expect(await facts.mark(jobId, { chunk: 7, row: 702 })).toMatchObject({ own: { row: 702 } });
    expect(await facts.mark(jobId, { chunk: 999, row: 99_901 })).toMatchObject({ own: { row: 99_901 } });
    expect(await facts.mark(jobId, { chunk: 7, row: 1 })).toEqual({ nearest: ofFile });
    expect(reads).toEqual([undefined, 7, 999]);
  });
});

it('does not know the job of an upload when the profiles cannot be read', async () => {
  const { facts, run } = createMarks(() => []);
  expect(await run(facts.jobIdOfUpload({ bucket: 'inbox', key: 'a', etag: 'e', bytes: 1 }))).toBe(undefined);
});
