import { cancelledReason } from '@sluice/core/ledger';
import { beforeEach, describe, it } from 'vitest';
import { expectBroken } from './broken.ts';
import type { HandMadeRun } from './hand-made-run.ts';
import { createHandMadeRun, jobId, row1 } from './hand-made-run.ts';

describe('a job that is called off', () => {
  let run: HandMadeRun;
  const callOff = (by: 'operator' | 'audit-job' = 'operator'): Promise<void> =>
    run.change(by, { state: 'REFUSED', reason: cancelledReason });
  const call = (row: number): void => run.tell('process-rows', { kind: 'processed', jobId, row, attempt: 1 });

  beforeEach(async () => {
    run = createHandMadeRun();
    await run.before('finish');
  });

  it('ends REFUSED, whatever its file deserves, and that is told', async () => {
    await callOff();
    run.tell('audit-job', { kind: 'announced', jobId, state: 'REFUSED' });
    await run.atRest();
  });

  it('is so by the operator alone: I9', () => expectBroken('I9', /found audit-job/, () => callOff('audit-job')));

  it('ends in no other state: I9', () =>
    expectBroken('I9', /called off REFUSED, found SUPERSEDED/, () =>
      run.change('operator', { state: 'SUPERSEDED', reason: cancelledReason }),
    ));

  it('has rows on work that may be dropped, and so may what the stream told of', async () => {
    const pack = run.relay();
    run.receive('work', pack);
    await callOff();
    run.remove('work', pack);
    run.tell('service', { kind: 'passed', rows: [{ jobId, chunk: 0, row: 1 }] });
  });

  it('has no rows that are dropped before: I10', async () => {
    const pack = run.relay();
    run.receive('work', pack);
    await expectBroken('I10', /message of work/, () => run.remove('work', pack));
  });

  it('keeps what was to be stored or finished: I10', async () => {
    const pack = run.send('store-rows', 'rows', run.rowsBody([0, 9, 9, []]));
    await callOff();
    await expectBroken('I10', /message of rows/, () => run.remove('rows', pack));
  });

  it('is not called for much longer: I12', async () => {
    run.receive('work', run.send('relay-rows', 'work', run.rowsBody(row1)));
    run.receive('work', run.send('process-rows', 'work', run.rowsBody(row1)));
    run.receive('work', run.send('process-rows', 'work', run.rowsBody(row1)));
    await callOff();
    call(1);
    call(1);
    await expectBroken('I12', /called off, found one 0 s afterwards.*row 1/, () => call(1));
  });
});
