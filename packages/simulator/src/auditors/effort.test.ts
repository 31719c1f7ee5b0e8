import { beforeEach, describe, it } from 'vitest';
import { expectBroken } from './broken.ts';
import type { HandMadeOptions, HandMadeRun } from './hand-made-run.ts';
import { chunks, createHandMadeRun, done1, failed3, jobId, row1, row3 } from './hand-made-run.ts';

const [first] = chunks as [(typeof chunks)[number]];

/** Does `work` so often, and then once too often, which counts all the same. */
const atMost = async (times: number, message: RegExp, work: () => unknown): Promise<void> => {
  for (let time = 0; time < times; time++) await work();
  await expectBroken('I12', message, work);
};

describe('what is tried and sent', () => {
  let run: HandMadeRun;
  const start = async (step: Parameters<HandMadeRun['before']>[0], options: HandMadeOptions = {}): Promise<void> => {
    run = createHandMadeRun(options);
    await run.before(step);
  };

  describe('when nothing went wrong', () => {
    it('is each chunk once, by split-file: I12', async () => {
      await start('clean');
      await atMost(0, /2 messages sent, found 3.*queue chunks/, () =>
        run.send('split-file', 'chunks', run.chunkBody(first)),
      );
    });

    it('is each chunk once for each delivery before there was a plan: I12', async () => {
      await start('split');
      run.receive('uploads', run.ids.upload);
      run.receive('uploads', run.ids.upload);
      await run.create();
      await run.planChunks();
      await run.fanOut();
      run.receive('uploads', run.ids.upload);
      await atMost(2, /4 messages/, () => run.send('split-file', 'chunks', run.chunkBody(first)));
    });

    it('is each row once for each delivery of its chunk, by clean-rows: I12', async () => {
      await start('store');
      await atMost(1, /3 rows sent, found 4.*queue rows/, () => run.send('clean-rows', 'rows', run.rowsBody(row1)));
    });

    it('is each row once for each delivery of a range: I12', async () => {
      await start('store');
      run.receive('chunks', run.send('audit-job', 'chunks', run.chunkBody(first, [[1, 1]])));
      await atMost(2, /4 rows/, () => run.send('clean-rows', 'rows', run.rowsBody(row1)));
    });

    it('is each chunk once for each delivery, by clean-rows: I12', async () => {
      await start('store');
      await atMost(1, /3 rows sent, found 4.*queue chunks/, () =>
        run.send('clean-rows', 'chunks', run.chunkBody(first)),
      );
    });

    it('is each row once for each delivery, by store-rows: I12', async () => {
      await start('store');
      run.receive('rows', run.ids.pack1);
      await atMost(1, /1 rows/, () => run.send('store-rows', 'rows', run.rowsBody(row1)));
    });

    it('is each insert once for each delivery: I12', async () => {
      await start('store');
      run.receive('rows', run.ids.pack1);
      run.receive('rows', run.ids.pack1);
      await atMost(2, /2 inserts tried, found 3/, () => run.insert(row1));
    });

    it('is each new row once, by relay-rows: I12', async () => {
      await start('finish');
      run.relay();
      await atMost(0, /2 rows sent, found 3.*queue work/, () => run.send('relay-rows', 'work', run.rowsBody(row1)));
    });

    it('is each call, outcome and single once for each delivery, by process-rows: I12', async () => {
      await start('finish');
      run.receive('work', run.relay());
      await atMost(2, /2 calls of the processor/, () =>
        run.tell('process-rows', { kind: 'processed', jobId, row: 1, attempt: 1 }),
      );
      await atMost(2, /2 rows sent/, () => run.send('process-rows', 'finished', run.finishedBody(done1)));
      await atMost(2, /2 rows sent/, () => run.send('process-rows', 'work', run.rowsBody(row1)));
    });

    it('is each finish and single once for each delivery, by finish-rows: I12', async () => {
      await start('finish');
      run.receive('work', run.relay());
      run.receive('finished', run.send('process-rows', 'finished', run.finishedBody(done1, failed3)));
      await run.finish(done1, failed3);
      await expectBroken('I12', /2 finishes tried, found 3/, () => run.finish(done1));
      await atMost(2, /2 rows sent/, () => run.send('finish-rows', 'finished', run.finishedBody(done1)));
    });

    it('is all rows six times by audits, two at once, and twice more for each repair that is asked for: I12', async () => {
      await start('closeAll');
      await atMost(9, /18 rows/, () => run.send('audit-job', 'work', run.rowsBody(row1, row3)));
      run.receive('audits', run.send('operator', 'audits', { v: 1, kind: 'repair', jobId }));
      await atMost(2, /24 rows/, () => run.send('audit-job', 'work', run.rowsBody(row1, row3)));
    });

    it('is an outcome or a row that comes again, not both, by one invocation of process-rows: I12', async () => {
      await start('finish');
      const message = run.relay();
      run.receive('work', message);
      const by = { stage: 'process-rows', invocation: 'one' } as const;
      run.sendBy(by, 'finished', run.finishedBody(done1));
      run.sendBy(by, 'work', run.rowsBody(row3));
      await expectBroken('I12', /sent again by the same invocation.*row 1/, () =>
        run.sendBy(by, 'work', run.rowsBody(row1)),
      );
    });

    it('may be both for a row that came twice', async () => {
      await start('finish');
      const message = run.relay();
      run.receive('work', message);
      run.receive('work', message);
      const by = { stage: 'process-rows', invocation: 'one' } as const;
      run.sendBy(by, 'finished', run.finishedBody(done1));
      run.sendBy(by, 'work', run.rowsBody(row1));
    });

    it('goes where it belongs: I12', async () => {
      await start('finish');
      await atMost(0, /0 rows/, () => run.send('store-rows', 'work', run.rowsBody(row1)));
    });
  });

  describe('when something went wrong', () => {
    beforeEach(() => start('store', { faults: 1 }));

    it('may be a call of 25 rows more', () => atMost(25, /25 inserts/, () => run.insert(row1)));

    it('may be a batch of 10 messages more', () =>
      atMost(11, /13 rows/, () => run.send('clean-rows', 'rows', run.rowsBody(row1))));

    it('may be all of the job once more, by the stream', async () => {
      await run.insert(row1, row3);
      run.relay();
      await atMost(2, /4 rows/, () => run.send('relay-rows', 'work', run.rowsBody(row1)));
    });
  });
});
