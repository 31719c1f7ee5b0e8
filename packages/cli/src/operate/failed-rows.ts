import type { Job } from '@sluice/core/ports/job-store';
import type { RowRange } from '@sluice/core/row-ranges';
import { addRow } from '@sluice/core/row-ranges';
import { countText } from '../terminal-text.ts';
import { dropped } from './dlq/write-off.ts';
import { createProgressNotes } from './progress-notes.ts';
import { readJobRows } from './read-job-rows.ts';
import type { ChunkRanges } from './row-bytes.ts';
import type { Session } from './session.ts';

/** Rows that FAILED: those that are wanted, by chunk and by code, and how many of them were sent before. */
export type FailedRows = {
  readonly chunks: readonly ChunkRanges[];
  readonly rows: number;
  readonly byCode: ReadonlyMap<string, number>;
  readonly sentBefore: number;
  /** Rows that somebody wrote off by hand; no processor refused them. */
  readonly writtenOff: number;
};

/**
 * Rows with one of `codes`, or where none are named all that were not written off. `wasSent` is asked in ascending order; `keep` is
 * called as long as it goes on. Memory holds the ranges of the rows.
 */
export const findFailedRows = async (
  job: Job,
  session: Session,
  codes: readonly string[] | undefined,
  wasSent: (row: number) => boolean,
  keep: () => Promise<void>,
): Promise<FailedRows> => {
  const note = createProgressNotes(session);
  const wanted = codes === undefined ? undefined : new Set(codes);
  const chunks: ChunkRanges[] = [];
  const byCode = new Map<string, number>();
  let rows = 0;
  let sentBefore = 0;
  let writtenOff = 0;
  for await (const { chunk, pages } of readJobRows(job, session.operator, ({ closed }) => closed?.failed !== 0)) {
    const ranges: RowRange[] = [];
    for await (const page of pages) {
      session.signal.throwIfAborted();
      await keep();
      for (const { row, status, error } of page) {
        if (status !== 'FAILED') continue;
        const { code = '' } = error ?? {};
        if (wanted !== undefined && !wanted.has(code)) continue;
        if (wanted === undefined && code === dropped.code) writtenOff++;
        else if (wasSent(row)) sentBefore++;
        else {
          addRow(ranges, row);
          rows++;
          byCode.set(code, (byCode.get(code) ?? 0) + 1);
        }
      }
    }
    if (ranges.length > 0) chunks.push({ chunk, ranges });
    note(() => `looked at ${countText(chunk.firstRow + chunk.rows - 1)} rows, found ${countText(rows)} to send again`);
  }
  return { chunks, rows, byCode, sentBefore, writtenOff };
};
