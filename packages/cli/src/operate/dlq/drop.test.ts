import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createMemoryRows } from '@sluice/core/memory-rows';
import { queueNames } from '@sluice/core/ports/queue';
import { describe, expect, it } from 'vitest';
import { jobId } from '../operate-harness.ts';
import {
  auditBody,
  chunkBody,
  createDlqHarness,
  csvOf,
  finishedBody,
  makeFolder,
  markOfRow,
  noFilter,
  rowsBody,
  uploadBody,
  withFaults,
} from './dlq-harness.ts';
import { type DropFlags, drop } from './drop.ts';

type Harness = ReturnType<typeof createDlqHarness>;

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

const flagsIn = (folder: string, flags: Partial<DropFlags> = {}): DropFlags & { readonly out: string } => ({
  ...noFilter,
  rate: 50,
  yes: true,
  out: join(folder, 'dropped.ndjson'),
  ...flags,
});

const stateOf = ({ rows }: Harness): string[] =>
  rows.rowsOf(jobId).map(({ row, status, error }) => `${row} ${status}${error === undefined ? '' : ` ${error.code}`}`);

const marked = ({ jobs }: Harness): (number | undefined)[] => jobs.marksOf(jobId).map(({ row }) => row);

const linesOf = (path: string): unknown[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);

describe('without --yes', () => {
  it('says what would be dropped and what that means, and changes nothing', async () => {
    const folder = makeFolder();
    const harness = createDlqHarness();
    await harness.addJob({ csv: csvOf(3), fate: 'PENDING', marks: [1, 2, 3].map((row) => markOfRow(row)) });
    harness.lay('work', [rowsBody([1])]);
    harness.lay('finished', [finishedBody([2])]);
    harness.lay('chunks', [chunkBody(0)]);
    harness.lay('uploads', [uploadBody('c.csv')]);
    harness.lay('rows', ['SECRET']);
    expect(await harness.run(drop(harness.session, flagsIn(folder, { yes: false })))).toBe(0);
    expect(harness.lines().slice(-6)).toEqual([
      '',
      '  5 letters with 12 rows of 1 job would be dropped',
      '  1 row of them processed with success: their results are thrown away',
      '  1 letter of whole chunks: their 10 rows cannot be written off one by one and stay dead (sluice repair sends them again, sluice cancel ends the job)',
      '  1 letter of uploads: such a file is not planned then (sluice cancel ends its job, uploading it again begins anew)',
      '  1 letter that nobody can read: rows in them, if any, are open and repaired by an audit',
    ]);
    expect(harness.notes).toEqual(['nothing was dropped: --yes does it.']);
    expect(harness.value()).toMatchObject({ seen: 5, matched: 5, dropped: 0, isDryRun: true });
    expect(readdirSync(folder)).toEqual([]);
    expect(harness.visible()).toHaveLength(5);
    expect(stateOf(harness)).toEqual(['1 PENDING', '2 PENDING', '3 PENDING']);
    expect(marked(harness)).toEqual([1, 2, 3]);
  });
});

describe('with --yes', () => {
  it('writes rows off, in the table or not, takes their marks back, and deletes the letters', async () => {
    const folder = makeFolder();
    const harness = createDlqHarness();
    await harness.addJob({
      csv: csvOf(6),
      fates: { 1: 'PENDING', 2: 'ABSENT', 3: 'PENDING', 4: 'ABSENT', 5: 'PENDING' },
      marks: [1, 2, 3, 4].map((row) => markOfRow(row)),
    });
    harness.lay('work', [rowsBody([1])]);
    harness.lay('rows', [rowsBody([2])]);
    // The values of the second are in the source alone.
    harness.lay('finished', [finishedBody([3]), finishedBody([4])]);
    expect(await harness.run(drop(harness.session, flagsIn(folder)))).toBe(0);
    expect(stateOf(harness)).toEqual([
      '1 FAILED DROPPED',
      '2 FAILED DROPPED',
      '3 FAILED DROPPED',
      '4 FAILED DROPPED',
      '5 PENDING',
      '6 DONE',
    ]);
    const four = harness.rows.rowsOf(jobId).find(({ row }) => row === 4);
    expect(four).toMatchObject({ line: 5, data: '["4","SECRET-4"]', error: { message: 'written off by an operator' } });
    expect(harness.visible()).toEqual([]);
    expect(marked(harness)).toEqual([]);
    expect(harness.queues.audits.bodies).toEqual([auditBody()]);
    expect(harness.value()).toMatchObject({ seen: 4, matched: 4, dropped: 4, failed: 0, rowsWrittenOff: 4 });
  });

  it('saves the letters first, for the eyes of their owner alone', async () => {
    const folder = makeFolder();
    const flags = flagsIn(folder);
    const harness = createDlqHarness();
    await harness.addJob({ csv: csvOf(2), fate: 'PENDING', marks: [markOfRow(1)] });
    harness.lay('work', [rowsBody([1])]);
    const names: string[] = [];
    const operator = withFaults(harness.operator, (_, name) => {
      const isChange = /^(rows\.(finish|insert)|jobs\.removeMarks|deadLetters\.work\.remove)$/.test(name);
      if (!isChange) return undefined;
      names.push(name);
      expect(linesOf(flags.out)).toHaveLength(1);
      return undefined;
    });
    await harness.run(drop({ ...harness.session, operator }, flags));
    expect(names).toEqual(['rows.finish', 'deadLetters.work.remove', 'jobs.removeMarks']);
    expect(statSync(flags.out).mode & 0o777).toBe(0o600);
    expect(linesOf(flags.out)).toEqual([
      {
        queue: 'work',
        id: 'letter-1',
        sentAt: '2026-01-02T02:04:05.000Z',
        body: rowsBody([1]),
        errors: [
          {
            chunk: 0,
            row: 1,
            stage: 'process-rows',
            code: 'PROCESSOR_ERROR',
            message: 'expected success, found an error',
            attempts: 5,
          },
        ],
      },
    ]);
    expect(harness.lines().at(-1)).toBe(`  saved before in ${flags.out}, readable for you alone`);
  });

  it('leaves a row that is final as it is', async () => {
    const harness = createDlqHarness();
    await harness.addJob({ csv: csvOf(2), fates: { 1: 'DONE', 2: 'FAILED' } });
    harness.lay('work', [rowsBody([1]), rowsBody([2])]);
    expect(await harness.run(drop(harness.session, flagsIn(makeFolder())))).toBe(0);
    expect(stateOf(harness)).toEqual(['1 DONE', '2 FAILED NOT_WANTED']);
    expect(harness.visible()).toEqual([]);
  });

  it('writes a row off once that lies there twice', async () => {
    const harness = createDlqHarness();
    await harness.addJob({ csv: csvOf(1), fate: 'ABSENT' });
    harness.lay('rows', [rowsBody([1]), rowsBody([1])]);
    expect(await harness.run(drop(harness.session, flagsIn(makeFolder())))).toBe(0);
    expect([stateOf(harness), harness.visible()]).toEqual([['1 FAILED DROPPED'], []]);
  });

  it('ends a row that came into the table a moment ago', async () => {
    const harness = createDlqHarness();
    await harness.addJob({ csv: csvOf(1), fate: 'ABSENT' });
    harness.lay('rows', [rowsBody([1])]);
    const { rows } = harness.operator;
    const operator = {
      ...harness.operator,
      rows: {
        ...rows,
        // Store-rows is quicker.
        async insert(...given: Parameters<typeof rows.insert>) {
          const [ofJob, tuples] = given;
          if (given[2] !== undefined) await rows.insert(ofJob, tuples);
          return rows.insert(...given);
        },
      },
    };
    expect(await harness.run(drop({ ...harness.session, operator }, flagsIn(makeFolder())))).toBe(0);
    expect([stateOf(harness), harness.visible()]).toEqual([['1 FAILED DROPPED'], []]);
  });

  it('waits for a table that throttles', async () => {
    const rows = createMemoryRows({ finish: (_, attempt) => (attempt <= 5 ? 'throttled' : undefined) });
    const harness = createDlqHarness({ rows });
    await harness.addJob({ csv: csvOf(2), fate: 'PENDING' });
    harness.lay('work', [rowsBody([1]), rowsBody([2])]);
    expect(await harness.run(drop(harness.session, flagsIn(makeFolder())))).toBe(0);
    expect(stateOf(harness)).toEqual(['1 FAILED DROPPED', '2 FAILED DROPPED']);
  });

  it.each([
    ['throttled', 'the table throttles'],
    ['failed', 'the table fails'],
    ['refused', 'the table refuses them'],
  ] as const)('keeps the letter and the mark of a row whose write is %s', async (fault, why) => {
    const rows = createMemoryRows({ finish: (row) => (row === 2 ? fault : undefined) });
    const harness = createDlqHarness({ rows });
    await harness.addJob({ csv: csvOf(4), fate: 'PENDING', marks: range(4).map((row) => markOfRow(row)) });
    // The second one of a pack keeps the pack.
    harness.lay('work', [rowsBody([1, 2]), rowsBody([3]), rowsBody([4])]);
    expect(await harness.run(drop(harness.session, flagsIn(makeFolder())))).toBe(1);
    expect(harness.visible()).toEqual([rowsBody([1, 2])]);
    expect(marked(harness)).toEqual([1, 2]);
    expect(stateOf(harness)).toEqual(['1 FAILED DROPPED', '2 PENDING', '3 FAILED DROPPED', '4 FAILED DROPPED']);
    expect(harness.lines()).toContain(`  1 row not written off: ${why}`);
    expect(harness.value()).toMatchObject({ matched: 3, dropped: 2, failed: 1 });
  });

  it('keeps the letter of a row that is not in the table, and whose values are nowhere', async () => {
    const harness = createDlqHarness();
    await harness.addJob({ csv: csvOf(2), fates: { 1: 'ABSENT' } });
    await harness.objects.put('inbox', 'a.csv', 'another file');
    harness.lay('finished', [finishedBody([1])]);
    expect(await harness.run(drop(harness.session, flagsIn(makeFolder())))).toBe(1);
    expect(harness.visible()).toEqual([finishedBody([1])]);
    expect(harness.lines()).toContain(
      '  1 row not written off: they are not in the table, and the source does not have them any more',
    );
  });

  it.each<readonly [string, object]>([
    ['REFUSED', { state: 'REFUSED', reason: { code: 'CANCELLED', message: '' } }],
    ['COMPLETE, and its rows were deleted', { state: 'COMPLETE', forgottenAt: 1 }],
  ])('deletes letters of a job that is %s, and writes nothing', async (_, job) => {
    const harness = createDlqHarness();
    await harness.addJob({ csv: csvOf(1), fate: 'ABSENT', job, marks: [markOfRow(1)] });
    harness.lay('rows', [rowsBody([1])]);
    expect(await harness.run(drop(harness.session, flagsIn(makeFolder())))).toBe(0);
    expect([stateOf(harness), harness.visible()]).toEqual([[], []]);
    // Nothing was written off, so they are all that tells why.
    expect(marked(harness)).toEqual([1]);
  });

  it('deletes letters of chunks and uploads, whose rows stay as they are', async () => {
    const harness = createDlqHarness();
    await harness.addJob({ csv: csvOf(3), fate: 'ABSENT', uncounted: [0], marks: [{ chunk: 0, stage: 'clean-rows' }] });
    harness.lay('chunks', [chunkBody(0)]);
    harness.lay('uploads', [uploadBody('a.csv')]);
    const flags = flagsIn(makeFolder());
    expect(await harness.run(drop(harness.session, flags))).toBe(0);
    expect([stateOf(harness), harness.visible(), harness.jobs.marksOf(jobId).length]).toEqual([[], [], 1]);
    expect(linesOf(flags.out)).toHaveLength(2);
  });

  it('leaves a pack that holds other rows', async () => {
    const harness = createDlqHarness();
    await harness.addJob({ csv: csvOf(3), fate: 'PENDING' });
    harness.lay('work', [rowsBody([1, 2]), rowsBody([2])]);
    await harness.run(drop(harness.session, flagsIn(makeFolder(), { job: jobId, row: [2, 2] })));
    expect(harness.visible()).toEqual([rowsBody([1, 2])]);
    expect(harness.value()).toMatchObject({ dropped: 1, leftBecause: { otherRows: 1 } });
  });

  it('ends when batch after batch is refused', async () => {
    const rows = createMemoryRows({ finish: () => 'refused' });
    const harness = createDlqHarness({ rows });
    await harness.addJob({ csv: csvOf(80), fate: 'PENDING' });
    harness.lay(
      'work',
      range(80).map((row) => rowsBody([row])),
    );
    expect(await harness.run(drop(harness.session, flagsIn(makeFolder())))).toBe(1);
    expect(harness.visible()).toHaveLength(80);
    expect(harness.value()).toMatchObject({ dropped: 0, failed: 30 });
  });

  it('ends after the batch under way when it is interrupted', async () => {
    const interrupt = new AbortController();
    const rows = createMemoryRows({
      finish: () => {
        interrupt.abort();
        return undefined;
      },
    });
    const harness = createDlqHarness({ rows, signal: interrupt.signal });
    await harness.addJob({ csv: csvOf(25), fate: 'PENDING' });
    harness.lay(
      'work',
      range(25).map((row) => rowsBody([row])),
    );
    expect(await harness.run(drop(harness.session, flagsIn(makeFolder())))).toBe(1);
    expect(harness.visible()).toHaveLength(15);
    expect(harness.value()).toMatchObject({ dropped: 10, failed: 0 });
  });
});

describe('dead rows that have no letter', () => {
  const createDead = async (): Promise<Harness> => {
    const harness = createDlqHarness();
    await harness.addJob({
      csv: csvOf(40),
      fates: { 1: 'PENDING', 2: 'ABSENT', 3: 'PENDING', 4: 'DONE', 5: 'PENDING', 31: 'ABSENT' },
      marks: [markOfRow(1, { code: 'ROW_REFUSED', permanent: true }), ...[2, 3, 4, 31].map((row) => markOfRow(row))],
      job: { state: 'HELD' },
    });
    harness.lay('work', [rowsBody([3])]);
    return harness;
  };

  it('are written off with --job, saved first, with values from the source where the table has none', async () => {
    const harness = await createDead();
    const flags = flagsIn(makeFolder(), { job: jobId });
    expect(await harness.run(drop(harness.session, flags))).toBe(0);
    expect(stateOf(harness).filter((row) => !row.endsWith('DONE'))).toEqual([
      '1 FAILED DROPPED',
      '2 FAILED DROPPED',
      '3 FAILED DROPPED',
      '5 PENDING',
      '31 FAILED DROPPED',
    ]);
    // A mark on a row that is final does no harm.
    expect(marked(harness)).toEqual([4]);
    expect(harness.rows.rowsOf(jobId).find(({ row }) => row === 31)?.data).toBe('["31","SECRET-31"]');
    expect(harness.value()).toMatchObject({ dropped: 1, deadRowsWithoutLetter: 3, rowsWrittenOff: 4 });
    expect(linesOf(flags.out)).toMatchObject([
      { queue: 'work' },
      { jobId, chunk: 0, row: 1, line: 2, values: ['1', 'SECRET-1'], errors: [{ code: 'ROW_REFUSED' }] },
      { row: 2, errors: [{ code: 'PROCESSOR_ERROR' }] },
      { row: 31 },
    ]);
    expect(harness.queues.audits.bodies).toEqual([auditBody()]);
  });

  it('are counted without --yes', async () => {
    const harness = await createDead();
    expect(await harness.run(drop(harness.session, flagsIn(makeFolder(), { job: jobId, yes: false })))).toBe(0);
    expect(harness.lines()).toContain('  3 dead rows without a letter would be written off');
    expect(marked(harness)).toEqual([1, 2, 3, 4, 31]);
  });

  it.each<readonly [string, Partial<DropFlags>, readonly number[]]>([
    ['of a code', { code: ['ROW_REFUSED'] }, [2, 3, 4, 31]],
    ['of some rows', { row: [2, 5] }, [1, 4, 31]],
    ['of no queue', { queue: ['work'] }, [1, 2, 4, 31]],
    ['of no age', { newerThan: 86_400_000 }, [1, 2, 4, 31]],
  ])('are taken by the filters: those %s', async (_, filter, left) => {
    const harness = await createDead();
    await harness.run(drop(harness.session, flagsIn(makeFolder(), { job: jobId, ...filter })));
    expect(marked(harness)).toEqual(left);
  });

  it('stay dead when they cannot be written off', async () => {
    const harness = await createDead();
    await harness.objects.put('inbox', 'a.csv', 'another file');
    expect(await harness.run(drop(harness.session, flagsIn(makeFolder(), { job: jobId })))).toBe(1);
    expect(marked(harness)).toEqual([2, 4, 31]);
  });
});

describe('--out', () => {
  it('is refused when the file is there, before anything is done', async () => {
    const flags = flagsIn(makeFolder());
    writeFileSync(flags.out, 'mine');
    const harness = createDlqHarness();
    harness.lay('work', [rowsBody([1])]);
    await expect(harness.run(drop(harness.session, flags))).rejects.toThrow('--out: expected no such file yet, found');
    expect([readFileSync(flags.out, 'utf8'), harness.visible().length]).toEqual(['mine', 1]);
  });

  it('is refused when it cannot be made', async () => {
    const { run, session } = createDlqHarness();
    const flags = flagsIn(join(makeFolder(), 'nowhere'));
    await expect(run(drop(session, flags))).rejects.toThrow('--out: expected a file that can be made, found');
  });

  it('is no file, and nothing is said of what is there, when nobody could look', async () => {
    const harness = createDlqHarness();
    const flags = flagsIn(makeFolder());
    const operator = withFaults(harness.operator, (_, name) => (name.endsWith('.count') ? 'before' : undefined));
    await expect(harness.run(drop({ ...harness.session, operator }, flags))).rejects.toThrow('lost');
    expect(existsSync(flags.out)).toBe(false);
    expect(() => harness.lines()).toThrow('found 0');
  });

  it('is no file when nothing was dropped', async () => {
    const flags = flagsIn(makeFolder());
    const { run, session, lines, queues } = createDlqHarness();
    expect(await run(drop(session, flags))).toBe(0);
    expect([existsSync(flags.out), lines()]).toEqual([false, ['nothing to drop']]);
    for (const name of queueNames) expect(queues[name].sends).toEqual([]);
  });
});
