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

/** The first rows as a delimiter cuts them. */
const cutRows = (data: Buffer, isWhole: boolean, delimiter: string): readonly (readonly string[])[] => {
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
  return rows.length === 0 ? [] : parseRecords(Buffer.concat(rows), delimiter);
};

/** What speaks for a delimiter. The scores are the share of rows of a width, times the delimiters in each. */
type Cut = {
  readonly delimiter: string;
  readonly rows: readonly (readonly string[])[];
  /** Score of the first row's width. */
  readonly likeFirst: number;
  /** Score of the width that more than half of the rows have; 0 when there is none. */
  readonly likeMost: number;
};

const toCut = (delimiter: string, rows: Cut['rows']): Cut => {
  const widths = rows.map((fields) => fields.length).sort((a, b) => a - b);
  const shareOf = (width: number): number => widths.filter((other) => other === width).length / widths.length;
  const [first] = rows;
  // A width that more than half of them have stands in the middle, too.
  const middle = widths[Math.floor(widths.length / 2)];
  return {
    delimiter,
    rows,
    likeFirst: first === undefined ? 0 : shareOf(first.length) * (first.length - 1),
    likeMost: middle === undefined || shareOf(middle) <= 0.5 ? 0 : shareOf(middle) * (middle - 1),
  };
};

/** The cut of the highest score, the first of equals; none where all are 0. */
const highest = (cuts: readonly Cut[], score: 'likeFirst' | 'likeMost'): Cut | undefined => {
  const [best] = [...cuts].sort((a, b) => b[score] - a[score]);
  return best === undefined || best[score] === 0 ? undefined : best;
};

/** Cuts every row alike, not only off its end, and leaves commas only between digits: those are decimals then. */
const leavesDecimals = ({ rows, likeFirst }: Cut): boolean => {
  const delimiters = (rows[0]?.length ?? 1) - 1;
  const isOnlyAtEnd = delimiters === 1 && rows.every((fields) => fields[1] === '');
  return (
    likeFirst === delimiters &&
    !isOnlyAtEnd &&
    !rows.some((fields) => fields.some((field) => /(?<!\d),|,(?!\d)/.test(field)))
  );
};

/**
 * The delimiter of a file, of `, ; tab |`, by its first bytes without BOM, quotes respected. Of those that cut more than half
 * of the rows alike it is the one that cuts most rows as often as the first; where the first row is of one field (a title),
 * as often as most rows. Commas that may all be decimals yield to another one that cuts every row alike. A comma when none is found.
 */
export const sniffDelimiter = (data: Buffer, isWhole: boolean): string => {
  const cuts = sniffed.map((delimiter) => toCut(delimiter, cutRows(data, isWhole, delimiter)));
  const regular = cuts.filter(({ likeMost }) => likeMost > 0);
  const best = highest(regular, 'likeFirst') ?? highest(regular, 'likeMost') ?? highest(cuts, 'likeFirst');
  if (best === undefined) return sniffed[0];
  if (best.delimiter !== ',') return best.delimiter;
  const rivals = regular.filter((cut) => cut !== best && leavesDecimals(cut));
  return (highest(rivals, 'likeFirst') ?? best).delimiter;
};
