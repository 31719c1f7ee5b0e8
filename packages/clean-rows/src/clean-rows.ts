import { SluiceError } from '@sluice/core/errors';
import type { ChunkMessage } from '@sluice/core/messages';
import { findJobId, parseChunkMessage } from '@sluice/core/messages';
import type { Job, JobStore } from '@sluice/core/ports/job-store';
import type { QueueHandler, QueueStagePorts } from '@sluice/core/queue-stage';
import { createQueueStage } from '@sluice/core/queue-stage';
import { done } from '@sluice/core/settle';
import type { Services } from '@sluice/core/stage';
import { cleanChunk } from './clean-chunk.ts';

export type CleanRowsPorts = QueueStagePorts & {
  readonly objects: Pick<Services['objects'], 'readRange' | 'put'>;
  readonly jobs: Pick<JobStore, 'getJob' | 'changeJob' | 'putCounts' | 'putMarks'>;
};

/** `bucket` takes the reject objects. */
export type CleanRowsConfig = { readonly bucket: string };

/**
 * Cleans the rows of a chunk: good rows go on as packs, bad rows into the chunk's reject object with their bytes, and then,
 * once every pack is confirmed, the chunk's counts into the ledger. Bytes that are gone end the job SUPERSEDED.
 */
export const createCleanRows = (ports: CleanRowsPorts, config: CleanRowsConfig): QueueHandler => {
  // Layout and profile of a job never change, so one read per job lasts for the life of the process.
  const known = new Map<string, Job>();

  const readJob = async (jobId: string): Promise<Job> => {
    const job = known.get(jobId) ?? (await ports.jobs.getJob(jobId));
    if (job?.layout === undefined) throw new SluiceError('UNKNOWN', 'expected the chunk of a known job, found none');
    known.set(jobId, job);
    return job;
  };

  const supersede = (jobId: string, { code, message }: SluiceError): Promise<boolean> =>
    ports.jobs.changeJob(jobId, ['PLANNING', 'OPEN', 'HELD', 'STALLED'], {
      state: 'SUPERSEDED',
      reason: { code, message },
    });

  return createQueueStage<ChunkMessage, ChunkMessage>(
    {
      stage: 'clean-rows',
      parse: parseChunkMessage,
      itemsOf: (message) => [message],
      // A repair is a further try of the rows it names.
      tried: ({ ranges }) => (ranges === undefined ? 0 : 1),
      place: ({ jobId, chunk }) => ({ jobId, chunk }),
      jobOf: findJobId,
      rowsOf: ({ rows, ranges }) =>
        ranges === undefined ? rows : ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0),
      async work(batch, _, counts) {
        for (const { message, fates } of batch) {
          if (message === undefined) continue;
          try {
            const { accepted } = await cleanChunk(await readJob(message.jobId), message, ports, config.bucket);
            counts.rowsOut += accepted;
          } catch (thrown) {
            if (!(thrown instanceof SluiceError) || thrown.code !== 'OBJECT_CHANGED') throw thrown;
            await supersede(message.jobId, thrown);
          }
          fates[0] = done;
        }
      },
    },
    ports,
  );
};
