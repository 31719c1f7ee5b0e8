import { readRecords } from '@sluice/core/csv/scan-oracle';
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

/** What the file must come to under the profile that its key falls under. */
export const expectFile = (file: Buffer, key: string, profiles: readonly Profile[]): Expected => {
  const profile = findProfile(profiles, key);
  if (profile === undefined) return { ends: 'ignored' };
  const bytes = toUtf8(file, profile.encoding);
  const layout = bytes === undefined ? undefined : expectLayout(bytes, profile);
  if (bytes === undefined || layout === undefined) return { ends: 'refused' };
  const { columns, delimiter, dataStart, dataLine } = layout;
  // A file without any record has no header to hold against the schema.
  const schema = columns.length === 0 ? undefined : expectSchema(profile.schema, columns);
  if (columns.length > 0 && schema === undefined) return { ends: 'refused' };

  const data = bytes.subarray(dataStart);
  const rows: ExpectedRow[] = [];
  for (const record of readRecords(data, delimiter.charCodeAt(0), recordBytesMax)) {
    if (record.kind === 'blank') continue;
    if (profile.limit !== undefined && rows.length === profile.limit) break;
    const place = {
      row: rows.length + 1,
      line: dataLine + record.line - 1,
      byteStart: dataStart + record.start,
      byteEnd: dataStart + record.end,
    };
    const cleaned = ((): CleanedRow => {
      if (record.kind !== 'row') return { code: record.kind };
      const raw = data.subarray(record.start, record.end);
      const text = raw.toString();
      // What is no UTF-8 does not come back as it was.
      if (!Buffer.from(text).equals(raw)) return { code: 'INVALID_UTF8' };
      const read = schema?.clean(splitFields(text, delimiter)) ?? { code: 'FIELD_COUNT' };
      return 'values' in read && isTooLarge(read.values) ? { code: 'ROW_TOO_LARGE' } : read;
    })();
    rows.push(
      'values' in cleaned
        ? { ...place, accepted: true, values: cleaned.values }
        : { ...place, accepted: false, code: cleaned.code },
    );
  }
  const rejected = rows.filter(({ accepted }) => !accepted).length;
  const { maxRejectedRatio } = profile;
  return {
    ends: 'read',
    columns: schema?.outputColumns ?? [],
    rows,
    tooManyRejects: maxRejectedRatio !== undefined && rejected / rows.length > maxRejectedRatio,
  };
};
