import { cleanChunk } from '@sluice/clean-rows/clean-chunk';
import type { CleanRowsPorts } from '@sluice/clean-rows/clean-rows';
import { parseRowsMessage } from '@sluice/core/messages';
import type { ChunkRecord, Job } from '@sluice/core/ports/job-store';
import type { Queue } from '@sluice/core/ports/queue';
import type { StoredRow } from '@sluice/core/ports/row-store';
import type { StagePorts } from '@sluice/core/stage';
import { workBucket } from './buckets.ts';

/** A queue that keeps what is sent to it. */
const createCollector = (): { readonly bodies: string[]; readonly queue: Queue } => {
  const bodies: string[] = [];
  const answer = { sent: [], failed: [] };
  return {
    bodies,
    queue: {
      async sendBatch(entries) {
        for (const { body } of entries) bodies.push(body);
        return { sent: entries.map(({ id }) => id), failed: [] };
      },
      changeVisibilityBatch: async () => answer,
      depth: async () => ({ visible: 0, inFlight: 0, delayed: 0, oldestAgeSeconds: 0 }),
    },
  };
};

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
  const ranges: [number, number][] = [];
  for (let row = chunk.firstRow; row < chunk.firstRow + chunk.rows; row++) {
    if (stored.has(row)) continue;
    const last = ranges.at(-1);
    if (last?.[1] === row - 1) last[1] = row;
    else ranges.push([row, row]);
  }
  const { bodies, queue } = createCollector();
  const collecting: CleanRowsPorts = { ...ports, queues: { ...ports.queues, rows: queue } };
  const { cleaned: _cleaned, closed: _closed, ...plan } = chunk;
  await cleanChunk(job, { v: 1, kind: 'chunk', jobId: job.jobId, ...plan, ranges }, collecting, workBucket);
  return bodies.flatMap((body) =>
    parseRowsMessage(body).rows.map(([, row, line, values]): StoredRow => {
      return { row, line, status: 'PENDING', data: JSON.stringify(values) };
    }),
  );
};
