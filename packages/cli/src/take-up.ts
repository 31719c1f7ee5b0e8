import { emptyAuditNote } from '@sluice/core/ledger';
import type { Job } from '@sluice/core/ports/job-store';
import { terminalStates } from '@sluice/core/ports/job-store';
import type { StagePorts } from '@sluice/core/stage';
import { StateDamaged } from '@sluice/local-cloud/database';
import { workBucket } from './buckets.ts';
import { readChunkRejects } from './chunk-rejects.ts';

/** True when a job is read from a copy of the file, unpacked or decoded. */
export const isStaged = ({ layout }: Job): boolean => layout?.source.bucket === workBucket;

/**
 * Holds the objects of an earlier run against what its ledger says of them, before anything is built on them. Throws StateDamaged
 * for one that is gone or is not the one that was written.
 */
const checkState = async (job: Job, ports: Pick<StagePorts, 'objects' | 'jobs' | 'clock'>): Promise<void> => {
  const source = job.layout?.source;
  if (source !== undefined && isStaged(job) && job.state !== 'COMPLETE') {
    const head = await ports.objects.head(source.bucket, source.key);
    if (head?.etag !== source.etag) throw new StateDamaged('the unpacked copy of the file changed or gone');
  }
  for await (const chunks of ports.jobs.listChunks(job.jobId)) {
    for (const chunk of chunks) for await (const _ of readChunkRejects(chunk, ports));
  }
};

/**
 * Takes up what an earlier run left: what is open, or was given up, is tried again, and a file that was gone and is back is read
 * on. `forget` takes back the job's dead marks. Throws StateDamaged.
 */
export const takeUp = async (
  jobId: string,
  ports: Pick<StagePorts, 'objects' | 'jobs' | 'clock'>,
  forget: () => void,
): Promise<void> => {
  const job = await ports.jobs.getJob(jobId);
  if (job === undefined) return;
  await checkState(job, ports);
  if (job.state !== 'SUPERSEDED' && terminalStates.includes(job.state)) return;
  forget();
  const state = job.plan === undefined ? 'PLANNING' : 'OPEN';
  // What audits noted counts marks that are forgotten now.
  await ports.jobs.changeJob(jobId, [job.state], { state, repairs: 0, audited: emptyAuditNote });
};
