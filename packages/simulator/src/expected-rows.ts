import { type OracleRecord, readRecords } from '@sluice/core/csv/scan-oracle';
import type { Value } from '@sluice/core/messages';
import type { Profile } from '@sluice/core/ports/job-store';
import { toUtf8 } from './expected-encoding.ts';
import { splitFields } from './expected-fields.ts';
import { expectLayout, recordBytesMax } from './expected-layout.ts';
import { type CleanedRow, expectSchema } from './expected-schema.ts';

// What a file must come to, worked out once more by an oracle that shares no code with the handlers.

/** Bytes of a row's values as JSON. */
const rowBytesMax = 192 * 1024;

/** One row of the file; `byteStart` and `byteEnd` count in its UTF-8 text, without the line end. */
export type ExpectedRow = {
  readonly row: number;
  readonly line: number;
  readonly byteStart: number;
  readonly byteEnd: number;
} & (
  | { readonly accepted: true; readonly values: readonly Value[] }
  | { readonly accepted: false; readonly code: string }
);

/** `ignored`: the file lies under no profile. `tooManyRejects`: its profile allows fewer rejected rows. */
export type Expected =
  | {
      readonly ends: 'read';
      readonly columns: readonly string[];
      readonly rows: readonly ExpectedRow[];
      readonly tooManyRejects: boolean;
    }
  | { readonly ends: 'refused' }
  | { readonly ends: 'ignored' };

const findProfile = (profiles: readonly Profile[], key: string): Profile | undefined => {
  const [longest] = profiles
    .filter(({ prefix }) => key.startsWith(prefix))
    .sort((left, right) => right.prefix.length - left.prefix.length);
  return longest;
};

const isTooLarge = (values: readonly Value[]): boolean => {
  const json = JSON.stringify(values);
  // Two characters that queues refuse are escaped, and so three bytes longer.
  const escaped = json.length * 3 > rowBytesMax ? (json.match(/[\ufffe\uffff]/g)?.length ?? 0) : 0;
  return Buffer.byteLength(json) + 3 * escaped > rowBytesMax;
};

/** How a file is read: its columns, and its rows one by one, so that a file of any size takes no more memory than its bytes do. */
export type Reading = { readonly columns: readonly string[]; readonly rows: Iterable<ExpectedRow> };

/** How text in UTF-8 must be read; undefined when it is refused. The rows can be gone through again. */
export const expectReading = (bytes: Buffer, profile: Profile): Reading | undefined => {
  const layout = expectLayout(bytes, profile);
  if (layout === undefined) return undefined;
  const { columns, delimiter, dataStart, dataLine } = layout;
  // A file without any record has no header to hold against the schema.
  const schema = columns.length === 0 ? undefined : expectSchema(profile.schema, columns);
  if (columns.length > 0 && schema === undefined) return undefined;
  const data = bytes.subarray(dataStart);

  const clean = (record: OracleRecord): CleanedRow => {
    if (record.kind !== 'row') return { code: record.kind };
    const raw = data.subarray(record.start, record.end);
    const text = raw.toString();
    // What is no UTF-8 does not come back as it was.
    if (!Buffer.from(text).equals(raw)) return { code: 'INVALID_UTF8' };
    const read = schema?.clean(splitFields(text, delimiter)) ?? { code: 'FIELD_COUNT' };
    return 'values' in read && isTooLarge(read.values) ? { code: 'ROW_TOO_LARGE' } : read;
  };

  const rows = function* (): Generator<ExpectedRow> {
    let row = 0;
    for (const record of readRecords(data, delimiter.charCodeAt(0), recordBytesMax)) {
      if (record.kind === 'blank') continue;
      if (profile.limit !== undefined && row === profile.limit) return;
      const place = {
        row: ++row,
        line: dataLine + record.line - 1,
        byteStart: dataStart + record.start,
        byteEnd: dataStart + record.end,
      };
      const cleaned = clean(record);
      yield 'values' in cleaned
        ? { ...place, accepted: true, values: cleaned.values }
        : { ...place, accepted: false, code: cleaned.code };
    }
  };
  return { columns: schema?.outputColumns ?? [], rows: { [Symbol.iterator]: rows } };
};

/** What the file must come to under the profile that its key falls under. */
export const expectFile = (file: Buffer, key: string, profiles: readonly Profile[]): Expected => {
  const profile = findProfile(profiles, key);
  if (profile === undefined) return { ends: 'ignored' };
  const bytes = toUtf8(file, profile.encoding);
  const reading = bytes === undefined ? undefined : expectReading(bytes, profile);
  if (reading === undefined) return { ends: 'refused' };
  const rows = [...reading.rows];
  const rejected = rows.filter(({ accepted }) => !accepted).length;
  const { maxRejectedRatio } = profile;
  return {
    ends: 'read',
    columns: reading.columns,
    rows,
    tooManyRejects: maxRejectedRatio !== undefined && rejected / rows.length > maxRejectedRatio,
  };
};
