import { createMemoryJobs } from '@sluice/core/memory-jobs';
import { createMemoryObjects } from '@sluice/core/memory-objects';
import { createMemoryRows } from '@sluice/core/memory-rows';
import type { Profile } from '@sluice/core/ports/job-store';
import { readLayout } from '@sluice/split-file/read-layout';
import { describe, expect, it } from 'vitest';
import type { HarnessSettings, JobSettings } from './operate-harness.ts';
import { createOperateHarness, jobId, startsAt } from './operate-harness.ts';
import type { RetryFlags } from './retry.ts';
import { retry } from './retry.ts';
import type { RetryNote } from './retry-note.ts';
import { listRetryNotes, retryKeyOf } from './retry-note.ts';
import { findRetriesOf, findSentFrom } from './row-retries.ts';
import { CommandFailed } from './session.ts';

const csv = 'id,"b ""c"""\r\n1,x\r\n\r\n"2\r\n",y\r\n3,ä\n4,z\n5,"v"';
const key = `a.retry-${jobId}-1.csv`;
const flags: RetryFlags = { again: false };

const setUp = async (
  job: Partial<JobSettings> = {},
  settings: HarnessSettings = {},
  profiles: readonly Profile[] = [{ prefix: '' }],
) => {
  const made = createOperateHarness(settings);
  await made.addJob({ csv, rowsPerChunk: 2, fates: { 2: 'FAILED', 3: 'FAILED', 5: 'FAILED' }, ...job });
  await made.putProfiles(profiles);
  return {
    ...made,
    retry: (some: Partial<RetryFlags> = {}) => retry(made.session, jobId, { ...flags, ...some }),
    file: (of = key) => made.objects.bytesOf('inbox', of)?.toString(),
    notesOf: () => listRetryNotes(made.operator, jobId),
    putsOf: (bucketKey: string) => made.objects.puts.filter((put) => put === bucketKey).length,
  };
};

describe('retry', () => {
  it('sends the failed rows as they stand in the file, under its header', async () => {
    const made = await setUp();
    expect(await made.retry()).toBe(0);
    expect(made.file()).toBe('id,"b ""c"""\n"2\r\n",y\r\n3,ä\n5,"v"');
    expect(made.value()).toMatchObject({ from: jobId, rows: 3, codes: { NOT_WANTED: 3 }, bucket: 'inbox', key, n: 1 });
    expect(made.lines()[0]).toBe(`3 failed rows of job ${jobId} were sent again: NOT_WANTED 3`);
    expect(await made.notesOf()).toEqual([
      {
        v: 1,
        n: 1,
        key,
        at: startsAt,
        rows: [
          [2, 2],
          [3, 3],
          [5, 5],
        ],
        sentAt: startsAt,
      },
    ]);
  });

  it('leaves the rows of the job as they are', async () => {
    const made = await setUp();
    const before = made.rows.rowsOf(jobId);
    await made.retry();
    expect(made.rows.rowsOf(jobId)).toEqual(before);
    expect(made.rows.calls.some(({ operation }) => operation === 'remove')).toBe(false);
  });

  it('can be followed both ways', async () => {
    const made = await setUp();
    await made.retry();
    const { jobId: of } = made.value() as { readonly jobId: string };
    const file = { bucket: 'inbox', key, etag: '' };
    expect(await findSentFrom(made.operator, { file: { ...file, bytes: 0 } }, 3)).toEqual({ jobId, row: 5 });
    await made.addJob({ csv: made.file() ?? '', job: { jobId: of, file: { ...file, bytes: 0 } } });
    expect(await findRetriesOf(made.operator, jobId, 3)).toMatchObject({
      sent: [{ key, row: 2, jobId: of }],
      begun: [],
    });
  });

  it('sends the rows with some codes alone, and later the others', async () => {
    const made = await setUp({ fates: { 2: 'FAILED', 3: 'PENDING' } });
    await made.rows.finish(jobId, [[1, 3, 'FAILED', ['OTHER', 'no']]]);
    await made.retry({ code: ['OTHER'] });
    expect(made.file()).toBe('id,"b ""c"""\n3,ä\n');
    const again = createOperateHarness({ jobs: made.jobs, rows: made.rows, objects: made.objects });
    expect(await retry(again.session, jobId, flags)).toBe(0);
    const second = `a.retry-${jobId}-2.csv`;
    expect(made.file(second)).toBe('id,"b ""c"""\n"2\r\n",y\r\n');
    expect(again.notes).toContain(
      `1 rows of job ${jobId} that failed were sent again before, as ${key}; --again sends them once more`,
    );
  });

  it('sends none a second time without --again', async () => {
    const made = await setUp();
    await made.retry();
    await expect(made.retry()).rejects.toThrow(`3 rows of job ${jobId} that failed were sent again before, as ${key}`);
    const again = createOperateHarness({ jobs: made.jobs, rows: made.rows, objects: made.objects });
    await retry(again.session, jobId, { again: true });
    expect(made.file(`a.retry-${jobId}-2.csv`)).toBe(made.file());
  });

  it('leaves out what was written off by hand, unless it is asked for', async () => {
    const made = await setUp({ fates: { 2: 'FAILED', 3: 'PENDING' } });
    await made.rows.finish(jobId, [[1, 3, 'FAILED', ['DROPPED', 'written off by an operator']]]);
    await made.retry();
    expect(made.file()).toBe('id,"b ""c"""\n"2\r\n",y\r\n');
    expect(made.notes.at(-1)).toBe('1 rows that were written off by hand are left out; --code DROPPED sends them');
  });

  it('says so where no row failed', async () => {
    const made = await setUp({ fates: {} });
    expect(await made.retry()).toBe(0);
    expect([made.lines(), await made.notesOf()]).toEqual([[`no row of job ${jobId} failed`], []]);
  });

  it('says what is for dead rows', async () => {
    const made = await setUp({ fates: { 2: 'PENDING' }, marks: [{ chunk: 0, row: 2 }], job: { state: 'HELD' } });
    expect(await made.retry()).toBe(0);
    expect(made.notes).toEqual([
      `job ${jobId} is HELD: its dead or lost rows did not fail; sluice dlq redrive --job ${jobId} or sluice repair ${jobId} is for them`,
    ]);
  });

  it('refuses a job that was forgotten, and one that is being planned', async () => {
    const forgotten = await setUp({ job: { state: 'COMPLETE', forgottenAt: 1 } });
    await expect(forgotten.retry()).rejects.toThrow('was forgotten');
    const planning = await setUp({ job: { state: 'PLANNING' } });
    await expect(planning.retry()).rejects.toThrow(`found job ${jobId} PLANNING`);
  });

  it.each(['gone', 'replaced'])('sends nothing where the file is %s', async (how) => {
    const made = await setUp();
    if (how === 'gone') made.objects.remove('inbox', 'a.csv');
    else await made.objects.put('inbox', 'a.csv', csv);
    await expect(made.retry()).rejects.toEqual(
      new CommandFailed(
        `the file of job ${jobId}, or its copy, is gone or was replaced: its failed rows can no longer be read`,
      ),
    );
    expect([made.file(), await made.notesOf()]).toEqual([undefined, []]);
  });

  it('sends nothing where the chunk holds other rows than were planned', async () => {
    const made = await setUp();
    const { chunks } = { chunks: made.jobs.chunksOf(jobId) };
    const listChunks = async function* () {
      yield chunks.map((chunk) => ({ ...chunk, rows: chunk.rows + 1 }));
    };
    const jobs = { ...made.jobs, listChunks };
    const session = { ...made.session, operator: { ...made.operator, jobs } };
    await expect(retry(session, jobId, flags)).rejects.toThrow('expected 3 rows in chunk 0 of the file');
    expect(made.file()).toBeUndefined();
  });
});

describe('the file of a retry', () => {
  const layoutOf = async (made: Awaited<ReturnType<typeof setUp>>, of: string, profile: Profile) => {
    const { etag, bytes } = (await made.objects.head('inbox', of)) ?? { etag: '', bytes: 0 };
    const file = { bucket: 'inbox', key: of, etag, bytes };
    return (await readLayout({ jobId, file, profile }, made.operator, 'work')).layout;
  };

  it.each<Profile>([
    { prefix: '', encoding: 'windows-1252' },
    { prefix: '', encoding: 'utf-16le' },
    { prefix: '', delimiter: ',' },
  ])('is read as the job was under %j', async (profile) => {
    const made = await setUp({ job: { profile } }, {}, [profile]);
    await made.retry();
    const { source, columns, dataStart } = await layoutOf(made, key, profile);
    expect([source.bucket, columns]).toEqual(['inbox', ['id', 'b "c"']]);
    expect(made.objects.bytesOf('inbox', key)?.toString('utf8', dataStart)).toBe('"2\r\n",y\r\n3,ä\n5,"v"');
  });

  it('has no header where the file has none', async () => {
    const profile = { prefix: '', header: false };
    const made = createOperateHarness();
    const job = await made.addJob({ csv: '1,2\n3,4\n', fates: { 1: 'FAILED' } });
    await made.jobs.changeJob(jobId, ['OPEN'], {
      layout: { ...(job.layout as NonNullable<typeof job.layout>), columns: ['column_1', 'column_2'] },
    });
    await made.putProfiles([profile]);
    const jobs = { ...made.jobs, getJob: async () => ({ ...made.jobs.jobOf(jobId), profile }) };
    const session = { ...made.session, operator: { ...made.operator, jobs } };
    await retry(session, jobId, flags);
    expect(made.objects.bytesOf('inbox', key)?.toString()).toBe('3,4\n');
  });

  it('is refused where its rows alone would be read with another delimiter', async () => {
    const made = await setUp({ csv: 'a;b,c;d\n1,x\n2;3,4;5\n', fates: { 2: 'FAILED' } });
    await expect(made.retry()).rejects.toThrow(
      'the failed rows alone would be read otherwise: expected the delimiter "," to be found again, found ";"; set "delimiter" in the profile of the prefix ""',
    );
    expect([made.file(), await made.notesOf()]).toEqual([undefined, []]);
  });

  it.each<[string, readonly Profile[], string]>([
    ['none', [{ prefix: 'in/' }], 'no job would come of it'],
    ['one with a limit below', [{ prefix: '', limit: 2 }], 'to take 3 rows, found its limit at 2'],
    ['one that has changed', [{ prefix: '', header: false }], 'to have "header" as the job had it, found it changed'],
  ])('is refused where its profile is %s', async (_, profiles, message) => {
    const made = await setUp({}, {}, profiles);
    await expect(made.retry()).rejects.toThrow(message);
    expect([made.file(), await made.notesOf()]).toEqual([undefined, []]);
  });

  it('holds neighbours of many pieces and chunks', async () => {
    const rows = Array.from(
      { length: 400 },
      (_, i) => `${i + 1},"${'x'.repeat(i % 7)}\n""${'y'.repeat((i * 37) % 900)}"`,
    );
    const failed = rows.map((_, i) => i + 1).filter((row) => row % 5 < 3);
    const objects = createMemoryObjects({ pieceBytes: 97 });
    const fates = Object.fromEntries(failed.map((row) => [row, 'FAILED'] as const));
    const made = await setUp({ csv: `a,b\n${rows.join('\n')}\n`, fates, rowsPerChunk: 33 }, { objects });
    await made.retry();
    expect(made.file()).toBe(`a,b\n${failed.map((row) => `${rows[row - 1]}\n`).join('')}`);
  });

  it('holds rows behind one that is too long to be one', async () => {
    const long = `2,${'x'.repeat(600 * 1024)}`;
    const made = await setUp({
      csv: `a,b\n1,y\n${long}\n3,z\n4,"${'x'.repeat(300 * 1024)}\n5,z\n`,
      fates: { 1: 'FAILED', 2: 'REJECTED', 3: 'FAILED', 4: 'REJECTED', 5: 'FAILED' },
      rowsPerChunk: 10,
    });
    await made.retry();
    expect(made.file()).toBe('a,b\n1,y\n3,z\n5,z\n');
  });
});

describe('retryKeyOf', () => {
  it.each([
    ['a.csv', '', 'a'],
    ['in/a.csv', 'in/', 'in/a'],
    ['in/a.csv.gz', 'in/', 'in/a'],
    ['in.d/a', 'in', 'in.d/a'],
    ['in/.csv', 'in/', 'in/.csv'],
    ['/a.b.csv', '/', '/a.b'],
    ['in/a.csv', 'in/a.c', 'in/a.csv'],
    ['a//b.CSV.GZ', '', 'a//b'],
  ])('puts the retries of %s under %j beside it', (of, prefix, stem) => {
    const file = { bucket: 'inbox', key: of, etag: '', bytes: 0 };
    expect(retryKeyOf({ jobId, file, profile: { prefix } }, 3)).toBe(`${stem}.retry-${jobId}-3.csv`);
  });
});

describe('a retry that died', () => {
  /** A deployment in which the put of this number, counted from the first call of retry on, does not come to pass or is not answered. */
  const dieAt = async (call: number, how: 'before' | 'after') => {
    const jobs = createMemoryJobs();
    const rows = createMemoryRows();
    const objects = createMemoryObjects();
    const made = await setUp({}, { jobs, rows, objects });
    let calls = 0;
    const die = async <Answer>(put: () => Promise<Answer>): Promise<Answer> => {
      calls++;
      if (calls === call && how === 'before') throw new Error('died');
      const answer = await put();
      if (calls === call) throw new Error('died');
      return answer;
    };
    const dying = {
      ...objects,
      put: (bucket: string, of: string, body: string | Uint8Array) => die(() => objects.put(bucket, of, body)),
      putStream: (bucket: string, of: string, body: AsyncIterable<Uint8Array>) =>
        die(() => objects.putStream(bucket, of, body)),
    };
    const session = { ...made.session, operator: { ...made.operator, objects: dying } };
    await expect(retry(session, jobId, flags)).rejects.toThrow('died');
    return made;
  };

  it.each([
    [1, 'before'],
    [1, 'after'],
    [2, 'before'],
  ] as const)('before the file was put (call %i, %s its effect) is made whole by the next', async (call, how) => {
    const made = await dieAt(call, how);
    expect(await made.retry()).toBe(0);
    expect(made.putsOf(key)).toBe(1);
    expect(await made.notesOf()).toMatchObject([{ n: 1, key, sentAt: startsAt }]);
  });

  it.each([
    [2, 'after'],
    [3, 'before'],
    [3, 'after'],
  ] as const)('after the file was put (call %i, %s its effect) sends nothing twice', async (call, how) => {
    const made = await dieAt(call, how);
    await expect(made.retry()).rejects.toThrow('were sent again before');
    expect(made.putsOf(key)).toBe(1);
    expect(await made.notesOf()).toMatchObject([{ n: 1, key, sentAt: startsAt }]);
  });

  it('sends nothing twice where the file it put is gone and a job was made of it', async () => {
    const made = await dieAt(2, 'after');
    await made.addJob({ csv, job: { jobId: 'another', file: { bucket: 'inbox', key, etag: '', bytes: 0 } } });
    made.objects.remove('inbox', key);
    await expect(made.retry()).rejects.toThrow('were sent again before');
    expect(made.putsOf(key)).toBe(2);
  });

  it('takes no key that somebody else has taken', async () => {
    const made = await setUp();
    await made.objects.put('inbox', key, 'mine');
    await made.retry();
    expect(made.file()).toBe('mine');
    expect((made.value() as RetryNote).key).toBe(`a.retry-${jobId}-2.csv`);
  });
});

describe('two retries at once', () => {
  it('are kept apart for as long as the first one looks for rows that lie far apart', async () => {
    const rows = Array.from({ length: 40 }, (_, i) => `${i + 1},x\n`).join('');
    const fates = { 1: 'FAILED', 11: 'FAILED', 21: 'FAILED', 31: 'FAILED' } as const;
    const made = await setUp({ csv: `a,b\n${rows}`, fates, rowsPerChunk: 10 });
    const { objects } = made.operator;
    const readRange: typeof objects.readRange = (...read) => {
      made.clock.pass(45_000);
      return objects.readRange(...read);
    };
    const session = { ...made.session, operator: { ...made.operator, objects: { ...objects, readRange } } };
    expect(await retry(session, jobId, flags)).toBe(0);
    expect(made.file()).toBe('a,b\n1,x\n11,x\n21,x\n31,x\n');
  });

  it('are not hindered by a lease that could not be given back', async () => {
    const made = await setUp();
    const jobs = { ...made.jobs, releaseLease: () => Promise.reject(new Error('the table is away')) };
    const session = { ...made.session, operator: { ...made.operator, jobs } };
    expect(await retry(session, jobId, flags)).toBe(0);
    expect(made.file()).toBeDefined();
  });

  it('of which one deletes the rows are told so', async () => {
    const made = await setUp({ job: { state: 'COMPLETE', announcedAt: 1 } });
    const { rows } = made.operator;
    const readChunk = (id: string, chunk: number) => {
      void made.jobs.changeJob(jobId, ['COMPLETE'], { forgottenAt: startsAt });
      return rows.readChunk(id, chunk);
    };
    const session = { ...made.session, operator: { ...made.operator, rows: { ...rows, readChunk } } };
    await expect(retry(session, jobId, flags)).rejects.toThrow('was forgotten');
    expect(made.file()).toBeUndefined();
  });

  it('are not: the second one is told so', async () => {
    const made = await setUp();
    await made.jobs.takeLease(jobId, 'plan', 'another', made.clock.now(), made.clock.now() + 1_000);
    await expect(made.retry()).rejects.toThrow('found it planned or retried by somebody');
    made.clock.pass(1_000);
    expect(await made.retry()).toBe(0);
  });

  it('are not where the first one slept over its time', async () => {
    const made = await setUp();
    const { rows } = made.operator;
    const readChunk = (id: string, chunk: number) => {
      made.clock.pass(10 * 60 * 1000);
      return rows.readChunk(id, chunk);
    };
    const session = { ...made.session, operator: { ...made.operator, rows: { ...rows, readChunk } } };
    await expect(retry(session, jobId, flags)).rejects.toThrow('found it planned or retried by somebody');
    expect(made.file()).toBeUndefined();
  });

  it('leave the job free for the next', async () => {
    const made = await setUp();
    await made.retry();
    expect(await made.jobs.takeLease(jobId, 'plan', 'another', made.clock.now(), made.clock.now() + 1)).toBe(true);
  });
});
