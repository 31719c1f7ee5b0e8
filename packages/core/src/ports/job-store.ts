import type { Ledger } from '../ledger.ts';
import type { StageName } from '../wiring.ts';
import type { ObjectVersion } from './object-store.ts';

/** COMPLETE, SUPERSEDED and REFUSED are terminal. */
export const jobStates = [
  'PLANNING',
  'OPEN',
  'COMPLETE',
  'HELD',
  'STALLED',
  'SUPERSEDED',
  'REFUSED',
  'INCONSISTENT',
] as const;
export type JobState = (typeof jobStates)[number];

export const terminalStates: readonly JobState[] = ['COMPLETE', 'SUPERSEDED', 'REFUSED'];

/** True while audits have something to do with the job: until it is at its end and that was told. */
export const isOpenJob = ({ state, announcedAt }: Pick<Job, 'state' | 'announcedAt'>): boolean =>
  !terminalStates.includes(state) || announcedAt === undefined;

/** The job after a change. */
export const applyChange = (job: Job, change: JobChange): Job => {
  const { announcedAt, ...changed } = { ...job, ...change };
  return announcedAt === undefined || !terminalStates.includes(changed.state) ? changed : { ...changed, announcedAt };
};

/** How files under a key prefix are read. `schema` is as the user wrote it, checked when the profile was loaded. */
export type Profile = {
  readonly prefix: string;
  readonly schema?: unknown;
  readonly delimiter?: string;
  readonly encoding?: string;
  readonly header?: boolean;
  readonly maxRejectedRatio?: number;
  /** Rows after which reading stops. */
  readonly limit?: number;
};

/** What the head of the file told; written once, before the first chunk is sent. */
export type JobLayout = {
  /** Where the UTF-8 bytes are: the file itself or its staged copy. All offsets refer to it. */
  readonly source: ObjectVersion;
  readonly bytes: number;
  /** One byte, as text. */
  readonly delimiter: string;
  /** The file's columns, in file order. */
  readonly columns: readonly string[];
  /** The columns of a cleaned row, in order: after rename and drop. */
  readonly outputColumns: readonly string[];
  readonly dataStart: number;
  readonly dataLine: number;
};

/** A chunk boundary from which planning goes on. */
export type PlanCursor = {
  readonly chunk: number;
  readonly offset: number;
  readonly row: number;
  readonly line: number;
};

/** What an audit found in the chunks that it has gone through so far. */
export type AuditSums = {
  readonly ledger: Ledger;
  /** How many of the chunks are closed, and how many have their counts. */
  readonly closed: number;
  readonly cleaned: number;
  /** Some chunk holds more rows than it was planned with; the sum over all could even that out. */
  readonly isNegative: boolean;
};

/** Chunks whose open rows are being sent again (or given up), from `next` on. */
export type RepairUnderWay = { readonly kind: 'automatic' | 'last' | 'asked'; readonly next: number };

/**
 * A row that was not final when its chunk was counted, with what was counted: as long as it is not final, and no mark has come
 * to the chunk, the chunk is not through and need not be counted again.
 */
export type Witness = readonly [chunk: number, row: number, marks: number, done: number, failed: number, dead: number];

/**
 * What audits remember of a job, written as a whole by each. Every note is right by itself, so of two audits at once either may
 * write last.
 */
export type AuditNote = {
  /** The chunks before this one are all closed, and `ledger` is their sum: they are not read again. */
  readonly through: number;
  readonly ledger: Ledger;
  /** A round that was cut: it goes on with the chunk `next`, with what it found behind `through` so far. */
  readonly round?: AuditSums & { readonly next: number };
  readonly repair?: RepairUnderWay;
  readonly witnesses?: readonly Witness[];
  /** `askedAt` of the last repair that was asked for and done. */
  readonly answeredAt?: number;
  /** Rows and chunks accounted for at the end of the last round, and the audits since it last grew. */
  readonly accounted: number;
  readonly fruitless: number;
};

export type Job = {
  readonly jobId: string;
  readonly file: ObjectVersion & { readonly bytes: number };
  readonly profile: Profile;
  readonly schemaHash: string;
  readonly codeVersion: string;
  /** Bytes of a chunk; by the size of the source when it is not given. */
  readonly chunkBytes?: number;
  /** Rows of a message on `rows` and `work`; 0 fills messages by bytes. */
  readonly rowsPerMessage: number;
  readonly createdAt: number;
  readonly state: JobState;
  readonly layout?: JobLayout;
  readonly cursor?: PlanCursor;
  /** The count from the source that everything is compared with; there once the plan is closed. */
  readonly plan?: { readonly chunks: number; readonly rows: number; readonly closedAt: number };
  /** Why the job ended REFUSED or SUPERSEDED. */
  readonly reason?: { readonly code: string; readonly message: string };
  readonly repairs: number;
  /** When rows were last sent again, by whomever. */
  readonly repairedAt?: number;
  /** When somebody last asked for a repair. */
  readonly askedAt?: number;
  /** When the next audit is due, in milliseconds since the Unix epoch. */
  readonly auditAt: number;
  readonly audited?: AuditNote;
  /** When the end of the job was told; only a job in a terminal state has it. */
  readonly announcedAt?: number;
  /** When somebody had its rows deleted; the ledger stays. */
  readonly forgottenAt?: number;
};

/** What a later step may write into a job. */
export type JobChange = Partial<
  Pick<
    Job,
    | 'state'
    | 'layout'
    | 'cursor'
    | 'plan'
    | 'reason'
    | 'repairs'
    | 'repairedAt'
    | 'askedAt'
    | 'auditAt'
    | 'audited'
    | 'announcedAt'
    | 'forgottenAt'
  >
>;

/** A chunk of the plan: bytes `start` (inclusive) to `end` (exclusive) of the source. */
export type ChunkPlan = {
  readonly chunk: number;
  readonly start: number;
  readonly end: number;
  readonly firstRow: number;
  readonly rows: number;
  readonly firstLine: number;
};

/** What cleaning a chunk came to; `rejects` is the key of the reject object when there are any. */
export type ChunkCounts = { readonly accepted: number; readonly rejected: number; readonly rejects?: string };

/** A chunk as the ledger holds it. Each part is written once, absolute; no message ever increments anything. */
export type ChunkRecord = ChunkPlan & {
  readonly cleaned?: ChunkCounts;
  readonly closed?: { readonly done: number; readonly failed: number };
};

/**
 * A dead mark: the stage that held this on its last delivery gave up, or knew that trying again cannot mend it
 * (`permanent`). With `row` it speaks of a row, with `chunk` alone of all rows of the chunk that are not accounted for,
 * with neither of the whole file. It counts only while the row is not final.
 */
export type DeadMark = {
  readonly jobId: string;
  readonly stage: StageName | 'LOST';
  readonly chunk?: number;
  readonly row?: number;
  readonly code: string;
  readonly message: string;
  readonly attempts: number;
  readonly permanent?: boolean;
};

/**
 * The jobs table: the ledger. Every write is conditional or idempotent. Reads are consistent.
 * A service that is throttled or down throws; callers treat that as transient.
 */
export type JobStore = {
  /** False when the job exists; nothing is changed then. */
  createJob(job: Job): Promise<boolean>;
  getJob(jobId: string): Promise<Job | undefined>;
  /**
   * Applies the change if the job stands in one of `states`; false otherwise. A change to a state that is not terminal takes
   * `announcedAt` back: the job is open again.
   */
  changeJob(jobId: string, states: readonly JobState[], change: JobChange): Promise<boolean>;
  /** Takes the lease when it is free, expired at `now`, or held by the same owner. */
  takeLease(jobId: string, lease: 'plan' | 'audit', owner: string, now: number, until: number): Promise<boolean>;
  /** Gives the lease back; nothing happens when another holds it. */
  releaseLease(jobId: string, lease: 'plan' | 'audit', owner: string): Promise<void>;
  /** Writes planned chunks; those that exist stay as they are. */
  putChunks(jobId: string, chunks: readonly ChunkPlan[]): Promise<void>;
  /** Writes a chunk's counts once; false when they were there already, and those stay. */
  putCounts(jobId: string, chunk: number, counts: ChunkCounts): Promise<boolean>;
  /** Writes a chunk's final counts once; false when they were there already, and those stay. */
  closeChunk(
    jobId: string,
    chunk: number,
    closed: { readonly done: number; readonly failed: number },
  ): Promise<boolean>;
  /** The chunks in order, in pages, from the chunk `from` on. */
  listChunks(jobId: string, from?: number): AsyncIterable<readonly ChunkRecord[]>;
  /** Writes marks; one on the same row (or chunk, or file) replaces the older. */
  putMarks(marks: readonly DeadMark[]): Promise<void>;
  /** Removes marks as they were read: one that was replaced since then stays. */
  removeMarks(marks: readonly DeadMark[]): Promise<void>;
  /** The marks in chunk and row order, in pages: all of them, or those on the chunk `from`, on later ones, and on their rows. */
  listMarks(jobId: string, from?: number): AsyncIterable<readonly DeadMark[]>;
  /**
   * Ids of the open jobs whose next audit is due at `now`, those that have waited longest first. A job is open until it stands in
   * a terminal state and that was announced. May lag behind by moments.
   */
  listDueJobs(now: number): AsyncIterable<readonly string[]>;
  /** Every job, those created last first, those created at the same time in any order. May lag behind by moments. */
  listJobs(): AsyncIterable<readonly Job[]>;
  /** Remembers that the event of a file version arrived, whatever came of it. */
  noteFile(file: ObjectVersion): Promise<void>;
  hasFile(file: ObjectVersion): Promise<boolean>;
};
