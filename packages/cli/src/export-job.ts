import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { SluiceError } from '@sluice/core/errors';
import type { Ledger } from '@sluice/core/ledger';
import { addLedgers, balance, emptyLedger } from '@sluice/core/ledger';
import type { ChunkRecord, DeadMark, Job } from '@sluice/core/ports/job-store';
import type { StoredRow } from '@sluice/core/ports/row-store';
import type { StagePorts } from '@sluice/core/stage';
import { StateDamaged } from '@sluice/local-cloud/database';
import { readAbsentRows } from './absent-rows.ts';
import { readChunkRejects } from './chunk-rejects.ts';
import { createRowLines } from './row-lines.ts';
import type { TextFile } from './text-file.ts';
import { createTextFile } from './text-file.ts';

/** What the exported files hold, counted while they were written. */
export type Exported = {
  readonly ledger: Ledger;
  readonly accepted: number;
  /** Rejected rows by code. */
  readonly rejects: ReadonlyMap<string, number>;
  /** Whole and on the disk; they appear when they are closed. */
  readonly files: readonly TextFile[];
};

/** Told of every row that is not done while it is written, in row order; what it keeps of them is its own matter. */
export type RowObserver = {
  /** `line` is the row's line of rejects.ndjson, without the line end. */
  rejected(code: string, line: string): void;
  failed(row: number, error: { readonly code: string; readonly message: string }): void;
  dead(row: number, mark: DeadMark): void;
};

type Files = { readonly rows: TextFile; readonly rejects: TextFile; readonly dead: TextFile };

const deadLine = (row: number, { stage, code, message, attempts }: DeadMark): string =>
  `${JSON.stringify({ row, stage, code, message, attempts })}\n`;

const readMarks = async (ports: StagePorts, jobId: string): Promise<ReadonlyMap<number, readonly DeadMark[]>> => {
  const marks = new Map<number, DeadMark[]>();
  for await (const page of ports.jobs.listMarks(jobId)) {
    for (const mark of page) marks.set(mark.chunk ?? -1, [...(marks.get(mark.chunk ?? -1) ?? []), mark]);
  }
  return marks;
};

/** Writes the rejects of a chunk, and counts them by code. Returns their row numbers. */
const exportRejects = async (
  chunk: ChunkRecord,
  ports: StagePorts,
  file: TextFile,
  byCode: Map<string, number>,
  observer: RowObserver | undefined,
): Promise<ReadonlySet<number>> => {
  const rows = new Set<number>();
  for await (const { row, code, line } of readChunkRejects(chunk, ports)) {
    rows.add(row);
    byCode.set(code, (byCode.get(code) ?? 0) + 1);
    file.write(`${line}\n`);
    observer?.rejected(code, line);
  }
  return rows;
};

/** Rows of a chunk in pages and in row order: those of the table, and between them those that never reached it. */
async function* readRows(job: Job, chunk: ChunkRecord, ports: StagePorts): AsyncGenerator<readonly StoredRow[]> {
  const counts = await ports.rows.countChunk(job.jobId, chunk.chunk);
  const inTable = counts.PENDING + counts.DONE + counts.FAILED;
  if (chunk.cleaned === undefined || inTable === chunk.cleaned.accepted) {
    yield* ports.rows.readChunk(job.jobId, chunk.chunk);
    return;
  }
  const rows: StoredRow[] = [];
  for await (const page of ports.rows.readChunk(job.jobId, chunk.chunk)) rows.push(...page);
  try {
    rows.push(...(await readAbsentRows(job, chunk, new Set(rows.map(({ row }) => row)), ports)));
  } catch (thrown) {
    // The file has changed since: what never reached the table can be counted, not shown.
    if (!(thrown instanceof SluiceError) || thrown.code !== 'OBJECT_CHANGED') throw thrown;
  }
  yield rows.sort((a, b) => a.row - b.row);
}

/** The rows of a chunk that marks speak of: each by its own, and where the chunk was given up before it was cleaned, all. */
const markedRows = (chunk: ChunkRecord, marks: readonly DeadMark[]): Map<number, DeadMark> => {
  const byRow = new Map<number, DeadMark>();
  const whole = chunk.cleaned === undefined ? marks.find(({ row }) => row === undefined) : undefined;
  if (whole !== undefined) {
    for (let row = chunk.firstRow; row < chunk.firstRow + chunk.rows; row++) byRow.set(row, whole);
  }
  for (const mark of marks) if (mark.row !== undefined) byRow.set(mark.row, mark);
  return byRow;
};

const exportChunk = async (
  job: Job,
  chunk: ChunkRecord,
  marks: readonly DeadMark[],
  ports: StagePorts,
  files: Files,
  byCode: Map<string, number>,
  observer: RowObserver | undefined,
): Promise<{ readonly ledger: Ledger; readonly accepted: number }> => {
  const rejected = await exportRejects(chunk, ports, files.rejects, byCode, observer);
  const dead = markedRows(chunk, marks);
  const toLine = createRowLines(job.layout?.outputColumns ?? []);
  let done = 0;
  let failed = 0;
  let written = 0;
  for await (const page of readRows(job, chunk, ports)) {
    for (const stored of page) {
      if (stored.status === 'DONE') done++;
      if (stored.status === 'FAILED') failed++;
      if (stored.error !== undefined) observer?.failed(stored.row, stored.error);
      // A mark counts only while its row is not final.
      if (stored.status !== 'PENDING') dead.delete(stored.row);
      files.rows.write(toLine(stored, dead.get(stored.row)));
      written++;
    }
  }
  for (const [row, mark] of [...dead].sort(([a], [b]) => a - b)) {
    files.dead.write(deadLine(row, mark));
    observer?.dead(row, mark);
  }
  const ledger = balance({ rows: chunk.rows, rejected: rejected.size, done, failed, dead: dead.size });
  // A chunk whose cleaning was cut short has no counts yet: what came out of it is what is known.
  return { ledger, accepted: chunk.cleaned?.accepted ?? written };
};

/**
 * Writes rows.ndjson, rejects.ndjson and dead.ndjson of a job into a folder, in row order; they appear when they are closed.
 * Memory holds a page of rows. `onRows` is told how many rows are written, `observer` of those that are not done. The counts are
 * those of the lines written. Throws StateDamaged when what is stored cannot be what was stored.
 */
export const exportJob = async (
  job: Job,
  ports: StagePorts,
  out: string,
  onRows: (rows: number) => void,
  observer?: RowObserver,
): Promise<Exported> => {
  const marks = await readMarks(ports, job.jobId);
  const all: TextFile[] = [];
  const open = (name: string): TextFile => {
    const file = createTextFile(join(out, name));
    all.push(file);
    return file;
  };
  const rejects = new Map<string, number>();
  let ledger = emptyLedger;
  let accepted = 0;
  try {
    const files: Files = { rows: open('rows.ndjson'), rejects: open('rejects.ndjson'), dead: open('dead.ndjson') };
    for await (const page of ports.jobs.listChunks(job.jobId)) {
      for (const chunk of page) {
        const exported = await exportChunk(job, chunk, marks.get(chunk.chunk) ?? [], ports, files, rejects, observer);
        ledger = addLedgers(ledger, exported.ledger);
        accepted += exported.accepted;
        onRows(ledger.rows);
        // Reading the table never waits: without a pause neither progress nor an interrupt would get its turn.
        await setImmediate();
      }
    }
    for (const file of all) file.finish();
  } catch (thrown) {
    for (const file of all) file.discard();
    // Rows are stored as JSON.
    throw thrown instanceof SyntaxError ? new StateDamaged('rows that cannot be read') : thrown;
  }
  return { ledger, accepted, rejects, files: all };
};
