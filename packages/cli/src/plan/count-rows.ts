import type { RowCleaner } from '@sluice/core/clean/row-cleaner';
import { type Chunk, createPlanner } from '@sluice/core/csv/plan';
import { addCleaned, type Cleaned, cleanChunk, nothingCleaned } from './clean-chunk.ts';

/** Of the chunks that a text is counted in. Unit: bytes. */
const chunkBytes = 1024 * 1024;

export type CountRowsOptions = {
  readonly dataStart: number;
  readonly dataLine: number;
  readonly delimiter: string;
  readonly cleaner: RowCleaner;
  /** Every so many chunks one is cleaned: counting is many times as fast. */
  readonly cleanEvery: number;
  readonly onRead: (rows: number) => void;
};

/** `bytes`: of the whole text. */
export type CountedRows = { readonly rows: number; readonly bytes: number; readonly cleaned: Cleaned };

/** Counts the rows of a UTF-8 text exactly, in memory that does not grow with it. */
export const countRows = async (
  text: AsyncIterable<Uint8Array>,
  { dataStart, dataLine, delimiter, cleaner, cleanEvery, onRead }: CountRowsOptions,
): Promise<CountedRows> => {
  const planner = createPlanner({
    delimiter: delimiter.charCodeAt(0),
    cursor: { chunk: 0, offset: dataStart, row: 1, line: dataLine },
    chunkBytes,
  });
  // The bytes of the chunk that is not complete yet, and where they begin.
  let held = Buffer.alloc(0);
  let heldFrom = dataStart;
  let pieces: Buffer[] = [];
  let bytes = 0;
  let cleaned = nothingCleaned;

  const take = (chunks: readonly Chunk[]): void => {
    const end = chunks.at(-1)?.end;
    if (end === undefined) return;
    held = Buffer.concat([held, ...pieces]);
    pieces = [];
    for (const chunk of chunks) {
      if (chunk.chunk % cleanEvery !== 0) continue;
      const own = held.subarray(chunk.start - heldFrom, chunk.end - heldFrom);
      cleaned = addCleaned(cleaned, cleanChunk(own, chunk, delimiter, cleaner));
    }
    held = held.subarray(end - heldFrom);
    heldFrom = end;
    onRead(planner.cursor().row - 1);
  };

  for await (const piece of text) {
    const from = Math.max(0, dataStart - bytes);
    bytes += piece.length;
    if (from >= piece.length) continue;
    const data = Buffer.from(piece.buffer, piece.byteOffset + from, piece.length - from);
    pieces.push(data);
    take(planner.push(data));
  }
  take(planner.end());
  return { rows: planner.cursor().row - 1, bytes, cleaned };
};
