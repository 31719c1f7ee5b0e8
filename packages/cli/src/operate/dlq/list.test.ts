import { jobIdOf } from '@sluice/core/identity';
import { hashProfile } from '@sluice/core/profile';
import { expect, it } from 'vitest';
import { jobId, markOf, startsAt } from '../operate-harness.ts';
import {
  auditBody,
  chunkBody,
  createDlqHarness,
  csvOf,
  finishedBody,
  markOfRow,
  noFilter,
  rowsBody,
  uploadBody,
} from './dlq-harness.ts';
import { list } from './list.ts';
import type { LetterFlags } from './select.ts';

const otherJob = 'abcdefghjkmnpqrstvwxyz0123';
const minutes = 60_000;

/** Letters of every kind, of two jobs. */
const createFull = async () => {
  const harness = createDlqHarness();
  await harness.addJob({
    csv: csvOf(20),
    fates: Object.fromEntries([1, 2, 3, 4, 5, 7].map((row) => [row, 'PENDING' as const])),
    marks: [
      markOfRow(1),
      markOfRow(2, { code: 'TIMEOUT' }),
      markOfRow(3),
      markOfRow(4),
      markOfRow(5, { stage: 'finish-rows', code: 'THROTTLED' }),
      markOfRow(7, { permanent: true, code: 'ROW_REFUSED' }),
      // Final by now: it is not dead.
      markOfRow(8),
    ],
  });
  await harness.addJob({
    csv: csvOf(10),
    job: { jobId: otherJob, file: { bucket: 'inbox', key: 'b.csv', etag: 'b', bytes: 1 } },
  });
  harness.lay('work', [rowsBody([1]), rowsBody([2]), rowsBody([3, 4])]);
  harness.lay('work', [rowsBody([9], otherJob)], startsAt - 30 * minutes);
  harness.lay('finished', [finishedBody([5])], startsAt - 120 * minutes);
  harness.lay('chunks', [chunkBody(1)]);
  harness.lay('uploads', [uploadBody('c.csv'), uploadBody('b.csv', 'b')]);
  harness.lay('audits', [auditBody(), '{"v":9}']);
  return harness;
};

const listed = async (flags: LetterFlags = {}) => {
  const harness = await createFull();
  expect(await harness.run(list(harness.session, { ...noFilter, ...flags }))).toBe(0);
  const value = harness.value() as {
    letters: number;
    rows: number;
    groups: readonly { queue: string; stage: string; code: string; letters: number; rows: number }[];
    deadRowsWithoutLetter?: number;
  };
  const groups = value.groups.map(({ queue, stage, code, letters, rows }) =>
    [queue, stage, code, letters, rows].join(' '),
  );
  return { value, groups, lines: harness.lines(), notes: harness.notes, visible: harness.visible() };
};

it('counts letters and rows by queue, stage and code', async () => {
  const { value, groups, visible } = await listed();
  expect(groups).toEqual([
    'uploads split-file NO_MARK 2 0',
    'chunks clean-rows NO_MARK 1 10',
    'work process-rows PROCESSOR_ERROR 2 3',
    'work process-rows TIMEOUT 1 1',
    'work process-rows NO_MARK 1 1',
    'finished finish-rows THROTTLED 1 1',
    'audits audit-job NO_MARK 1 0',
    'audits audit-job MESSAGE_INVALID 1 0',
  ]);
  expect(value).toMatchObject({ seen: 10, letters: 10, rows: 16, jobs: 2 });
  expect(visible).toHaveLength(10);
});

it('says what it counted in a table', async () => {
  const { lines } = await listed({ queue: ['finished', 'work'], code: ['PROCESSOR_ERROR', 'THROTTLED'] });
  expect(lines).toEqual([
    '  queue     stage         code             letters  rows  jobs  oldest  newest',
    '  work      process-rows  PROCESSOR_ERROR        2     3     1     1 h     1 h',
    '  finished  finish-rows   THROTTLED              1     1     1     2 h     2 h',
    '',
    '  3 letters with 4 rows of 1 job',
  ]);
});

it.each<readonly [string, LetterFlags, readonly string[]]>([
  ['a queue', { queue: ['finished'] }, ['finished finish-rows THROTTLED 1 1']],
  [
    'two queues',
    { queue: ['finished', 'audits'] },
    ['finished finish-rows THROTTLED 1 1', 'audits audit-job NO_MARK 1 0', 'audits audit-job MESSAGE_INVALID 1 0'],
  ],
  [
    'a job, by its rows and by its file',
    { job: otherJob },
    ['uploads split-file NO_MARK 1 0', 'work process-rows NO_MARK 1 1'],
  ],
  ['a code', { code: ['TIMEOUT'] }, ['work process-rows TIMEOUT 1 1']],
  [
    'two codes',
    { code: ['TIMEOUT', 'THROTTLED'] },
    ['work process-rows TIMEOUT 1 1', 'finished finish-rows THROTTLED 1 1'],
  ],
  ['letters that nobody can read', { code: ['MESSAGE_INVALID'] }, ['audits audit-job MESSAGE_INVALID 1 0']],
  ['letters without a mark', { code: ['NO_MARK'], queue: ['work'] }, ['work process-rows NO_MARK 1 1']],
  ['a row, though it is in a pack', { job: jobId, row: [4, 4] }, ['work process-rows PROCESSOR_ERROR 1 1']],
  [
    'rows, also in a chunk that was given up',
    { job: jobId, row: [5, 12] },
    ['chunks clean-rows NO_MARK 1 10', 'finished finish-rows THROTTLED 1 1'],
  ],
  ['letters that are older', { olderThan: 90 * minutes }, ['finished finish-rows THROTTLED 1 1']],
  ['letters that are newer', { newerThan: 45 * minutes }, ['work process-rows NO_MARK 1 1']],
  ['a job and a code', { job: jobId, code: ['TIMEOUT'] }, ['work process-rows TIMEOUT 1 1']],
])('counts %s alone', async (_, flags, expected) => {
  expect((await listed(flags)).groups).toEqual(expected);
});

it('counts dead rows of a job that have no letter', async () => {
  const { value, lines } = await listed({ job: jobId });
  expect(value.deadRowsWithoutLetter).toBe(1);
  expect(lines.at(-1)).toBe(
    '  1 dead row has no letter: sluice repair sends them again, sluice dlq drop --job writes them off',
  );
});

it('counts rows of chunks that were given up and have no letter', async () => {
  const { run, session, addJob, lay, lines, value } = createDlqHarness();
  const ofChunks = [0, 1, 2].map((chunk) => ({ chunk, stage: 'clean-rows' as const, code: 'READ_INCOMPLETE' }));
  // The last one has its counts by now.
  await addJob({ csv: csvOf(30), fate: 'ABSENT', uncounted: [0, 1], marks: ofChunks });
  lay('chunks', [chunkBody(1)]);
  await run(list(session, { ...noFilter, job: jobId }));
  expect(value()).toMatchObject({ deadRowsWithoutLetter: 0, givenUpWithoutLetter: { chunks: 1, rows: 10 } });
  expect(lines().at(-1)).toBe(
    '  1 chunk with 10 rows given up before they were cleaned, without a letter: sluice repair sends them again',
  );
});

it.each<readonly [string, LetterFlags]>([
  ['no job', {}],
  ['a queue', { job: jobId, queue: ['work'] }],
  ['an age', { job: jobId, olderThan: 1 }],
])('does not count dead rows without a letter for %s, since it cannot know', async (_, flags) => {
  expect((await listed(flags)).value).not.toHaveProperty('deadRowsWithoutLetter');
});

it('says that there is nothing', async () => {
  const { run, session, lines, value } = createDlqHarness();
  expect(await run(list(session, noFilter))).toBe(0);
  expect([lines(), value()]).toEqual([['no dead letters'], { seen: 0, letters: 0, rows: 0, jobs: 0, groups: [] }]);
});

it('says that there is nothing like that', async () => {
  expect((await listed({ code: ['NOBODY'] })).lines).toEqual(['no dead letters like that, among 10']);
});

it('refuses rows of no job, and a job that is not there', async () => {
  const { run, session } = createDlqHarness();
  await expect(run(list(session, { ...noFilter, row: [1, 1] }))).rejects.toThrow('--row: expected --job beside it');
  await expect(run(list(session, { ...noFilter, job: otherJob }))).rejects.toThrow('JOB: expected a job');
});

it('takes the error of a row from the mark on its chunk, and that of its file, where it has none', async () => {
  const { run, session, addJob, lay, value } = createDlqHarness();
  await addJob({
    csv: csvOf(20),
    marks: [
      { stage: 'split-file', code: 'OF_FILE' },
      { chunk: 0, code: 'OF_CHUNK' },
    ],
  });
  lay('work', [rowsBody([1]), rowsBody([11])]);
  await run(list(session, noFilter));
  expect(value()).toMatchObject({ groups: [{ code: 'OF_CHUNK' }, { stage: 'split-file', code: 'OF_FILE' }] });
});

it('reads the marks of a job once', async () => {
  const { run, session, addJob, lay, jobs } = createDlqHarness();
  await addJob({ csv: csvOf(20), marks: [markOfRow(1)] });
  lay(
    'work',
    Array.from({ length: 20 }, (_, i) => rowsBody([i + 1])),
  );
  await run(list(session, noFilter));
  expect(jobs.calls.filter(({ operation }) => operation === 'listMarks')).toHaveLength(1);
});

it('finds the mark of a file by the job that its profile makes of it', async () => {
  const { run, session, lay, putProfiles, jobs, value } = createDlqHarness();
  await putProfiles([{ prefix: '' }]);
  const version = { bucket: 'inbox', key: 'c.csv', etag: 'etag' };
  const ofFile = jobIdOf(version, hashProfile({ prefix: '' }).profileHash);
  await jobs.putMarks([markOf({ jobId: ofFile, stage: 'split-file', code: 'READ_INCOMPLETE' })]);
  lay('uploads', [uploadBody('c.csv')]);
  await run(list(session, noFilter));
  expect(value()).toMatchObject({ jobs: 1, groups: [{ stage: 'split-file', code: 'READ_INCOMPLETE', letters: 1 }] });
});

it('ends with 1 when it is interrupted', async () => {
  const { run, session, lay, notes } = createDlqHarness({ signal: AbortSignal.abort() });
  lay('work', [rowsBody([1])]);
  expect(await run(list(session, noFilter))).toBe(1);
  expect(notes).toEqual(['interrupted: what was not reached stays where it is']);
});
