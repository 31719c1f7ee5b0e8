import type { Operator } from './operator.ts';
import { CommandFailed } from './session.ts';

/** For so long a lease is taken; it is renewed after half of that. Unit: milliseconds. */
const leaseMilliseconds = 2 * 60 * 1000;

/** Keeps a lease; to be called every now and then. Throws CommandFailed when another has taken it. */
export type KeepLease = () => Promise<void>;

/**
 * Does the work under the lease for planning the job, so that no two do it at once. Who died with it keeps it for two minutes.
 * split-file, which plans under it, finds nothing to do in a job that is planned. Throws CommandFailed when another has it.
 */
export const withPlanLease = async <Answer>(
  { jobs, clock, random }: Pick<Operator, 'jobs' | 'clock' | 'random'>,
  jobId: string,
  work: (keep: KeepLease) => Promise<Answer>,
): Promise<Answer> => {
  const owner = `operator-${Math.floor(random() * Number.MAX_SAFE_INTEGER).toString(36)}-${clock.now()}`;
  let until = 0;
  const keep = async (): Promise<void> => {
    const now = clock.now();
    if (until - now > leaseMilliseconds / 2) return;
    // Somebody may have had it meanwhile, and given it back.
    const isLapsed = until > 0 && now >= until;
    if (isLapsed || !(await jobs.takeLease(jobId, 'plan', owner, now, now + leaseMilliseconds))) {
      throw new CommandFailed(
        `expected job ${jobId} to be free, found it planned or retried by somebody; try again in ${leaseMilliseconds / 60_000} minutes`,
      );
    }
    until = now + leaseMilliseconds;
  };
  await keep();
  try {
    return await work(keep);
  } finally {
    // What was done is done; a lease that cannot be given back lapses by itself.
    await jobs.releaseLease(jobId, 'plan', owner).catch(() => undefined);
  }
};
