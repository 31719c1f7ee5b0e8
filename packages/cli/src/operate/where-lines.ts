import { countText, toTerminalText } from '../terminal-text.ts';
import { contentLines } from './row-content.ts';
import type { RowStory } from './where.ts';

const timeText = (at: number): string => new Date(at).toISOString();

const stateText = ({ state, waitsFor }: RowStory): string =>
  waitsFor === undefined ? state : `${state}, waits for ${waitsFor}`;

const whyText = ({ error, mark }: RowStory): string | undefined => {
  if (error !== undefined) {
    const column = error.column === undefined ? '' : ` in column ${JSON.stringify(error.column)}`;
    return `${error.code}${column}: ${error.message}`;
  }
  if (mark === undefined) return undefined;
  const tries = `${countText(mark.attempts)} attempts${mark.permanent === true ? ', for good' : ''}`;
  return `${mark.code} at ${mark.stage}, ${tries}: ${mark.message}`;
};

const chunkText = ({ chunk }: RowStory): string => {
  const { cleaned, closed, firstRow, rows } = chunk;
  const range = `rows ${countText(firstRow)} to ${countText(firstRow + rows - 1)}`;
  const counts =
    cleaned === undefined
      ? 'not cleaned'
      : `cleaned: ${countText(cleaned.accepted)} accepted, ${countText(cleaned.rejected)} rejected`;
  const final =
    closed === undefined ? 'not closed' : `closed: ${countText(closed.done)} done, ${countText(closed.failed)} failed`;
  return `${countText(chunk.chunk)} (${range}); ${counts}; ${final}`;
};

const bytesText = ({ place, unreadable, isCopied }: RowStory): string => {
  if (place === undefined) return `not known: ${unreadable?.code ?? ''} ${unreadable?.message ?? ''}`;
  const of = isCopied ? 'of the unpacked or decoded copy of the file' : 'of the file';
  return `${countText(place.byteStart)} to ${countText(place.byteEnd)} ${of} (${countText(place.byteEnd - place.byteStart)} bytes)`;
};

const lineText = ({ place }: RowStory): string | undefined => {
  if (place === undefined) return undefined;
  const { line, kind, blankLinesBefore } = place;
  const notes = [
    ...(blankLinesBefore > 0 ? [`after ${countText(blankLinesBefore)} blank lines, which are no rows`] : []),
    ...(kind === undefined || kind === 'row' ? [] : [`set aside whole: ${kind}`]),
  ];
  return [countText(line), ...notes].join('; ');
};

const sentText = ({ row, key, jobId }: RowStory['sentAgain'][number]): string =>
  `again as row ${countText(row)} of ${key}, ${jobId === undefined ? 'which has no job yet' : `job ${jobId}`}`;

/** A row's story for people. Everything from outside is made safe for a terminal. */
export const whereLines = (story: RowStory): string[] => {
  const { jobId, row, rows, key, jobState, createdAt, finishedAt, sentAgain, sentFrom, notes, content } = story;
  const entries: readonly (readonly [string, string | undefined])[] = [
    ['state', stateText(story)],
    ['why', whyText(story)],
    ['stored', createdAt === undefined ? undefined : timeText(createdAt)],
    ['finished', finishedAt === undefined ? undefined : timeText(finishedAt)],
    ['bytes', bytesText(story)],
    ['line', lineText(story)],
    ['chunk', chunkText(story)],
    ...notes.map((note) => ['note', note] as const),
    ...sentAgain.map((sent) => ['sent', sentText(sent)] as const),
    [
      'from',
      sentFrom === undefined ? undefined : `row ${countText(sentFrom.row)} of job ${sentFrom.jobId}, sent again`,
    ],
  ];
  return [
    `row ${countText(row)} of ${countText(rows)}  ${jobId} (${jobState})  ${toTerminalText(key)}`,
    '',
    ...entries.flatMap(([name, text]) =>
      text === undefined ? [] : [`  ${name.padEnd(9)} ${toTerminalText(text, 2_000)}`],
    ),
    ...(content === undefined ? [] : contentLines(content)),
  ];
};
