import { countOf, toTerminalText } from '../../terminal-text.ts';
import type { CommonFlags } from '../commands.ts';
import type { Session } from '../session.ts';
import { createJobFacts } from './job-facts.ts';
import { letterLine } from './letter-line.ts';
import { createWholeFile } from './letters-file.ts';
import { type LetterFlags, toSelection } from './select.ts';
import { visitLetters } from './visit-letters.ts';

export type ExportFlags = LetterFlags & CommonFlags & { readonly out: string; readonly force: boolean };

/**
 * Saves letters whole, one JSON value a line, to a file that only its owner may read, and leaves them where they are. The file appears
 * whole at the end; when it is interrupted, or something throws, not at all.
 */
export const exportLetters = async (session: Session, flags: ExportFlags): Promise<number> => {
  const { operator, output } = session;
  const selection = await toSelection(operator, flags);
  const file = createWholeFile(flags.out, flags.force);
  let isWhole = false;
  let seen = 0;
  try {
    const visited = await visitLetters(session, selection, createJobFacts(operator), async (batch) => {
      const matching = batch.filter(({ selected }) => selected.length > 0);
      file.append(matching.map(({ letter, parts }) => letterLine(letter, parts)));
      return undefined;
    });
    seen = visited.seen;
    isWhole = !visited.isInterrupted;
  } finally {
    if (!isWhole) file.discard();
  }
  if (isWhole) file.close();
  const where = isWhole ? `in ${toTerminalText(flags.out)}: content and all, readable for you alone` : 'not saved';
  output.result({ seen, saved: isWhole ? file.lines : 0, out: flags.out }, [
    `${countOf(isWhole ? file.lines : 0, 'letter')} ${where}`,
  ]);
  return isWhole ? 0 : 1;
};
