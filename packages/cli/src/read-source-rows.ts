import type { CleanChunkPorts } from '@sluice/clean-rows/clean-chunk';
import { cleanChunk } from '@sluice/clean-rows/clean-chunk';
import { parseRowsMessage } from '@sluice/core/messages';
import type { ChunkRecord, Job } from '@sluice/core/ports/job-store';
import type { StoredRow } from '@sluice/core/ports/row-store';
import type { RowRange } from '@sluice/core/row-ranges';
import { workBucket } from './buckets.ts';

/** What reading rows from the source takes; nothing is written. */
export type SourcePorts = Pick<CleanChunkPorts, 'clock' | 'random'> & {
  readonly objects: Pick<CleanChunkPorts['objects'], 'readRange'>;
};

const neverCalled = async (): Promise<never> => {
  throw new Error('expected rows to be read, found something written');
};

/**
 * The accepted rows of a chunk that are in the ranges, in row order, read again from the source and cleaned the same way. Throws
 * SluiceError OBJECT_CHANGED when the source is gone.
 */
export const readSourceRows = async (
  job: Job,
  chunk: ChunkRecord,
  ranges: RowRange[],
  { objects, clock, random }: SourcePorts,
): Promise<readonly StoredRow[]> => {
  const bodies: string[] = [];
  const collecting: CleanChunkPorts = {
    clock,
    random,
    objects: { readRange: objects.readRange, put: neverCalled },
    jobs: { putCounts: neverCalled },
    queues: {
      // What would be sent on is kept here instead.
      rows: {
        changeVisibilityBatch: neverCalled,
        depth: neverCalled,
        async sendBatch(entries) {
          for (const { body } of entries) bodies.push(body);
          return { sent: entries.map(({ id }) => id), failed: [] };
        },
      },
    },
  };
  const { cleaned: _cleaned, closed: _closed, ...plan } = chunk;
  await cleanChunk(job, { v: 1, kind: 'chunk', jobId: job.jobId, ...plan, ranges }, collecting, workBucket);
  const rows = bodies.flatMap((body) =>
    parseRowsMessage(body).rows.map(([, row, line, values]): StoredRow => {
      return { row, line, status: 'PENDING', data: JSON.stringify(values) };
    }),
  );
  // Batches may overtake each other.
  return rows.sort((a, b) => a.row - b.row);
};
