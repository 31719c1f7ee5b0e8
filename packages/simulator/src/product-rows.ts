import { compileSchema } from '@sluice/core/clean/row-cleaner';
import { createPlanner } from '@sluice/core/csv/plan';
import { createRunReader } from '@sluice/core/csv/run-reader';
import { SluiceError } from '@sluice/core/errors';
import { tooManyRejects } from '@sluice/core/ledger';
import { type RowTuple, serialise } from '@sluice/core/messages';
import { rowBytesMax } from '@sluice/core/pack';
import type { JobLayout, Profile } from '@sluice/core/ports/job-store';
import { schemaOf } from '@sluice/core/profile';
import { createVirtualClock } from '@sluice/core/virtual-clock';
import { readLayout } from '@sluice/split-file/read-layout';
import { findProfile } from '@sluice/split-file/upload';
import type { Expected, ExpectedRow } from './expected-rows.ts';
import { createVersionedObjects } from './versioned-objects.ts';

/** How the product's own rules read a file, in one go and chunk by chunk, to hold the oracle and them against each other. For tests. */
export const readByProduct = async (
  file: Buffer,
  key: string,
  profiles: readonly Profile[],
  chunkBytes: number,
): Promise<Expected> => {
  const profile = findProfile(profiles, key);
  if (profile === undefined) return { ends: 'ignored' };
  const objects = createVersionedObjects({ isVersioned: false, now: () => 0, pieceBytes: 1_000 });
  const version = objects.upload('inbox', key, file, 0);
  const job = { jobId: 'job', file: { ...version, bytes: file.length }, profile };
  let layout: JobLayout;
  try {
    ({ layout } = await readLayout(job, { objects, clock: createVirtualClock() }, 'work'));
  } catch (thrown) {
    if (thrown instanceof SluiceError && thrown.permanent) return { ends: 'refused' };
    throw thrown;
  }
  const bytes = objects.bytesOf(layout.source) ?? Buffer.alloc(0);
  const { limit } = profile;
  const planner = createPlanner({
    delimiter: layout.delimiter.charCodeAt(0),
    cursor: { chunk: 0, offset: layout.dataStart, row: 1, line: layout.dataLine },
    chunkBytes,
    ...(limit === undefined ? {} : { limit }),
  });
  const chunks = [...planner.push(bytes.subarray(layout.dataStart)), ...planner.end()];
  const cleaner = layout.columns.length === 0 ? undefined : compileSchema(schemaOf(profile), layout.columns);
  const rows: ExpectedRow[] = [];
  const take = (
    place: Pick<ExpectedRow, 'row' | 'line' | 'byteStart' | 'byteEnd'>,
    fields: readonly string[],
  ): void => {
    const values = cleaner?.clean(fields) ?? [];
    if (!Array.isArray(values)) rows.push({ ...place, accepted: false, code: values.code });
    else if (Buffer.byteLength(serialise(values)) > rowBytesMax)
      rows.push({ ...place, accepted: false, code: 'ROW_TOO_LARGE' });
    else rows.push({ ...place, accepted: true, values: values as RowTuple[3] });
  };
  for (const chunk of chunks) {
    const reader = createRunReader({ chunk, delimiter: layout.delimiter });
    for (const found of [...reader.push(bytes.subarray(chunk.start, chunk.end)), ...reader.end()]) {
      if (found.kind === 'rejected') {
        const { row, line, start, end, reason } = found;
        rows.push({ row, line, byteStart: start, byteEnd: end, accepted: false, code: reason.code });
        continue;
      }
      for (const [index, fields] of found.fields.entries()) {
        const place = { row: found.firstRow + index, line: found.lines[index] ?? 0 };
        take({ ...place, byteStart: found.starts[index] ?? 0, byteEnd: found.ends[index] ?? 0 }, fields);
      }
    }
  }
  const rejected = rows.filter(({ accepted }) => !accepted).length;
  const isTooMany = tooManyRejects(profile.maxRejectedRatio, rows.length, rejected) !== undefined;
  return { ends: 'read', columns: layout.outputColumns, rows, tooManyRejects: isTooMany };
};
