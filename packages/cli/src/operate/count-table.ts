import type { ChunkRecord } from '@sluice/core/ports/job-store';
import type { BoundedList } from './bounded-list.ts';
import { addEntry, createBoundedList } from './bounded-list.ts';
import { createMarkCursor } from './chunk-marks.ts';
import type { PlannedJob } from './count-source.ts';
import type { Operator } from './operator.ts';
import type { GapList } from './row-gaps.ts';
import { createGapList } from './row-gaps.ts';
import type { ChunkFound, Difference } from './verify-chunk.ts';
import { verifyChunk } from './verify-chunk.ts';

/** What the ledger says by itself; undefined where not every chunk has come so far. */
export type LedgerSums = {
  readonly rows: number;
  readonly rejected: number | undefined;
  readonly done: number | undefined;
  readonly failed: number | undefined;
};

/** What became of every row of a job, counted from the table and the reject objects. */
export type TableCount = Pick<ChunkFound, 'rejected' | 'done' | 'failed' | 'dead'> & {
  readonly gaps: GapList;
  readonly differences: BoundedList<Difference>;
  /** Chunks whose reject object is gone or cannot be read. */
  readonly rejectsGone: BoundedList<{
    readonly chunk: number;
    readonly what: 'gone' | 'broken';
    readonly counted: number;
  }>;
  readonly ledger: LedgerSums;
};

/** Adds up the ledger's own counts; `all` stays true while every chunk has them. */
const sumLedger = () => {
  const sums = { rows: 0, rejected: 0, done: 0, failed: 0 };
  let isCleaned = true;
  let isClosed = true;
  return {
    add({ rows, cleaned, closed }: ChunkRecord): void {
      sums.rows += rows;
      sums.rejected += cleaned?.rejected ?? 0;
      sums.done += closed?.done ?? 0;
      sums.failed += closed?.failed ?? 0;
      isCleaned &&= cleaned !== undefined;
      isClosed &&= closed !== undefined;
    },
    sums: (): LedgerSums => ({
      rows: sums.rows,
      rejected: isCleaned ? sums.rejected : undefined,
      done: isClosed ? sums.done : undefined,
      failed: isClosed ? sums.failed : undefined,
    }),
  };
};

/**
 * Reads every row and every reject of a job, chunk by chunk, and holds them against the plan and the ledger's own counts. `onRows` is told
 * how many rows were read from the table so far.
 */
export const countTable = async (
  job: PlannedJob,
  ports: Pick<Operator, 'objects' | 'rows' | 'jobs' | 'clock' | 'stack'>,
  signal: AbortSignal,
  onRows: (rows: number) => void,
): Promise<TableCount> => {
  const total = { rejected: 0, done: 0, failed: 0, dead: 0 };
  const gaps = createGapList();
  const differences = createBoundedList<Difference>();
  const rejectsGone: TableCount['rejectsGone'] = createBoundedList();
  const ledger = sumLedger();
  const marksOf = createMarkCursor(ports.jobs, job.jobId);
  let read = 0;

  const add = ({ chunk, cleaned, closed }: ChunkRecord, found: ChunkFound): void => {
    total.rejected += found.rejected;
    total.done += found.done;
    total.failed += found.failed;
    total.dead += found.dead;
    gaps.addAll(found.gaps);
    for (const difference of found.differences) addEntry(differences, difference);
    if (job.state === 'COMPLETE' && closed === undefined) {
      addEntry(differences, { chunk, of: 'closed', counted: 1, ledger: 0 });
    }
    if (found.rejects !== 'whole') {
      addEntry(rejectsGone, { chunk, what: found.rejects, counted: cleaned?.rejected ?? 0 });
    }
  };

  for await (const page of ports.jobs.listChunks(job.jobId)) {
    for (const chunk of page) {
      signal.throwIfAborted();
      ledger.add(chunk);
      const marks = await marksOf(chunk);
      // One after the other: a chunk asks all its partitions at once, and that is as many connections as there are.
      const found = await verifyChunk(job.jobId, chunk, marks, ports, signal, (rows) => {
        read += rows;
        onRows(read);
      });
      add(chunk, found);
    }
  }
  return { ...total, gaps, differences, rejectsGone, ledger: ledger.sums() };
};
