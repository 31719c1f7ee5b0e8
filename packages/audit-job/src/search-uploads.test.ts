import { catchOutput } from '@sluice/core/caught-output';
import { createMemoryObjects } from '@sluice/core/memory-objects';
import { searchBody } from '@sluice/core/messages';
import type { ListPage } from '@sluice/core/ports/object-store';
import { createScriptedQueue, refuse } from '@sluice/core/scripted-queue';
import { serialiseUpload } from '@sluice/core/upload-event';
import { describe, expect, it } from 'vitest';
import type { SetUp } from './audit-harness.ts';
import { bucket, closedAt, setUp } from './audit-harness.ts';

const lines = catchOutput();

const inbox = 'inbox';
const minute = 60_000;
const day = 24 * 60 * minute;
/** The time in these tests, far enough from 0 for days to lie before it. */
const now = closedAt + 10 * day;

const setUpInbox = async (
  files: Readonly<Record<string, number>>,
  settings: SetUp & { readonly pageSize?: number } = {},
) => {
  let at = 0;
  const objects = createMemoryObjects({ now: () => at, pageSize: settings.pageSize ?? 2 });
  const versions = new Map<string, { bucket: string; key: string; etag: string; bytes: number }>();
  const upload = async (key: string, millisecondsAgo: number): Promise<void> => {
    at = now - millisecondsAgo;
    const { etag, bytes } = await objects.put(inbox, key, `content of ${key}`);
    versions.set(key, { bucket: inbox, key, etag, bytes });
  };
  for (const [key, millisecondsAgo] of Object.entries(files)) await upload(key, millisecondsAgo);
  const made = await setUp({ objects, config: { inbox }, ...settings });
  made.clock.pass(now - made.clock.now());
  const versionOf = (key: string) => {
    const version = versions.get(key);
    if (version === undefined) throw new Error(`expected a file ${key}, found none`);
    return version;
  };
  return {
    ...made,
    objects,
    upload,
    versionOf,
    search: () => made.deliver(searchBody),
    sentKeys: () =>
      made.queues.uploads.bodies.map((body) => {
        const { Records } = JSON.parse(body) as { Records: { s3: { object: { key: string } } }[] };
        return decodeURIComponent((Records[0]?.s3.object.key ?? '').replaceAll('+', ' '));
      }),
    state: () => JSON.parse(made.objects.bytesOf(bucket, 'state/search.json')?.toString() ?? 'null') as unknown,
  };
};

describe('a search', () => {
  it('sends the event of an upload that nobody knows of, as S3 would', async () => {
    const made = await setUpInbox({ 'in/a file+1 ü.csv': 20 * minute, 'in/known.csv': 20 * minute });
    const { bytes: _, ...known } = made.versionOf('in/known.csv');
    await made.jobs.noteFile(known);
    expect(await made.search()).toEqual([]);
    expect(made.queues.uploads.bodies).toEqual([serialiseUpload(made.versionOf('in/a file+1 ü.csv'))]);
    expect(lines.join('')).toContain('events of uploads were lost');
    expect(lines.join('')).not.toContain('file+1');
  });

  it('leaves alone what is younger than a quarter of an hour, and what is older than three days', async () => {
    const made = await setUpInbox({
      a: 15 * minute - 1,
      b: 15 * minute,
      c: 15 * minute + 1,
      d: 3 * day - 1,
      e: 3 * day,
      f: 9 * day,
    });
    await made.search();
    expect(made.sentKeys()).toEqual(['c', 'd']);
  });

  it('knows a version from another under the same key', async () => {
    const made = await setUpInbox({ a: 20 * minute });
    const { bytes: _, ...known } = made.versionOf('a');
    await made.jobs.noteFile(known);
    await made.upload('a', 18 * minute);
    await made.search();
    expect(made.queues.uploads.bodies).toEqual([serialiseUpload(made.versionOf('a'))]);
  });

  it('goes through every page, and begins anew the next time', async () => {
    const made = await setUpInbox(Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((key) => [key, 20 * minute])));
    await made.search();
    expect(made.sentKeys()).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(made.state()).toEqual({});
    await made.search();
    expect(made.sentKeys()).toHaveLength(10);
  });

  it('says nothing and sends nothing where all is known', async () => {
    const made = await setUpInbox({});
    await made.search();
    expect(made.queues.uploads.sends).toEqual([]);
    expect(lines.join('')).not.toContain('lost');
  });

  it('stops when its time is over, and the next one goes on behind that', async () => {
    const made = await setUpInbox(
      Object.fromEntries(['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((key) => [key, 20 * minute])),
    );
    const { hasFile } = made.jobs;
    made.jobs.hasFile = (file) => {
      made.clock.pass(50_000);
      return hasFile(file);
    };
    await made.search();
    expect(made.sentKeys()).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    expect(made.state()).toEqual({ after: { key: 'f' } });
    await made.search();
    expect(made.sentKeys()).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
    expect(made.state()).toEqual({});
  });

  it('stops after a thousand pages', async () => {
    const made = await setUpInbox({});
    let listed = 0;
    made.objects.list = async function* (_, after): AsyncGenerator<ListPage> {
      for (let page = after === undefined ? 1 : Number(after.key) + 1; ; page++) {
        listed++;
        yield { versions: [], next: { key: String(page), versionId: 'v' } };
      }
    };
    await made.search();
    expect(listed).toBe(1_000);
    expect(made.state()).toEqual({ after: { key: '1000', versionId: 'v' } });
    await made.search();
    expect(made.state()).toEqual({ after: { key: '2000', versionId: 'v' } });
  });

  it.each([
    ['no JSON', 'a'],
    ['null', 'null'],
    ['a list', '[]'],
    ['a cursor of another shape', '{"after":{"key":7}}'],
    ['another object', 'x'.repeat(20_000)],
  ])('begins anew where what the last one left is %s', async (_, text) => {
    const made = await setUpInbox({ a: 20 * minute });
    await made.objects.put(bucket, 'state/search.json', text);
    expect(await made.search()).toEqual([]);
    expect(made.sentKeys()).toEqual(['a']);
  });

  it('that cannot list from where the last one stopped comes back, and begins anew', async () => {
    const made = await setUpInbox({ a: 20 * minute });
    await made.objects.put(bucket, 'state/search.json', '{"after":{"key":"gone","versionId":"v"}}');
    const { list } = made.objects;
    made.objects.list = async function* (of, after): AsyncGenerator<ListPage> {
      if (after !== undefined) throw new Error('invalid version id');
      yield* list(of, after);
    };
    expect(await made.search()).toEqual(['a']);
    expect(await made.search()).toEqual([]);
    expect(made.sentKeys()).toEqual(['a']);
  });

  it('that fails on its way goes on from the page that it did not get through', async () => {
    let isOut = true;
    const uploads = createScriptedQueue((entries) =>
      refuse(isOut && entries.some(({ body }) => body.includes('"c"')) ? entries.map(({ id }) => id) : [], entries),
    );
    const made = await setUpInbox({ a: 20 * minute, b: 20 * minute, c: 20 * minute }, { queues: { uploads } });
    expect(await made.search()).toEqual(['a']);
    expect(made.state()).toEqual({ after: { key: 'b' } });
    isOut = false;
    expect(await made.search()).toEqual([]);
    expect(made.sentKeys()).toEqual(expect.arrayContaining(['a', 'b', 'c']));
    expect(made.sentKeys().filter((key) => key === 'a')).toHaveLength(1);
  });

  it('does nothing where there is no inbox', async () => {
    const made = await setUpInbox({ a: 20 * minute }, { config: {} });
    expect(await made.search()).toEqual([]);
    expect(made.objects.lists).toEqual([]);
    expect(made.state()).toBeNull();
  });
});
