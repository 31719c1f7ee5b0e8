import type { DeadMark, Job } from '@sluice/core/ports/job-store';
import type { Fact } from '../facts.ts';
import { violate } from './violate.ts';

// I13: nothing that stands in a row of a file stands in a log, in a mark or in the reason of a job. Every field of a simulated
// file carries a canary. The text of a mark of process-rows is the processor's own, and may say what it likes.

/** What every canary begins with. */
export const canary = 'cnry';

type FactOf<Kind extends Fact['kind']> = Extract<Fact, { kind: Kind }>;

export const checkLogged = (fact: FactOf<'logged'>): void => {
  if (fact.text.includes(canary)) violate('I13', 'expected no row content in a log line, found a canary', {}, fact);
};

const checkMark = ({ jobId, chunk, row, stage, code, message }: DeadMark, fact: Fact): void => {
  if (!code.includes(canary) && (stage === 'process-rows' || !message.includes(canary))) return;
  violate('I13', 'expected no row content in a dead mark, found a canary', { job: jobId, chunk, row }, fact);
};

export const checkMarks = (fact: FactOf<'marked'>): void => {
  for (const mark of fact.marks) checkMark(mark, fact);
};

export const checkReason = ({ jobId, reason }: Job, fact: Fact): void => {
  if (reason === undefined || !`${reason.code} ${reason.message}`.includes(canary)) return;
  violate('I13', 'expected no row content in the reason of a job, found a canary', { job: jobId }, fact);
};
