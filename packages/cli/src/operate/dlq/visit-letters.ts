import type { DeadLetter } from '@sluice/core/ports/dead-letters';
import type { QueueName } from '@sluice/core/ports/queue';
import { waitForAll } from '@sluice/core/wait-for-all';
import { countText } from '../../terminal-text.ts';
import type { Session } from '../session.ts';
import type { JobFacts } from './job-facts.ts';
import { type Letter, parseLetter } from './letter.ts';
import { type Part, readParts } from './letter-parts.ts';
import { type Held, lettersMax, readLetters } from './read-letters.ts';
import { type Selection, selectParts } from './select.ts';

/** A letter that was looked at. */
export type Found = {
  readonly letter: Letter;
  readonly parts: readonly Part[];
  /** The parts that are selected; none for a letter that is not. */
  readonly selected: readonly Part[];
  /** The letter holds nothing but what is selected. */
  readonly isWhole: boolean;
};

/** `enough` ends the visit. */
export type Visit = (found: readonly Found[], held: Held, queue: QueueName) => Promise<'enough' | undefined>;

export type Visited = { readonly seen: number; readonly isInterrupted: boolean };

/**
 * Goes through the dead-letter queues of the selection, all of them at a time, since each of them is waited for, and hands over one
 * batch after the other. What one visit throws ends all. Tells what could not be seen.
 */
export const visitLetters = async (
  session: Session,
  selection: Selection,
  facts: JobFacts,
  visit: Visit,
): Promise<Visited> => {
  const { output } = session;
  const end = new AbortController();
  const reading = { ...session, signal: AbortSignal.any([session.signal, end.signal]) };
  let turn: Promise<unknown> = Promise.resolve();

  const look = async (queue: QueueName, fresh: readonly DeadLetter[], held: Held): Promise<'enough' | undefined> => {
    if (reading.signal.aborted) return 'enough';
    const found: Found[] = [];
    for (const received of fresh) {
      const letter = parseLetter(queue, received);
      const parts = await readParts(letter, facts);
      found.push({ letter, parts, ...selectParts(letter, parts, selection) });
    }
    const answer = await visit(found, held, queue);
    if (answer === 'enough') end.abort();
    return answer;
  };

  const readQueue = async (queue: QueueName): Promise<number> => {
    try {
      const { seen, unseen } = await readLetters(reading, queue, (fresh, held) => {
        const looked = turn.then(() => look(queue, fresh, held));
        turn = looked.catch(() => undefined);
        return looked;
      });
      if (seen >= lettersMax) {
        const most = countText(lettersMax);
        output.note(`${queue}: ${most} letters were looked at, which is the most at a time; there may be more`);
      } else if (unseen > 0) {
        output.note(`${queue}: about ${countText(unseen)} letters were not seen: somebody else may be looking at them`);
      }
      return seen;
    } catch (thrown) {
      end.abort();
      throw thrown;
    }
  };

  const seen = await waitForAll(selection.queues.map(readQueue));
  const isInterrupted = session.signal.aborted;
  if (isInterrupted) output.note('interrupted: what was not reached stays where it is');
  return { seen: seen.reduce((sum, count) => sum + count, 0), isInterrupted };
};
