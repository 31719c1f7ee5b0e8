import { SluiceError } from '../errors.ts';
import { parseRecords } from './parse.ts';
import { createScanner } from './scan.ts';

/** The delimiters that are looked for, the more usual first. */
const sniffed = [',', ';', '\t', '|'] as const;
/** Rows that are looked at. */
const sniffedRowsMax = 200;

/** Checks a given delimiter: one ASCII character, but NUL, quote, CR and LF. Throws SluiceError FILE_FORMAT. */
export const parseDelimiter = (text: string): string => {
  const code = text.charCodeAt(0);
  if (text.length === 1 && code > 0 && code < 0x80 && !['"', '\r', '\n'].includes(text)) return text;
  throw new SluiceError(
    'FILE_FORMAT',
    `expected a delimiter of one ASCII character other than NUL, quote, CR and LF, found ${JSON.stringify(text.slice(0, 20))}`,
  );
};

/** How well the first rows speak for a delimiter: the share of those as wide as the first, times the delimiters in each. */
const score = (data: Buffer, isWhole: boolean, delimiter: string): number => {
  const rows: Buffer[] = [];
  const scanner = createScanner({
    offset: 0,
    line: 1,
    row: 1,
    delimiter: delimiter.charCodeAt(0),
    sink: ({ kind, start, next }) => {
      if (kind === 'row' && rows.length < sniffedRowsMax) rows.push(data.subarray(start, next));
    },
  });
  scanner.push(data);
  if (isWhole) scanner.end();
  if (rows.length === 0) return 0;
  const widths = parseRecords(Buffer.concat(rows), delimiter).map((fields) => fields.length);
  const first = widths[0] ?? 1;
  return (widths.filter((width) => width === first).length / widths.length) * (first - 1);
};

/**
 * The delimiter of a file, of `, ; tab |`, by its first bytes without BOM: the one that cuts most rows as often as
 * the first, quotes respected. A comma when none is found.
 */
export const sniffDelimiter = (data: Buffer, isWhole: boolean): string => {
  let best: string = sniffed[0];
  let bestScore = 0;
  for (const delimiter of sniffed) {
    const found = score(data, isWhole, delimiter);
    if (found > bestScore) {
      best = delimiter;
      bestScore = found;
    }
  }
  return best;
};
