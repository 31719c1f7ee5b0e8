import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { createMarkReader } from '@sluice/audit-job/mark-reader';
import type { Ledger } from '@sluice/core/ledger';
import { addLedgers, emptyLedger } from '@sluice/core/ledger';
import type { ChunkRecord, DeadMark, Job } from '@sluice/core/ports/job-store';
import type { StagePorts } from '@sluice/core/stage';
import { StateDamaged } from '@sluice/local-cloud/database';
import { readChunkRejects } from './chunk-rejects.ts';
import { createChunkTally, readChunkRows } from './operate/read-job-rows.ts';
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
  const tally = createChunkTally(chunk, marks);
  const toLine = createRowLines(job.layout?.outputColumns ?? []);
  for await (const page of readChunkRows(job, chunk, async () => rejected, ports)) {
    for (const stored of page) {
      if (stored.error !== undefined) observer?.failed(stored.row, stored.error);
      files.rows.write(toLine(stored, tally.take(stored)));
    }
  }
  for (const [row, mark] of tally.dead()) {
    files.dead.write(deadLine(row, mark));
    observer?.dead(row, mark);
  }
  const ledger = tally.ledger(rejected.size);
  // A chunk whose cleaning was cut short has no counts yet: what came out of it is what is known.
  return { ledger, accepted: chunk.cleaned?.accepted ?? tally.shown };
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
  const marksOf = createMarkReader(ports.jobs, job.jobId, 0);
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
        const marks = await marksOf(chunk.chunk);
        const exported = await exportChunk(job, chunk, marks, ports, files, rejects, observer);
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
