import { beforeEach, describe, it } from 'vitest';
import { expectBroken } from './broken.ts';
import type { HandMadeRun } from './hand-made-run.ts';
import { chunks, createHandMadeRun, done1, failed3, jobId, reject2, row1, row3 } from './hand-made-run.ts';

describe('a deleted message', () => {
  let run: HandMadeRun;
  beforeEach(() => {
    run = createHandMadeRun({ faults: 10 });
  });

  it('was sent: I10', () => expectBroken('I10', /have been sent/, () => run.remove('rows', 'm99')));

  it('could be read: I10', async () => {
    await run.before('clean');
    const id = run.send('clean-rows', 'rows', 'nothing');
    await expectBroken('I10', /nobody can read/, () => run.remove('rows', id));
  });

  describe('of uploads', () => {
    beforeEach(() => run.before('split'));

    it('has its job planned', async () => {
      await run.create();
      await run.planChunks();
      await run.fanOut();
      run.remove('uploads', run.ids.upload);
    });

    it('or ended', async () => {
      const other = createHandMadeRun({ bytes: Buffer.from('PK\x03\x04') });
      await other.before('split');
      await other.create();
      await other.change('split-file', {
        state: 'REFUSED',
        reason: { code: 'FILE_FORMAT', message: 'expected a CSV' },
      });
      other.remove('uploads', other.ids.upload);
    });

    it('or was of a file under no profile', () => {
      const other = createHandMadeRun({ profile: { prefix: 'elsewhere/' } });
      other.bring();
      other.remove('uploads', other.ids.upload);
    });

    it('or of no file', () => {
      run.remove('uploads', run.send('service', 'uploads', { Event: 's3:TestEvent' }));
    });

    it('or is sent again as it is', async () => {
      const again = run.send('split-file', 'uploads', run.s3Body());
      run.remove('uploads', run.ids.upload);
      await expectBroken('I10', /found none/, () => run.remove('uploads', again));
    });

    it('but not by others: I10', async () => {
      run.send('service', 'uploads', run.s3Body());
      await expectBroken('I10', /found none/, () => run.remove('uploads', run.ids.upload));
    });

    it('has its job: I10', () => expectBroken('I10', /found none/, () => run.remove('uploads', run.ids.upload)));

    it('does not leave its job unplanned: I10', async () => {
      await run.create();
      await run.planChunks();
      await expectBroken('I10', /found neither/, () => run.remove('uploads', run.ids.upload));
    });
  });

  describe('of chunks', () => {
    const key = `jobs/${jobId}/rejects/00000000.ndjson`;
    const id = (): string => run.ids.chunks[0] as string;
    beforeEach(async () => {
      await run.before('clean');
      run.receive('chunks', id());
    });

    it('has its rows sent on or rejected, and counted', async () => {
      run.send('clean-rows', 'rows', run.rowsBody(row1));
      await run.put(key, reject2);
      await run.count(0, 1, 1);
      run.remove('chunks', id());
    });

    it('does so too when it is deleted a second time, and when what it sent has gone further', async () => {
      const pack = run.send('clean-rows', 'rows', run.rowsBody(row1));
      await run.put(key, reject2);
      await run.count(0, 1, 1);
      run.remove('chunks', id());
      await run.insert(row1);
      run.remove('rows', pack);
      run.remove('chunks', id());
    });

    it('may leave its rows where a pack of them was set aside, or marked for good', async () => {
      await run.put(key, reject2);
      const pack = run.send('clean-rows', 'rows', run.rowsBody(row1));
      run.tell('service', { kind: 'set aside', queue: 'rows', messageId: pack, body: '' });
      await run.count(0, 1, 1);
      run.remove('chunks', id());
      await run.mark({ chunk: 0, row: 1, permanent: true });
      run.remove('rows', pack);
      run.remove('chunks', id());
    });

    it('may leave its rows when their job has ended', async () => {
      const other = createHandMadeRun({ isVersioned: false });
      await other.before('clean');
      other.tell('service', { kind: 'object deleted', bucket: 'inbox', key: 'in/a file.csv' });
      await other.change('clean-rows', { state: 'SUPERSEDED' });
      other.remove('chunks', other.ids.chunks[0] as string);
    });

    it('may be sent again as it is', async () => {
      const again = run.send('clean-rows', 'chunks', run.chunkBody(chunks[0] as (typeof chunks)[number]));
      run.remove('chunks', id());
      await expectBroken('I10', /counts/, () => run.remove('chunks', again));
    });

    it('is counted: I10', async () => {
      run.send('clean-rows', 'rows', run.rowsBody(row1));
      await run.put(key, reject2);
      await expectBroken('I10', /counts.*chunk 0/, () => run.remove('chunks', id()));
    });

    it('has every row sent on: I10', async () => {
      const repair = run.send('audit-job', 'chunks', run.chunkBody(chunks[0] as (typeof chunks)[number], [[1, 1]]));
      await run.put(key, reject2);
      await expectBroken('I10', /found one that is not \(.*chunk 0, row 1, queue chunks/, () =>
        run.remove('chunks', repair),
      );
    });

    it('of ranges has those rows sent on, and needs no counts', async () => {
      const chunk = chunks[1] as (typeof chunks)[number];
      const repair = run.send('audit-job', 'chunks', run.chunkBody(chunk, [[3, 3]]));
      run.receive('chunks', repair);
      await expectBroken('I10', /row 3/, () => run.remove('chunks', repair));
      run.send('clean-rows', 'rows', run.rowsBody(row3));
      run.remove('chunks', repair);
    });
  });

  describe('of rows', () => {
    let pack: string;
    beforeEach(async () => {
      await run.before('store');
      pack = run.send('clean-rows', 'rows', run.rowsBody(row1, row3));
      run.receive('rows', pack);
    });

    it('has its rows stored', async () => {
      await run.insert(row1, row3);
      run.remove('rows', pack);
    });

    it('or sent again, also where such a message was set aside', async () => {
      await run.insert(row3);
      const alone = run.send('store-rows', 'rows', run.rowsBody(row1));
      run.tell('service', { kind: 'set aside', queue: 'rows', messageId: alone, body: '' });
      run.remove('rows', pack);
      await run.insert(row1);
      run.remove('rows', alone);
    });

    it('or marked for good', async () => {
      await run.insert(row3);
      await run.mark({ chunk: 0, row: 1, permanent: true });
      run.remove('rows', pack);
    });

    it('does not drop a row, though another message holds it: I10', async () => {
      await run.insert(row3);
      await expectBroken('I10', /message of rows carried on.*row 1, queue rows, message m/, () =>
        run.remove('rows', pack),
      );
    });

    it('does not count on a mark that is not for good: I10', async () => {
      await run.insert(row3);
      await run.mark({ chunk: 0, row: 1 });
      await expectBroken('I10', /row 1/, () => run.remove('rows', pack));
    });

    it('does not count on what is deleted, though a copy of it may come: I10', async () => {
      await run.insert(row3);
      const alone = run.send('store-rows', 'rows', run.rowsBody(row1));
      run.remove('rows', pack);
      await expectBroken('I10', /row 1/, () => run.remove('rows', alone));
      await expectBroken('I10', /row 1/, () => run.remove('rows', alone));
      await expectBroken('I10', /row 1/, () => run.remove('rows', pack));
    });

    it('with other content than the row has led to an alarm: I7', async () => {
      await run.insert(row1, row3);
      run.remove('rows', run.ids.pack1);
      const other = run.send('clean-rows', 'rows', run.rowsBody([0, 1, 2, ['1', 'cnry9']]));
      await run.insert([0, 1, 2, ['1', 'cnry9']]);
      await expectBroken('I7', /alarm.*row 1/, () => run.remove('rows', other));
      await run.mark({ chunk: 0, row: 1, permanent: true });
      run.remove('rows', other);
    });
  });

  describe('of work', () => {
    let pack: string;
    beforeEach(async () => {
      await run.before('finish');
      pack = run.relay();
      run.receive('work', pack);
    });

    it('has its outcomes on their way or final, or its rows sent again, alone or as a pack', async () => {
      const alone = run.send('process-rows', 'work', run.rowsBody(row1));
      const outcomes = run.send('process-rows', 'finished', run.finishedBody(failed3));
      run.remove('work', pack);
      run.send('process-rows', 'finished', run.finishedBody(done1));
      run.remove('work', alone);
      await run.finish(failed3);
      run.remove('finished', outcomes);
      run.remove('work', pack);

      const other = createHandMadeRun({ faults: 10 });
      await other.before('finish');
      const packs = [other.relay(), other.send('process-rows', 'work', other.rowsBody(row1, row3))] as const;
      other.remove('work', packs[0]);
      await expectBroken('I10', /message of work/, () => other.remove('work', packs[1]));
    });

    it('does not drop a row: I10', async () => {
      run.send('process-rows', 'finished', run.finishedBody(failed3));
      await expectBroken('I10', /message of work.*row 1/, () => run.remove('work', pack));
    });

    it('does not drop a row that is dead for now: I10', async () => {
      run.send('process-rows', 'finished', run.finishedBody(failed3));
      await run.mark({ stage: 'process-rows', chunk: 0, row: 1 });
      await expectBroken('I10', /message of work.*row 1/, () => run.remove('work', pack));
    });
  });

  describe('of finished', () => {
    let pack: string;
    beforeEach(async () => {
      await run.before('finish');
      pack = run.send('process-rows', 'finished', run.finishedBody(done1, failed3));
      run.receive('finished', pack);
    });

    it('has its rows final, or sent again', async () => {
      await run.finish(failed3);
      const alone = run.send('finish-rows', 'finished', run.finishedBody(done1));
      run.remove('finished', pack);
      await run.finish(done1);
      run.remove('finished', alone);
    });

    it('does not drop a row: I10', async () => {
      await run.finish(failed3);
      await expectBroken('I10', /message of finished final.*row 1/, () => run.remove('finished', pack));
    });

    it('with another result than the row has led to an alarm: I6', async () => {
      await run.finish(done1, failed3);
      run.remove('finished', pack);
      const other = run.send('process-rows', 'finished', run.finishedBody([0, 1, 'DONE', null]));
      await run.mark({ chunk: 0, row: 1, permanent: true, stage: 'store-rows' });
      await expectBroken('I6', /alarm.*row 1/, () => run.remove('finished', other));
      await run.mark({ chunk: 0, row: 1, permanent: true, stage: 'finish-rows' });
      run.remove('finished', other);
    });
  });
});
