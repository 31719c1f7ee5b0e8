import { terminalStates } from '@sluice/core/ports/job-store';
import type { QueueName } from '@sluice/core/ports/queue';
import { countOf, countText, toTerminalText } from '../../terminal-text.ts';
import type { CommonFlags } from '../commands.ts';
import type { Session } from '../session.ts';
import { askAudits } from './ask-audits.ts';
import { createBatches } from './batches.ts';
import { chooseLetters } from './choose.ts';
import { createConsequences } from './consequences.ts';
import { countGivenUp, type GivenUp } from './dead-rows.ts';
import { dropDeadRows } from './drop-dead-rows.ts';
import { dropLetters } from './drop-rows.ts';
import { createJobFacts } from './job-facts.ts';
import { countLeft, createLeft, leftLines } from './left.ts';
import { letterLine } from './letter-line.ts';
import { createGrowingFile, type LettersFile } from './letters-file.ts';
import type { Held } from './read-letters.ts';
import { type LetterFlags, toSelection } from './select.ts';
import { createTally } from './tally.ts';
import { givenUpLines, tallyLines, tallyValue, timeText, totalText } from './tally-text.ts';
import { type Found, visitLetters } from './visit-letters.ts';
import { createWithLetter } from './with-letter.ts';
import type { NotWrittenOff } from './write-off.ts';

export type DropFlags = LetterFlags &
  CommonFlags & { readonly out?: string; readonly rate: number; readonly yes: boolean };

const problemTexts: Readonly<Record<NotWrittenOff, string>> = {
  throttled: 'the table throttles',
  refused: 'the table refuses them',
  failed: 'the table fails',
  'without values': 'they are not in the table, and the source does not have them any more',
};

/**
 * Gives letters up for good: saves them to a file, writes their rows off as FAILED, deletes them, and takes the marks back. With
 * --job, and no filter but --code and --row beside it, dead rows that have no letter any more, too. Without `yes` it says what that
 * would be. A letter goes when all that it holds is selected, and only once it is on the disk and its rows are final: one whose
 * rows could not be written off stays. At most `rate` a second; an interrupt ends it after the batch under way. The
 * exit status is 1 when something could not be dropped, and when it was interrupted.
 */
export const drop = async (session: Session, flags: DropFlags): Promise<number> => {
  const { operator, output, signal } = session;
  const selection = await toSelection(operator, flags);
  const { job } = selection;
  const facts = createJobFacts(operator);
  const startedAt = operator.clock.now();
  const out = flags.out ?? `sluice-dropped-${timeText(startedAt).replaceAll(/[:.]/g, '-')}.ndjson`;
  const file: LettersFile | undefined = flags.yes ? createGrowingFile(out) : undefined;
  const batches = createBatches(session, flags.rate, 'dropped');
  const left = createLeft();
  const tally = createTally();
  const consequences = createConsequences();
  const jobIds = new Set<string>();
  const withLetter = createWithLetter(job);
  const problems = new Map<NotWrittenOff, number>();
  const count = { seen: 0, matched: 0, dropped: 0, failed: 0, rowsWrittenOff: 0 };
  let withoutLetter: number | undefined;
  let givenUp: GivenUp = { chunks: 0, rows: 0 };
  let isInterrupted = false;
  let isThrough = false;

  const addProblems = (found: ReadonlyMap<NotWrittenOff, number>): void => {
    for (const [problem, rows] of found) problems.set(problem, (problems.get(problem) ?? 0) + rows);
  };

  const dropBatches = (chosen: readonly Found[], held: Held, to: LettersFile): Promise<'enough' | undefined> =>
    batches.act(chosen, async (batch) => {
      count.failed += batch.length;
      to.append(batch.map(({ letter, parts }) => letterLine(letter, parts)));
      const found = await dropLetters(session, batch, held, facts);
      count.failed -= found.removed.length;
      count.dropped += found.removed.length;
      count.rowsWrittenOff += found.rows;
      addProblems(found.problems);
      for (const { parts } of batch) for (const { jobId } of parts) if (jobId !== undefined) jobIds.add(jobId);
      return found.removed.length;
    });

  const take = async (found: readonly Found[], held: Held, _: QueueName): Promise<'enough' | undefined> => {
    count.seen += found.length;
    const chosen = await chooseLetters(found, startedAt, facts, left, true);
    count.matched += chosen.length;
    for (const one of chosen) {
      tally.add(one.letter, one.parts);
      consequences.add(one);
    }
    for (const one of found) withLetter.add(one);
    return file === undefined ? undefined : dropBatches(chosen, held, file);
  };

  const tell = (): void => {
    const value = {
      ...count,
      left: countLeft(left),
      leftBecause: left,
      groups: tallyValue(tally),
      ...(withoutLetter === undefined ? {} : { deadRowsWithoutLetter: withoutLetter, givenUpWithoutLetter: givenUp }),
      ...(file === undefined || file.lines === 0 ? {} : { out }),
      isDryRun: !flags.yes,
    };
    const lines: string[] = tally.letters === 0 ? [] : [...tallyLines(tally, operator.clock.now()), ''];
    const without = withoutLetter ?? 0;
    if (tally.letters === 0 && without === 0) lines.push('nothing to drop');
    else if (!flags.yes) {
      if (tally.letters > 0) lines.push(`  ${totalText(tally)} would be dropped`);
      if (without > 0) lines.push(`  ${countOf(without, 'dead row')} without a letter would be written off`);
    } else {
      lines.push(`  ${countText(count.dropped)} of ${countOf(count.matched, 'letter')} dropped`);
      lines.push(`  ${countOf(count.rowsWrittenOff, 'row')} written off as FAILED or final before`);
    }
    lines.push(...consequences.lines(), ...givenUpLines(givenUp));
    for (const [problem, rows] of problems) {
      lines.push(`  ${countOf(rows, 'row')} not written off: ${problemTexts[problem]}`);
    }
    if (count.failed > 0) lines.push(`  ${countOf(count.failed, 'letter')} not dropped: they stay`);
    if (file !== undefined && file.lines > 0)
      lines.push(`  saved before in ${toTerminalText(out)}, readable for you alone`);
    output.result(value, [...lines, ...leftLines(left)]);
  };

  try {
    isInterrupted = (await visitLetters(session, selection, facts, take)).isInterrupted;
    const isSound = !batches.isFruitless && !isInterrupted;
    if (job !== undefined && selection.isOfRows && isSound && !terminalStates.includes(job.state)) {
      const found = await dropDeadRows(session, job, selection, withLetter.rows, file, batches.pace);
      givenUp = await countGivenUp(operator, job.jobId, selection, withLetter.chunks);
      withoutLetter = found.dead;
      count.rowsWrittenOff += found.rows;
      addProblems(found.problems);
      if (found.rows > 0) jobIds.add(job.jobId);
      isInterrupted = signal.aborted;
    }
    isThrough = true;
  } finally {
    file?.close();
    await askAudits(session, jobIds);
    // That there is nothing is for whoever could look.
    if (isThrough || tally.letters > 0 || count.rowsWrittenOff > 0) tell();
  }
  if (!flags.yes && (tally.letters > 0 || (withoutLetter ?? 0) > 0)) output.note('nothing was dropped: --yes does it.');
  return count.failed > 0 || problems.size > 0 || isInterrupted ? 1 : 0;
};
