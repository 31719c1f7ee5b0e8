import { describeError } from '@sluice/core/errors';
import { isCancelled } from '@sluice/core/ledger';
import type { JobStore } from '@sluice/core/ports/job-store';
import type { Seams } from '@sluice/core/stage';
import { waitForAll } from '@sluice/core/wait-for-all';

/** How long what was found of a job is taken for true: for so long its rows may go on, and so seldom is it looked at. */
const memoryMilliseconds = 10_000;
/** Jobs looked up at once: a batch may hold messages of as many jobs as it has messages. */
const lookupsInFlightMax = 4;
/** Jobs that are remembered: far more than have rows in one process within the time. */
const jobsMax = 1_000;

type CancelledJobsPorts = Pick<Seams, 'clock' | 'logger'> & { readonly jobs: Pick<JobStore, 'getJob'> };

/**
 * Which of these jobs were called off. Looks each up at most once in ten seconds. A job that cannot be looked up is taken for one
 * that goes on: the ledger may be away, and rows that are wanted must not wait for it.
 */
export const createCancelledJobs = ({ jobs, clock, logger }: CancelledJobsPorts) => {
  const known = new Map<string, { readonly isCancelled: boolean; readonly until: number }>();

  const lookUp = async (jobId: string): Promise<void> => {
    const found = await jobs.getJob(jobId).catch((thrown: unknown) => {
      const { code, message } = describeError(thrown);
      logger.warn('whether a job was called off could not be looked up', { jobId, code, reason: message });
      return undefined;
    });
    known.delete(jobId);
    known.set(jobId, {
      isCancelled: found !== undefined && isCancelled(found),
      until: clock.now() + memoryMilliseconds,
    });
    for (const oldest of known.keys()) {
      if (known.size <= jobsMax) break;
      known.delete(oldest);
    }
  };

  return async (jobIds: ReadonlySet<string>): Promise<ReadonlySet<string>> => {
    const now = clock.now();
    const ids = [...jobIds];
    const unknown = ids.filter((jobId) => (known.get(jobId)?.until ?? Number.NEGATIVE_INFINITY) <= now);
    for (let from = 0; from < unknown.length; from += lookupsInFlightMax) {
      await waitForAll(unknown.slice(from, from + lookupsInFlightMax).map(lookUp));
    }
    return new Set(ids.filter((jobId) => known.get(jobId)?.isCancelled === true));
  };
};
