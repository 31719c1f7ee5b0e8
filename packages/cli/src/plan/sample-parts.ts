import type { RowCleaner } from '@sluice/core/clean/row-cleaner';
import type { Chunk } from '@sluice/core/csv/plan';
import { createPlanner } from '@sluice/core/csv/plan';
import type { ObjectVersion } from '@sluice/core/ports/object-store';
import { readObject } from '@sluice/core/read-object';
import { addCleaned, type Cleaned, cleanChunk, nothingCleaned } from './clean-chunk.ts';
import type { ReadPart } from './extrapolate.ts';

/** Parts of a file too large to be read whole, spread over it evenly. */
const partsMax = 128;
/** Read of each; half of it and what the last row needs is looked at. Unit: bytes. */
const partBytes = 512 * 1024;
/** Lines of a part that are tried as the beginning of a row: a line end may lie inside quotes. */
const beginningsMax = 4;

const lineFeed = 0x0a;

type Part = { readonly chunk: Chunk; readonly cleaned: Cleaned };

/** A line in the middle of a row shows as rows of the wrong form. */
const misreadShare = ({ cleaned: { rows, misread } }: Part): number => misread / Math.max(1, rows);

/** The part's rows from one of its lines on. */
const readFrom = (piece: Buffer, start: number, delimiter: string, cleaner: RowCleaner): Part | undefined => {
  const planner = createPlanner({
    delimiter: delimiter.charCodeAt(0),
    cursor: { chunk: 0, offset: start, row: 1, line: 1 },
    chunkBytes: Math.floor(piece.length / 2),
  });
  const [chunk] = planner.push(piece.subarray(start));
  if (chunk === undefined) return undefined;
  return { chunk, cleaned: cleanChunk(piece.subarray(chunk.start, chunk.end), chunk, delimiter, cleaner) };
};

/** Rows of a piece that begins anywhere. Undefined for one without a row that ends in its first half. */
export const readPart = (piece: Buffer, delimiter: string, cleaner: RowCleaner): Part | undefined => {
  let best: Part | undefined;
  let start = 0;
  for (let tries = 0; tries < beginningsMax; tries++) {
    const lineEnd = piece.indexOf(lineFeed, start);
    if (lineEnd === -1) break;
    start = lineEnd + 1;
    const part = readFrom(piece, start, delimiter, cleaner);
    if (part !== undefined && (best === undefined || misreadShare(part) < misreadShare(best))) best = part;
    if (best !== undefined && best.cleaned.misread === 0) break;
  }
  return best;
};

export type SampledFile = { readonly parts: readonly ReadPart[]; readonly cleaned: Cleaned };

type SampleOptions = {
  readonly source: ObjectVersion & { readonly bytes: number };
  readonly dataStart: number;
  readonly delimiter: string;
  readonly cleaner: RowCleaner;
  readonly onRead: (rows: number, share: number) => void;
};

/** Reads parts of a UTF-8 file, spread over it. */
export const sampleParts = async (
  { source, dataStart, delimiter, cleaner, onRead }: SampleOptions,
  ports: Parameters<typeof readObject>[0],
): Promise<SampledFile> => {
  const step = (source.bytes - dataStart - partBytes) / (partsMax - 1);
  const parts: ReadPart[] = [];
  let cleaned = nothingCleaned;
  for (let index = 0; index < partsMax; index++) {
    const from = Math.floor(dataStart + index * step);
    const pieces: Buffer[] = [];
    for await (const piece of readObject(ports, source, from, Math.min(source.bytes, from + partBytes))) {
      pieces.push(piece);
    }
    const part = readPart(Buffer.concat(pieces), delimiter, cleaner);
    if (part === undefined) continue;
    parts.push({ rows: part.chunk.rows, bytes: part.chunk.end - part.chunk.start });
    cleaned = addCleaned(cleaned, part.cleaned);
    onRead(cleaned.rows, (index + 1) / partsMax);
  }
  return { parts, cleaned };
};
