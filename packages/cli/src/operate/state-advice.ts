import { isCancelled } from '@sluice/core/ledger';
import type { Job, JobState } from '@sluice/core/ports/job-store';

/** What a job's state means, and what to type next, where there is something to do. */
export type StateAdvice = { readonly means: string; readonly todo: readonly string[] };

const meanings: Readonly<Record<JobState, string>> = {
  PLANNING: 'its file is being read and planned',
  OPEN: 'its rows are on their way',
  COMPLETE: 'every row is accounted for',
  HELD: 'no row is on its way any more; dead ones wait for somebody',
  STALLED: 'rows are open after every repair',
  INCONSISTENT: 'its ledger is impossible: results may be wrong',
  SUPERSEDED: 'its file was replaced or deleted while it was read; rows that were read before are finished',
  REFUSED: 'its file was refused',
};

const uploadAgain = 'sluice upload FILE, with the file as it should be';

const todoOf = (job: Job): readonly string[] => {
  const { jobId, state, plan, reason } = job;
  switch (state) {
    case 'HELD':
      return plan === undefined
        ? [`its file could not be planned: sluice dlq redrive --queue uploads --job ${jobId}, once the cause is mended`]
        : [
            `sluice dlq ls --job ${jobId}, which says why`,
            `once the cause is mended, sluice dlq redrive --job ${jobId}, or sluice repair ${jobId}`,
          ];
    case 'STALLED':
      return [
        `sluice dlq ls --job ${jobId}, and docs/runbook.md, "A job is stalled"`,
        `once the cause is mended, sluice repair ${jobId}`,
      ];
    case 'INCONSISTENT':
      return [`sluice verify ${jobId}, and docs/runbook.md, "A job is inconsistent"`];
    case 'SUPERSEDED':
      return [uploadAgain];
    case 'REFUSED':
      if (isCancelled(job)) return [];
      return reason?.code === 'TOO_MANY_REJECTS'
        ? [`sluice rejects ${jobId}, which says why`, uploadAgain]
        : [uploadAgain];
    default:
      return [];
  }
};

/** Advice on the state of a job. */
export const adviseOn = (job: Job): StateAdvice => {
  const { state, forgottenAt } = job;
  const means = isCancelled(job) ? 'somebody ended it; rows that were not processed by then are not' : meanings[state];
  if (forgottenAt === undefined) return { means, todo: todoOf(job) };
  return { means: `${means}; its rows and rejects were deleted since, the ledger is what is left`, todo: [] };
};
