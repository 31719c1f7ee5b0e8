import { describe, expect, it } from 'vitest';
import { createVersionedObjects } from '../versioned-objects.ts';
import { expectBroken } from './broken.ts';
import { createHandMadeRun } from './hand-made-run.ts';
import { checkStagedCopy } from './staged-copy.ts';

describe('the bytes that a job reads', () => {
  const { job, layout, version } = createHandMadeRun();
  const objects = createVersionedObjects({ isVersioned: true, now: () => 0 });
  const bytes = Buffer.from('a,b\n');
  const utf16 = Buffer.from('\ufeffa,é\n', 'utf16le');
  const staged = async (text: string) => {
    const { etag, bytes: size, versionId } = await objects.put('work', 'jobs/x/staged.csv', text);
    const source = { bucket: 'work', key: 'jobs/x/staged.csv', etag, ...(versionId && { versionId }) };
    return { ...job, layout: { ...layout, source, bytes: size } };
  };

  it('are those of its file', async () => {
    expect(await checkStagedCopy(objects, job, bytes)).toBe(bytes);
    expect(await checkStagedCopy(objects, { ...job, layout: { ...layout, bytes: 4 } }, bytes)).toBe(bytes);
  });

  it('are all of them: I1', () =>
    expectBroken('I1', /all text/, () => checkStagedCopy(objects, { ...job, layout: { ...layout, bytes: 3 } }, bytes)));

  it('are of the version of its file: I11', () =>
    expectBroken('I11', /version/, () =>
      checkStagedCopy(objects, { ...job, layout: { ...layout, source: { ...version, versionId: 'v9' } } }, bytes),
    ));

  it('are those of the copy where one was made', async () =>
    expect(await checkStagedCopy(objects, await staged('a,é\n'), utf16)).toEqual(Buffer.from('a,é\n')));

  it.each(['a,e\n', 'a,é', '\ufeffa,é\n'])('are the text of the file then, and not %j: I1', async (text) => {
    const copied = await staged(text);
    await expectBroken('I1', /all text/, () => checkStagedCopy(objects, copied, utf16));
  });

  it('are not copied where there is no need to', async () => {
    const copied = await staged('a,c\n');
    await expectBroken('I1', /all text/, () => checkStagedCopy(objects, copied, bytes));
  });
});
