import { describe, it } from 'vitest';
import { expectBroken } from './broken.ts';
import { createHandMadeRun, row1, row3 } from './hand-made-run.ts';

describe('a sound run', () => {
  it.each([
    ['with versions kept', { isVersioned: true }],
    ['without', { isVersioned: false }],
  ])('breaks nothing, %s', async (_, options) => {
    const run = createHandMadeRun(options);
    await run.from('bring');
    await run.atRest();
  });

  it('may be done in many ways', async () => {
    const run = createHandMadeRun({ faults: 9 });
    await run.before('store');
    // A copy of each message, one that was set aside.
    const { pack1, pack3 } = run.ids;
    await run.handle('rows', pack1, () => run.insert(row1));
    await run.handle('rows', pack1, () => run.insert(row1));
    run.tell('service', { kind: 'set aside', queue: 'rows', messageId: pack3, body: '' });
    await run.mark({ chunk: 1, row: 3 });
    await run.handle('rows', pack3, () => run.insert(row3));
    await run.from('finish');
    await run.atRest();
  });

  it('has the columns of its file: I1', async () => {
    const run = createHandMadeRun();
    await run.before('split');
    await run.create();
    await run.change('split-file', { layout: { ...run.layout, outputColumns: ['b', 'a'] } });
    await expectBroken('I1', /columns/, () => run.atRest(false));
  });

  it('has no job of a file that nobody brought', async () => {
    const run = createHandMadeRun();
    await run.create();
    await run.atRest(false);
  });
});
