import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mergedRejectKeysOf, rejectKeyOf } from '@sluice/core/identity';
import type { RejectLine } from '@sluice/core/rejected-rows';
import { readLayout } from '@sluice/split-file/read-layout';
import { describe, expect, it } from 'vitest';
import { makeFolder } from '../run-harness.ts';
import { UsageError } from '../usage-error.ts';
import type { HarnessSettings, JobSettings } from './operate-harness.ts';
import { createOperateHarness, jobId } from './operate-harness.ts';
import { rejects } from './rejects.ts';
import { CommandFailed } from './session.ts';

const csv = 'id,"b ""c"""\r\n1,x\n"2\n",y\n3,ä\n4,z\n';
const keys = mergedRejectKeysOf(jobId);

const setUp = async (job: Partial<JobSettings> = {}, settings: HarnessSettings = {}) => {
  const folder = makeFolder();
  const out = join(folder, 'bad.csv');
  const reasonsOut = join(folder, 'bad.reasons.ndjson');
  const made = createOperateHarness(settings);
  await made.addJob({ csv, rowsPerChunk: 2, fates: { 2: 'REJECTED', 3: 'REJECTED' }, ...job });
  return {
    ...made,
    folder,
    out,
    reasonsOut,
    rejects: (flags = {}) => rejects(made.session, jobId, { out, force: false, ...flags }),
    rows: () => readFileSync(out, 'utf8'),
    reasons: () =>
      readFileSync(reasonsOut, 'utf8')
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as RejectLine),
  };
};

describe('rejects', () => {
  it('writes the rejected rows as they stand in the file under its header, and why beside them', async () => {
    const made = await setUp({ job: { profile: { prefix: 'in/orders ' } } });
    expect(await made.rejects()).toBe(0);
    expect(made.rows()).toBe('id,"b ""c"""\n"2\n",y\n3,ä\n');
    expect(made.notes).toEqual([]);
    expect(made.reasons()).toMatchObject([
      { row: 2, line: 3, code: 'REQUIRED' },
      { row: 3, line: 5, code: 'REQUIRED' },
    ]);
    expect(made.value()).toEqual({
      jobId,
      state: 'OPEN',
      file: made.out,
      reasons: made.reasonsOut,
      rows: 2,
      codes: { REQUIRED: 2 },
    });
    expect(made.lines()).toEqual([
      `${made.out}: 2 rejected rows of job ${jobId}`,
      '  REQUIRED 2',
      `${made.reasonsOut}: why, line by line`,
      `once it is mended: sluice upload ${made.out} --prefix 'in/orders '`,
    ]);
  });

  it('takes what was merged when the job came to its end', async () => {
    const made = await setUp({ job: { state: 'COMPLETE' } });
    await made.objects.put('work', keys.csv, 'merged\n1\n2\n');
    await made.objects.put('work', keys.reasons, '{"row":1,"code":"A"}\n{"row":2,"code":"B"}\n');
    expect(await made.rejects()).toBe(0);
    expect([made.rows(), made.reasons()]).toEqual([
      'merged\n1\n2\n',
      [
        { row: 1, code: 'A' },
        { row: 2, code: 'B' },
      ],
    ]);
  });

  it('merges them where only a list of them was made', async () => {
    const made = await setUp({ job: { state: 'COMPLETE' } });
    await made.objects.put('work', keys.manifest, '{}');
    expect(await made.rejects()).toBe(0);
    expect(made.reasons()).toHaveLength(2);
  });

  it.each<[string, string]>([
    ['was merged with one', '\ufeffid\n1\n2\n'],
    ['was merged without one', 'id\n1\n2\n'],
  ])('begins with one mark where the profile declares another encoding and it %s', async (_, merged) => {
    const profile = { prefix: '', encoding: 'windows-1252' };
    const made = await setUp({ job: { state: 'COMPLETE', profile } });
    await made.objects.put('work', keys.csv, merged);
    await made.objects.put('work', keys.reasons, '{"row":1,"code":"A"}\n{"row":2,"code":"B"}\n');
    await made.rejects();
    expect(made.rows()).toBe('\ufeffid\n1\n2\n');
  });

  it.each([{ encoding: 'windows-1252' }, { encoding: 'utf-16le' }, {}, { header: false }])(
    'is read as the file was when it is uploaded again under %j',
    async (properties) => {
      const profile = { prefix: '', ...properties };
      const made = await setUp({ job: { profile } });
      await made.rejects();
      const bytes = readFileSync(made.out);
      const head = await made.objects.put('inbox', 'again.csv', bytes);
      const file = { bucket: 'inbox', key: 'again.csv', ...head };
      const { layout } = await readLayout({ jobId, file, profile }, made.operator, 'work');
      expect(layout.source).toMatchObject({ bucket: 'inbox', key: 'again.csv' });
      expect(bytes.toString('utf8', layout.dataStart)).toBe('"2\n",y\n3,ä\n');
    },
  );

  it('says so where the rows alone would be read with another delimiter', async () => {
    const made = await setUp({ csv: 'a;b,c;d\n1,x\n1;2;3\n5;6;7\n', fates: { 2: 'REJECTED', 3: 'REJECTED' } });
    expect(await made.rejects()).toBe(0);
    expect(made.notes).toEqual([
      'uploaded again these rows would be read otherwise: expected the delimiter "," to be found again, found ";"; set "delimiter" in the profile of the prefix ""',
    ]);
  });

  it('writes nothing where no row was rejected', async () => {
    const made = await setUp({ fates: {} });
    expect(await made.rejects()).toBe(0);
    expect([made.lines(), readdirSync(made.folder)]).toEqual([[`job ${jobId} has no rejected rows`], []]);
  });

  it('says so where more rows may be rejected', async () => {
    const made = await setUp({ uncounted: [1] });
    expect(await made.rejects()).toBe(1);
    expect(made.notes).toEqual([`job ${jobId} is OPEN: more of its rows may be rejected`]);
    expect(made.rows()).toBe('id,"b ""c"""\n"2\n",y\n');
  });

  it.each(['bad.csv', 'bad.reasons.ndjson'])('replaces no %s without --force', async (name) => {
    const made = await setUp();
    writeFileSync(join(made.folder, name), 'before');
    await expect(made.rejects()).rejects.toBeInstanceOf(UsageError);
    expect(readdirSync(made.folder)).toEqual([name]);
    expect(await made.rejects({ force: true })).toBe(0);
    expect(readdirSync(made.folder).sort()).toEqual(['bad.csv', 'bad.reasons.ndjson']);
    expect(readFileSync(join(made.folder, name), 'utf8')).not.toBe('before');
  });

  it.each<[string, string | undefined, string]>([
    ['gone', undefined, 'expected the rejects of chunk 0, found them gone or broken'],
    ['cut', '{"row":2,"cod', 'expected the rejects of chunk 0, found them gone or broken'],
    ['empty', '', 'expected the rejects of chunk 0, found them gone or broken'],
  ])('leaves no file where a reject object is %s', async (_, content, message) => {
    const made = await setUp();
    const key = rejectKeyOf(jobId, 0);
    if (content === undefined) made.objects.remove('work', key);
    else await made.objects.put('work', key, content);
    await expect(made.rejects()).rejects.toThrow(message);
    expect(readdirSync(made.folder)).toEqual([]);
  });

  it('says of a job that ended early that not all of its rows were looked at', async () => {
    const made = await setUp({ uncounted: [1], job: { state: 'REFUSED' } });
    expect(await made.rejects()).toBe(1);
    expect(made.notes).toEqual([`job ${jobId} ended REFUSED before all of its rows were cleaned`]);
  });

  it('leaves no file where what was merged is not what was counted', async () => {
    const made = await setUp({ job: { state: 'COMPLETE' } });
    await made.objects.put('work', keys.csv, 'id\n1\n');
    await made.objects.put('work', keys.reasons, '{"row":1,"code":"A"}\n');
    await expect(made.rejects()).rejects.toEqual(
      new CommandFailed('expected 2 rejected rows as the ledger counts them, found 1'),
    );
    expect(readdirSync(made.folder)).toEqual([]);
  });

  it('says so where somebody deletes them meanwhile', async () => {
    const made = await setUp({ job: { state: 'REFUSED' } });
    const { changeJob, listChunks } = made.jobs;
    made.jobs.listChunks = (...list) => {
      void changeJob(jobId, ['REFUSED'], { forgottenAt: 1 });
      made.objects.remove('work', rejectKeyOf(jobId, 0));
      return listChunks(...list);
    };
    await expect(made.rejects()).rejects.toThrow('was forgotten');
    expect(readdirSync(made.folder)).toEqual([]);
  });

  it('asks nobody to repair a job that is at its end', async () => {
    const made = await setUp({ job: { state: 'REFUSED' } });
    made.objects.remove('work', rejectKeyOf(jobId, 0));
    await expect(made.rejects()).rejects.toEqual(
      new CommandFailed(
        'expected the rejects of chunk 0, found them gone or broken; its job is REFUSED, so nothing writes them again',
      ),
    );
  });

  it('refuses a job that was forgotten', async () => {
    const made = await setUp({ job: { state: 'COMPLETE', forgottenAt: 1 } });
    await expect(made.rejects()).rejects.toThrow('was forgotten');
    expect(existsSync(made.out)).toBe(false);
  });
});
