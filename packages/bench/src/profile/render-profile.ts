import { toTerminalText } from 'sluice/terminal-text';
import type { Category } from './categories.ts';
import { categories } from './categories.ts';
import type { ThreadTimes } from './sum-profile.ts';

/** Functions that are named of each category. */
const functionsMax = 3;
/** Of what has no category, all that matter. */
const unknownMax = 20;

type Line = readonly string[];

const timeOf = (thread: ThreadTimes, category: Category): number => thread.byCategory.get(category) ?? 0;

const milliseconds = (microseconds: number): string => (microseconds / 1000).toFixed(0);

const percent = (part: number, whole: number): string => (whole === 0 ? '-' : `${((part / whole) * 100).toFixed(1)} %`);

const sumOf = (threads: readonly ThreadTimes[], category: Category): number =>
  threads.reduce((sum, thread) => sum + timeOf(thread, category), 0);

/** One line per category that took time, the dearest first, idle last, then the sum. */
const linesOf = (threads: readonly ThreadTimes[], rows: number): readonly Line[] => {
  const found = categories.filter((category) => sumOf(threads, category) > 0);
  const weight = (category: Category): number => (category === 'idle' ? -1 : sumOf(threads, category));
  const sorted = found.sort((a, b) => weight(b) - weight(a));
  const busy = (all: readonly ThreadTimes[]): number =>
    all.reduce((sum, thread) => sum + thread.microseconds - timeOf(thread, 'idle'), 0);
  const line = (name: string, of: (all: readonly ThreadTimes[]) => number, perRow: string): Line => [
    name,
    ...threads.flatMap((thread) => [milliseconds(of([thread])), percent(of([thread]), thread.microseconds)]),
    perRow,
  ];
  return [
    ...sorted.map((category) => {
      const perRow = category === 'idle' ? '' : (sumOf(threads, category) / rows).toFixed(2);
      return line(category, (all) => sumOf(all, category), perRow);
    }),
    line('all but idle', busy, (busy(threads) / rows).toFixed(2)),
    line('all', (all) => all.reduce((sum, { microseconds }) => sum + microseconds, 0), ''),
  ];
};

const headOf = (threads: readonly ThreadTimes[]): Line => [
  'spent on',
  ...threads.flatMap(({ thread }) => [`${thread}, ms`, 'share']),
  'us/row',
];

/** The functions that take most of each category of each thread. */
const detailsOf = (threads: readonly ThreadTimes[]): readonly string[] =>
  threads.flatMap(({ thread, functions, microseconds }) => [
    `${thread}:`,
    ...[...functions]
      .filter(([category]) => category !== 'idle')
      .sort(([, a], [, b]) => (b[0]?.microseconds ?? 0) - (a[0]?.microseconds ?? 0))
      .map(([category, times]) => {
        const named = times
          .slice(0, category === 'unknown' ? unknownMax : functionsMax)
          .filter((time) => time.microseconds * 1000 >= microseconds)
          .map((time) => `${toTerminalText(time.name, 100)} ${milliseconds(time.microseconds)}`);
        return { category, named };
      })
      .filter(({ named }) => named.length > 0)
      .map(({ category, named }) => `  ${category}: ${named.join('; ')}`),
  ]);

/** The profile as a table for terminals, with the functions behind it. Ends with a line end. */
export const renderProfile = (threads: readonly ThreadTimes[], rows: number): string => {
  const lines = [headOf(threads), ...linesOf(threads, rows)];
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  const table = lines.map((line) =>
    line
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  );
  return [...table, '', 'Most of it, in milliseconds:', ...detailsOf(threads), ''].join('\n');
};

/** The same table in Markdown. Ends with a line end. */
export const renderProfileMarkdown = (threads: readonly ThreadTimes[], rows: number): string => {
  const head = headOf(threads);
  const row = (cells: Line): string => `| ${cells.join(' | ')} |`;
  const rule = row(head.map((_, column) => (column === 0 ? '---' : '---:')));
  return `${[row(head), rule, ...linesOf(threads, rows).map(row)].join('\n')}\n`;
};
