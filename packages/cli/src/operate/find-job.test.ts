import { createMemoryJobs, createOpenJob } from '@sluice/core/memory-jobs';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../usage-error.ts';
import { findJob } from './find-job.ts';
import { testStack } from './operate-harness.ts';

const idOf = (start: string): string => start.padEnd(26, '0');

/** More jobs than a page has. */
const setUp = async (starts: readonly string[]) => {
  const jobs = createMemoryJobs({ pageSize: 2 });
  for (const [index, start] of starts.entries()) {
    const job = createOpenJob(idOf(start), { bucket: 'b', key: 'k', etag: 'e', bytes: 1 }, ['a']);
    await jobs.createJob({ ...job, createdAt: index });
  }
  return { jobs, stack: testStack };
};

describe('a job is found', () => {
  it.each([
    ['by its id', idOf('abcd1'), 'abcd1'],
    ['by the first characters of it', 'abcd1', 'abcd1'],
    ['by four of them, on a later page', 'efgh', 'efgh'],
    ['as the newest', 'latest', 'zzzz'],
  ])('%s', async (_, text, start) => {
    const operator = await setUp(['efgh', 'abcd1', 'abcd2', 'yyyy', 'zzzz']);
    expect((await findJob(operator, text)).jobId).toBe(idOf(start));
  });

  it('by its id with one read, and no listing', async () => {
    const operator = await setUp(['abcd']);
    const before = operator.jobs.calls.length;
    await findJob(operator, idOf('abcd'));
    expect(operator.jobs.calls.slice(before).map(({ operation }) => operation)).toEqual(['getJob']);
  });
});

describe('a job is not found', () => {
  it.each([
    ['by what two of them begin with', 'abcd', /expected one job, found 2 whose id begins with "abcd"$/],
    ['that is not there', 'wwww', /expected a job of sluice-test, found none for "wwww"; sluice jobs lists them$/],
    ['by an id that is not there', idOf('wwww'), /found none for "wwww0/],
    ['by three characters', 'abc', /expected an id of 26 letters and digits, .* found "abc"$/],
    ['by too many', 'a'.repeat(27), /expected an id/],
    ['by nothing', '', /found ""$/],
    ['by what acts on a terminal', 'ab\u001b[31m', /found "ab\\u001b\[31m"$/],
  ])('%s', async (_, text, expected) => {
    const operator = await setUp(['abcd1', 'abcd2', 'yyyy']);
    await expect(findJob(operator, text)).rejects.toThrow(expected);
    await expect(findJob(operator, text)).rejects.toThrow(UsageError);
  });

  it('as the newest where there is none', async () => {
    await expect(findJob(await setUp([]), 'latest')).rejects.toThrow(/found none for "latest"/);
  });
});
