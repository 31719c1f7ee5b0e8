import { countText } from '../../terminal-text.ts';
import type { Session } from '../session.ts';

/** Time between two notes of progress. */
const everyMilliseconds = 10_000;

/** Notes now and then how many letters are through. */
export const createProgress = ({ operator: { clock }, output }: Session, what: string): ((count: number) => void) => {
  let toldAt = clock.now();
  return (count) => {
    if (clock.now() - toldAt < everyMilliseconds) return;
    toldAt = clock.now();
    output.note(`${countText(count)} ${what}`);
  };
};
