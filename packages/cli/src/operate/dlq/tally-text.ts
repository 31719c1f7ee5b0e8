import { countOf, countText, toTerminalText } from '../../terminal-text.ts';
import { type TableColumn, tableLines } from '../table-lines.ts';
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

const columns = (now: number): readonly TableColumn<Group>[] => [
  { title: 'queue', textOf: ({ queue }) => queue },
  { title: 'stage', textOf: ({ stage }) => stage },
  { title: 'code', textOf: ({ code }) => toTerminalText(code, codeMax) },
  { title: 'letters', textOf: ({ letters }) => countText(letters), isNumber: true },
  { title: 'rows', textOf: ({ rows }) => countText(rows), isNumber: true },
  { title: 'jobs', textOf: ({ jobs }) => countText(jobs.size), isNumber: true },
  { title: 'oldest', textOf: ({ oldest }) => ageText(now - oldest), isNumber: true },
  { title: 'newest', textOf: ({ newest }) => ageText(now - newest), isNumber: true },
];

/** The groups of a tally, under headings; what a code holds is made harmless. */
export const tallyLines = (tally: Tally, now: number): readonly string[] =>
  tableLines(columns(now), tally.groups()).map((line) => `  ${line}`);

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
