import type { Value } from '@sluice/core/messages';
import { countOf, toTerminalText } from '../../terminal-text.ts';
import { jobIdOfLetter, type Letter } from './letter.ts';
import { noMarkCode, type Part } from './letter-parts.ts';
import { ageText, timeText } from './tally-text.ts';
import type { Found } from './visit-letters.ts';

/** Parts of one letter, and columns of one row, that are shown. */
const partsMax = 10;
const columnsMax = 100;
/** Characters that are shown of a value or a message, of a column's name, and of an object's key. */
const valueMax = 200;
const nameMax = 40;
const keyMax = 200;

type Shown = { readonly name: string; readonly value: unknown };

/** What stands in one part of a letter, in the order of its columns. */
const contentOf = ({ content }: Letter, { chunk, row }: Part): readonly Shown[] => {
  if (content.kind === 'rows') {
    const { rows, columns } = content.message;
    const values = rows.find((tuple) => tuple[0] === chunk && tuple[1] === row)?.[3] ?? [];
    return values.map((value: Value, index) => ({ name: columns[index] ?? '', value }));
  }
  if (content.kind === 'finished') {
    const outcome = content.message.outcomes.find((tuple) => tuple[0] === chunk && tuple[1] === row);
    if (outcome === undefined) return [];
    return [{ name: outcome[2] === 'DONE' ? 'result' : 'error', value: outcome[3] }];
  }
  return [];
};

const statusOf = ({ content }: Letter, { chunk, row }: Part): string => {
  if (content.kind !== 'finished') return '';
  const outcome = content.message.outcomes.find((tuple) => tuple[0] === chunk && tuple[1] === row);
  return outcome === undefined ? '' : ` ${outcome[2]}`;
};

const whatOf = (letter: Letter, part: Part): string => {
  const { content, bytes } = letter;
  const ofJob = part.jobId === undefined ? '' : ` of job ${part.jobId}`;
  switch (content.kind) {
    case 'rows':
    case 'finished':
      return `row ${part.row}${statusOf(letter, part)} (chunk ${part.chunk})${ofJob}`;
    case 'chunk':
      return `chunk ${part.chunk} with ${countOf(part.rows, 'row')}${ofJob}`;
    case 'upload':
      return part.upload === undefined ? 'no upload' : `upload ${toTerminalText(part.upload.key, keyMax)}${ofJob}`;
    case 'audit':
      return `${content.message.kind}${ofJob}`;
    case 'unreadable':
      return `unreadable, ${countOf(bytes, 'byte')}${ofJob}`;
  }
};

const errorText = ({ error: { stage, code, message, attempts } }: Part): string => {
  const tried = attempts === undefined ? '' : ` after ${countOf(attempts, 'try', 'tries')}`;
  const what = code === noMarkCode ? 'no mark' : toTerminalText(code, nameMax);
  return `${stage} ${what}${tried}: ${toTerminalText(message, valueMax)}`;
};

const valueText = (value: unknown): string =>
  value === null ? 'missing' : toTerminalText(typeof value === 'string' ? value : JSON.stringify(value), valueMax);

/** One block of lines; values only with `withContent`, and everything from outside made harmless. Of an unreadable letter nothing is shown. */
export const letterLines = ({ letter, selected }: Found, now: number, withContent: boolean): readonly string[] => {
  const lines = [
    `${letter.queue}  ${toTerminalText(letter.id, nameMax)}`,
    `  sent   ${timeText(letter.sentAt)}, ${ageText(now - letter.sentAt)} ago`,
  ];
  let isHidden = false;
  for (const part of selected.slice(0, partsMax)) {
    lines.push(`  holds  ${whatOf(letter, part)}`, `  error  ${errorText(part)}`);
    const content = contentOf(letter, part);
    isHidden ||= content.length > 0 && !withContent;
    if (!withContent) continue;
    for (const { name, value } of content.slice(0, columnsMax)) {
      lines.push(`         ${toTerminalText(name, nameMax)}: ${valueText(value)}`);
    }
    if (content.length > columnsMax) lines.push(`         and ${countOf(content.length - columnsMax, 'column')} more`);
  }
  if (selected.length > partsMax) lines.push(`  and ${countOf(selected.length - partsMax, 'row')} more`);
  if (isHidden) lines.push('  values hidden, --content shows them');
  return lines;
};

/** The same as --json prints it: whole values, in parts as many as are shown. */
export const letterValue = ({ letter, selected, isWhole }: Found, withContent: boolean) => {
  const { queue, id, sentAt, bytes, content } = letter;
  const jobId = jobIdOfLetter(letter) ?? selected[0]?.jobId;
  return {
    queue,
    id,
    sentAt: timeText(sentAt),
    kind: content.kind,
    bytes,
    ...(jobId === undefined ? {} : { jobId }),
    /** False when it holds other rows, too. */
    isWhole,
    parts: selected.slice(0, partsMax).map((part) => ({
      ...(part.chunk === undefined ? {} : { chunk: part.chunk }),
      ...(part.row === undefined ? {} : { row: part.row }),
      ...(part.upload === undefined ? {} : { key: part.upload.key }),
      error: part.error,
      // As pairs: columns may have any name, and the same one.
      ...(withContent ? { content: contentOf(letter, part).map(({ name, value }) => [name, value]) } : {}),
    })),
    more: Math.max(0, selected.length - partsMax),
  };
};
