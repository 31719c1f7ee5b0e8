import type { ScannedRecord } from '@sluice/core/csv/scan';
import type { ChunkPlan } from '@sluice/core/ports/job-store';
import type { BoundedList } from './bounded-list.ts';
import { addEntry } from './bounded-list.ts';

/** Something that is not as it was planned; without `chunk` it is the file's as a whole. */
export type SourceFault = { readonly chunk?: number; readonly message: string };

/** Holds the records of a whole file, as they come, against its planned chunks. */
export type SourceChunks = {
  /** The next planned chunks, in order. They must be there before the records that lie in them. */
  addPlanned(chunks: readonly ChunkPlan[]): void;
  /** True when chunks are planned up to this byte. */
  reaches(offset: number): boolean;
  /** Takes the next record. `isCounted`: it is a row that was to be planned. */
  take(record: ScannedRecord): void;
  /** No more records come, and no more chunks. Returns how many were planned. */
  end(): number;
};

/**
 * Every planned chunk must begin where the one before ends, begin and end between two records, and hold exactly the rows (and begin on
 * the line) that it was planned with. What does not is added to `faults`.
 */
export const createSourceChunks = (dataStart: number, faults: BoundedList<SourceFault>): SourceChunks => {
  let waiting: ChunkPlan[] = [];
  let reached = dataStart;
  let added = 0;
  let current: ChunkPlan | undefined;
  let previousEnd = dataStart;
  let rows = 0;
  /** Where the last record of the current chunk ends; undefined before its first. */
  let lastNext: number | undefined;
  let isUncovered = false;

  const fault = (chunk: number, message: string): void => addEntry(faults, { chunk, message });

  const close = (): void => {
    if (current === undefined) return;
    const { chunk, end, rows: planned, firstRow } = current;
    if (rows !== planned) fault(chunk, `expected ${planned} rows from row ${firstRow} on, found ${rows}`);
    if (lastNext === undefined) fault(chunk, 'expected records, found none');
    else if (lastNext !== end)
      fault(chunk, `expected its end, byte ${end}, between two records, found one up to byte ${lastNext}`);
    previousEnd = end;
    current = undefined;
  };

  const next = (): void => {
    current = waiting.shift();
    rows = 0;
    lastNext = undefined;
    if (current === undefined || current.start === previousEnd) return;
    const { chunk, start } = current;
    fault(chunk, `expected to begin at byte ${previousEnd}, where the chunk before it ends, found byte ${start}`);
  };

  const begin = ({ chunk, start, firstRow, firstLine }: ChunkPlan, record: ScannedRecord): void => {
    if (record.start !== start)
      fault(chunk, `expected its start, byte ${start}, between two records, found one from byte ${record.start}`);
    if (record.row !== firstRow)
      fault(chunk, `expected to begin with row ${record.row}, found ${firstRow} in the plan`);
    if (record.line !== firstLine)
      fault(chunk, `expected to begin on line ${record.line}, found ${firstLine} in the plan`);
  };

  return {
    addPlanned(chunks) {
      for (const planned of chunks) {
        if (planned.chunk !== added)
          fault(planned.chunk, `expected chunk ${added} next in the plan, found ${planned.chunk}`);
        added++;
        reached = Math.max(reached, planned.end);
        waiting.push(planned);
      }
    },
    reaches: (offset) => reached >= offset,
    take(record) {
      if (current === undefined) next();
      while (current !== undefined && record.start >= current.end) {
        close();
        next();
      }
      if (current === undefined || record.start < current.start) {
        if (!isUncovered)
          addEntry(faults, { message: `expected every byte in a chunk, found byte ${record.start} in none` });
        isUncovered = true;
        return;
      }
      isUncovered = false;
      if (lastNext === undefined) begin(current, record);
      if (record.kind !== 'blank') rows++;
      lastNext = record.next;
    },
    end() {
      close();
      while (waiting.length > 0) {
        next();
        close();
      }
      waiting = [];
      return added;
    },
  };
};
