import { cancelledReason } from '@sluice/core/ledger';
import { serialiseAudit } from '@sluice/core/messages';
import type { Job } from '@sluice/core/ports/job-store';
import { jobStates, terminalStates } from '@sluice/core/ports/job-store';
import { sendOrThrow } from '@sluice/core/send';
import { countText } from '../terminal-text.ts';
import { findJob } from './find-job.ts';
import { summarise, summaryLines } from './job-summary.ts';
import { readLastLedger } from './read-ledger.ts';
import { CommandFailed, type Session } from './session.ts';

const cancellable = jobStates.filter((state) => !terminalStates.includes(state));

const refuse = ({ state }: Pick<Job, 'state'>): never => {
  throw new CommandFailed(`cancel: expected a job that is not at its end, found it ${state}`);
};

/**
 * Ends a job: REFUSED, for the reason CANCELLED. Rows that were not processed by then are not; what is done stays. Asks first. A
 * job at its end is refused.
 */
export const cancel = async ({ operator, output, ask }: Session, jobText: string): Promise<number> => {
  const { jobs, clock, queues } = operator;
  const job = await findJob(operator, jobText);
  const { jobId } = job;
  if (terminalStates.includes(job.state)) refuse(job);
  // Counting rows anew could take longer than whoever wants them stopped can wait.
  const ledger = await readLastLedger(jobs, job);
  const left =
    ledger === undefined
      ? 'its file is not planned to the end'
      : `${countText(ledger.open)} of ${countText(ledger.rows)} rows are open, ${countText(ledger.dead)} dead, as its last audit found them`;
  if (!(await ask(`Cancel ${jobId} for good? It is ${job.state}: ${left}.`))) {
    output.result({ jobId, state: job.state, isCancelled: false }, ['nothing was changed']);
    return 1;
  }
  const isCancelled = await jobs.changeJob(jobId, cancellable, {
    state: 'REFUSED',
    reason: cancelledReason,
    auditAt: clock.now(),
  });
  const after = await jobs.getJob(jobId);
  if (after === undefined) throw new CommandFailed(`cancel: expected the job ${jobId}, found it gone`);
  if (!isCancelled) return refuse(after);
  // A sweep would find it, too; so the end is told at once.
  await sendOrThrow(queues.audits, [serialiseAudit(jobId)], operator);
  const summary = summarise(after, ledger);
  output.result({ ...summary, isCancelled: true }, summaryLines(summary));
  return 0;
};
