import type { Value } from '@sluice/core/messages';
import type { DeadMark } from '@sluice/core/ports/job-store';
import type { StoredRow } from '@sluice/core/ports/row-store';

/** A line of rows.ndjson, with its line end. */
export type RowLineWriter = (row: StoredRow, dead: DeadMark | undefined) => string;

const errorText = (code: string, message: string): string => `,"error":${JSON.stringify({ code, message })}`;

/**
 * Writes rows as rows.ndjson has them: every column in file order, no times, ids or attempts, so that two runs
 * compare equal. Column names may be any text: no object is made of them.
 */
export const createRowLines = (columns: readonly string[]): RowLineWriter => {
  // What stands before each value: the first has no comma.
  const prefixes = columns.map((name, i) => `${i === 0 ? '' : ','}${JSON.stringify(name)}:`);
  return ({ row, line, status, data, result, error }, dead) => {
    const values = JSON.parse(data) as readonly Value[];
    let text = `{"row":${row},"line":${line},"status":"${dead === undefined ? status : 'DEAD'}","data":{`;
    for (let i = 0; i < prefixes.length; i++) {
      const value = values[i] ?? null;
      text += (prefixes[i] ?? '') + (typeof value === 'string' ? JSON.stringify(value) : String(value));
    }
    if (dead !== undefined) return `${text}}${errorText(dead.code, dead.message)}}\n`;
    if (result !== undefined) return `${text}},"result":${result}}\n`;
    if (error !== undefined) return `${text}}${errorText(error.code, error.message)}}\n`;
    return `${text}}}\n`;
  };
};
