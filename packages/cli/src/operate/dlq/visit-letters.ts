import type { QueueName } from '@sluice/core/ports/queue';
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

/** Goes through the dead-letter queues of the selection, batch by batch, and tells what could not be seen of them. */
export const visitLetters = async (
  session: Session,
  selection: Selection,
  facts: JobFacts,
  visit: Visit,
): Promise<Visited> => {
  let seen = 0;
  for (const queue of selection.queues) {
    let isEnough = false;
    const reading = await readLetters(session, queue, async (fresh, held) => {
      const found: Found[] = [];
      for (const received of fresh) {
        const letter = parseLetter(queue, received);
        const parts = await readParts(letter, facts);
        found.push({ letter, parts, ...selectParts(letter, parts, selection) });
      }
      const answer = await visit(found, held, queue);
      isEnough = answer === 'enough';
      return answer;
    });
    seen += reading.seen;
    if (reading.isInterrupted) {
      session.output.note('interrupted: what was not reached stays where it is');
      return { seen, isInterrupted: true };
    }
    if (reading.seen >= lettersMax) {
      const most = countText(lettersMax);
      session.output.note(`${queue}: ${most} letters were looked at, which is the most at a time; there may be more`);
    } else if (reading.unseen > 0) {
      session.output.note(
        `${queue}: about ${countText(reading.unseen)} letters were not seen: somebody else may be looking at them`,
      );
    }
    if (isEnough) break;
  }
  return { seen, isInterrupted: false };
};
