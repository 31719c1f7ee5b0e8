import { beforeEach, describe, it } from 'vitest';
import { expectBroken } from './broken.ts';
import type { HandMadeRun } from './hand-made-run.ts';
import { chunks, createHandMadeRun, jobId, reject2, row1 } from './hand-made-run.ts';

const [first] = chunks as [(typeof chunks)[number]];
const key = `jobs/${jobId}/rejects/00000000.ndjson`;

describe('chunks', () => {
  let run: HandMadeRun;
  beforeEach(() => {
    run = createHandMadeRun({ faults: 10 });
  });

  describe('that are planned', () => {
    beforeEach(() => run.before('clean'));

    it('may be planned again, the same', () => {
      run.tell('split-file', { kind: 'chunks planned', jobId, chunks });
      run.send('split-file', 'chunks', run.chunkBody(first));
    });

    it.each(['start', 'end', 'firstRow', 'rows', 'firstLine'] as const)(
      'stay as they are, in their %s: I2',
      async (part) => {
        const other = { ...first, [part]: 7 };
        await expectBroken('I2', /first planned.*chunk 0/, () =>
          run.tell('split-file', { kind: 'chunks planned', jobId, chunks: [other] }),
        );
        await expectBroken('I2', /first planned.*chunk 0/, () => run.send('audit-job', 'chunks', run.chunkBody(other)));
      },
    );

    it('are planned before they are sent: I2', () =>
      expectBroken('I2', /chunk 2/, () => run.send('split-file', 'chunks', run.chunkBody({ ...first, chunk: 2 }))));
  });

  describe('that are counted', () => {
    beforeEach(async () => {
      await run.before('clean');
      run.send('clean-rows', 'rows', run.rowsBody(row1));
    });

    it('have every accepted row sent before: I10', () =>
      expectBroken('I10', /before the chunk is counted.*row 3/, () => run.count(1, 1, 0)));

    it('may be counted again, the same', async () => {
      await run.put(key, reject2);
      await run.count(0, 1, 1);
      await run.put(key, reject2);
      await run.count(0, 1, 1);
    });

    it('have the rows of their plan: I8', () =>
      expectBroken('I8', /2 planned rows, found 3 and 0/, () => run.count(0, 3, 0)));

    it('are counted once: I8', async () => {
      await run.put(key, reject2);
      await run.count(0, 1, 1);
      await expectBroken('I8', /written again/, () =>
        run.tell('clean-rows', {
          kind: 'chunk counted',
          jobId,
          chunk: 0,
          counts: { accepted: 1, rejected: 1 },
          isNew: true,
        }),
      );
    });

    it('are counted alike each time: I8', async () => {
      await run.put(key, reject2);
      await run.count(0, 1, 1);
      await expectBroken('I8', /found others/, () => run.count(0, 2, 0));
    });

    it('are not counted unseen: I8', () =>
      expectBroken('I8', /found none/, () =>
        run.tell('clean-rows', {
          kind: 'chunk counted',
          jobId,
          chunk: 1,
          counts: { accepted: 1, rejected: 0 },
          isNew: false,
        }),
      ));

    it('have their rejects put before: I8', () =>
      expectBroken('I8', /expected 1 rows.*found 0/, () => run.count(0, 1, 1)));

    it('have as many rejects as they count: I8', async () => {
      await run.put(key, reject2 + reject2);
      await expectBroken('I8', /expected 1 rows.*found 2/, () => run.count(0, 1, 1));
    });

    it('have a row rejected once: I3', async () => {
      await run.put(key, reject2 + reject2);
      await expectBroken('I3', /rejected before.*row 2/, () => run.count(0, 0, 2));
    });

    it('have no row rejected that is stored: I3', async () => {
      run.receive('rows', run.send('clean-rows', 'rows', run.rowsBody(row1)));
      await run.insert(row1);
      await run.put(key, reject2.replace('"row":2', '"row":1'));
      await expectBroken('I3', /stored.*row 1/, () => run.count(0, 1, 1));
    });

    it('have rejects that can be read: I3', async () => {
      await run.put(key, reject2.slice(0, -1));
      await expectBroken('I3', /lines of JSON/, () => run.count(0, 1, 1));
    });

    it('keep the bytes of their rejects: I3', async () => {
      await run.put(key, reject2);
      await run.count(0, 1, 1);
      await expectBroken('I3', /found other bytes put/, () => run.put(key, reject2.replace('"raw":"2"', '"raw":"3"')));
    });
  });

  describe('that are closed', () => {
    it('may be closed again, the same', async () => {
      await run.before('complete');
      await run.close(0, { done: 1, failed: 0 });
    });

    it.each([
      ['one too many', { done: 2, failed: 0 }],
      ['one taken for another', { done: 0, failed: 1 }],
      ['one too few', { done: 0, failed: 0 }],
    ])('have counts of their rows as they are, found %s: I8', async (_, closed) => {
      await run.before('closeAll');
      await expectBroken('I8', /1 accepted rows, 1 done and 0 failed/, () => run.close(0, closed));
    });

    it('have all rows final: I8', async () => {
      await run.before('finish');
      await expectBroken('I8', /1 accepted rows/, () => run.close(0, { done: 0, failed: 0 }));
    });

    it('are closed once: I8', async () => {
      await run.before('complete');
      await expectBroken('I8', /written again/, () =>
        run.tell('audit-job', { kind: 'chunk closed', jobId, chunk: 0, closed: { done: 1, failed: 0 }, isNew: true }),
      );
    });
  });
});
