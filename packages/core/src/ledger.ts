import type { AuditNote, ChunkRecord, Job } from './ports/job-store.ts';

/** Rows of a chunk or a job by where they stand. `open` is what is left of `rows`, never measured. */
export type Ledger = {
  readonly rows: number;
  readonly rejected: number;
  readonly done: number;
  readonly failed: number;
  readonly dead: number;
  readonly open: number;
};

/** The equation rows = rejected + done + failed + dead + open, solved for `open`. */
export const balance = (counted: Omit<Ledger, 'open'>): Ledger => ({
  ...counted,
  open: counted.rows - counted.rejected - counted.done - counted.failed - counted.dead,
});

export const addLedgers = (a: Ledger, b: Ledger): Ledger => ({
  rows: a.rows + b.rows,
  rejected: a.rejected + b.rejected,
  done: a.done + b.done,
  failed: a.failed + b.failed,
  dead: a.dead + b.dead,
  open: a.open + b.open,
});

export const emptyLedger: Ledger = { rows: 0, rejected: 0, done: 0, failed: 0, dead: 0, open: 0 };

/** What is known of a job before its first audit, or when what was known is to be looked at anew. */
export const emptyAuditNote: AuditNote = { through: 0, ledger: emptyLedger, accounted: 0, fruitless: 0 };

/** A chunk may be closed once its counts are in and every accepted row is final. */
export const isClosable = (chunk: ChunkRecord, final: { readonly done: number; readonly failed: number }): boolean =>
  chunk.cleaned !== undefined && final.done + final.failed === chunk.cleaned.accepted;

/** Closed chunks need nothing but what the ledger already holds. */
export const ledgerOfClosed = (chunk: ChunkRecord): Ledger | undefined =>
  chunk.closed === undefined || chunk.cleaned === undefined
    ? undefined
    : balance({ rows: chunk.rows, rejected: chunk.cleaned.rejected, ...chunk.closed, dead: 0 });

/**
 * The state that the sums of a planned job speak for. OPEN while anything is left; COMPLETE only when rows = rejected +
 * done + failed with every chunk closed (I9); a negative remainder is INCONSISTENT.
 */
export const stateOf = (
  total: Ledger,
  plan: { readonly chunks: number; readonly rows: number },
  closedChunks: number,
): 'OPEN' | 'COMPLETE' | 'HELD' | 'INCONSISTENT' => {
  if (total.rows !== plan.rows || total.open < 0 || closedChunks > plan.chunks) return 'INCONSISTENT';
  if (total.open > 0) return 'OPEN';
  if (total.dead > 0) return 'HELD';
  return closedChunks === plan.chunks ? 'COMPLETE' : 'OPEN';
};

/**
 * Why a job must end: more than `ratio` of its rows are rejected (exactly that share is allowed). Undefined while they are not.
 */
export const tooManyRejects = (
  ratio: number | undefined,
  rows: number,
  rejected: number,
): { readonly code: 'TOO_MANY_REJECTS'; readonly message: string } | undefined =>
  // By division: 0.29 * 100 is less than 29, while 29 / 100 is 0.29.
  ratio !== undefined && rejected / rows > ratio
    ? {
        code: 'TOO_MANY_REJECTS',
        message: `expected at most ${ratio} of ${rows} rows rejected, found ${rejected}`,
      }
    : undefined;

/** Why a job ends REFUSED that somebody called off. */
export const cancelledReason = {
  code: 'CANCELLED',
  message: 'expected the job to be carried through, found it called off',
} as const satisfies NonNullable<Job['reason']>;

/** True for a job that somebody called off: what is under way of it is dropped, which is not so of others that end. */
export const isCancelled = ({ state, reason }: Pick<Job, 'state' | 'reason'>): boolean =>
  state === 'REFUSED' && reason?.code === cancelledReason.code;
