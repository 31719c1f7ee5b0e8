import { serialiseAudit } from '@sluice/core/messages';
import { sendAll } from '@sluice/core/send';
import { countOf } from '../../terminal-text.ts';
import type { Session } from '../session.ts';

/** Asks for an audit of each job, so that one that is held is looked at at once. An audit comes without it, only later. */
export const askAudits = async ({ operator, output }: Session, jobIds: Iterable<string>): Promise<void> => {
  const messages = [...jobIds].map((jobId) => ({ body: serialiseAudit(jobId) }));
  const unsent = await sendAll(operator.queues.audits, messages, operator);
  if (unsent.length > 0) {
    output.note(`${countOf(unsent.length, 'audit')} could not be asked for: they come by themselves within 15 minutes`);
  }
};
