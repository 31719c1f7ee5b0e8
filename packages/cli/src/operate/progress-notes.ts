import type { Session } from './session.ts';

/** Between two notes of what is under way. Unit: milliseconds. */
const everyMilliseconds = 2_000;

/** Says on standard error how far something is, every two seconds at most; `text` is made only when it is said. */
export const createProgressNotes = ({ operator, output }: Pick<Session, 'operator' | 'output'>) => {
  let last = operator.clock.now();
  return (text: () => string): void => {
    const now = operator.clock.now();
    if (now - last < everyMilliseconds) return;
    last = now;
    output.note(text());
  };
};
