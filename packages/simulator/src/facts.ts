import type { OutcomeTuple, RowTuple } from '@sluice/core/messages';
import type { ChunkCounts, ChunkPlan, DeadMark, Job, JobState } from '@sluice/core/ports/job-store';
import type { ObjectVersion } from '@sluice/core/ports/object-store';
import type { QueueName } from '@sluice/core/ports/queue';
import type { FinishOutcome, InsertOutcome } from '@sluice/core/ports/row-store';
import type { StageName } from '@sluice/core/wiring';

/** Who caused a fact: an invocation of a stage (`id` tells invocations apart), a service by itself, or the operator. */
export type Actor = { readonly stage: StageName | 'service' | 'operator'; readonly invocation: string };

/**
 * What took effect at a service, told at the moment it did, before anybody hears of it. The auditors know the run from these and
 * from the stores at rest, and from nothing the handlers say of themselves. `outcomes` are what the store did, whatever the
 * handler was told.
 */
export type Fact = { readonly at: number; readonly by: Actor } & (
  | { readonly kind: 'uploaded'; readonly version: ObjectVersion; readonly bytes: Buffer }
  | { readonly kind: 'object deleted'; readonly bucket: string; readonly key: string }
  | { readonly kind: 'read'; readonly version: ObjectVersion; readonly start: number; readonly end: number }
  | { readonly kind: 'put'; readonly bucket: string; readonly key: string; readonly bytes: Buffer }
  | {
      readonly kind: 'sent';
      readonly queue: QueueName;
      readonly messageIds: readonly string[];
      readonly bodies: readonly string[];
    }
  | { readonly kind: 'received'; readonly queue: QueueName; readonly messageIds: readonly string[] }
  /** Taken off the queue for good because the answer of the function said so. */
  | { readonly kind: 'deleted'; readonly queue: QueueName; readonly messageId: string; readonly body: string }
  /** Moved to the dead-letter queue. */
  | { readonly kind: 'set aside'; readonly queue: QueueName; readonly messageId: string; readonly body: string }
  | {
      readonly kind: 'inserted';
      readonly jobId: string;
      readonly rows: readonly RowTuple[];
      readonly outcomes: readonly InsertOutcome[];
    }
  | {
      readonly kind: 'finished';
      readonly jobId: string;
      readonly rows: readonly OutcomeTuple[];
      readonly outcomes: readonly FinishOutcome[];
    }
  | { readonly kind: 'job created'; readonly job: Job; readonly isNew: boolean }
  /** A change of the job that took effect. */
  | { readonly kind: 'job changed'; readonly before: Job; readonly after: Job }
  | { readonly kind: 'chunks planned'; readonly jobId: string; readonly chunks: readonly ChunkPlan[] }
  /** `isNew` is false when counts stood there already, and stayed. */
  | {
      readonly kind: 'chunk counted';
      readonly jobId: string;
      readonly chunk: number;
      readonly counts: ChunkCounts;
      readonly isNew: boolean;
    }
  | {
      readonly kind: 'chunk closed';
      readonly jobId: string;
      readonly chunk: number;
      readonly closed: { readonly done: number; readonly failed: number };
      readonly isNew: boolean;
    }
  | { readonly kind: 'marked'; readonly marks: readonly DeadMark[] }
  /** New rows whose records the stream's mapping is through with: they do not come again by themselves. */
  | {
      readonly kind: 'passed';
      readonly rows: readonly { readonly jobId: string; readonly chunk: number; readonly row: number }[];
    }
  /** The user's processor was called. */
  | { readonly kind: 'processed'; readonly jobId: string; readonly row: number; readonly attempt: number }
  /** A service refused a call that keeps to no limit of its. */
  | { readonly kind: 'refused'; readonly call: string; readonly reason: string }
  /** Port calls of this invocation that wait for their answer, when one more was made. */
  | { readonly kind: 'called'; readonly inFlight: number; readonly bytes: number }
  /** A line that a handler logged, as text. */
  | { readonly kind: 'logged'; readonly text: string }
  /** The event that a job has ended. */
  | { readonly kind: 'announced'; readonly jobId: string; readonly state: JobState }
);

/** A fact without what the kernel adds. */
export type FactBody = Fact extends infer Each ? (Each extends Fact ? Omit<Each, 'at' | 'by'> : never) : never;

/** Looks at every fact as it happens. Throws a Violation. */
export type Watch = (fact: Fact) => void;

/** An invariant (I1 to I14, or `liveness`) that does not hold. */
export class Violation extends Error {
  readonly invariant: string;

  constructor(invariant: string, message: string) {
    super(`${invariant}: ${message}`);
    this.name = 'Violation';
    this.invariant = invariant;
  }
}
