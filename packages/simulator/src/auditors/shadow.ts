import type { OutcomeTuple, RowTuple, Value } from '@sluice/core/messages';
import type { ChunkCounts, ChunkPlan, Job, JobState } from '@sluice/core/ports/job-store';
import type { ObjectVersion } from '@sluice/core/ports/object-store';
import type { QueueName } from '@sluice/core/ports/queue';
import { queueNames } from '@sluice/core/ports/queue';
import type { RowStatus } from '@sluice/core/ports/row-store';
import type { RejectLine } from '@sluice/core/rejected-rows';
import type { Fact } from '../facts.ts';
import { violate } from './violate.ts';

// What the facts say of rows, messages, chunks, jobs and objects. Each auditor records its own part while it checks it; here is
// what they share.

/** The queues that rows travel on. */
export type RowQueue = 'rows' | 'work' | 'finished';

export type ShadowRow = {
  readonly row: number;
  /** The chunk and the content of the first insert. */
  chunk: number;
  line: number;
  values: readonly Value[] | undefined;
  status: 'ABSENT' | RowStatus;
  /** The first result, as JSON text beside its status. */
  result: string;
  isRejected: boolean;
  /** A mark was ever written that says that trying again cannot mend it: by any stage, by store-rows, by finish-rows. */
  isMarkedForGood: boolean;
  isStoreAlarmed: boolean;
  isFinishAlarmed: boolean;
  /**
   * Live messages that hold the row, and those of them that the stage which takes from the queue sent itself, to try again what it
   * could not do. Live: sent and not deleted, also when set aside.
   */
  readonly live: Record<RowQueue, number>;
  readonly again: Record<RowQueue, number>;
  /** Deliveries of messages on `work` that hold the row, and invocations of process-rows that sent its outcome on, or the row again. */
  workDeliveries: number;
  readonly outcomesBy: string[];
  readonly againBy: string[];
};

export type ShadowChunk = {
  plan: ChunkPlan | undefined;
  /** Its message was sent, all of it. */
  isSent: boolean;
  counts: ChunkCounts | undefined;
  closed: { readonly done: number; readonly failed: number } | undefined;
  /** Rows by where they stand, counted from the facts alone. */
  rejected: number;
  done: number;
  failed: number;
};

/** What was delivered for a job, and what was done and sent for that. */
export type Effort = {
  /** Rows in messages, by the queue that delivered them, each time they were. */
  readonly delivered: Record<'chunks' | RowQueue, number>;
  /** Rows that stages sent, or messages on `chunks` that split-file did; by stage and queue. */
  readonly sent: Map<string, number>;
  /** Rows of the largest message. */
  readonly largest: Record<'chunks' | RowQueue, number>;
  inserts: number;
  finishes: number;
  calls: number;
  /** Rows of which an invocation sent both the outcome and, again, the row. */
  carriedTwice: number;
  stored: number;
  /** Deliveries of messages that ask for a repair. */
  repairsAsked: number;
};

export type ShadowJob = {
  readonly jobId: string;
  readonly file: Job['file'];
  state: JobState;
  layout: Job['layout'];
  plan: Job['plan'];
  isAnnounced: boolean;
  /** When the operator called it off. */
  cancelledAt: number | undefined;
  readonly chunks: Map<number, ShadowChunk>;
  readonly rows: Map<number, ShadowRow>;
  readonly effort: Effort;
};

/** One version of an object of the inbox. */
export type ShadowFile = {
  readonly version: ObjectVersion;
  readonly bytes: Buffer;
  /** It can be read now; it could not at some time since it was uploaded. */
  isThere: boolean;
  wasGone: boolean;
  /** A message told of it. */
  isTold: boolean;
  /** Deliveries of such messages before the job had a plan. */
  deliveries: number;
};

export type ShadowMessage = {
  readonly queue: QueueName;
  readonly id: string;
  readonly body: string;
  /** Sent by the stage that takes from this queue. */
  readonly isAgain: boolean;
  isLive: boolean;
} & (
  | { readonly kind: 'uploads'; readonly versions: readonly string[] }
  | {
      readonly kind: 'chunk';
      readonly job: ShadowJob;
      readonly plan: ChunkPlan;
      readonly ranges: readonly (readonly [number, number])[] | undefined;
    }
  | {
      readonly kind: 'rows';
      readonly queue: 'rows' | 'work';
      readonly job: ShadowJob;
      readonly tuples: readonly RowTuple[];
      readonly rows: readonly ShadowRow[];
    }
  | {
      readonly kind: 'finished';
      readonly queue: 'finished';
      readonly job: ShadowJob;
      readonly tuples: readonly OutcomeTuple[];
      readonly rows: readonly ShadowRow[];
    }
  | { readonly kind: 'audit'; readonly asks: string; readonly jobId: string | undefined }
  | { readonly kind: 'unreadable' }
);

/** An object of the work bucket; `lines` once it was read as a reject object. */
export type ShadowObject = { readonly bytes: Buffer; lines?: readonly RejectLine[] };

export type Shadow = {
  readonly jobs: Map<string, ShadowJob>;
  /** By the version of their file. */
  readonly jobsByFile: Map<string, ShadowJob>;
  readonly files: Map<string, ShadowFile>;
  /** Live messages of `uploads` and `chunks` that the stage which takes them sent again as they are, by their body. */
  readonly again: Map<string, number>;
  readonly messages: Readonly<Record<QueueName, Map<string, ShadowMessage>>>;
  /** What was put into the work bucket, by key. */
  readonly objects: Map<string, ShadowObject>;
  /** Versions that a job's layout ever named as the source of its bytes. */
  readonly sources: Set<string>;
};

export const createShadow = (): Shadow => ({
  jobs: new Map(),
  jobsByFile: new Map(),
  files: new Map(),
  again: new Map(),
  messages: Object.fromEntries(queueNames.map((name) => [name, new Map()])) as unknown as Shadow['messages'],
  objects: new Map(),
  sources: new Set(),
});

/** What tells one version of an object from another; without versions that is its content. */
export const versionKey = ({ bucket, key, versionId, etag }: ObjectVersion): string =>
  `${bucket}\n${key}\n${versionId ?? etag}`;

/** The same, and the content where there are versions too. */
export const fullVersionKey = (version: ObjectVersion): string => `${versionKey(version)}\n${version.etag}`;

export const createShadowJob = ({ jobId, file, state }: Job): ShadowJob => ({
  jobId,
  file,
  state,
  layout: undefined,
  plan: undefined,
  isAnnounced: false,
  cancelledAt: undefined,
  chunks: new Map(),
  rows: new Map(),
  effort: {
    delivered: { chunks: 0, rows: 0, work: 0, finished: 0 },
    sent: new Map(),
    largest: { chunks: 1, rows: 0, work: 0, finished: 0 },
    inserts: 0,
    finishes: 0,
    calls: 0,
    carriedTwice: 0,
    stored: 0,
    repairsAsked: 0,
  },
});

/** The job of this id. Whatever speaks of a job that was never created breaks I9. */
export const jobOf = (shadow: Shadow, jobId: string, fact?: Fact): ShadowJob =>
  shadow.jobs.get(jobId) ??
  violate('I9', `expected a job that was created, found ${fact?.kind ?? 'something'} of another`, { job: jobId }, fact);

export const chunkOf = (job: ShadowJob, chunk: number): ShadowChunk => {
  let found = job.chunks.get(chunk);
  if (found === undefined) {
    found = {
      plan: undefined,
      isSent: false,
      counts: undefined,
      closed: undefined,
      rejected: 0,
      done: 0,
      failed: 0,
    };
    job.chunks.set(chunk, found);
  }
  return found;
};

export const rowOf = (job: ShadowJob, row: number): ShadowRow => {
  let found = job.rows.get(row);
  if (found === undefined) {
    found = {
      row,
      chunk: -1,
      line: -1,
      values: undefined,
      status: 'ABSENT',
      result: '',
      isRejected: false,
      isMarkedForGood: false,
      isStoreAlarmed: false,
      isFinishAlarmed: false,
      live: { rows: 0, work: 0, finished: 0 },
      again: { rows: 0, work: 0, finished: 0 },
      workDeliveries: 0,
      outcomesBy: [],
      againBy: [],
    };
    job.rows.set(row, found);
  }
  return found;
};

export const isFinal = ({ status }: ShadowRow): boolean => status === 'DONE' || status === 'FAILED';

/** Whether two lists hold the same values. */
export const areSameValues = (left: readonly Value[], right: readonly Value[]): boolean => {
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false;
  return true;
};
