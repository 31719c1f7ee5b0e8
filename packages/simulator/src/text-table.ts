/** Rows of text in aligned columns, two spaces apart; all but the first column stand at the right. */
export const alignRight = (rows: readonly (readonly string[])[]): string[] => align(rows, (index) => index > 0);

/** The same, every column at the left. */
export const alignLeft = (rows: readonly (readonly string[])[]): string[] => align(rows, () => false);

const align = (rows: readonly (readonly string[])[], isRight: (column: number) => boolean): string[] => {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    });
  }
  return rows.map((row) =>
    row
      .map((cell, column) => (isRight(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
};
