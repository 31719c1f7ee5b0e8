import type { JobState } from './job-store.ts';
import type { ObjectVersion } from './object-store.ts';

/** Tells those outside the pipeline that a job came to its end. At least once; `jobId` identifies it. */
export type JobEnded = {
  readonly jobId: string;
  readonly state: Extract<JobState, 'COMPLETE' | 'SUPERSEDED' | 'REFUSED'>;
  readonly file: ObjectVersion;
  /** Of a job that did not complete: what the ledger knew of it when it ended. */
  readonly rows: number;
  readonly rejected: number;
  readonly done: number;
  readonly failed: number;
  /** When it was told, in milliseconds since the Unix epoch. */
  readonly at: number;
  /** Key of the merged rejects in the work bucket, or of the manifest of the chunks' own; there when any row was rejected. */
  readonly rejects?: string;
  readonly reason?: { readonly code: string; readonly message: string };
};

/** Where ends of jobs are told. */
export type Events = {
  /** Throws unless the service confirmed the event. */
  send(event: JobEnded): Promise<void>;
};
