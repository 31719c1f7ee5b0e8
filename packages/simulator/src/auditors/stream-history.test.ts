import { beforeEach, describe, it } from 'vitest';
import { expectBroken } from './broken.ts';
import type { HandMadeRun } from './hand-made-run.ts';
import { createHandMadeRun, done1, failed3, jobId } from './hand-made-run.ts';

describe('new rows that the stream is through with', () => {
  let run: HandMadeRun;
  const pass = (...rows: readonly number[]): void =>
    run.tell('service', { kind: 'passed', rows: rows.map((row) => ({ jobId, chunk: row === 3 ? 1 : 0, row })) });

  beforeEach(async () => {
    run = createHandMadeRun();
    await run.before('finish');
  });

  it('are sent on', () => {
    run.relay();
    pass(1, 3);
  });

  it('or have their outcome on its way, or are final', async () => {
    const outcomes = await run.process(run.relay());
    pass(1, 3);
    await run.handle('finished', outcomes, () => run.finish(done1, failed3));
    pass(1, 3);
  });

  it('or are marked for good', async () => {
    await run.mark({ stage: 'relay-rows', chunk: 0, row: 1, permanent: true });
    pass(1);
  });

  it('are not dropped: I10', () => expectBroken('I10', /the stream is through with.*chunk 1, row 3/, () => pass(3)));
});
