import { nameColumns } from '@sluice/core/csv/columns';
import type { Value } from '@sluice/core/messages';
import type { RowLineWriter } from '../row-lines.ts';

/** What an export adds to the columns of the file: before them, and behind them. */
const before = ['row', 'line', 'status'] as const;
const behind = ['result', 'error_code', 'error_message'] as const;

/**
 * What a spreadsheet may take for a formula. Source: OWASP, "CSV Injection", and the Application Security Verification Standard 5.0,
 * 1.2.10 (for NUL).
 */
const formulaStart = /^[=+\-@\t\r\n\0]/;
/** What begins like a formula and is a number. */
const plainNumber = /^[+-]\d+(?:\.\d+)?$/;
const quotedCharacters = /[",\r\n]/;

/** Text that no spreadsheet runs as a formula: with an apostrophe before what could be one. */
const neutralise = (text: string): string => (formulaStart.test(text) && !plainNumber.test(text) ? `'${text}` : text);

/** A field as RFC 4180 has it. An empty text is quoted, which tells it from a missing value. */
const quote = (text: string): string =>
  text === '' || quotedCharacters.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

const fieldOf = (value: Value | undefined): string =>
  value === null || value === undefined ? '' : quote(neutralise(String(value)));

/** The header of an export: `columns` neutralised and unique, ours around them; where a column has our name, ours gets a number. */
const headerOf = (columns: readonly string[]): readonly string[] => {
  const names = nameColumns([...columns.map(neutralise), ...before, ...behind], (name) => name);
  const ours = names.slice(columns.length);
  return [...ours.slice(0, before.length), ...names.slice(0, columns.length), ...ours.slice(before.length)];
};

/** The header, with its line end, and what writes a row as a line under it. */
export type CsvLines = { readonly header: string; readonly toLine: RowLineWriter };

/**
 * Rows as CSV: UTF-8, commas, LF. What could be a formula has an apostrophe before it, so that what was written is only known from
 * NDJSON. Results are their JSON text.
 */
export const createCsvLines = (columns: readonly string[]): CsvLines => ({
  header: `${headerOf(columns).map(quote).join(',')}\n`,
  toLine({ row, line, status, data, result, error }, dead) {
    const values = JSON.parse(data) as readonly Value[];
    let text = `${row},${line},${dead === undefined ? status : 'DEAD'},`;
    for (let i = 0; i < columns.length; i++) text += `${fieldOf(values[i])},`;
    const { code, message } = dead ?? error ?? {};
    return `${text}${fieldOf(dead === undefined ? result : undefined)},${fieldOf(code)},${fieldOf(message)}\n`;
  },
});
