import { beforeEach, describe, it } from 'vitest';
import { expectBroken } from './broken.ts';
import type { HandMadeRun } from './hand-made-run.ts';
import { createHandMadeRun } from './hand-made-run.ts';

describe('reads', () => {
  let run: HandMadeRun;
  beforeEach(async () => {
    run = createHandMadeRun();
    await run.before('clean');
  });

  it.each(['split-file', 'clean-rows', 'audit-job'] as const)('name the version of a job, by %s', (stage) =>
    run.tell(stage, { kind: 'read', version: run.version, start: 0, end: 1 }),
  );

  it('of the work bucket may name what they like, but for the source of rows', () =>
    run.tell('audit-job', { kind: 'read', version: { bucket: 'work', key: 'x', etag: 'y' }, start: 0, end: 1 }));

  it.each([
    ['another version', { versionId: 'v99' }],
    ['other content', { etag: 'other' }],
    ['another key', { key: 'in/other.csv' }],
  ])('name no other: %s: I11', async (_, change) => {
    for (const stage of ['split-file', 'clean-rows'] as const) {
      await expectBroken('I11', /in\//, () =>
        run.tell(stage, { kind: 'read', version: { ...run.version, ...change }, start: 0, end: 1 }),
      );
    }
  });

  it('name the newest version only by its id: I11', async () => {
    const { versionId: _, ...version } = run.version;
    await expectBroken('I11', /a file/, () => run.tell('clean-rows', { kind: 'read', version, start: 0, end: 1 }));
  });

  it('of rows name the copy that the layout names, and no other: I11', async () => {
    const copy = { bucket: 'work', key: 'jobs/x/staged.csv', etag: 'copy' };
    const other = createHandMadeRun();
    await other.before('split');
    await other.create();
    await other.change('split-file', { layout: { ...other.layout, source: copy } });
    other.tell('clean-rows', { kind: 'read', version: copy, start: 0, end: 1 });
    await expectBroken('I11', /staged/, () =>
      other.tell('clean-rows', { kind: 'read', version: { ...copy, etag: 'other' }, start: 0, end: 1 }),
    );
    await expectBroken('I11', /a file/, () =>
      other.tell('clean-rows', { kind: 'read', version: other.version, start: 0, end: 1 }),
    );
  });
});
