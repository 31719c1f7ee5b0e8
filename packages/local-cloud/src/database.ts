import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';

/** Rows written in one transaction: enough to make its cost small, few enough to lose little when the process is killed. */
const rowsPerTransaction = 50_000;

/** The disk took no more: what was being written is lost. */
export type OnDiskFull = () => void;

export type LocalDatabase = {
  prepare(sql: string): StatementSync;
  /** Runs a statement that writes. Returns the rows it changed. */
  write(statement: StatementSync, ...parameters: SQLInputValue[]): number;
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

const codeOf = (thrown: unknown): number | undefined => (thrown as { readonly errcode?: number }).errcode;
/** SQLITE_BUSY and SQLITE_FULL. Source: SQLite, "Result and Error Codes". */
const isBusy = (thrown: unknown): boolean => codeOf(thrown) === 5;
const isFull = (thrown: unknown): boolean => codeOf(thrown) === 13;

/**
 * Takes a folder for this process alone, with SQLite's lock on a file in it, which goes away with the process however it ends.
 * Returns what gives it back. Throws DatabaseInUse.
 */
export const lockFolder = (folder: string): (() => void) => {
  const database = new DatabaseSync(join(folder, 'lock'), { timeout: 0 });
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (thrown) {
    database.close();
    if (isBusy(thrown)) throw new DatabaseInUse(folder);
    throw thrown;
  }
  return () => database.close();
};

/**
 * Opens (or makes) the database of a folder; the caller sees to it that no other process does. Writes are grouped in
 * transactions. A killed process loses at most the last one, never the order of what it wrote: what is missing then is open in
 * the ledger, and repaired. A power cut may damage the file (synchronous is off); everything in it can be made again from the
 * source. When the disk is full, `onDiskFull` is called besides the error that is thrown: who wrote may take that for a failure
 * of one call, but nothing can go on.
 */
export const openDatabase = (folder: string | ':memory:', onDiskFull?: OnDiskFull): LocalDatabase => {
  const inMemory = folder === ':memory:';
  if (!inMemory) mkdirSync(folder, { recursive: true });
  const path = inMemory ? folder : join(folder, 'state.sqlite');
  const database = new DatabaseSync(path, { timeout: 0 });
  database.exec(`
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = OFF;
    PRAGMA wal_autocheckpoint = 20000;
    PRAGMA cache_size = -65536;
    PRAGMA temp_store = MEMORY;
  `);
  database.exec(`
    CREATE TABLE IF NOT EXISTS job_keys (key INTEGER PRIMARY KEY, job TEXT NOT NULL UNIQUE);
    CREATE TABLE IF NOT EXISTS rows (
      job INTEGER NOT NULL, chunk INTEGER NOT NULL, row INTEGER NOT NULL, line INTEGER NOT NULL,
      data TEXT NOT NULL, created INTEGER NOT NULL, PRIMARY KEY (job, chunk, row)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS outcomes (
      job INTEGER NOT NULL, chunk INTEGER NOT NULL, row INTEGER NOT NULL,
      status TEXT NOT NULL, outcome TEXT NOT NULL, finished INTEGER NOT NULL, PRIMARY KEY (job, chunk, row)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS jobs (job TEXT PRIMARY KEY, state TEXT NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS leases (
      job TEXT NOT NULL, lease TEXT NOT NULL, owner TEXT NOT NULL, until INTEGER NOT NULL, PRIMARY KEY (job, lease)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS chunks (
      job TEXT NOT NULL, chunk INTEGER NOT NULL, plan TEXT NOT NULL, cleaned TEXT, closed TEXT, PRIMARY KEY (job, chunk)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS marks (
      job TEXT NOT NULL, chunk INTEGER NOT NULL, row INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (job, chunk, row)
    ) WITHOUT ROWID;
    -- Whoever held a lease is gone: this process is alone now.
    DELETE FROM leases;
  `);

  let isOpen = false;
  let rows = 0;
  let isDiskFull = false;
  const watch = <Answer>(work: () => Answer): Answer => {
    try {
      return work();
    } catch (thrown) {
      if (isFull(thrown) && !isDiskFull) {
        isDiskFull = true;
        onDiskFull?.();
      }
      throw thrown;
    }
  };
  const commit = (): void => {
    // SQLite has taken back what did not fit.
    if (isOpen && !isDiskFull) watch(() => database.exec('COMMIT'));
    isOpen = false;
    rows = 0;
  };
  return {
    prepare: (sql) => database.prepare(sql),
    write(statement, ...parameters) {
      if (!isOpen) database.exec('BEGIN');
      isOpen = true;
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
