import { describe, it } from 'vitest';
import { expectBroken } from './broken.ts';
import { createHandMadeRun } from './hand-made-run.ts';

describe('once all is healed', () => {
  const elsewhere = { prefix: 'elsewhere/' };

  it('every file has its job', async () => {
    const run = createHandMadeRun();
    run.bring();
    await expectBroken('liveness', /a job of every file, found none.*a file/, () => run.atRest());
    await run.atRest(false);
  });

  it('also one whose event was lost', async () => {
    const run = createHandMadeRun();
    run.tell('service', { kind: 'uploaded', version: run.version, bytes: Buffer.from('a\n') });
    await expectBroken('liveness', /a job of every file/, () => run.atRest());
  });

  it('but for one that went before anybody was told of it', async () => {
    const run = createHandMadeRun({ isVersioned: false });
    run.tell('service', { kind: 'uploaded', version: run.version, bytes: Buffer.from('a\n') });
    run.tell('service', { kind: 'object deleted', bucket: 'inbox', key: run.version.key });
    await run.atRest();
  });

  it('and one under no profile, which has none', async () => {
    const run = createHandMadeRun({ profile: elsewhere });
    run.bring();
    await run.atRest();
    await run.create();
    await expectBroken('liveness', /under no profile/, () => run.atRest());
  });

  it('every job has ended', async () => {
    const run = createHandMadeRun();
    await run.before('complete');
    await expectBroken('liveness', /found one OPEN/, () => run.atRest());
    await run.atRest(false);
  });

  it('and that was told', async () => {
    const run = createHandMadeRun();
    await run.before('announce');
    await expectBroken('announcements', /COMPLETE untold/, () => run.atRest());
    const other = createHandMadeRun({ without: ['announcements'] });
    await other.before('announce');
    await other.atRest();
  });
});
