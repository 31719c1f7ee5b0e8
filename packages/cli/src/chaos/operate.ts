import { serialiseRepair } from '@sluice/core/messages';
import { isOpenJob } from '@sluice/core/ports/job-store';
import { queueNames } from '@sluice/core/ports/queue';
import { sendOrThrow } from '@sluice/core/send';
import type { Pipeline } from '../carry-through.ts';
import { auditUntilRest } from '../carry-through.ts';
import type { SharedState } from './shared-state.ts';

/** How often somebody looks after things. */
const roundMilliseconds = 20 * 60_000;
/** Rounds until nothing strikes any more: at most, and once the file is planned. */
const restlessRounds = 30;
const restlessRoundsPlanned = 6;
/** Rounds after that. */
const calmRounds = 4;

/**
 * What an operator does with what was set aside or given up: dead-letter queues are redriven, and dead rows asked for again, by turns.
 * Resolves with the rounds it took, once the job has ended, was told of, and nothing is left; or with the last one.
 */
export const operate = async (
  pipeline: Pipeline,
  jobId: string,
  shared: SharedState,
  skip: (milliseconds: number) => void,
  stop: AbortSignal,
): Promise<number> => {
  const { cloud, ports } = pipeline;
  const isLeft = (): boolean => queueNames.some((name) => cloud.deadLetters(name).size().messages > 0);
  let planned = 0;
  let calm = 0;
  for (let rounds = 0; ; rounds++) {
    const job = await ports.jobs.getJob(jobId);
    const isOver = job !== undefined && !isOpenJob(job) && !isLeft();
    if (isOver || calm === calmRounds) return rounds;
    if (job?.plan !== undefined) planned++;
    if (rounds >= restlessRounds || planned > restlessRoundsPlanned) {
      shared.heal();
      calm++;
    }
    skip(roundMilliseconds);
    if (isLeft() && rounds % 2 === 0) for (const name of queueNames) cloud.redrive(name);
    else await sendOrThrow(ports.queues.audits, [serialiseRepair(jobId)], ports);
    await cloud.runUntilIdle(stop);
    await auditUntilRest(pipeline, jobId, stop);
  }
};
