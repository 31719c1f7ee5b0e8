import { jobStates } from '@sluice/core/ports/job-store';
import { beforeEach, describe, it } from 'vitest';
import { expectBroken } from './broken.ts';
import type { HandMadeRun } from './hand-made-run.ts';
import { createHandMadeRun, done1, failed3, jobId } from './hand-made-run.ts';

const reason = { code: 'A', message: 'b' };

describe('a job', () => {
  let run: HandMadeRun;
  beforeEach(() => {
    run = createHandMadeRun({ faults: 10 });
  });

  describe('that is created', () => {
    beforeEach(() => run.before('clean'));

    it('may be tried again', () => run.tell('split-file', { kind: 'job created', job: run.job, isNew: false }));

    it('is created once: I5', () =>
      expectBroken('I5', /created again/, () =>
        run.tell('split-file', { kind: 'job created', job: run.job, isNew: true }),
      ));

    it('is the only one of its file version: I5', () =>
      expectBroken('I5', new RegExp(`beside ${jobId}`), () =>
        run.tell('split-file', { kind: 'job created', job: { ...run.job, jobId: 'another' }, isNew: true }),
      ));

    it('is known before anything is said of it: I9', async () => {
      await expectBroken('I9', /inserted of another.*nobody/, () =>
        run.tell('store-rows', { kind: 'inserted', jobId: 'nobody', rows: [], outcomes: [] }),
      );
      await expectBroken('I9', /sent of another/, () =>
        run.send('clean-rows', 'rows', { ...run.rowsBody(), jobId: 'nobody' }),
      );
    });

    it('is in PLANNING: I9', () =>
      expectBroken('I9', /found OPEN/, () => {
        const job = {
          ...run.job,
          jobId: 'another',
          file: { ...run.job.file, versionId: 'v99' },
          state: 'OPEN' as const,
        };
        run.tell('split-file', { kind: 'job created', job, isNew: true });
      }));
  });

  describe('that is planned', () => {
    beforeEach(async () => {
      await run.before('split');
      await run.create();
      await run.planChunks();
    });
    const close = (chunks: number, rows: number) => () =>
      run.change('split-file', { state: 'OPEN', plan: { chunks, rows, closedAt: 0 } });

    it('has sent every chunk: I10', () => expectBroken('I10', /unsent.*chunk 0/, close(2, 3)));

    it.each([
      [1, 3],
      [2, 2],
    ])('counts what there is, not %i chunks and %i rows: I2', async (chunks, rows) => {
      await run.fanOut();
      const other = createHandMadeRun();
      await other.before('split');
      await other.create();
      await other.planChunks();
      for (const chunk of await other.jobs.chunksOf(jobId)) other.send('split-file', 'chunks', other.chunkBody(chunk));
      await expectBroken('I2', /plan of 2 chunks and 3 rows/, () =>
        other.change('split-file', { state: 'OPEN', plan: { chunks, rows, closedAt: 0 } }),
      );
    });

    it('keeps its plan: I9', async () => {
      await run.fanOut();
      await run.change('split-file', { plan: { chunks: 2, rows: 3, closedAt: 9 } });
      await expectBroken('I9', /another/, () =>
        run.change('split-file', { plan: { chunks: 2, rows: 4, closedAt: 9 } }),
      );
    });

    it('is read in one way: I11', async () => {
      await run.change('split-file', { layout: { ...run.layout, source: { ...run.layout.source, versionId: 'v9' } } });
      await expectBroken('I11', /another layout/, () =>
        run.change('split-file', { layout: { ...run.layout, dataStart: 5 } }),
      );
    });
  });

  describe('that moves', () => {
    it('may be held, stall and go on', async () => {
      await run.before('complete');
      for (const state of ['HELD', 'OPEN', 'STALLED', 'HELD', 'STALLED', 'OPEN', 'COMPLETE'] as const) {
        await run.change('audit-job', { state });
      }
    });

    it('may be held before it has a plan', async () => {
      await run.before('split');
      await run.create();
      await run.change('audit-job', { state: 'HELD', reason });
    });

    it.each(['OPEN', 'STALLED', 'COMPLETE'] as const)('needs a plan to be %s: I9', async (state) => {
      await run.before('split');
      await run.create();
      await run.change('audit-job', { state: 'HELD' });
      await expectBroken('I9', /plan/, () => run.change('audit-job', { state }));
    });

    it('never comes to be INCONSISTENT: I4', async () => {
      await run.before('complete');
      await expectBroken('I4', /INCONSISTENT/, () => run.change('audit-job', { state: 'INCONSISTENT' }));
    });

    it.each(jobStates.filter((state) => state !== 'COMPLETE' && state !== 'INCONSISTENT'))(
      'stays as it ended, and is not %s again: I9',
      async (state) => {
        await run.before('announce');
        await run.change('audit-job', { repairedAt: 9 });
        await expectBroken('I9', /nothing else/, () => run.change('audit-job', { state }));
      },
    );

    it('is not COMPLETE from its beginning: I9', async () => {
      await run.before('split');
      await run.create();
      await expectBroken('I9', /PLANNING/, () => run.change('audit-job', { state: 'COMPLETE' }));
    });
  });

  describe('that is COMPLETE', () => {
    it('has every chunk closed: I9', async () => {
      await run.before('closeAll');
      await run.close(0, { done: 1, failed: 0 });
      await expectBroken('I9', /closed when.*chunk 1/, () => run.change('audit-job', { state: 'COMPLETE' }));
    });

    it('has every row accounted for, whatever was counted: I9', async () => {
      await run.before('finish');
      await run.finish(done1);
      await run.close(0, { done: 1, failed: 0 });
      // A store that takes the counts of rows that are not final.
      await expectBroken('I8', /chunk 1/, () => run.close(1, { done: 0, failed: 1 }));
      await expectBroken('I9', /chunk 1/, () => run.change('audit-job', { state: 'COMPLETE' }));
    });

    it('has its rejects merged: I3', async () => {
      await run.before('merge');
      await expectBroken('I3', /merged/, () => run.change('audit-job', { state: 'COMPLETE' }));
      const other = createHandMadeRun({ without: ['merged rejects'] });
      await other.before('merge');
      await other.change('audit-job', { state: 'COMPLETE' });
    });

    it('has a file that could be read: I9', async () => {
      const other = createHandMadeRun({ profile: { maxRejectedRatio: 0.1 } });
      await other.before('complete');
      await expectBroken('I9', /REFUSED, found COMPLETE/, () => other.change('audit-job', { state: 'COMPLETE' }));
    });
  });

  describe('that ends otherwise', () => {
    it('is REFUSED when too much of its file is', async () => {
      const other = createHandMadeRun({ profile: { maxRejectedRatio: 0.1 } });
      await other.before('store');
      await other.change('clean-rows', { state: 'REFUSED', reason });
    });

    it('is REFUSED only then: I9', async () => {
      await run.before('store');
      await expectBroken('I9', /COMPLETE, found REFUSED/, () => run.change('clean-rows', { state: 'REFUSED', reason }));
    });

    it('is SUPERSEDED when its file is gone or replaced', async () => {
      for (const isGone of [true, false]) {
        const other = createHandMadeRun({ isVersioned: false });
        await other.before('store');
        const { bucket, key } = other.version;
        if (isGone) other.tell('service', { kind: 'object deleted', bucket, key });
        else other.tell('service', { kind: 'uploaded', version: { ...other.version, etag: 'x' }, bytes: Buffer.of() });
        await other.change('clean-rows', { state: 'SUPERSEDED', reason });
      }
    });

    it('is SUPERSEDED only then: I9', async () => {
      const other = createHandMadeRun({ isVersioned: false });
      await other.before('store');
      other.tell('service', { kind: 'uploaded', version: other.version, bytes: Buffer.of() });
      other.tell('service', { kind: 'object deleted', bucket: 'inbox', key: 'in/another.csv' });
      await expectBroken('I9', /there all along/, () => other.change('clean-rows', { state: 'SUPERSEDED', reason }));
    });

    it('is never SUPERSEDED where versions are kept: I9', async () => {
      await run.before('store');
      run.tell('service', { kind: 'object deleted', bucket: 'inbox', key: run.version.key });
      await expectBroken('I9', /there all along/, () => run.change('clean-rows', { state: 'SUPERSEDED', reason }));
    });
  });

  describe('whose end is told', () => {
    it('has ended: announcements', async () => {
      await run.before('complete');
      await expectBroken('announcements', /a job that is OPEN/, run.announce);
    });

    it('has ended like that: announcements', async () => {
      await run.before('announce');
      run.announce();
      run.announce();
      await expectBroken('announcements', /COMPLETE, found REFUSED/, () =>
        run.tell('audit-job', { kind: 'announced', jobId, state: 'REFUSED' }),
      );
    });
  });

  it('stands in the ledger as it became: I9', async () => {
    await run.before('announce');
    run.jobs.getJob = async () => ({ ...run.jobs.jobOf(jobId), state: 'OPEN' });
    await expectBroken('I9', /COMPLETE as it became, found it OPEN/, () => run.atRest(false));
    run.jobs.getJob = async () => undefined;
    await expectBroken('I9', /found none/, () => run.atRest(false));
  });

  it('has its rows finished by more than its word', async () => {
    await run.before('finish');
    await run.finish(done1, failed3);
    await run.close(0, { done: 1, failed: 0 });
    await run.close(1, { done: 0, failed: 1 });
    await run.from('merge');
  });
});
