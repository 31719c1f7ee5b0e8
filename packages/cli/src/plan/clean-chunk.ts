import type { RowCleaner } from '@sluice/core/clean/row-cleaner';
import type { Chunk } from '@sluice/core/csv/plan';
import { createRunReader } from '@sluice/core/csv/run-reader';

/** What cleaning came to, in rows. `misread`: of the rejected ones, those whose form alone was wrong. */
export type Cleaned = { readonly rows: number; readonly accepted: number; readonly misread: number };

const formCodes: readonly string[] = ['FIELD_COUNT', 'QUOTE_NOT_CLOSED', 'RECORD_TOO_LARGE'];

/** Cleans the rows of a chunk as a run does, and keeps nothing of them. `bytes` are those of the chunk. */
export const cleanChunk = (bytes: Buffer, chunk: Chunk, delimiter: string, cleaner: RowCleaner): Cleaned => {
  const reader = createRunReader({ chunk, delimiter });
  let accepted = 0;
  let misread = 0;
  const reject = (code: string): void => {
    if (formCodes.includes(code)) misread += 1;
  };
  for (const give of [() => reader.push(bytes), () => reader.end()]) {
    for (const found of give()) {
      if (found.kind === 'rejected') {
        reject(found.reason.code);
        continue;
      }
      for (const fields of found.fields) {
        const values = cleaner.clean(fields);
        if (Array.isArray(values)) accepted += 1;
        else reject(values.code);
      }
    }
  }
  return { rows: chunk.rows, accepted, misread };
};

export const addCleaned = (one: Cleaned, other: Cleaned): Cleaned => ({
  rows: one.rows + other.rows,
  accepted: one.accepted + other.accepted,
  misread: one.misread + other.misread,
});

export const nothingCleaned: Cleaned = { rows: 0, accepted: 0, misread: 0 };
