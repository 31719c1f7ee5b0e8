import { toRaw } from '@sluice/clean-rows/reject-line';
import type { Value } from '@sluice/core/messages';
import type { JobLayout } from '@sluice/core/ports/job-store';
import type { DatedRow } from '@sluice/core/ports/row-store';
import type { RejectLine } from '@sluice/core/rejected-rows';
import { toTerminalText } from '../terminal-text.ts';

/** Bytes of a row that are shown on a terminal. */
const shownBytesMax = 4 * 1024;
/** Characters of a value that are shown on a terminal. */
const shownValueMax = 500;

/** A value under its column; a list of them, since columns may have any name. */
export type NamedValue = { readonly column: string; readonly value: Value };

/** What stands in a row. `values`: cleaned; as the table has them, or (`isStored` false) as cleaning would make them now. */
export type RowContent = Pick<RejectLine, 'raw' | 'rawBase64' | 'rawTruncated'> & {
  readonly values?: readonly NamedValue[];
  readonly isStored?: boolean;
  /** What the processor made of it: JSON text. */
  readonly result?: string;
};

const nameValues = ({ outputColumns }: JobLayout, values: readonly Value[]): readonly NamedValue[] =>
  outputColumns.map((column, i) => ({ column, value: values[i] ?? null }));

/** Of the bytes from the file (or, where those are gone, those of the reject object), and what the table has. */
export const toRowContent = (
  layout: JobLayout,
  read: { readonly bytes: Buffer; readonly isTruncated: boolean; readonly values?: readonly Value[] } | undefined,
  stored: DatedRow | undefined,
  reject: RejectLine | undefined,
): RowContent => {
  const { raw, rawBase64, rawTruncated } = reject ?? {};
  const kept =
    read === undefined
      ? {
          ...(raw === undefined ? {} : { raw }),
          ...(rawBase64 === undefined ? {} : { rawBase64 }),
          ...(rawTruncated === undefined ? {} : { rawTruncated }),
        }
      : toRaw(read.bytes, read.isTruncated);
  if (stored !== undefined) {
    const values = nameValues(layout, JSON.parse(stored.data) as Value[]);
    const { result } = stored;
    return { ...kept, values, isStored: true, ...(result === undefined ? {} : { result }) };
  }
  // A row that was rejected has no values, whatever another schema would say.
  if (read?.values === undefined || reject !== undefined) return kept;
  return { ...kept, values: nameValues(layout, read.values), isStored: false };
};

const rawText = ({ raw, rawBase64, rawTruncated }: RowContent): string => {
  const bytes = raw === undefined ? Buffer.from(rawBase64 ?? '', 'base64') : Buffer.from(raw);
  const isCut = bytes.length > shownBytesMax || rawTruncated === true;
  const text = toTerminalText(bytes.toString('utf8', 0, shownBytesMax), Number.POSITIVE_INFINITY);
  return `${text}${isCut ? '...' : ''}${rawBase64 === undefined ? '' : '  (not UTF-8)'}`;
};

/** The content as a terminal may show it: one line each for the bytes, the values and the result. */
export const contentLines = (content: RowContent): string[] => {
  const { raw, rawBase64, values = [], isStored, result } = content;
  const names = values.map(({ column }) => toTerminalText(column, 60));
  const width = Math.max(0, ...names.map(({ length }) => length));
  const shown = values.map(({ value }, i) => {
    return `    ${(names[i] ?? '').padEnd(width)}  ${toTerminalText(value === null ? 'null' : JSON.stringify(value), shownValueMax)}`;
  });
  return [
    ...(raw === undefined && rawBase64 === undefined ? [] : ['', '  in the file', `    ${rawText(content)}`]),
    ...(values.length === 0
      ? []
      : ['', isStored === true ? '  in the table' : '  as it would be cleaned now', ...shown]),
    ...(result === undefined ? [] : ['', '  result', `    ${toTerminalText(result, shownBytesMax)}`]),
  ];
};
