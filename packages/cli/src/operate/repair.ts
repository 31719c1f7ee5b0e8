import { repairableStates } from '@sluice/audit-job/audit-planned';
import { serialiseAudit } from '@sluice/core/messages';
import type { Job } from '@sluice/core/ports/job-store';
import { terminalStates } from '@sluice/core/ports/job-store';
import { sendOrThrow } from '@sluice/core/send';
import { findJob } from './find-job.ts';
import { CommandFailed, type Session } from './session.ts';

/** Why nothing would come of a repair; undefined when something would. */
const refusal = ({ jobId, state, plan, reason }: Job): string | undefined => {
  if (terminalStates.includes(state)) {
    const failed = `; sluice retry ${jobId} --failed sends rows again that the processor refused`;
    const rejects = `; sluice rejects ${jobId} writes rejected rows as a file to upload again`;
    const ended = reason === undefined ? state : `${state} (${reason.code})`;
    return `found it ${ended}, which is its end${state === 'COMPLETE' ? failed + rejects : ''}`;
  }
  if (state === 'PLANNING') return `found it being planned; sluice wait ${jobId} waits for what comes of it`;
  if (plan === undefined) {
    return 'found planning given up, so that nobody knows its rows; sluice dlq redrive --queue uploads has it planned again';
  }
  if (!repairableStates.includes(state)) {
    return `found it ${state}: nothing is sent again while the ledger does not add up; sluice verify ${jobId} says where`;
  }
  return undefined;
};

const refuseWith = (found: string): never => {
  throw new CommandFailed(`repair: expected a job with rows to send again, ${found}`);
};

/**
 * Asks for everything of a job that is not final to be sent again. The wish is noted in the job before its audit is told, so that
 * whoever waits for the job from now on knows that more will come. Refused where nothing would come of it.
 */
export const repair = async ({ operator, output }: Session, jobText: string): Promise<number> => {
  const { jobs, queues, clock } = operator;
  const job = await findJob(operator, jobText);
  const { jobId, state, audited } = job;
  const refused = refusal(job);
  if (refused !== undefined) refuseWith(refused);
  const now = clock.now();
  // One that was answered at this moment was another one.
  const askedAt = Math.max(now, (audited?.answeredAt ?? 0) + 1);
  if (!(await jobs.changeJob(jobId, repairableStates, { askedAt, auditAt: now }))) {
    const after = (await jobs.getJob(jobId)) ?? job;
    refuseWith(refusal(after) ?? `found it changing; try again`);
  }
  // A sweep would find it, too; so it begins at once.
  await sendOrThrow(queues.audits, [serialiseAudit(jobId)], operator);
  output.result({ jobId, state, isAsked: true }, [
    `repair of ${jobId} is asked for: what is not final is sent again, dead and lost rows too; sluice wait ${jobId} waits for it`,
  ]);
  return 0;
};
