import { cleanChunk } from '@sluice/clean-rows/clean-chunk';
import type { CleanRowsPorts } from '@sluice/clean-rows/clean-rows';
import { parseRowsMessage } from '@sluice/core/messages';
import type { ChunkRecord, Job } from '@sluice/core/ports/job-store';
import type { Queue } from '@sluice/core/ports/queue';
import type { StoredRow } from '@sluice/core/ports/row-store';
import type { RowRange } from '@sluice/core/row-ranges';
import { addRow } from '@sluice/core/row-ranges';
import type { StagePorts } from '@sluice/core/stage';
import { workBucket } from './buckets.ts';

/**
 * Rows of a chunk that were accepted but are not in the table (they died on the way, or are open), read again from the source
 * and cleaned the same way.
 */
export const readAbsentRows = async (
  job: Job,
  chunk: ChunkRecord,
  stored: ReadonlySet<number>,
  ports: StagePorts,
): Promise<readonly StoredRow[]> => {
  const ranges: RowRange[] = [];
  for (let row = chunk.firstRow; row < chunk.firstRow + chunk.rows; row++) if (!stored.has(row)) addRow(ranges, row);
  const bodies: string[] = [];
  // What would be sent on is kept here instead.
  const rows: Queue = {
    ...ports.queues.rows,
    async sendBatch(entries) {
      for (const { body } of entries) bodies.push(body);
      return { sent: entries.map(({ id }) => id), failed: [] };
    },
  };
  const collecting: CleanRowsPorts = { ...ports, queues: { ...ports.queues, rows } };
  const { cleaned: _cleaned, closed: _closed, ...plan } = chunk;
  await cleanChunk(job, { v: 1, kind: 'chunk', jobId: job.jobId, ...plan, ranges }, collecting, workBucket);
  return bodies.flatMap((body) =>
    parseRowsMessage(body).rows.map(([, row, line, values]): StoredRow => {
      return { row, line, status: 'PENDING', data: JSON.stringify(values) };
    }),
  );
};
