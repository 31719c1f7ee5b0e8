import { toTerminalText } from './terminal-text.ts';
import { UsageError } from './usage-error.ts';

/** The options of `sluice run`, checked. */
export type RunOptions = {
  readonly file: string;
  readonly out: string;
  readonly schema?: string;
  readonly processor?: string;
  readonly delimiter?: string;
  readonly encoding?: string;
  readonly header: boolean;
  readonly rowsPerMessage?: number;
  readonly chunkBytes?: number;
  readonly maxRejected?: number;
  readonly limit?: number;
  /** Of the faults that strike; none do without it. */
  readonly chaos?: number;
  readonly force: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
};

const fail = (option: string, expected: string, found: string): never => {
  throw new UsageError(`${option}: expected ${expected}, found ${toTerminalText(JSON.stringify(found), 60)}`);
};

/** A whole number of at least `least`. */
export const parseCount =
  (option: string, least: number) =>
  (text: string): number => {
    const value = Number(text);
    const isCount = /^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least;
    return isCount ? value : fail(option, `a whole number of at least ${least}`, text);
  };

/** A share from 0 to 1, as a number or in percent. */
export const parseRatio =
  (option: string) =>
  (text: string): number => {
    const match = /^(\d+(?:\.\d+)?)(%?)$/.exec(text);
    const ratio = Number(match?.[1]) / (match?.[2] === '%' ? 100 : 1);
    return ratio >= 0 && ratio <= 1 ? ratio : fail(option, 'a share from 0 to 1 or from 0% to 100%', text);
  };

/** A folder; none is what an unset variable of a shell comes to. */
export const parseFolder = (text: string): string => (text === '' ? fail('--out', 'a folder', text) : text);

const namedDelimiters = new Map([
  ['comma', ','],
  ['semicolon', ';'],
  ['tab', '\t'],
  ['\\t', '\t'],
  ['pipe', '|'],
]);

/** One ASCII character, or the name of one. */
export const parseDelimiterOption = (text: string): string => {
  const delimiter = namedDelimiters.get(text) ?? text;
  const code = delimiter.length === 1 ? delimiter.charCodeAt(0) : 0;
  return code > 0 && code < 128 && !/["\r\n]/.test(delimiter)
    ? delimiter
    : fail('--delimiter', 'one ASCII character, or comma, semicolon, tab or pipe', text);
};

const encodings = ['utf-8', 'utf-16le', 'utf-16be', 'windows-1252'];

/** An encoding that files are read in, by any of its usual names. */
export const parseEncoding = (text: string): string => {
  let label: string | undefined;
  try {
    label = new TextDecoder(text).encoding;
  } catch {
    label = undefined;
  }
  return label !== undefined && encodings.includes(label)
    ? label
    : fail('--encoding', `one of ${encodings.join(', ')}`, text);
};
