import { countText, toTerminalText } from '../../terminal-text.ts';
import type { GivenUp } from './dead-rows.ts';
import type { Group, Tally } from './tally.ts';

/** Characters of a code that are shown. */
const codeMax = 40;

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** An age in its largest unit, such as 3 h; ages below a second are 0 s. */
export const ageText = (milliseconds: number): string => {
  const [unit, size] = units.find(([, of]) => milliseconds >= of) ?? ['s', 1_000];
  return `${Math.max(0, Math.floor(milliseconds / size))} ${unit}`;
};

export const timeText = (milliseconds: number): string => new Date(milliseconds).toISOString();

/** `1 row`, `2 rows`. */
export const countOf = (count: number, one: string, several = `${one}s`): string =>
  `${countText(count)} ${count === 1 ? one : several}`;

const headings = ['queue', 'stage', 'code', 'letters', 'rows', 'jobs', 'oldest', 'newest'] as const;
/** From here on they are numbers, so they stand to the right. */
const numbered = 3;

/** The groups of a tally, under headings; what a code holds is made harmless. */
export const tallyLines = (tally: Tally, now: number): readonly string[] => {
  const rows = tally
    .groups()
    .map(({ queue, stage, code, letters, rows: ofGroup, jobs, oldest, newest }) => [
      queue,
      stage,
      toTerminalText(code, codeMax),
      countText(letters),
      countText(ofGroup),
      countText(jobs.size),
      ageText(now - oldest),
      ageText(now - newest),
    ]);
  const cells = [[...headings], ...rows];
  const widths = headings.map((_, index) => Math.max(...cells.map((row) => row[index]?.length ?? 0)));
  return cells.map((row) =>
    `  ${row
      .map((cell, index) => (index < numbered ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0)))
      .join('  ')}`.trimEnd(),
  );
};

/** The groups as --json prints them. */
export const tallyValue = (tally: Tally) =>
  tally.groups().map(({ queue, stage, code, letters, rows, jobs, oldest, newest }: Group) => ({
    queue,
    stage,
    code,
    letters,
    rows,
    jobs: jobs.size,
    oldest: timeText(oldest),
    newest: timeText(newest),
  }));

/** `3 letters with 3 rows of 1 job`. */
export const totalText = ({ letters, rows, jobs }: Pick<Tally, 'letters' | 'rows' | 'jobs'>): string =>
  `${countOf(letters, 'letter')} with ${countOf(rows, 'row')} of ${countOf(jobs.size, 'job')}`;

/** What to do about chunks that were given up and have no letter; nothing where there are none. */
export const givenUpLines = ({ chunks, rows }: GivenUp): readonly string[] =>
  chunks === 0
    ? []
    : [
        `  ${countOf(chunks, 'chunk')} with ${countOf(rows, 'row')} given up before they were cleaned, without a letter: sluice repair sends them again`,
      ];
