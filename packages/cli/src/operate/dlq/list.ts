import { terminalStates } from '@sluice/core/ports/job-store';
import { countOf, countText } from '../../terminal-text.ts';
import type { CommonFlags } from '../commands.ts';
import type { Session } from '../session.ts';
import { countGivenUp, findDeadRows, type GivenUp } from './dead-rows.ts';
import { createJobFacts } from './job-facts.ts';
import { type LetterFlags, toSelection } from './select.ts';
import { createTally } from './tally.ts';
import { givenUpLines, tallyLines, tallyValue, totalText } from './tally-text.ts';
import { visitLetters } from './visit-letters.ts';
import { createWithLetter } from './with-letter.ts';

/**
 * Counts dead letters by queue, stage and code; with --job, and no filter but --code and --row beside it, dead rows that have no
 * letter, too. They are kept from others for as long as it takes.
 */
export const list = async (session: Session, flags: LetterFlags & CommonFlags): Promise<number> => {
  const { operator, output } = session;
  const selection = await toSelection(operator, flags);
  const { job } = selection;
  const tally = createTally();
  const withLetter = createWithLetter(job);
  const { seen, isInterrupted } = await visitLetters(session, selection, createJobFacts(operator), async (found) => {
    for (const one of found) {
      if (one.selected.length > 0) tally.add(one.letter, one.selected);
      withLetter.add(one);
    }
    return undefined;
  });

  let without: number | undefined;
  let givenUp: GivenUp = { chunks: 0, rows: 0 };
  if (job !== undefined && selection.isOfRows && !isInterrupted && !terminalStates.includes(job.state)) {
    without = 0;
    for await (const { dead } of findDeadRows(operator, job.jobId, selection, withLetter.rows)) without += dead.length;
    givenUp = await countGivenUp(operator, job.jobId, selection, withLetter.chunks);
  }

  const lines = tally.letters === 0 ? [] : [...tallyLines(tally, operator.clock.now()), '', `  ${totalText(tally)}`];
  if (tally.letters === 0) {
    lines.push(seen === 0 ? 'no dead letters' : `no dead letters like that, among ${countText(seen)}`);
  }
  if (without !== undefined && without > 0) {
    const have = without === 1 ? 'has' : 'have';
    lines.push(
      `  ${countOf(without, 'dead row')} ${have} no letter: sluice repair sends them again, sluice dlq drop --job writes them off`,
    );
  }
  lines.push(...givenUpLines(givenUp));
  output.result(
    {
      seen,
      letters: tally.letters,
      rows: tally.rows,
      jobs: tally.jobs.size,
      groups: tallyValue(tally),
      ...(without === undefined ? {} : { deadRowsWithoutLetter: without, givenUpWithoutLetter: givenUp }),
    },
    lines,
  );
  return isInterrupted ? 1 : 0;
};
