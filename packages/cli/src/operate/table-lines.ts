import { cutText, textWidth } from '../view/text-width.ts';

/** A column of a table. `least`: cells to which its text may be cut; without it, it is never cut. `rank`: the higher, the sooner it is left out. */
export type TableColumn<Row> = {
  readonly title: string;
  readonly textOf: (row: Row) => string;
  readonly isNumber?: boolean;
  readonly least?: number;
  readonly rank?: number;
};

const gap = '  ';

/**
 * A table, its titles first, of lines that take at most `width` cells: what may be cut is cut, and then columns are left out. Without
 * a width every text is whole.
 */
export const tableLines = <Row>(
  columns: readonly TableColumn<Row>[],
  rows: readonly Row[],
  width = Number.POSITIVE_INFINITY,
): string[] => {
  const sized = columns.map((column) => {
    const texts = [column.title, ...rows.map(column.textOf)];
    return { ...column, texts, cells: Math.max(...texts.map(textWidth)) };
  });
  const gaps = (count: number): number => (count - 1) * gap.length;
  const leastOf = ({ cells, least = cells }: { cells: number; least?: number }): number => Math.min(cells, least);
  const total = (of: typeof sized, cellsOf: (column: (typeof sized)[number]) => number): number =>
    of.reduce((sum, column) => sum + cellsOf(column), gaps(of.length));

  let shown = sized;
  while (total(shown, leastOf) > width) {
    const last = shown.filter(({ rank = 0 }) => rank > 0).sort((a, b) => (b.rank ?? 0) - (a.rank ?? 0))[0];
    if (last === undefined) break;
    shown = shown.filter((column) => column !== last);
  }
  let over = total(shown, ({ cells }) => cells) - width;
  // What stands last gives way first: what a table begins with is what people copy.
  const fitted = shown
    .toReversed()
    .map((column) => {
      const cut = Math.max(0, Math.min(over, column.cells - leastOf(column)));
      over -= cut;
      return { ...column, cells: column.cells - cut };
    })
    .toReversed();
  return [undefined, ...rows].map((_, index) =>
    fitted
      .map(({ texts, cells, isNumber = false }) => {
        const text = cutText(texts[index] ?? '', cells);
        const room = ' '.repeat(Math.max(0, cells - textWidth(text)));
        return isNumber ? room + text : text + room;
      })
      .join(gap)
      .trimEnd(),
  );
};
