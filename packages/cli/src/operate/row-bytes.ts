import { createScanner, maxRecordBytesDefault } from '@sluice/core/csv/scan';
import type { ChunkPlan, JobLayout } from '@sluice/core/ports/job-store';
import { readAhead } from '@sluice/core/read-object';
import type { RowRange } from '@sluice/core/row-ranges';
import { createRangeCursor } from '@sluice/core/row-ranges';
import type { Operator } from './operator.ts';
import { CommandFailed } from './session.ts';

/** Rows of a chunk, by ranges in ascending order. */
export type ChunkRanges = { readonly chunk: ChunkPlan; readonly ranges: readonly RowRange[] };

type Piece = { readonly offset: number; readonly bytes: Buffer };

export const countRows = (ranges: readonly (readonly [number, number])[]): number =>
  ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);

/**
 * Rows of a chunk as they stand in the source, each with its line end (the last of a file may have none), in row order. Memory holds
 * the open record and what is read ahead. Throws SluiceError OBJECT_CHANGED when the source is gone, CommandFailed when it holds other
 * rows than were planned.
 */
export async function* readRowBytes(
  { source, delimiter }: Pick<JobLayout, 'source' | 'delimiter'>,
  { chunk, ranges }: ChunkRanges,
  { objects, clock }: Pick<Operator, 'objects' | 'clock'>,
): AsyncGenerator<Uint8Array> {
  const isWanted = createRangeCursor(ranges);
  let held: Piece[] = [];
  let taken = chunk.start;
  let spans: [start: number, end: number][] = [];
  let found = 0;
  const scanner = createScanner({
    offset: chunk.start,
    line: chunk.firstLine,
    row: chunk.firstRow,
    delimiter: delimiter.charCodeAt(0),
    sink: ({ kind, row, start, next }) => {
      if (kind === 'blank' || !isWanted(row) || kind !== 'row') return;
      found++;
      const last = spans.at(-1);
      if (last?.[1] === start) last[1] = next;
      else spans.push([start, next]);
    },
  });

  function* cut(): Generator<Uint8Array> {
    for (const [start, end] of spans) {
      for (const { offset, bytes } of held) {
        if (offset < end && offset + bytes.length > start) {
          yield bytes.subarray(Math.max(0, start - offset), Math.min(bytes.length, end - offset));
        }
      }
    }
    spans = [];
    const open = scanner.position().offset;
    // An open record this long was given up: what is skipped is no row.
    const needed = taken - open > maxRecordBytesDefault + 1 ? taken : open;
    held = held.filter(({ offset, bytes }) => offset + bytes.length > needed);
  }

  for await (const piece of readAhead({ objects, clock }, source, chunk.start, chunk.end)) {
    held.push({ offset: taken, bytes: piece });
    taken += piece.length;
    scanner.push(piece);
    yield* cut();
  }
  scanner.end();
  yield* cut();
  const rows = scanner.position().row - chunk.firstRow;
  const wanted = countRows(ranges);
  if (rows !== chunk.rows || found !== wanted) {
    throw new CommandFailed(
      `expected ${chunk.rows} rows in chunk ${chunk.chunk} of the file, ${wanted} of them wanted, found ${rows} and ${found}`,
    );
  }
}
