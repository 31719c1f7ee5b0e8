import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, open as openFile, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RowTuple } from '@sluice/core/messages';
import type { Job } from '@sluice/core/ports/job-store';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createManualClock } from './clock.ts';
import { DatabaseInUse, type LocalDatabase, lockFolder, openDatabase, StateDamaged } from './database.ts';
import { createLocalJobs } from './job-store.ts';
import { createLocalRows } from './row-store.ts';
import { createLocalStream } from './stream.ts';

const jobId = '0123456789abcdefghjkmnpqrs';
const job: Job = {
  jobId,
  file: { bucket: 'uploads', key: 'a.csv', etag: '1', bytes: 5 },
  profile: { prefix: '' },
  schemaHash: 'hash',
  codeVersion: '1',
  rowsPerMessage: 0,
  createdAt: 1,
  state: 'PLANNING',
  repairs: 0,
  auditAt: 0,
};

const makeFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-database-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
};

const open = (folder: string) => {
  const database = openDatabase(folder);
  const stream = createLocalStream(1, () => undefined);
  const { port } = createLocalRows(database, stream, createManualClock());
  return { database, rows: port, jobs: createLocalJobs(database) };
};

/** What a process killed now would leave behind. */
const copyOf = async (folder: string): Promise<string> => {
  const copy = await makeFolder();
  await cp(folder, copy, { recursive: true });
  return copy;
};

const closing = <Opened extends { readonly database: LocalDatabase }>(opened: Opened): Opened => {
  onTestFinished(() => opened.database.close());
  return opened;
};

describe('lockFolder', () => {
  it('takes a folder once', async () => {
    const folder = await makeFolder();
    const unlock = lockFolder(folder);
    expect(() => lockFolder(folder)).toThrow(DatabaseInUse);
    expect(() => lockFolder(folder)).toThrow(`expected ${folder} to be free, found another run at work in it`);
    unlock();
  });

  it('takes a folder that was given back', async () => {
    const folder = await makeFolder();
    lockFolder(folder)();
    const unlock = lockFolder(folder);
    expect(() => lockFolder(folder)).toThrow(DatabaseInUse);
    unlock();
  });

  it('takes two folders at once', async () => {
    const unlocks = [lockFolder(await makeFolder()), lockFolder(await makeFolder())];
    for (const unlock of unlocks) unlock();
  });

  it('holds against another process, and goes away with it however it ends', async () => {
    const folder = await makeFolder();
    const program = `
      const { lockFolder } = await import(${JSON.stringify(new URL('./database.ts', import.meta.url).href)});
      globalThis.unlock = lockFolder(process.argv[1]);
      process.stdout.write('locked');
      setInterval(() => undefined, 1000);
    `;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, folder], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const gone = once(child, 'exit');
    onTestFinished(() => void child.kill('SIGKILL'));
    const [said] = await Promise.race([once(child.stdout, 'data'), gone]);
    expect(String(said)).toBe('locked');
    expect(() => lockFolder(folder)).toThrow(DatabaseInUse);
    child.kill('SIGKILL');
    await gone;
    lockFolder(folder)();
  });

  it('takes a folder whose lock was overwritten', async () => {
    const folder = await makeFolder();
    await writeFile(join(folder, 'lock'), Buffer.alloc(5_000, 'x'));
    const unlock = lockFolder(folder);
    expect(() => lockFolder(folder)).toThrow(DatabaseInUse);
    unlock();
  });

  it('throws something else where there is no folder', async () => {
    const folder = await makeFolder();
    expect(() => lockFolder(join(folder, 'none'))).toThrow(/unable to open/);
  });
});

describe('openDatabase', () => {
  it('makes the folder it is given', async () => {
    const folder = join(await makeFolder(), 'a', 'b');
    closing(open(folder));
    expect(await readdir(folder)).toContain('state.sqlite');
  });

  it('keeps rows, outcomes, jobs, chunks and marks when it is closed and opened again', async () => {
    const folder = await makeFolder();
    const first = open(folder);
    await first.jobs.createJob(job);
    await first.jobs.putChunks(jobId, [{ chunk: 0, start: 0, end: 5, firstRow: 1, rows: 2, firstLine: 2 }]);
    await first.jobs.putCounts(jobId, 0, { accepted: 2, rejected: 0 });
    await first.jobs.putMarks([{ jobId, stage: 'LOST', chunk: 0, row: 2, code: 'A', message: 'b', attempts: 1 }]);
    await first.rows.insert(jobId, [
      [0, 1, 2, ['a']],
      [0, 2, 3, ['b']],
    ]);
    await first.rows.finish(jobId, [[0, 1, 'DONE', { a: 1 }]]);
    first.database.close();

    const again = closing(open(folder));
    expect(await again.jobs.getJob(jobId)).toEqual(job);
    for await (const page of again.jobs.listChunks(jobId)) {
      expect(page).toMatchObject([{ chunk: 0, cleaned: { accepted: 2, rejected: 0 } }]);
    }
    for await (const page of again.jobs.listMarks(jobId)) expect(page).toMatchObject([{ row: 2 }]);
    expect(await again.rows.countChunk(jobId, 0)).toMatchObject({ PENDING: 1, DONE: 1, FAILED: 0 });
    expect(await again.rows.insert(jobId, [[0, 1, 2, ['a']]])).toEqual(['same']);
    expect(await again.rows.finish(jobId, [[0, 1, 'DONE', { a: 1 }]])).toEqual(['same']);
  });

  it('loses fewer than 50,000 rows when its process is killed, and none of those before', async () => {
    const folder = await makeFolder();
    const first = closing(open(folder));
    for (let from = 1; from <= 60_000; from += 25) {
      await first.rows.insert(
        jobId,
        Array.from({ length: 25 }, (_, i): RowTuple => [0, from + i, from + i, ['value']]),
      );
    }
    const killed = closing(open(await copyOf(folder)));
    const { PENDING: kept } = await killed.rows.countChunk(jobId, 0);
    expect(kept).toBeGreaterThan(10_000);
    expect(kept % 25).toBe(0);
    const rows: number[] = [];
    for await (const page of killed.rows.readChunk(jobId, 0)) for (const { row } of page) rows.push(row);
    expect(rows.at(-1)).toBe(kept);
  });

  it('loses no more than a second of a process that is killed while it writes little', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const folder = await makeFolder();
    const { rows } = closing(open(folder));
    for (const row of [1, 2, 3]) {
      await rows.insert(jobId, [[0, row, row, []]]);
      vi.advanceTimersByTime(600);
    }
    const killed = closing(open(await copyOf(folder)));
    expect((await killed.rows.countChunk(jobId, 0)).PENDING).toBe(2);
  });

  it('tells once that the disk is full, keeps what was committed, and closes', async () => {
    const folder = await makeFolder();
    let told = 0;
    const first = openDatabase(folder, { onDiskFull: () => told++ });
    const insert = first.prepare('INSERT INTO job_keys (job) VALUES (?)');
    first.write(insert, 'committed');
    first.commit();
    // What SQLite answers when the disk takes no more pages.
    first.prepare('PRAGMA max_page_count = 1').get();
    const full = expect.objectContaining({ errcode: 13 });
    const fill = (): void => {
      for (let job = 0; job < 1_000; job++) first.write(insert, `${job} ${'x'.repeat(10_000)}`);
    };
    expect(fill).toThrow(full);
    expect(fill).toThrow(full);
    expect(told).toBe(1);
    first.close();
    const again = openDatabase(folder);
    expect(again.prepare('SELECT job FROM job_keys').all()).toEqual([{ job: 'committed' }]);
    again.close();
  });

  it('drops leases when it is opened again', async () => {
    const folder = await makeFolder();
    const first = open(folder);
    await first.jobs.createJob(job);
    await first.jobs.takeLease(jobId, 'plan', 'a', 1, 1_000_000);
    expect(await first.jobs.takeLease(jobId, 'plan', 'b', 2, 1_000_000)).toBe(false);
    first.database.close();

    const again = closing(open(folder));
    expect(await again.jobs.takeLease(jobId, 'plan', 'b', 2, 1_000_000)).toBe(true);
  });

  it('leaves what was committed, and no more, to whoever opens it after a kill', async () => {
    const folder = await makeFolder();
    const { database, rows, jobs } = closing(open(folder));
    await jobs.createJob(job);
    await rows.insert(jobId, [[0, 1, 2, ['a']]]);
    database.commit();
    await rows.insert(jobId, [[0, 2, 3, ['b']]]);
    expect(await rows.countChunk(jobId, 0)).toMatchObject({ PENDING: 2, DONE: 0, FAILED: 0 });

    const left = closing(open(await copyOf(folder)));
    expect(await left.jobs.getJob(jobId)).toEqual(job);
    expect(await left.rows.countChunk(jobId, 0)).toMatchObject({ PENDING: 1, DONE: 0, FAILED: 0 });
    expect(await left.rows.insert(jobId, [[0, 2, 3, ['b']]])).toEqual(['inserted']);
  });

  it('goes on after a commit, and after one of nothing', async () => {
    const folder = await makeFolder();
    const { database, rows } = closing(open(folder));
    database.commit();
    for (const row of [1, 2, 3]) {
      await rows.insert(jobId, [[0, row, row, []]]);
      database.commit();
      database.commit();
    }
    const left = closing(open(await copyOf(folder)));
    expect(await left.rows.countChunk(jobId, 0)).toMatchObject({ PENDING: 3, DONE: 0, FAILED: 0 });
  });

  it('opens what a process left that was killed while it made the database', async () => {
    const folder = await makeFolder();
    await writeFile(join(folder, 'state.sqlite'), '');
    const { jobs } = closing(open(folder));
    expect(await jobs.createJob(job)).toBe(true);
  });

  it('keeps two databases in memory apart', async () => {
    const [one, other] = [closing(open(':memory:')), closing(open(':memory:'))];
    await one.jobs.createJob(job);
    expect(await other.jobs.getJob(jobId)).toBeUndefined();
  });

  it('tells how many rows a write changed', async () => {
    const { database } = closing(open(':memory:'));
    const insert = database.prepare('INSERT INTO job_keys (job) VALUES (?), (?) ON CONFLICT DO NOTHING');
    expect(database.write(insert, 'a', 'b')).toBe(2);
    expect(database.write(insert, 'b', 'c')).toBe(1);
    expect(database.write(insert, 'b', 'c')).toBe(0);
  });
});

/** A state of many pages, closed or as a killed process leaves it. */
const writeState = async (how: 'closed' | 'killed'): Promise<string> => {
  const folder = await makeFolder();
  const { database, rows, jobs } = open(folder);
  await jobs.createJob(job);
  for (let from = 1; from <= 5_000; from += 25) {
    await rows.insert(
      jobId,
      Array.from({ length: 25 }, (_, i): RowTuple => [0, from + i, from + i, ['a value of some length']]),
    );
    database.commit();
  }
  const killed = await copyOf(folder);
  database.close();
  return how === 'killed' ? killed : folder;
};

/** Overwrites the second half of a file. */
const garble = async (path: string): Promise<void> => {
  const { size } = await stat(path);
  const file = await openFile(path, 'r+');
  await file.write(Buffer.alloc(size / 2, 'x'), 0, size / 2, size / 2);
  await file.close();
};

const readRows = async ({ rows }: ReturnType<typeof open>): Promise<number[]> => {
  const found: number[] = [];
  for await (const page of rows.readChunk(jobId, 0)) for (const { row } of page) found.push(row);
  return found;
};

describe('a state', () => {
  it('is written so that a power cut leaves a file that fits together', async () => {
    const { database } = closing(open(await makeFolder()));
    // WAL, and NORMAL: the log is on the disk before its pages are copied. Source: SQLite, "PRAGMA synchronous".
    expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    expect(database.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 1 });
  });

  it.each(['cut', 'zeroed'])('whose log is %s anywhere holds the first of its commits, whole', async (how) => {
    const killed = await writeState('killed');
    const log = await readFile(join(killed, 'state.sqlite-wal'));
    for (let part = 0; part < 10; part++) {
      const folder = await copyOf(killed);
      const kept = log.subarray(0, Math.floor((log.length * part) / 10) + part * 7);
      const lost = Buffer.alloc(how === 'cut' ? 0 : log.length - kept.length);
      await writeFile(join(folder, 'state.sqlite-wal'), Buffer.concat([kept, lost]));
      const found = await readRows(closing(open(folder)));
      expect(found.length % 25).toBe(0);
      expect(found).toEqual(Array.from({ length: found.length }, (_, i) => i + 1));
      if (part === 9) expect(found.length).toBeGreaterThan(1_000);
    }
  });

  it('whose log is garbage is as it was before', async () => {
    const folder = await writeState('closed');
    await writeFile(join(folder, 'state.sqlite-wal'), Buffer.alloc(100_000, 'x'));
    expect(await readRows(closing(open(folder)))).toHaveLength(5_000);
  });

  it.each<readonly [string, (path: string) => Promise<void>]>([
    ['was overwritten', (path) => writeFile(path, Buffer.alloc(50_000, 'x'))],
    ['was overwritten at its end, by a run that was killed', garble],
    ['was cut, by a run that was killed', async (path) => truncate(path, (await stat(path)).size / 2)],
  ])('that %s is not opened', async (_, damage) => {
    const folder = await writeState('closed');
    await damage(join(folder, 'state.sqlite'));
    await writeFile(join(folder, 'state.sqlite-wal'), '');
    expect(() => openDatabase(folder)).toThrow(StateDamaged);
  });

  it('with tables of another version is not opened', async () => {
    const folder = await writeState('closed');
    const database = openDatabase(folder);
    database.write(database.prepare('PRAGMA user_version = 99'));
    database.close();
    expect(() => openDatabase(folder)).toThrow('expected the state as it was written, found tables of another version');
  });

  it('that turns out to be damaged is told of once, whoever caught the error', async () => {
    const folder = await writeState('closed');
    await garble(join(folder, 'state.sqlite'));
    const told: StateDamaged[] = [];
    const database = openDatabase(folder, { onDamage: (damage) => told.push(damage) });
    onTestFinished(() => database.close());
    const read = database.prepare('SELECT SUM(LENGTH(data)) FROM rows');
    for (let time = 0; time < 2; time++) expect(() => read.get()).toThrow(StateDamaged);
    expect(() => database.prepare('SELECT LENGTH(data) FROM rows').all()).toThrow(StateDamaged);
    expect(told).toEqual([expect.any(StateDamaged)]);
  });
});
