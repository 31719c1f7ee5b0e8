import type { ScannedRecord } from '@sluice/core/csv/scan';
import { createScanner } from '@sluice/core/csv/scan';
import type { Job, JobLayout } from '@sluice/core/ports/job-store';
import type { BoundedList } from './bounded-list.ts';
import { addEntry, createBoundedList } from './bounded-list.ts';
import { decodeUpload } from './decode-upload.ts';
import type { Operator } from './operator.ts';
import type { SourceFault } from './source-chunks.ts';
import { createSourceChunks } from './source-chunks.ts';

/** What an uploaded file holds, counted from its own bytes. */
export type SourceCount = {
  readonly rows: number;
  /** Bytes of the text that were read: all of it, or up to the last row of a limit. */
  readonly bytes: number;
  /** The text is not what lies in the bucket: it was packed, or in another encoding. */
  readonly isDecoded: boolean;
  readonly faults: BoundedList<SourceFault>;
};

export type CountSourcePorts = Pick<Operator, 'objects' | 'clock' | 'jobs'>;

/** A planned job. */
export type PlannedJob = Job & { readonly layout: JobLayout; readonly plan: NonNullable<Job['plan']> };

const byteOrderMark = Buffer.from('efbbbf', 'hex');

/** Before the data there must be a header, or nothing but blank lines, whole. Else a row could hide there. */
const checkHead = (
  { layout, profile }: PlannedJob,
  head: Buffer,
  isWhole: boolean,
  faults: BoundedList<SourceFault>,
): void => {
  const start = head.subarray(0, byteOrderMark.length).equals(byteOrderMark) ? byteOrderMark.length : 0;
  const before = head.subarray(start, layout.dataStart);
  let records = 0;
  const scanner = createScanner({
    offset: start,
    line: 1,
    row: 1,
    delimiter: layout.delimiter.charCodeAt(0),
    sink: ({ kind }) => {
      if (kind !== 'blank') records++;
    },
  });
  scanner.push(before);
  if (isWhole) scanner.end();
  const { offset, line } = scanner.position();
  const headers = (profile.header ?? true) && layout.columns.length > 0 ? 1 : 0;
  if (records !== headers)
    addEntry(faults, { message: `expected ${headers} records before the data, found ${records}` });
  if (offset !== layout.dataStart) {
    addEntry(faults, {
      message: `expected the data at byte ${layout.dataStart}, between two records, found one from byte ${offset}`,
    });
  }
  if (line !== layout.dataLine)
    addEntry(faults, { message: `expected the data on line ${line}, found ${layout.dataLine} in the plan` });
};

/**
 * Reads the uploaded file of a job once more, from its first byte, and counts its rows in one go, whatever the chunks are; each
 * planned chunk is held against what is there. Reads the version that was planned, unpacks and decodes it anew, stops where the
 * profile's limit does. `onRows` is told how many rows were counted so far. Holds a piece of the file, never the whole.
 * Throws SluiceError OBJECT_CHANGED when the version is gone, and what split-file refuses a file with.
 */
export const countSource = async (
  job: PlannedJob,
  ports: CountSourcePorts,
  signal: AbortSignal,
  onRows: (rows: number) => void,
): Promise<SourceCount> => {
  const { layout, plan, jobId, file } = job;
  const limit = job.profile.limit ?? Number.POSITIVE_INFINITY;
  const faults = createBoundedList<SourceFault>();
  const { isDecoded, head, read } = await decodeUpload(job, ports);
  const isCopied = layout.source.bucket !== file.bucket || layout.source.key !== file.key;
  if (isCopied !== isDecoded) {
    const what = (is: boolean): string => (is ? 'a decoded copy' : 'the file itself');
    addEntry(faults, {
      message: `expected the rows to be read from ${what(isDecoded)}, found ${what(isCopied)} in the plan`,
    });
  }

  const chunks = createSourceChunks(layout.dataStart, faults);
  const pages = ports.jobs.listChunks(jobId)[Symbol.asyncIterator]();
  /** Has the chunks ready in which bytes up to `offset` may lie. */
  const planTo = async (offset: number): Promise<void> => {
    while (!chunks.reaches(offset)) {
      const page = await pages.next();
      if (page.done === true) return;
      chunks.addPlanned(page.value);
    }
  };

  let rows = 0;
  const take = (record: ScannedRecord): void => {
    // As the planner does it: the plan ends behind the last row of a limit, blank lines that follow are in no chunk.
    if (record.row > limit) return;
    if (record.kind !== 'blank') rows++;
    chunks.take(record);
  };
  const scanner = createScanner({
    offset: layout.dataStart,
    line: layout.dataLine,
    row: 1,
    delimiter: layout.delimiter.charCodeAt(0),
    sink: take,
  });

  let bytes = 0;
  for await (const piece of read()) {
    signal.throwIfAborted();
    await planTo(bytes + piece.length);
    const from = Math.min(piece.length, Math.max(0, layout.dataStart - bytes));
    bytes += piece.length;
    if (from < piece.length) scanner.push(Buffer.from(piece.buffer, piece.byteOffset + from, piece.length - from));
    onRows(rows);
    if (rows >= limit) break;
  }
  scanner.end();
  checkHead(job, head, bytes <= layout.dataStart, faults);
  await planTo(Number.POSITIVE_INFINITY);
  const planned = chunks.end();
  if (rows < limit && bytes !== layout.bytes)
    addEntry(faults, { message: `expected ${layout.bytes} bytes of text, found ${bytes}` });
  if (planned !== plan.chunks) addEntry(faults, { message: `expected ${plan.chunks} chunks, found ${planned}` });
  if (rows !== plan.rows)
    addEntry(faults, { message: `expected ${plan.rows} rows, as planned, found ${rows} in the file` });
  return { rows, bytes, isDecoded, faults };
};
