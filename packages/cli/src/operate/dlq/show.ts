import { countText } from '../../terminal-text.ts';
import type { CommonFlags } from '../commands.ts';
import type { Session } from '../session.ts';
import { letterLines, letterValue } from './describe-letter.ts';
import { createJobFacts } from './job-facts.ts';
import { type LetterFlags, toSelection } from './select.ts';
import { visitLetters } from './visit-letters.ts';

export type ShowFlags = LetterFlags & CommonFlags & { readonly content: boolean; readonly limit: number };

/** Shows letters one by one, as many as `limit` allows, which bounds the memory. What stands in the rows is shown with `content`. */
export const show = async (session: Session, flags: ShowFlags): Promise<number> => {
  const { operator, output } = session;
  const selection = await toSelection(operator, flags);
  const lines: string[] = [];
  const values: unknown[] = [];
  let isMore = false;
  const { seen, isInterrupted } = await visitLetters(session, selection, createJobFacts(operator), async (batch) => {
    for (const found of batch) {
      if (found.selected.length === 0) continue;
      if (values.length === flags.limit) {
        isMore = true;
        return 'enough';
      }
      if (values.length > 0) lines.push('');
      lines.push(...letterLines(found, operator.clock.now(), flags.content));
      values.push(letterValue(found, flags.content));
    }
    return undefined;
  });
  if (values.length === 0) {
    lines.push(seen === 0 ? 'no dead letters' : `no dead letters like that, among ${countText(seen)}`);
  }
  output.result({ letters: values, isMore }, lines);
  if (isMore) output.note(`there are more than ${countText(flags.limit)}: --limit shows more`);
  return isInterrupted ? 1 : 0;
};
