import { isCancelled } from '@sluice/core/ledger';
import type { JobFacts } from './job-facts.ts';
import type { Left, LeftReason } from './left.ts';
import type { Found } from './visit-letters.ts';

/**
 * The letters of a batch that are to be acted upon; the others are counted by why they stay. A pack is acted upon as a whole
 * or not at all: one that holds rows which were not asked for stays, since there is no way to take a row out of it without a moment
 * in which it is nowhere, or twice. What was first sent after `startedAt` stays, too: it may be what was sent a moment ago
 * and died again. Of jobs that are over, only with `withEnded`: what is sent again would be processed again, and nobody waits for it.
 */
export const chooseLetters = async (
  batch: readonly Found[],
  startedAt: number,
  facts: JobFacts,
  left: Left,
  withEnded: boolean,
): Promise<readonly Found[]> => {
  const reasonFor = async ({ letter, parts, selected, isWhole }: Found): Promise<LeftReason | undefined> => {
    if (selected.length === 0) return 'notSelected';
    if (!isWhole) return 'otherRows';
    if (letter.sentAt > startedAt) return 'sinceStart';
    if (withEnded) return undefined;
    let isOver = true;
    for (const { jobId } of parts) {
      const job = jobId === undefined ? undefined : await facts.job(jobId);
      if (job?.forgottenAt !== undefined) return 'forgotten';
      isOver &&= job !== undefined && (job.state === 'COMPLETE' || isCancelled(job));
    }
    return isOver ? 'over' : undefined;
  };
  const chosen: Found[] = [];
  for (const found of batch) {
    const reason = await reasonFor(found);
    if (reason === undefined) chosen.push(found);
    else left[reason]++;
  }
  return chosen;
};
