import type { Job } from '@sluice/core/ports/job-store';
import type { ObjectStore } from '@sluice/core/ports/object-store';
import type { ExpectedRow } from '../expected-rows.ts';
import { readNewest } from './read-whole.ts';
import { violate } from './violate.ts';

// The merged rejects of a job: its file's header and the bytes of every rejected row, to be mended and uploaded again, and line by
// line why each was rejected. A row whose quote is never closed comes last, or it would swallow those behind it.

export type RejectedRow = Extract<ExpectedRow, { accepted: false }>;

export const mergedKeysOf = (jobId: string): readonly [csv: string, reasons: string] => [
  `jobs/${jobId}/rejects.csv`,
  `jobs/${jobId}/rejects.ndjson`,
];

/** Names the chunks' own reject objects instead, where there are too many to merge. */
export const manifestKeyOf = (jobId: string): string => `jobs/${jobId}/rejects.manifest.json`;

const [lineFeed, carriageReturn] = [10, 13];
/** Bytes that are kept of a rejected row beside its file. */
const rawBytesMax = 64 * 1024;
const mark = Buffer.from('\ufeff');

const withoutMark = (bytes: Buffer): Buffer =>
  bytes.subarray(0, mark.length).equals(mark) ? bytes.subarray(mark.length) : bytes;

/** The header as it stands in the file, ended by LF: what is not blank before the data. */
const headerOf = (source: Buffer, dataStart: number): Buffer => {
  let head = withoutMark(source.subarray(0, dataStart));
  for (;;) {
    if (head[0] === lineFeed) head = head.subarray(1);
    else if (head[0] === carriageReturn && head[1] === lineFeed) head = head.subarray(2);
    else break;
  }
  if (head.length === 0) return head;
  if (head.at(-1) === lineFeed) head = head.subarray(0, head.at(-2) === carriageReturn ? -2 : -1);
  return Buffer.concat([head, Buffer.of(lineFeed)]);
};

const isOpen = ({ code }: RejectedRow): boolean => code === 'QUOTE_NOT_CLOSED';

type Reason = { readonly row?: number; readonly line?: number; readonly code?: string };

const parseReason = (line: string | undefined): Reason => {
  try {
    return JSON.parse(line ?? '') as Reason;
  } catch {
    return {};
  }
};

const quote = (field: string): string => `"${field.replaceAll('"', '""')}"`;

/** What a header is made of where the file is gone: the names of its columns. */
const madeHeader = ({ columns, delimiter }: NonNullable<Job['layout']>): Buffer =>
  Buffer.from(`${columns.map(quote).join(delimiter)}\n`);

const startsWith = (bytes: Buffer, start: Buffer): boolean => bytes.subarray(0, start.length).equals(start);

/** Bytes of the row that `found` begins with, and LF behind it; undefined when they are others. Of a long row its first 64 KiB do where the file is gone. */
const lengthOf = (found: Buffer, row: Buffer, mayBeGone: boolean): number | undefined => {
  const isRow = (length: number): boolean => found[length] === lineFeed && startsWith(found, row.subarray(0, length));
  if (isRow(row.length)) return row.length;
  if (!mayBeGone || row.length <= rawBytesMax) return undefined;
  return [0, 1, 2, 3].map((cut) => rawBytesMax - cut).find(isRow);
};

/**
 * `rejected` are all rejected rows of the job's file, in order. `mayBeGone` is true when the file could not be read at some time: then
 * what was kept of it must do.
 */
export const checkMergedRejects = async (
  objects: Pick<ObjectStore, 'head' | 'readRange'>,
  workBucket: string,
  { jobId, profile, layout }: Job,
  rejected: readonly RejectedRow[],
  source: Buffer,
  mayBeGone: boolean,
): Promise<void> => {
  const [csvKey, reasonsKey] = mergedKeysOf(jobId);
  const place = { job: jobId, key: csvKey };
  const csv = await readNewest(objects, workBucket, csvKey);
  if (csv === undefined && rejected.length === 0) return;
  if (csv === undefined || layout === undefined) {
    // Where there are too many to merge.
    if ((await objects.head(workBucket, manifestKeyOf(jobId))) !== undefined) return;
    violate('I3', 'expected the merged rejects of a job, found none', place);
  }
  const sorted = [...rejected.filter((row) => !isOpen(row)), ...rejected.filter(isOpen)];
  let left = withoutMark(csv);
  if (profile.header !== false) {
    const headers = [headerOf(source, layout.dataStart), ...(mayBeGone ? [madeHeader(layout)] : [])];
    const header = headers.find((each) => startsWith(left, each));
    if (header === undefined) {
      violate('I3', 'expected the header of the file in its merged rejects, found another', place);
    }
    left = left.subarray(header.length);
  }
  for (const { row, byteStart, byteEnd } of sorted) {
    const length = lengthOf(left, source.subarray(byteStart, byteEnd), mayBeGone);
    if (length === undefined) {
      const what = 'expected the bytes of a rejected row and LF in its place in the merged rejects, found others';
      violate('I3', what, { ...place, row });
    }
    left = left.subarray(length + 1);
  }
  if (left.length > 0) {
    violate('I3', `expected nothing behind the rejected rows, found ${left.length} bytes more`, place);
  }
  const reasons = (await readNewest(objects, workBucket, reasonsKey))?.toString().split('\n') ?? [];
  if (reasons.pop() !== '' || reasons.length !== sorted.length) {
    violate('I3', `expected ${sorted.length} lines of reasons, found ${reasons.length}`, {
      job: jobId,
      key: reasonsKey,
    });
  }
  sorted.forEach(({ row, line, code }, index) => {
    const reason = parseReason(reasons[index]);
    if (reason.row !== row || reason.line !== line || reason.code !== code) {
      violate('I3', `expected the reason of a row in line ${index + 1}, found another`, {
        job: jobId,
        row,
        key: reasonsKey,
      });
    }
  });
};
