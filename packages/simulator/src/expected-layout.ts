import { naiveClean } from '@sluice/core/clean/field-oracle';
import { type OracleRecord, readRecords } from '@sluice/core/csv/scan-oracle';
import type { Profile } from '@sluice/core/ports/job-store';
import { markBytes } from './expected-encoding.ts';
import { splitFields } from './expected-fields.ts';

// The oracle's reading of a file's head: delimiter, columns, where the data begins. Naive, and without the product's code.

/** Bytes inside quotes or of a record after which it is set aside. */
export const recordBytesMax = 256 * 1024;
const headerBytesMax = 16 * 1024;
const columnsMax = 1_000;
/** As much of a file as is looked at. */
const headBytes = recordBytesMax + 64 * 1024;
const sniffedRows = 200;

export type ExpectedLayout = {
  readonly delimiter: string;
  readonly columns: readonly string[];
  readonly dataStart: number;
  readonly dataLine: number;
};

/** What is looked at of a file: its first bytes without its mark. */
type Head = { readonly data: Buffer; readonly isWhole: boolean };

/** The head's records, without one that its end cuts. */
const recordsOf = ({ data, isWhole }: Head, delimiter: string, limit: number): OracleRecord[] =>
  readRecords(data, delimiter.charCodeAt(0), limit).filter(({ next }) => isWhole || data[next - 1] === 10);

const fieldsOf = (data: Buffer, { start, end }: OracleRecord, delimiter: string, encoding: 'latin1' | 'utf8') =>
  splitFields(data.toString(encoding, start, end), delimiter);

/** What speaks for a delimiter: fields of the first rows. */
type Cut = { readonly delimiter: string; readonly rows: readonly (readonly string[])[] };

const shareOf = ({ rows }: Cut, width: number): number =>
  rows.filter((fields) => fields.length === width).length / rows.length;

/** Rows that are cut as the first, by delimiters in it. */
const likeFirst = (cut: Cut): number => {
  const width = cut.rows[0]?.length ?? 1;
  return width === 1 ? 0 : shareOf(cut, width) * (width - 1);
};

/** The same of the width that more than half of the rows have. */
const likeMost = (cut: Cut): number => {
  const width = cut.rows.map((fields) => fields.length).find((each) => shareOf(cut, each) > 0.5) ?? 1;
  return width === 1 ? 0 : shareOf(cut, width) * (width - 1);
};

/** The first of those with the highest score, if that is above 0. */
const best = (cuts: readonly Cut[], score: (cut: Cut) => number): Cut | undefined => {
  let found: Cut | undefined;
  for (const cut of cuts) if (score(cut) > (found === undefined ? 0 : score(found))) found = cut;
  return found;
};

const leavesOnlyDecimals = (cut: Cut): boolean => {
  const { rows } = cut;
  const width = rows[0]?.length ?? 1;
  if (shareOf(cut, width) < 1) return false;
  if (width === 2 && rows.every((fields) => fields[1] === '')) return false;
  const isDigit = (character: string | undefined): boolean => character !== undefined && /[0-9]/.test(character);
  return rows
    .flat()
    .every((field) =>
      Array.from(field).every(
        (character, at, all) => character !== ',' || (isDigit(all[at - 1]) && isDigit(all[at + 1])),
      ),
    );
};

/** A comma where nothing speaks for another. Those that cut most rows alike come first; a comma that may be a decimal's yields. */
const sniff = (head: Head): string => {
  const { data } = head;
  const cuts = [',', ';', '\t', '|'].map((delimiter): Cut => {
    const records = recordsOf(head, delimiter, recordBytesMax).filter(({ kind }) => kind === 'row');
    return {
      delimiter,
      rows: records.slice(0, sniffedRows).map((record) => fieldsOf(data, record, delimiter, 'latin1')),
    };
  });
  const regular = cuts.filter((cut) => likeMost(cut) > 0);
  const found = best(regular, likeFirst) ?? best(regular, likeMost) ?? best(cuts, likeFirst);
  if (found === undefined || found.delimiter !== ',') return found?.delimiter ?? ',';
  const rivals = regular.filter((cut) => cut !== found && leavesOnlyDecimals(cut));
  return (best(rivals, likeFirst) ?? found).delimiter;
};

const withoutQuoted = (text: string): string => {
  let left = '';
  for (let at = 0; ; ) {
    const open = text.indexOf('"', at);
    const close = open === -1 ? -1 : text.indexOf('"', open + 1);
    if (close === -1) return left + text.slice(at);
    left += text.slice(at, open);
    at = close + 1;
  }
};

/** CRs that neither another CR nor a LF nor the end follows. */
const loneReturns = (text: string): number =>
  Array.from(text).filter(
    (character, at, all) => character === '\r' && all[at + 1] !== undefined && !'\r\n'.includes(all[at + 1] ?? ''),
  ).length;

/** Lines that end with CR alone are one record; nothing follows it, or nothing but what LFs within quotes cut off. */
const endsLinesByReturns = (data: Buffer, { start, end, next }: OracleRecord): boolean => {
  if (loneReturns(withoutQuoted(data.toString('latin1', start, end))) === 0) return false;
  const isLast = /^[\r\n]*$/.test(data.toString('latin1', next));
  const all = withoutQuoted(data.toString('latin1', start));
  return isLast || loneReturns(all) > all.split('\n').length - 1;
};

const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => `column_${index + 1}`);

/** A name that stands once in the header stays; `column_n` where there is none; the next free number where there are several. */
export const nameColumnsNaively = (header: readonly string[]): string[] => {
  const cleaned = header.map(naiveClean);
  const names: string[] = [];
  for (const [index, given] of cleaned.entries()) {
    const wanted = given ?? `column_${index + 1}`;
    const isFree = (name: string): boolean => !names.includes(name) && !cleaned.includes(name);
    const isFirst = !names.includes(wanted) && (given !== null || !cleaned.includes(wanted));
    let number = 2;
    while (!isFirst && !isFree(`${wanted}_${number}`)) number += 1;
    names.push(isFirst ? wanted : `${wanted}_${number}`);
  }
  return names;
};

const readHeader = (head: Head, delimiter: string): Omit<ExpectedLayout, 'delimiter'> | undefined => {
  const { data, isWhole } = head;
  const records = recordsOf(head, delimiter, headerBytesMax);
  const header = records.find(({ kind }) => kind !== 'blank');
  const lineAt = (end: number): number => data.toString('latin1', 0, end).split('\n').length;
  if (header === undefined) {
    return isWhole ? { columns: [], dataStart: data.length, dataLine: lineAt(data.length) } : undefined;
  }
  const bytes = data.subarray(header.start, header.end);
  if (bytes.subarray(0, headerBytesMax).includes(0) || endsLinesByReturns(data, header)) return undefined;
  if (header.kind !== 'row' || !Buffer.from(bytes.toString()).equals(bytes)) return undefined;
  const fields = fieldsOf(data, header, delimiter, 'utf8');
  if (fields.length > columnsMax) return undefined;
  return { columns: nameColumnsNaively(fields), dataStart: header.next, dataLine: lineAt(header.next) };
};

const readFirstRow = (head: Head, delimiter: string): Omit<ExpectedLayout, 'delimiter'> | undefined => {
  const { data, isWhole } = head;
  const records = recordsOf(head, delimiter, recordBytesMax);
  const start = { dataStart: 0, dataLine: 1 };
  const first = records.find(({ kind }) => kind === 'row');
  if (first === undefined) {
    if (!isWhole) return undefined;
    // Rows that are all set aside still have a column; blank lines have none.
    return { ...start, columns: numbered(records.some(({ kind }) => kind !== 'blank') ? 1 : 0) };
  }
  if (endsLinesByReturns(data, first)) return undefined;
  const { length } = fieldsOf(data, first, delimiter, 'latin1');
  return length > columnsMax ? undefined : { ...start, columns: numbered(length) };
};

/** How a file in UTF-8 is to be read; undefined when it is refused. */
export const expectLayout = (bytes: Buffer, profile: Profile): ExpectedLayout | undefined => {
  const mark = markBytes(bytes);
  const head = { data: bytes.subarray(mark, headBytes), isWhole: bytes.length <= headBytes };
  const delimiter = profile.delimiter ?? sniff(head);
  const found = (profile.header === false ? readFirstRow : readHeader)(head, delimiter);
  return found === undefined ? undefined : { delimiter, ...found, dataStart: mark + found.dataStart };
};
