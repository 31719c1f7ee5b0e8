import type { DeadMark } from '@sluice/core/ports/job-store';
import type { QueueName } from '@sluice/core/ports/queue';
import { sendAll } from '@sluice/core/send';
import { countOf, countText, toTerminalText } from '../../terminal-text.ts';
import type { CommonFlags } from '../commands.ts';
import type { Session } from '../session.ts';
import { askAudits } from './ask-audits.ts';
import { createBatches } from './batches.ts';
import { chooseLetters } from './choose.ts';
import { createJobFacts } from './job-facts.ts';
import { countLeft, createLeft, leftLines } from './left.ts';
import type { Held } from './read-letters.ts';
import { retried } from './retried.ts';
import { type LetterFlags, toSelection } from './select.ts';
import { createTally } from './tally.ts';
import { tallyLines, tallyValue, totalText } from './tally-text.ts';
import { type Found, visitLetters } from './visit-letters.ts';

export type RedriveFlags = LetterFlags & CommonFlags & { readonly rate: number; readonly yes: boolean };

type Outcome = { readonly sent: readonly Found[]; readonly removed: number };

const marksOf = (letters: readonly Found[]): DeadMark[] =>
  letters.flatMap(({ parts }) => parts.flatMap(({ mark }) => (mark === undefined ? [] : [mark])));

/**
 * Sends one batch back to its queue: takes the marks of what it holds back, sends, and deletes the letters whose send was confirmed.
 * Whatever ends it in between, each row is in its letter or in its queue: without a mark and without a letter it is
 * open, and an audit repairs it. What was not sent gets its marks again.
 */
const sendBatch = async (
  { operator, output }: Session,
  queue: QueueName,
  batch: readonly Found[],
  held: Held,
): Promise<Outcome> => {
  const putBack = async (marks: readonly DeadMark[]): Promise<void> => {
    if (marks.length === 0) return;
    await retried(operator, () => operator.jobs.putMarks(marks)).catch(() => {
      output.note(
        `${countOf(marks.length, 'mark')} could not be put back: what they spoke of is open until an audit repairs it`,
      );
    });
  };

  const marks = marksOf(batch);
  try {
    if (marks.length > 0) await retried(operator, () => operator.jobs.removeMarks(marks));
  } catch (thrown) {
    // Some may be gone, and nobody knows which.
    await putBack(marks);
    throw thrown;
  }
  const bodies = batch.map(({ letter }) => ({ body: letter.body }));
  const unsent = await sendAll(operator.queues[queue], bodies, operator);
  const isUnsent = new Set(unsent.map(({ index }) => index));
  if (unsent.length > 0) {
    await putBack(marksOf(batch.filter((_, index) => isUnsent.has(index))));
    const codes = [...new Set(unsent.map(({ code }) => toTerminalText(code, 60)))].join(', ');
    output.note(`${countOf(unsent.length, 'letter')} not sent, ${queue} did not take them: ${codes}`);
  }
  const sent = batch.filter((_, index) => !isUnsent.has(index));
  const removed = await held.remove(sent.map(({ letter }) => letter.id));
  return { sent, removed: removed.size };
};

/**
 * Sends dead letters back to the queues they came from: without `yes` it says which. A letter goes when all that it holds is
 * selected. At most `rate` a second; an interrupt ends it after the batch under way. The exit status is 1 when a letter
 * could not be sent, or not be deleted after that (it will come twice, which does no harm), and when it was interrupted.
 */
export const redrive = async (session: Session, flags: RedriveFlags): Promise<number> => {
  const { operator, output } = session;
  const selection = await toSelection(operator, flags);
  const facts = createJobFacts(operator);
  const startedAt = operator.clock.now();
  const batches = createBatches(session, flags.rate, 'sent');
  const left = createLeft();
  const tally = createTally();
  const jobIds = new Set<string>();
  const count = { seen: 0, matched: 0, sent: 0, failed: 0, notRemoved: 0 };
  let isInterrupted = false;
  let isThrough = false;

  const send = (chosen: readonly Found[], held: Held, queue: QueueName): Promise<'enough' | undefined> =>
    batches.act(chosen, async (batch) => {
      count.failed += batch.length;
      const { sent, removed } = await sendBatch(session, queue, batch, held);
      count.failed -= sent.length;
      count.sent += sent.length;
      count.notRemoved += sent.length - removed;
      for (const { parts } of sent) for (const { jobId } of parts) if (jobId !== undefined) jobIds.add(jobId);
      return removed;
    });

  const tell = (): void => {
    const value = {
      ...count,
      left: countLeft(left),
      leftBecause: left,
      groups: tallyValue(tally),
      isDryRun: !flags.yes,
    };
    const lines = tally.letters === 0 ? ['nothing to send'] : [...tallyLines(tally, operator.clock.now()), ''];
    if (tally.letters > 0 && !flags.yes) lines.push(`  ${totalText(tally)} would go back to where they came from`);
    if (flags.yes && tally.letters > 0) {
      lines.push(`  ${countText(count.sent)} of ${countOf(count.matched, 'letter')} sent back to where they came from`);
    }
    if (count.failed > 0) lines.push(`  ${countOf(count.failed, 'letter')} not sent: they stay`);
    if (count.notRemoved > 0) {
      lines.push(
        `  ${countOf(count.notRemoved, 'letter')} sent but not deleted: they are here still, and coming twice does no harm`,
      );
    }
    output.result(value, [...lines, ...leftLines(left)]);
  };

  try {
    const visited = await visitLetters(session, selection, facts, async (found, held, queue) => {
      count.seen += found.length;
      const chosen = await chooseLetters(found, startedAt, facts, left, false);
      count.matched += chosen.length;
      for (const { letter, parts } of chosen) tally.add(letter, parts);
      return flags.yes ? send(chosen, held, queue) : undefined;
    });
    isInterrupted = visited.isInterrupted;
    isThrough = true;
  } finally {
    // Whatever ended it, those that were sent were sent. That there is nothing is for whoever could look.
    await askAudits(session, jobIds);
    if (isThrough || tally.letters > 0) tell();
  }
  if (!flags.yes && tally.letters > 0) {
    output.note('nothing was sent: --yes does it. Mend the cause first, or they come back.');
  }
  if (count.sent > 0) output.note('sluice status JOB --watch shows what becomes of them');
  return count.failed > 0 || count.notRemoved > 0 || isInterrupted || batches.isFruitless ? 1 : 0;
};
