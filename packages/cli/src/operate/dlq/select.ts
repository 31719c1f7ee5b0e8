import type { Job } from '@sluice/core/ports/job-store';
import { type QueueName, queueNames } from '@sluice/core/ports/queue';
import { UsageError } from '../../usage-error.ts';
import { findJob } from '../find-job.ts';
import type { Operator } from '../operator.ts';
import type { Letter } from './letter.ts';
import type { Part } from './letter-parts.ts';

/** The filters that all commands over dead letters take. Times are ages in milliseconds. */
export type LetterFlags = {
  readonly queue?: readonly QueueName[];
  readonly job?: string;
  readonly code?: readonly string[];
  readonly row?: readonly [first: number, last: number];
  readonly olderThan?: number;
  readonly newerThan?: number;
};

export type Selection = {
  readonly queues: readonly QueueName[];
  readonly job?: Job;
  readonly codes?: ReadonlySet<string>;
  readonly rows?: readonly [first: number, last: number];
  /** First sent at this time or later, and earlier than that one. */
  readonly from: number;
  readonly to: number;
  /** True when only `job`, `codes` and `rows` select: then rows without a letter can be selected, too. */
  readonly isOfRows: boolean;
};

/** Throws UsageError for flags that make no sense together, and for a job that is not there. */
export const toSelection = async (operator: Operator, flags: LetterFlags): Promise<Selection> => {
  const { queue, job, code, row, olderThan, newerThan } = flags;
  if (row !== undefined && job === undefined) {
    throw new UsageError('--row: expected --job beside it, since rows are counted within a job, found none');
  }
  const now = operator.clock.now();
  return {
    queues: queueNames.filter((name) => queue === undefined || queue.includes(name)),
    ...(job === undefined ? {} : { job: await findJob(operator, job) }),
    ...(code === undefined ? {} : { codes: new Set(code) }),
    ...(row === undefined ? {} : { rows: row }),
    from: newerThan === undefined ? Number.NEGATIVE_INFINITY : now - newerThan,
    to: olderThan === undefined ? Number.POSITIVE_INFINITY : now - olderThan,
    isOfRows: queue === undefined && olderThan === undefined && newerThan === undefined,
  };
};

const isOfJob = ({ jobId, upload }: Part, job: Job): boolean =>
  jobId === job.jobId ||
  (upload !== undefined &&
    upload.bucket === job.file.bucket &&
    upload.key === job.file.key &&
    (upload.versionId ?? upload.etag) === (job.file.versionId ?? job.file.etag));

/** `all`: nothing of the part is outside the selection. `some`: a chunk of which some rows are. */
const matchOf = (part: Part, { job, codes, rows }: Selection): 'all' | 'some' | 'none' => {
  if (job !== undefined && !isOfJob(part, job)) return 'none';
  if (codes !== undefined && !codes.has(part.error.code)) return 'none';
  if (rows === undefined) return 'all';
  if (part.range === undefined || part.range[0] > rows[1] || part.range[1] < rows[0]) return 'none';
  return part.range[0] >= rows[0] && part.range[1] <= rows[1] ? 'all' : 'some';
};

/** The parts of a letter that are selected, and whether the letter holds nothing else. */
export const selectParts = (
  letter: Pick<Letter, 'sentAt'>,
  parts: readonly Part[],
  selection: Selection,
): { readonly selected: readonly Part[]; readonly isWhole: boolean } => {
  if (letter.sentAt < selection.from || letter.sentAt >= selection.to) return { selected: [], isWhole: false };
  const matches = parts.map((part) => matchOf(part, selection));
  const selected = parts.filter((_, index) => matches[index] !== 'none');
  return { selected, isWhole: matches.every((match) => match === 'all') };
};
