import { existsSync, mkdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';

/** Rows written in one transaction: enough to make its cost small, few enough to lose little when the process is killed. */
const rowsPerTransaction = 50_000;

/** Where rows are slow, so that little of what was done for them is lost. */
const transactionMilliseconds = 1_000;

/** Layout of the tables; a state of another one is of no use. Change it whenever a table changes. */
const layoutVersion = 2;

/** The disk took no more: what was being written is lost. */
export type OnDiskFull = () => void;

/**
 * Told besides the error that is thrown: who called may take that for a failure of one call, but nothing can go on. Each is
 * told once.
 */
export type DatabaseWatch = {
  readonly onDiskFull?: OnDiskFull;
  readonly onDamage?: (damage: StateDamaged) => void;
};

export type LocalStatement = {
  /** For `write` alone, which keeps the transactions. */
  run(...parameters: SQLInputValue[]): { readonly changes: number | bigint };
  get(...parameters: SQLInputValue[]): unknown;
  all(...parameters: SQLInputValue[]): unknown[];
  /** Rows come as arrays from now on. */
  setReturnArrays(enabled: boolean): void;
};

export type LocalDatabase = {
  prepare(sql: string): LocalStatement;
  /** Runs a statement that writes. Returns the rows it changed. */
  write(statement: LocalStatement, ...parameters: SQLInputValue[]): number;
  /** Makes what was written so far durable. */
  commit(): void;
  close(): void;
};

/** Another process holds the folder. */
export class DatabaseInUse extends Error {
  constructor(folder: string) {
    super(`expected ${folder} to be free, found another run at work in it`);
    this.name = 'DatabaseInUse';
  }
}

/** What an earlier run left is not what it wrote; everything in it can be made again from the source. */
export class StateDamaged extends Error {
  constructor(found: string) {
    super(`expected the state as it was written, found ${found}`);
    this.name = 'StateDamaged';
  }
}

/** SQLite's result without what the upper bytes say besides. */
const codeOf = (thrown: unknown): number => ((thrown as { readonly errcode?: number }).errcode ?? 0) % 256;
/** SQLITE_BUSY; SQLITE_FULL; SQLITE_CORRUPT and SQLITE_NOTADB. Source: SQLite, "Result and Error Codes". */
const isBusy = (thrown: unknown): boolean => codeOf(thrown) === 5;
const isFull = (thrown: unknown): boolean => codeOf(thrown) === 13;
const isDamage = (thrown: unknown): boolean => [11, 26].includes(codeOf(thrown));

/** True for a full disk, or a full quota, as the file system and SQLite tell of it. */
export const isDiskFull = (thrown: unknown): boolean =>
  ['ENOSPC', 'EDQUOT'].includes((thrown as { readonly code?: string }).code ?? '') || isFull(thrown);

/** How long a folder that another process holds is tried for. */
const lockMilliseconds = 500;

/**
 * Takes a folder for this process alone, with SQLite's lock on a file in it, which goes away with the process however it ends.
 * Returns what gives it back. Throws DatabaseInUse.
 */
export const lockFolder = (folder: string): (() => void) => {
  const path = join(folder, 'lock');
  // Two that come at the same moment can each find the other half way, and each give way: they have to try again. (In SQLite's
  // exclusive mode they would keep what they have got meanwhile, and both try in vain.)
  const database = new DatabaseSync(path, { timeout: lockMilliseconds });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (thrown) {
    database.close();
    if (isBusy(thrown)) throw new DatabaseInUse(folder);
    if (!isDamage(thrown)) throw thrown;
    // Nobody can hold what is no database, and nothing was ever written into it.
    truncateSync(path);
    return lockFolder(folder);
  }
  return () => database.close();
};

const tables = `
    CREATE TABLE job_keys (key INTEGER PRIMARY KEY, job TEXT NOT NULL UNIQUE);
    CREATE TABLE rows (
      job INTEGER NOT NULL, chunk INTEGER NOT NULL, row INTEGER NOT NULL, line INTEGER NOT NULL,
      data TEXT NOT NULL, created INTEGER NOT NULL, PRIMARY KEY (job, chunk, row)
    ) WITHOUT ROWID;
    CREATE TABLE outcomes (
      job INTEGER NOT NULL, chunk INTEGER NOT NULL, row INTEGER NOT NULL,
      status TEXT NOT NULL, outcome TEXT NOT NULL, finished INTEGER NOT NULL, PRIMARY KEY (job, chunk, row)
    ) WITHOUT ROWID;
    CREATE TABLE jobs (job TEXT PRIMARY KEY, audit_at INTEGER, body TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE files (file TEXT PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE leases (
      job TEXT NOT NULL, lease TEXT NOT NULL, owner TEXT NOT NULL, until INTEGER NOT NULL, PRIMARY KEY (job, lease)
    ) WITHOUT ROWID;
    CREATE TABLE chunks (
      job TEXT NOT NULL, chunk INTEGER NOT NULL, plan TEXT NOT NULL, cleaned TEXT, closed TEXT, PRIMARY KEY (job, chunk)
    ) WITHOUT ROWID;
    CREATE TABLE marks (
      job TEXT NOT NULL, chunk INTEGER NOT NULL, row INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (job, chunk, row)
    ) WITHOUT ROWID;
`;

/** Makes the tables, or sees to it that they are those of an earlier run. `wasCut`: that run did not close them. */
const prepareTables = (database: DatabaseSync, wasCut: boolean): void => {
  database.exec(`
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA wal_autocheckpoint = 20000;
    PRAGMA cache_size = -65536;
    PRAGMA temp_store = MEMORY;
  `);
  if (database.prepare('SELECT 1 FROM sqlite_schema').get() === undefined) {
    database.exec(`BEGIN; ${tables} PRAGMA user_version = ${layoutVersion}; COMMIT`);
    return;
  }
  const found = database.prepare('PRAGMA user_version').get() as { readonly user_version: number };
  if (found.user_version !== layoutVersion) throw new StateDamaged('tables of another version');
  if (wasCut) {
    const found = database.prepare('PRAGMA quick_check(1)').get() as { readonly quick_check: string };
    if (found.quick_check !== 'ok') throw new StateDamaged('pages that do not fit together');
  }
  // Whoever held a lease is gone: this process is alone now.
  database.exec('DELETE FROM leases');
};

/**
 * Opens (or makes) the database of a folder; the caller sees to it that no other process does. Writes are grouped in
 * transactions of at most a second. A killed process loses at most the last one, a power cut those since the last checkpoint, neither the order of
 * what was written: what is missing then is open in the ledger, and repaired. Throws StateDamaged, here and from every call
 * later on, when SQLite finds the file damaged (it notices broken pages, not other content in whole ones), or when its tables
 * are of another version.
 */
export const openDatabase = (
  folder: string | ':memory:',
  { onDiskFull, onDamage }: DatabaseWatch = {},
): LocalDatabase => {
  const inMemory = folder === ':memory:';
  if (!inMemory) mkdirSync(folder, { recursive: true });
  const path = inMemory ? folder : join(folder, 'state.sqlite');
  const wasCut = existsSync(`${path}-wal`);
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    prepareTables(database, wasCut);
  } catch (thrown) {
    database.close();
    throw isDamage(thrown) ? new StateDamaged('a database that is none any more') : thrown;
  }

  let isOpen = false;
  let timer: NodeJS.Timeout | undefined;
  let rows = 0;
  let isBroken = false;
  const watch = <Answer>(work: () => Answer): Answer => {
    try {
      return work();
    } catch (thrown) {
      if (isFull(thrown) && !isBroken) {
        isBroken = true;
        onDiskFull?.();
      }
      if (!isDamage(thrown)) throw thrown;
      const damage = new StateDamaged('broken pages');
      if (!isBroken) onDamage?.(damage);
      isBroken = true;
      throw damage;
    }
  };
  const commit = (): void => {
    clearTimeout(timer);
    // SQLite has taken back what did not fit.
    if (isOpen && !isBroken) watch(() => database.exec('COMMIT'));
    isOpen = false;
    rows = 0;
  };
  const begin = (): void => {
    watch(() => database.exec('BEGIN'));
    isOpen = true;
    if (inMemory) return;
    timer = setTimeout(() => {
      try {
        commit();
      } catch {
        // Whoever watches was told, and nothing goes on.
      }
    }, transactionMilliseconds);
    timer.unref();
  };
  return {
    prepare(sql) {
      const statement = database.prepare(sql);
      return {
        run: (...parameters) => statement.run(...parameters),
        get: (...parameters) => watch(() => statement.get(...parameters)),
        all: (...parameters) => watch(() => statement.all(...parameters)),
        setReturnArrays: (enabled) => statement.setReturnArrays(enabled),
      };
    },
    write(statement, ...parameters) {
      if (!isOpen) begin();
      const changes = Number(watch(() => statement.run(...parameters)).changes);
      rows += changes;
      if (rows >= rowsPerTransaction) commit();
      return changes;
    },
    commit,
    close() {
      try {
        commit();
      } finally {
        database.close();
      }
    },
  };
};
