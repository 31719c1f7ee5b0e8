import { SluiceError } from '@sluice/core/errors';
import { tooManyRejects } from '@sluice/core/ledger';
import type { ChunkMessage } from '@sluice/core/messages';
import { findJobId, parseChunkMessage } from '@sluice/core/messages';
import type { ChunkCounts, Job, JobStore } from '@sluice/core/ports/job-store';
import { terminalStates } from '@sluice/core/ports/job-store';
import type { QueueHandler, QueueStagePorts } from '@sluice/core/queue-stage';
import { createQueueStage } from '@sluice/core/queue-stage';
import { done } from '@sluice/core/settle';
import type { Services } from '@sluice/core/stage';
import { cleanChunk } from './clean-chunk.ts';

export type CleanRowsPorts = QueueStagePorts<'chunks' | 'rows'> & {
  readonly objects: Pick<Services['objects'], 'readRange' | 'put'>;
  readonly jobs: Pick<JobStore, 'getJob' | 'changeJob' | 'putCounts' | 'putMarks' | 'listChunks'>;
};

/** `bucket` takes the reject objects. */
export type CleanRowsConfig = { readonly bucket: string };

/**
 * Cleans the rows of a chunk: good rows go on as packs, bad rows into the chunk's reject object with their bytes, and then,
 * once every pack is confirmed, the chunk's counts into the ledger. Bytes that are gone end the job SUPERSEDED, a greater share
 * of rejects than its profile allows ends it REFUSED; chunks of a job that has ended are left alone.
 */
export const createCleanRows = (ports: CleanRowsPorts, config: CleanRowsConfig): QueueHandler => {
  const { jobs } = ports;

  const supersede = (jobId: string, { code, message }: SluiceError): Promise<boolean> =>
    jobs.changeJob(jobId, ['PLANNING', 'OPEN', 'HELD', 'STALLED'], {
      state: 'SUPERSEDED',
      reason: { code, message },
      auditAt: ports.clock.now(),
    });

  /** A job with too many rejects has a chunk with too many: only such a one has the others looked at. */
  const refuseAbove = async ({ jobId, profile }: Job, rows: number, { rejected }: ChunkCounts): Promise<void> => {
    const ratio = profile.maxRejectedRatio;
    if (tooManyRejects(ratio, rows, rejected) === undefined) return;
    // Before the plan is closed nobody knows a share of what; a later chunk or the audit will.
    const plan = (await jobs.getJob(jobId))?.plan;
    if (plan === undefined) return;
    let sum = 0;
    for await (const page of jobs.listChunks(jobId)) {
      for (const { cleaned } of page) sum += cleaned?.rejected ?? 0;
    }
    const reason = tooManyRejects(ratio, plan.rows, sum);
    if (reason === undefined) return;
    await jobs.changeJob(jobId, ['OPEN'], { state: 'REFUSED', reason, auditAt: ports.clock.now() });
  };

  const clean = async (message: ChunkMessage): Promise<number> => {
    const job = await jobs.getJob(message.jobId);
    if (job !== undefined && terminalStates.includes(job.state)) return 0;
    if (job?.layout === undefined) throw new SluiceError('UNKNOWN', 'expected the chunk of a known job, found none');
    const counts = await cleanChunk(job, message, ports, config.bucket);
    if (message.ranges === undefined) await refuseAbove(job, message.rows, counts);
    return counts.accepted;
  };

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
            counts.rowsOut += await clean(message);
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
