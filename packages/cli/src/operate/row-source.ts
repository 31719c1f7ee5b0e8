import { compileSchema } from '@sluice/core/clean/row-cleaner';
import { rejectedRawBytesMax } from '@sluice/core/csv/run';
import { createRunReader } from '@sluice/core/csv/run-reader';
import type { RecordKind, ScannedRecord } from '@sluice/core/csv/scan';
import { createScanner } from '@sluice/core/csv/scan';
import { SluiceError } from '@sluice/core/errors';
import type { Value } from '@sluice/core/messages';
import type { ChunkPlan, Job, JobLayout } from '@sluice/core/ports/job-store';
import { schemaOf } from '@sluice/core/profile';
import { readObject } from '@sluice/core/read-object';
import type { Operator } from './operator.ts';

/** Where a row is in the text of its file. */
export type RowSource = {
  /** First byte, counted from the start of the text. */
  readonly byteStart: number;
  /** After the last byte, without the line end. */
  readonly byteEnd: number;
  /** Where the next record begins. */
  readonly byteNext: number;
  /** First line. */
  readonly line: number;
  /** Other than `row`: quarantined, a record without an end. */
  readonly kind: Exclude<RecordKind, 'blank'>;
  /** Blank lines right before it in its chunk, which are no rows. */
  readonly blankLinesBefore: number;
};

/** The file or its copy cannot be read any more, or holds other rows than were planned. */
export type Unreadable = { readonly code: string; readonly message: string };

type Ports = Pick<Operator, 'objects' | 'clock'>;

const isBlank = ({ kind }: ScannedRecord): boolean => kind === 'blank';

const scanFor = async (
  layout: JobLayout,
  chunk: ChunkPlan,
  row: number,
  ports: Ports,
  signal: AbortSignal,
): Promise<RowSource | undefined> => {
  let found: RowSource | undefined;
  let blankLinesBefore = 0;
  const scanner = createScanner({
    offset: chunk.start,
    line: chunk.firstLine,
    row: chunk.firstRow,
    delimiter: layout.delimiter.charCodeAt(0),
    sink: (record) => {
      if (isBlank(record)) blankLinesBefore++;
      else {
        const { start, end, next, line, kind } = record;
        if (record.row === row && kind !== 'blank') {
          found = { byteStart: start, byteEnd: end, byteNext: next, line, kind, blankLinesBefore };
        }
        blankLinesBefore = 0;
      }
    },
  });
  for await (const piece of readObject(ports, layout.source, chunk.start, chunk.end)) {
    signal.throwIfAborted();
    scanner.push(piece);
    if (found !== undefined) return found;
  }
  scanner.end();
  return found;
};

const unreadable = (thrown: unknown): Unreadable => {
  if (!(thrown instanceof SluiceError) || thrown.code !== 'OBJECT_CHANGED') throw thrown;
  return { code: thrown.code, message: thrown.message };
};

/** Finds a row in its chunk, which is read from its start. */
export const findRowSource = async (
  layout: JobLayout,
  chunk: ChunkPlan,
  row: number,
  ports: Ports,
  signal: AbortSignal,
): Promise<RowSource | Unreadable> => {
  try {
    const found = await scanFor(layout, chunk, row, ports, signal);
    const message = `expected row ${row} in chunk ${chunk.chunk}, found fewer rows there`;
    return found ?? { code: 'PLAN_MISMATCH', message };
  } catch (thrown) {
    return unreadable(thrown);
  }
};

/**
 * What stands in a row: its first 64 KiB, as rejects keep them, and what cleaning makes of it by the schema of its job; no values for
 * a row that is rejected.
 */
export const readRowContent = async (
  job: Job & { readonly layout: JobLayout },
  row: number,
  { byteStart, byteEnd, byteNext, line, kind }: RowSource,
  ports: Ports,
): Promise<{ readonly bytes: Buffer; readonly values?: readonly Value[] } | Unreadable> => {
  const { layout, profile } = job;
  const kept = Math.min(byteEnd, byteStart + rejectedRawBytesMax);
  const pieces: Buffer[] = [];
  try {
    // A row that is none has no end worth reading.
    for await (const piece of readObject(ports, layout.source, byteStart, kind === 'row' ? byteNext : kept))
      pieces.push(piece);
  } catch (thrown) {
    return unreadable(thrown);
  }
  const all = Buffer.concat(pieces);
  const bytes = all.subarray(0, kept - byteStart);
  if (kind !== 'row') return { bytes };
  const alone = { chunk: 0, start: byteStart, end: byteNext, firstRow: row, rows: 1, firstLine: line };
  const reader = createRunReader({ chunk: alone, delimiter: layout.delimiter });
  for (const found of [...reader.push(all), ...reader.end()]) {
    if (found.kind !== 'rows') continue;
    const values = compileSchema(schemaOf(profile), layout.columns).clean(found.fields[0] ?? []);
    if (Array.isArray(values)) return { bytes, values };
  }
  return { bytes };
};
