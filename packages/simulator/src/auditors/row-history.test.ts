import type { DeadMark } from '@sluice/core/ports/job-store';
import { beforeEach, describe, expect, it } from 'vitest';
import { expectBroken } from './broken.ts';
import type { HandMadeRun } from './hand-made-run.ts';
import { createHandMadeRun, done1, failed3, jobId, row1, row3 } from './hand-made-run.ts';

describe('rows', () => {
  let run: HandMadeRun;
  beforeEach(() => {
    run = createHandMadeRun({ faults: 10 });
  });
  const inserted = (row = row1, outcome = 'inserted' as const): void =>
    run.tell('store-rows', { kind: 'inserted', jobId, rows: [row], outcomes: [outcome] });
  const finished = (outcome = done1): void =>
    run.tell('finish-rows', { kind: 'finished', jobId, rows: [outcome], outcomes: ['finished'] });

  describe('that are inserted', () => {
    beforeEach(() => run.before('store'));

    it('may be inserted again, and stay as they are', async () => {
      await run.insert(row1);
      await run.insert(row1, row3);
      await run.insert([0, 1, 2, ['1', 'other']]);
    });

    it('are inserted once: I5', async () => {
      inserted();
      await expectBroken('I5', /a second.*row 1; at \d+ by store-rows/, () => inserted());
    });

    it('are inserted into one chunk: I5', async () => {
      inserted();
      await expectBroken('I5', /first: chunk 0/, () => inserted([1, 1, 2, ['1', 'cnry1']]));
    });

    it('belong to their chunk: I3', () => expectBroken('I3', /outside/, () => inserted([0, 3, 4, ['3', 'cnry3']])));

    it('are not rejected: I3', () => expectBroken('I3', /rejected/, () => inserted([0, 2, 3, ['2', null]])));

    it.each([
      ['same', row1, 'absent'],
      ['different', row1, 'absent'],
    ] as const)('are found %s only where they are: I7', (outcome, row, text) =>
      expectBroken('I7', new RegExp(text), () =>
        run.tell('store-rows', { kind: 'inserted', jobId, rows: [row], outcomes: [outcome] }),
      ),
    );

    it.each([
      ['same', [0, 1, 2, ['1', 'cnry2']]],
      ['same', [0, 1, 3, ['1', 'cnry1']]],
      ['same', [0, 1, 2, ['1', 'cnry1', null]]],
      ['different', row1],
    ] as const)('are found %s when they are: I7', async (outcome, row) => {
      inserted();
      await expectBroken('I7', /row 1/, () =>
        run.tell('store-rows', { kind: 'inserted', jobId, rows: [row], outcomes: [outcome] }),
      );
    });
  });

  describe('that become final', () => {
    beforeEach(() => run.before('finish'));
    // Each finish tried needs its delivery; faults allow for these.

    it('may be finished again, and stay as they are', async () => {
      await run.finish(done1);
      await run.finish(done1, failed3);
      await run.finish([0, 1, 'FAILED', ['NO', 'other']]);
      await run.finish([0, 9, 'DONE', null]);
    });

    it('become so once: I5', async () => {
      finished();
      await expectBroken('I5', /a second from DONE/, () => finished([0, 1, 'FAILED', ['NO', 'other']]));
    });

    it('are stored: I6', () => expectBroken('I6', /stored/, () => finished([0, 2, 'DONE', null])));

    it('are stored in that chunk: I6', () => expectBroken('I6', /stored/, () => finished([1, 1, 'DONE', null])));

    it.each([
      ['same', done1],
      ['different', done1],
      ['missing', done1],
    ] as const)('are found %s only where they are: I6', (outcome, row) =>
      expectBroken('I6', /row 1/, () =>
        run.tell('finish-rows', { kind: 'finished', jobId, rows: [row], outcomes: [outcome] }),
      ),
    );

    it.each([
      ['same', [0, 1, 'DONE', { paid: '2' }]],
      ['same', [0, 1, 'FAILED', ['NO', 'other']]],
      ['different', done1],
    ] as const)('are found %s when they are: I6', async (outcome, row) => {
      finished();
      await expectBroken('I6', /row 1/, () =>
        run.tell('finish-rows', { kind: 'finished', jobId, rows: [row], outcomes: [outcome] }),
      );
    });
  });

  describe('at rest', () => {
    beforeEach(() => run.before('announce'));

    it.each([
      ['another status', 'I6', { status: 'FAILED' }],
      ['other content', 'I1', { data: '["1","cnry9"]' }],
      ['another line', 'I1', { line: 9 }],
      ['another result', 'I5', { result: '{"paid":"9"}' }],
    ] as const)('are in the table as they became, found %s: %s', async (_, invariant, change) => {
      const { readChunk } = run.rows;
      run.rows.readChunk = async function* (...given) {
        for await (const page of readChunk(...given)) {
          yield page.map((row) => (row.row === 1 ? { ...row, ...change } : row));
        }
      };
      await expectBroken(invariant, /row 1/, () => run.atRest(false));
    });

    it('are all in the table: I3', async () => {
      const { readChunk } = run.rows;
      run.rows.readChunk = async function* (job, chunk) {
        if (chunk !== 1) yield* readChunk(job, chunk);
      };
      await expectBroken('I3', /row 3/, () => run.atRest(false));
    });

    it('are no others than were inserted: I5', async () => {
      const other = createHandMadeRun({ faults: 10 });
      await other.before('store');
      await other.rows.insert(jobId, [row1]);
      await expectBroken('I5', /another.*row 1/, () => other.atRest(false));
    });

    it('are there as long as they were inserted, whatever became of the job: I6', async () => {
      const other = createHandMadeRun({ faults: 10 });
      await other.before('finish');
      const { readChunk } = other.rows;
      other.rows.readChunk = async function* (job, chunk) {
        if (chunk !== 1) yield* readChunk(job, chunk);
      };
      await expectBroken('I6', /expected 1 rows in the table, found 0.*chunk 1/, () => other.atRest(false));
      expect(other.rows.rowsOf(jobId)).toHaveLength(2);
    });
  });

  describe('that are marked', () => {
    const mark = (placed: object) =>
      run.tell('split-file', { kind: 'marked', marks: [{ ...unknown, ...placed } as DeadMark] });
    const unknown = { jobId: 'never created', stage: 'split-file', code: 'THROTTLED', message: '', attempts: 10 };

    it('belong to a job that was created: I9', () => expectBroken('I9', /marked of another/, () => mark({ chunk: 0 })));

    it('or are those of a file whose job could not be', () => mark({}));
  });
});
