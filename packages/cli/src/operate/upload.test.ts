import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { catchOutput } from '@sluice/core/caught-output';
import { createMemoryObjects } from '@sluice/core/memory-objects';
import { createStageHarness, recordOf } from '@sluice/core/stage-harness';
import { createSplitFile } from '@sluice/split-file/split-file';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createOperateHarness, type HarnessSettings } from './operate-harness.ts';
import type { PutFile } from './put-file.ts';
import { upload } from './upload.ts';
import { keyOf } from './upload-key.ts';
import { bytesText } from './upload-progress.ts';

catchOutput();
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-upload-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const content = 'a,b\n1,2\n3,4\n';
const fileOf = (name = 'payments.csv', text = content): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const setUp = async (settings: HarnessSettings = {}, profiles?: readonly object[]) => {
  const harness = createOperateHarness(settings);
  await harness.putProfiles(profiles);
  return harness;
};

describe('upload', () => {
  it('puts the file under its name, and tells what it put and which job comes of it', async () => {
    const { session, objects, value, lines } = await setUp();
    expect(await upload(session, fileOf(), { prefix: 'in/' })).toBe(0);
    expect(objects.bytesOf('inbox', 'in/payments.csv')?.toString()).toBe(content);
    const sha256 = createHash('sha256').update(content).digest('hex');
    expect(value()).toEqual({
      bucket: 'inbox',
      key: 'in/payments.csv',
      versionId: null,
      etag: 'etag-2',
      bytes: 12,
      sha256,
      jobId: expect.stringMatching(/^[0-9a-z]{26}$/),
    });
    expect(lines().join('\n')).toContain(`12 bytes, SHA-256 ${sha256}`);
  });

  it('tells the id that split-file gives the job, by the profile with the longest prefix', async () => {
    const profiles = [{ prefix: '' }, { prefix: 'in/', delimiter: ';', limit: 5 }];
    const { session, objects, jobs, value } = await setUp({}, profiles);
    await upload(session, fileOf(), { prefix: 'in/' });
    const { jobId, key, etag, bytes } = value() as Record<string, string | number>;
    const { ports, deliver } = createStageHarness({ stage: 'split-file' });
    const splitFile = createSplitFile({ ...ports, objects, jobs }, { profiles, bucket: 'work', codeVersion: '1' });
    const s3 = { bucket: { name: 'inbox' }, object: { key, size: bytes, eTag: etag } };
    await deliver(splitFile, recordOf('m', JSON.stringify({ Records: [{ eventName: 'ObjectCreated:Put', s3 }] })));
    expect(jobs.jobIds).toEqual([jobId]);
  });

  it('warns and ends with 1 when no profile fits, as no job comes of it', async () => {
    const { session, notes, value } = await setUp({}, [{ prefix: 'a\u001b/' }]);
    expect(await upload(session, fileOf(), { wait: true })).toBe(1);
    expect(notes[0]).toMatch(
      /^no profile fits the key payments\.csv \(prefixes: "a\\+u001b\/"\): the file will be left alone/,
    );
    expect(value()).toMatchObject({ key: 'payments.csv', jobId: null });
  });

  it('says that a file lies there already', async () => {
    const { session, objects, notes } = await setUp();
    await objects.put('inbox', 'payments.csv', 'old');
    await upload(session, fileOf(), {});
    expect(notes).toContain('the inbox has payments.csv already: this is a new version of it, and a job of its own');
  });

  it.each([
    ['COMPLETE', 0],
    ['REFUSED', 1],
  ] as const)('waits for a job that becomes %s, and gives both as its result', async (state, status) => {
    const putFile: PutFile = async (_, __, { bytes, read }) => {
      await read(0, bytes);
      return { etag: 'e', bytes };
    };
    const before = await setUp({ putFile });
    await upload(before.session, fileOf(), {});
    const { jobId } = before.value() as { readonly jobId: string };
    const { session, addJob, value, notes } = await setUp({ putFile });
    await addJob({ csv: content, job: { jobId, state } });
    expect(await upload(session, fileOf(), { wait: true })).toBe(status);
    expect(value()).toMatchObject({ jobId, bytes: 12, job: { jobId, state, ledger: { rows: 2, done: 2 } } });
    expect(notes).toContain(`  job ${jobId}`);
  });

  it.each<[string, (path: string) => void]>([
    ['grows', (path) => appendFileSync(path, '5,6\n')],
    ['is cut short', (path) => truncateSync(path, 4)],
    ['is written with as many bytes', (path) => writeFileSync(path, content.replaceAll('1', '9'))],
  ])('leaves nothing behind of a file that %s before it is read', async (_, change) => {
    const path = fileOf('changing.csv');
    const objects = createMemoryObjects();
    const putFile: PutFile = async (bucket, key, { bytes, read }) => {
      change(path);
      return objects.put(bucket, key, await read(0, bytes));
    };
    const { session } = await setUp({ objects, putFile });
    await expect(upload(session, path, {})).rejects.toThrow(/to stay as it is, found it changed meanwhile/);
    expect(objects.bytesOf('inbox', 'changing.csv')).toBeUndefined();
  });

  it('deletes the version again of a file that was written after it was read', async () => {
    const path = fileOf('changing.csv');
    const objects = createMemoryObjects();
    const putFile: PutFile = async (bucket, key, { bytes, read }) => {
      const head = await objects.put(bucket, key, await read(0, bytes));
      appendFileSync(path, '5,6\n');
      return head;
    };
    const { session, hasResult } = await setUp({ objects, putFile });
    await expect(upload(session, path, {})).rejects.toThrow(/changed meanwhile; nothing of it is left in the inbox/);
    expect([objects.bytesOf('inbox', 'changing.csv'), hasResult()]).toEqual([undefined, false]);
  });

  it('is broken off by an interrupt', async () => {
    const controller = new AbortController();
    controller.abort(new Error('interrupted'));
    const { session, objects } = await setUp({ signal: controller.signal });
    await expect(upload(session, fileOf(), {})).rejects.toThrow('interrupted');
    expect(objects.bytesOf('inbox', 'payments.csv')).toBeUndefined();
  });

  it('takes an empty file, and one behind a link', async () => {
    const { session, objects } = await setUp();
    const link = join(folder, 'link.csv');
    symlinkSync(fileOf('empty.csv', ''), link);
    expect(await upload(session, link, {})).toBe(0);
    expect(objects.bytesOf('inbox', 'link.csv')).toHaveLength(0);
  });

  it.each([
    ['nothing', 'no.csv', /^expected a CSV file, found nothing at /],
    ['a folder', 'folder', /^expected a CSV file, found a folder at /],
    ['no name', '', /expected a key with a name at its end/],
  ])('refuses %s', async (_, name, expected) => {
    mkdirSync(join(folder, 'folder'), { recursive: true });
    const { session, objects } = await setUp();
    const path = name === '' ? '' : join(folder, name);
    await expect(upload(session, path, {})).rejects.toThrow(expected);
    expect(objects.puts).toHaveLength(1);
  });

  it('says how far it is every 5 s, where nothing can change in place', async () => {
    const clock = createOperateHarness().clock;
    const putFile: PutFile = async (_, __, { bytes }, { onSent }) => {
      for (let sent = 0; sent < 4; sent++) {
        clock.pass(3_000);
        onSent(bytes / 4);
      }
      return { etag: 'e', bytes };
    };
    const { session, notes } = await setUp({ clock, putFile });
    await upload(session, fileOf('big.csv', 'a\n'.repeat(2_000_000)), {});
    expect(notes).toEqual([
      'big.csv  50 %  2.0 MB of 4.0 MB  0.3 MB/s  6 s left',
      'big.csv  100 %  4.0 MB of 4.0 MB  0.3 MB/s  0 s left',
    ]);
  });
});

describe('a key', () => {
  it.each([
    [{}, 'a b.csv'],
    [{ prefix: 'in/' }, 'in/a b.csv'],
    [{ key: 'x/y.csv' }, 'x/y.csv'],
    [{ key: 'y.csv', prefix: 'x/' }, 'x/y.csv'],
    [{ key: 'é'.repeat(512) }, 'é'.repeat(512)],
  ])('is made of the name, the key and the prefix: %j', (flags, key) => {
    expect(keyOf('/some/where/a b.csv', flags)).toBe(key);
  });

  it.each([
    [{ key: '' }, /with a name at its end, found ""/],
    [{ key: 'x/' }, /with a name at its end/],
    [{ key: '/x' }, /without a slash at its start/],
    [{ prefix: '/' }, /without a slash at its start/],
    [{ key: 'a\nb' }, /without control characters; --key gives another, found "a\\nb"/],
    [{ key: 'a/../b' }, /without \. and \.\. in it/],
    [{ key: 'é'.repeat(513) }, /of at most 1024 bytes, found .*1026/],
  ])('is refused: %j', (flags, expected) => {
    expect(() => keyOf('a.csv', flags)).toThrow(expected);
  });
});

describe('bytes', () => {
  it.each([
    [0, '0 bytes'],
    [999, '999 bytes'],
    [1_500, '1.5 kB'],
    [5 * 1024 ** 4, '5.5 TB'],
  ])('%i are read as %s', (bytes, text) => {
    expect(bytesText(bytes)).toBe(text);
  });
});
