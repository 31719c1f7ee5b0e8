import { textWidth } from './text-width.ts';

/** Items side by side, in as many lines as the width asks for; one that is wider than a line has one for itself. */
export const flowItems = (items: readonly string[], columns: number, indent = '  ', gap = '   '): string[] => {
  const lines: string[] = [];
  for (const item of items) {
    const last = lines.at(-1);
    const longer = `${last ?? ''}${gap}${item}`;
    if (last !== undefined && textWidth(longer) <= columns) lines[lines.length - 1] = longer;
    else lines.push(`${indent}${item}`);
  }
  return lines;
};
