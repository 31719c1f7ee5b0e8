import type { Job } from '@sluice/core/ports/job-store';
import type { Operator } from './operator.ts';
import { CommandFailed } from './session.ts';

/** Everything that is kept of a job in the work bucket lies under it. */
export const jobPrefixOf = (jobId: string): string => `jobs/${jobId}/`;

/** Key of the note that a job is being forgotten: the first thing that is written, and the last that is deleted. */
export const forgetKeyOf = (jobId: string): string => `${jobPrefixOf(jobId)}forget.json`;

/** When a job was forgotten, and whether that came to its end; undefined for one that was not. */
export type Forgotten = { readonly at: number; readonly isFinished: boolean };

export const readForgotten = async (
  { objects, stack }: Pick<Operator, 'objects' | 'stack'>,
  { jobId, forgottenAt }: Pick<Job, 'jobId' | 'forgottenAt'>,
): Promise<Forgotten | undefined> => {
  if (forgottenAt === undefined) return undefined;
  return { at: forgottenAt, isFinished: (await objects.head(stack.workBucket, forgetKeyOf(jobId))) === undefined };
};

/** What became of the rows and rejects of a job that was forgotten, and who goes on where that has not come to its end. */
export const forgottenText = ({ jobId }: Pick<Job, 'jobId'>, { at, isFinished }: Forgotten): string => {
  const when = new Date(at).toISOString();
  return isFinished
    ? `its rows and rejects were deleted on ${when}`
    : `deleting its rows and rejects was begun on ${when} and not finished: sluice forget ${jobId} goes on`;
};

/** Throws CommandFailed for a job whose rows were deleted, or are being deleted. */
export const checkNotForgotten = async (
  operator: Pick<Operator, 'objects' | 'stack'>,
  job: Pick<Job, 'jobId' | 'forgottenAt'>,
): Promise<void> => {
  const forgotten = await readForgotten(operator, job);
  if (forgotten === undefined) return;
  throw new CommandFailed(
    `job ${job.jobId} was ${forgotten.isFinished ? '' : 'to be '}forgotten: ${forgottenText(job, forgotten)}`,
  );
};
