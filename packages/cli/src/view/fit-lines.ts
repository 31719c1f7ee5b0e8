import { cutText } from './text-width.ts';

/** What there is room for, in cells. */
export type Size = { readonly columns: number; readonly rows: number };

/** A line of a picture. Of those that there is no room for, the ones of the lowest rank go first; text alone is of rank 1. */
export type Line = string | { readonly text: string; readonly rank: number };

const textOf = (line: Line): string => (typeof line === 'string' ? line : line.text);

/** Blank lines are the first to go. */
const rankOf = (line: Line): number => (textOf(line) === '' ? 0 : typeof line === 'string' ? 1 : line.rank);

/** The lines that there is room for, in their order, each cut to the width. Of the same rank, the last go first. */
export const fitLines = (lines: readonly Line[], { columns, rows }: Size): readonly string[] => {
  const leaving = lines
    .map((line, index) => [rankOf(line), index] as const)
    .sort(([a, i], [b, j]) => a - b || j - i)
    .slice(0, Math.max(0, lines.length - rows));
  const gone = new Set(leaving.map(([, index]) => index));
  return lines.filter((_, index) => !gone.has(index)).map((line) => cutText(textOf(line), columns));
};
