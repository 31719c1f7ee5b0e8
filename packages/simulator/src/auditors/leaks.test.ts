import { beforeEach, describe, it } from 'vitest';
import { expectBroken } from './broken.ts';
import type { HandMadeRun } from './hand-made-run.ts';
import { createHandMadeRun } from './hand-made-run.ts';

describe('what is said', () => {
  let run: HandMadeRun;
  beforeEach(async () => {
    run = createHandMadeRun();
    await run.before('store');
  });

  it('may be codes, counts and ids', async () => {
    run.tell('store-rows', { kind: 'logged', text: '["rows are dead",{"rows":3,"code":"UNKNOWN"}]' });
    await run.mark({ chunk: 0, row: 1 });
  });

  it('holds nothing of a row in a log: I13', () =>
    expectBroken('I13', /log line.*by store-rows/, () =>
      run.tell('store-rows', { kind: 'logged', text: '["failed",{"body":"[1,\\"cnry1\\"]"}]' }),
    ));

  it('holds nothing of a row in a mark: I13', () =>
    expectBroken('I13', /mark.*row 1/, () => run.mark({ chunk: 0, row: 1, message: 'found cnry1' })));

  it('may be the processor’s own text in its mark, which has a code of ours: I13', async () => {
    await run.mark({ stage: 'process-rows', chunk: 0, row: 1, message: 'I do not like cnry1' });
    await expectBroken('I13', /mark/, () => run.mark({ stage: 'process-rows', chunk: 0, row: 1, code: 'cnry1' }));
  });

  it('holds nothing of a row in the reason of a job: I13', () =>
    expectBroken('I13', /reason/, () =>
      run.change('clean-rows', { reason: { code: 'FILE_FORMAT', message: 'expected a CSV file, found cnry1' } }),
    ));
});
