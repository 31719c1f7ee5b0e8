import { countChunk } from '@sluice/audit-job/count-chunk';
import { addLedgers, balance, emptyLedger, type Ledger, ledgerOfClosed } from '@sluice/core/ledger';
import type { ChunkRecord, DeadMark, Job, Witness } from '@sluice/core/ports/job-store';
import { waitForAll } from '@sluice/core/wait-for-all';
import { chunksAtOnce } from './chunks-at-once.ts';
import type { Operator } from './operator.ts';
import { hasMarksAlone } from './read-ledger.ts';
import type { ReadingBudget } from './reading-budget.ts';

/** Where a job's rows are. Counts in rows, but for the chunks. */
export type JobCount = {
  readonly ledger: Ledger;
  /** Rows of chunks that have their counts. */
  readonly cleaned: number;
  /** Rows in the table. */
  readonly stored: number;
  /** Rows of chunks that are closed. */
  readonly closed: number;
  readonly chunks: { readonly planned: number; readonly cleaned: number; readonly closed: number };
  /** `audited`: some chunks stand as the last audit found them, so that there may be more to it by now. */
  readonly source: 'counted' | 'audited';
  /** When the oldest of the counts was made that can still change. */
  readonly countedAt: number;
};

/** What was counted of a chunk; `isFinal`: nothing of it can change any more. */
type Counted = { readonly ledger: Ledger; readonly stored: number; readonly at: number; readonly isFinal: boolean };

/** Marks that are kept; chunks with marks beyond them are not counted. */
const marksMax = 10_000;
/** As many can be read at every look; more of them every half minute. */
const fewMarks = 100;
const manyMarksMilliseconds = 30_000;

const wholeFile = -1;

const createMarks = ({ jobs, clock }: Pick<Operator, 'jobs' | 'clock'>) => {
  let byChunk = new Map<number, DeadMark[]>();
  let count = 0;
  let readAt = Number.NEGATIVE_INFINITY;
  /** The first chunk whose marks are not all there. */
  let end = Number.POSITIVE_INFINITY;

  const read = async (jobId: string, from: number): Promise<void> => {
    byChunk = new Map();
    count = 0;
    end = Number.POSITIVE_INFINITY;
    readAt = clock.now();
    for await (const page of jobs.listMarks(jobId, from)) {
      for (const mark of page) {
        const chunk = mark.chunk ?? wholeFile;
        const before = byChunk.get(chunk);
        if (before === undefined) byChunk.set(chunk, [mark]);
        else before.push(mark);
        count++;
        end = chunk;
      }
      if (count >= marksMax) return;
    }
    end = Number.POSITIVE_INFINITY;
  };

  return {
    async refresh(jobId: string, from: number): Promise<void> {
      if (count <= fewMarks || clock.now() - readAt >= manyMarksMilliseconds) await read(jobId, from);
    },
    /** Undefined where there are too many to be read. */
    of: (chunk: number): readonly DeadMark[] | undefined => (chunk >= end ? undefined : (byChunk.get(chunk) ?? [])),
  };
};

/** Counts one chunk as an audit does, and writes nothing. */
const countOne = async (
  jobId: string,
  chunk: ChunkRecord,
  marks: readonly DeadMark[],
  { rows, clock }: Pick<Operator, 'rows' | 'clock'>,
): Promise<Counted> => {
  let pending = 0;
  const watched = {
    getRow: rows.getRow,
    async countChunk(id: string, of: number) {
      const counts = await rows.countChunk(id, of);
      pending += counts.PENDING;
      return counts;
    },
    async *readChunk(id: string, of: number) {
      for await (const page of rows.readChunk(id, of)) {
        for (const { status } of page) if (status === 'PENDING') pending++;
        yield page;
      }
    },
  };
  const at = clock.now();
  const ports = { rows: watched, jobs: { closeChunk: async () => false } };
  const { ledger, isClosed } = await countChunk(jobId, chunk, marks, ports);
  return { ledger, stored: ledger.done + ledger.failed + pending, at, isFinal: isClosed };
};

const asAudited = (
  { rows, cleaned }: ChunkRecord,
  witness: Witness | undefined,
): Pick<Counted, 'ledger' | 'stored'> => {
  const [, , , done = 0, failed = 0, dead = 0] = witness ?? [];
  return { ledger: balance({ rows, rejected: cleaned?.rejected ?? 0, done, failed, dead }), stored: done + failed };
};

/**
 * Counts where the rows of a job are, again and again: the ledger's own records tell of chunks that are closed, the rows of the others are
 * counted as far as the budget goes, those first that were not looked at for longest. Writes nothing.
 */
export const createJobCounter = (operator: Pick<Operator, 'jobs' | 'rows' | 'clock'>, budget: ReadingBudget) => {
  const { jobs, clock } = operator;
  const marks = createMarks(operator);
  const counted = new Map<number, Counted>();
  // Chunks before `from` are closed, and add up to these.
  let from = 0;
  let front = emptyLedger;

  const countSome = async (jobId: string, open: readonly ChunkRecord[], signal: AbortSignal): Promise<void> => {
    const wanted = open
      .filter(({ chunk }) => counted.get(chunk)?.isFinal !== true && marks.of(chunk) !== undefined)
      .sort((a, b) => (counted.get(a.chunk)?.at ?? 0) - (counted.get(b.chunk)?.at ?? 0) || a.chunk - b.chunk);
    const costOf = ({ cleaned }: ChunkRecord): number => cleaned?.accepted ?? 0;
    if (!budget.isInParts && wanted.reduce((sum, chunk) => sum + costOf(chunk), 0) > budget.spare()) return;
    const counting = async (): Promise<void> => {
      for (let chunk = wanted.shift(); chunk !== undefined; chunk = wanted.shift()) {
        signal.throwIfAborted();
        if (costOf(chunk) > budget.spare()) return;
        budget.spend(costOf(chunk));
        counted.set(chunk.chunk, await countOne(jobId, chunk, marks.of(chunk.chunk) ?? [], operator));
      }
    };
    await waitForAll(Array.from({ length: chunksAtOnce }, counting));
  };

  return async (job: Job, signal: AbortSignal): Promise<JobCount> => {
    const { jobId, audited, forgottenAt } = job;
    const now = clock.now();
    let ledger = front;
    let closed = front.rows;
    let closedChunks = from;
    let chunks = from;
    const open: ChunkRecord[] = [];
    for await (const page of jobs.listChunks(jobId, from)) {
      signal.throwIfAborted();
      for (const chunk of page) {
        chunks++;
        const ofClosed = ledgerOfClosed(chunk);
        if (ofClosed === undefined) {
          open.push(chunk);
          continue;
        }
        ledger = addLedgers(ledger, ofClosed);
        closed += ofClosed.rows;
        closedChunks++;
        counted.delete(chunk.chunk);
        if (chunk.chunk === from) {
          from++;
          front = addLedgers(front, ofClosed);
        }
      }
    }
    let stored = ledger.done + ledger.failed;
    let cleaned = closed;
    if (open.length > 0) await marks.refresh(jobId, from);
    const isCleaned = open.filter((chunk) => chunk.cleaned !== undefined);
    // What was deleted cannot be counted.
    if (forgottenAt === undefined) await countSome(jobId, isCleaned, signal);
    const witnesses = new Map((audited?.witnesses ?? []).map((witness) => [witness[0], witness]));
    let source: JobCount['source'] = 'counted';
    let countedAt = now;
    for (const chunk of open) {
      if (chunk.cleaned !== undefined) cleaned += chunk.rows;
      else {
        // A chunk that was given up as a whole: all of it is dead until it is cleaned after all.
        const isGivenUp = marks.of(chunk.chunk)?.some(({ row }) => row === undefined) === true;
        const dead = isGivenUp ? chunk.rows : 0;
        ledger = addLedgers(ledger, balance({ rows: chunk.rows, rejected: 0, done: 0, failed: 0, dead }));
        continue;
      }
      const known = counted.get(chunk.chunk);
      const found = known ?? asAudited(chunk, witnesses.get(chunk.chunk));
      if (known === undefined) source = 'audited';
      else if (!known.isFinal) countedAt = Math.min(countedAt, known.at);
      ledger = addLedgers(ledger, found.ledger);
      stored += found.stored;
    }
    if (source === 'audited' && hasMarksAlone(job)) ledger = { ...ledger, dead: ledger.dead + ledger.open, open: 0 };
    return {
      ledger,
      cleaned,
      stored,
      closed,
      chunks: { planned: chunks, cleaned: closedChunks + isCleaned.length, closed: closedChunks },
      source,
      countedAt,
    };
  };
};
