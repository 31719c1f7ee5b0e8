import { SluiceError } from '@sluice/core/errors';
import { isCancelled } from '@sluice/core/ledger';
import type { ChunkRecord, DeadMark, Job, JobStore } from '@sluice/core/ports/job-store';
import { terminalStates } from '@sluice/core/ports/job-store';
import type { DatedRow } from '@sluice/core/ports/row-store';
import type { RejectLine } from '@sluice/core/rejected-rows';
import { readRejectLines } from '@sluice/core/rejected-rows';
import type { Operator } from './operator.ts';

/** Where a row stands. OPEN: not in the table, not rejected, not given up. */
export type RowState = 'REJECTED' | 'PENDING' | 'DONE' | 'FAILED' | 'DEAD' | 'OPEN' | 'FORGOTTEN';

/** What the table, the reject object and the marks have of a row. */
export type RowTraces = {
  readonly stored: DatedRow | undefined;
  readonly reject: RejectLine | undefined;
  /** The chunk's reject object cannot be read: nobody can tell whether the row is in it. */
  readonly isRejectsGone: boolean;
  /** On the row. */
  readonly mark: DeadMark | undefined;
  /** On its chunk as a whole. */
  readonly chunkMark: DeadMark | undefined;
};

export type StateFound = {
  readonly state: RowState;
  /** The stage that has it, or is to have it next, while it is on its way. */
  readonly waitsFor?: string;
  /** Why it is dead. */
  readonly mark?: DeadMark;
  /** What is worth knowing besides. */
  readonly notes: readonly string[];
};

const findReject = async (
  { cleaned }: ChunkRecord,
  row: number,
  { objects, clock, stack }: Pick<Operator, 'objects' | 'clock' | 'stack'>,
): Promise<Pick<RowTraces, 'reject' | 'isRejectsGone'>> => {
  if (cleaned?.rejects === undefined) return { reject: undefined, isRejectsGone: false };
  try {
    for await (const line of readRejectLines({ objects, clock }, stack.workBucket, cleaned.rejects)) {
      const reject = JSON.parse(line) as RejectLine;
      if (reject.row === row) return { reject, isRejectsGone: false };
    }
    return { reject: undefined, isRejectsGone: false };
  } catch (thrown) {
    const isBroken =
      thrown instanceof SyntaxError || (thrown instanceof SluiceError && thrown.code === 'OBJECT_CHANGED');
    if (!isBroken) throw thrown;
    return { reject: undefined, isRejectsGone: true };
  }
};

const findMarks = async (
  jobs: Pick<JobStore, 'listMarks'>,
  jobId: string,
  chunk: number,
  row: number,
): Promise<Pick<RowTraces, 'mark' | 'chunkMark'>> => {
  let chunkMark: DeadMark | undefined;
  for await (const page of jobs.listMarks(jobId, chunk)) {
    for (const mark of page) {
      // They come in order: behind the row's place it can come no more.
      if ((mark.chunk ?? chunk) > chunk || (mark.row ?? 0) > row) return { mark: undefined, chunkMark };
      if (mark.row === row) return { mark, chunkMark };
      if (mark.row === undefined) chunkMark = mark;
    }
  }
  return { mark: undefined, chunkMark };
};

/** Looks a row up wherever it may be. */
export const findTraces = async (
  { jobId }: Pick<Job, 'jobId'>,
  chunk: ChunkRecord,
  row: number,
  operator: Pick<Operator, 'objects' | 'clock' | 'stack' | 'rows' | 'jobs'>,
): Promise<RowTraces> => {
  const stored = await operator.rows.getRow(jobId, chunk.chunk, row);
  return {
    stored,
    ...(await findReject(chunk, row, operator)),
    ...(await findMarks(operator.jobs, jobId, chunk.chunk, row)),
  };
};

const markText = ({ stage, code }: DeadMark): string => `${stage}: ${code}`;

const stateOfStored = (stored: DatedRow, mark: DeadMark | undefined): StateFound => {
  if (stored.status !== 'PENDING') {
    const notes = mark === undefined ? [] : [`it had been given up before (${markText(mark)}), and became final since`];
    return { state: stored.status, notes };
  }
  if (mark !== undefined) return { state: 'DEAD', mark, notes: ['it is in the table'] };
  return { state: 'PENDING', waitsFor: 'process-rows', notes: ['it is in the table, and no outcome has come yet'] };
};

const stateOfAbsent = ({ forgottenAt, state }: Job, { cleaned }: ChunkRecord, traces: RowTraces): StateFound => {
  const { reject, mark, chunkMark, isRejectsGone } = traces;
  if (reject !== undefined) return { state: 'REJECTED', notes: [] };
  if (forgottenAt !== undefined) return { state: 'FORGOTTEN', notes: ['nobody can tell any more what became of it'] };
  // A mark on the chunk speaks for rows that were never sent; once its counts are in, it has been mended.
  const dead = mark ?? (cleaned === undefined ? chunkMark : undefined);
  if (dead !== undefined) {
    return {
      state: 'DEAD',
      mark: dead,
      notes: [dead.row === undefined ? 'its whole chunk was given up' : 'it never got into the table'],
    };
  }
  if (isRejectsGone) {
    const gone = 'the reject object of its chunk is gone or broken, so nobody can tell whether it was rejected or lost';
    return { state: 'OPEN', notes: [terminalStates.includes(state) ? gone : `${gone}; sluice repair brings it back`] };
  }
  if (cleaned === undefined)
    return { state: 'OPEN', waitsFor: 'clean-rows', notes: ['its chunk has not been cleaned to its end'] };
  return { state: 'OPEN', waitsFor: 'store-rows', notes: ['its chunk was cleaned, and it is not in the table'] };
};

const isAtRest = ({ state }: StateFound): boolean => !['PENDING', 'DEAD', 'OPEN'].includes(state);

/** What a job at its end means for a row that is not. */
const endNotes = (job: Job, found: StateFound): string[] => {
  const { state } = job;
  if (isAtRest(found)) return [];
  if (state === 'COMPLETE') return ['the job is COMPLETE, so this must not be: sluice verify names all such rows'];
  if (state !== 'REFUSED' && state !== 'SUPERSEDED') return [];
  return [isCancelled(job) ? 'the job was cancelled: it stays so' : `the job ended ${state}: nothing sends it again`];
};

/** The state of a row, by what there is of it. */
export const stateOfRow = (job: Job, chunk: ChunkRecord, traces: RowTraces): StateFound => {
  const { stored, reject, mark } = traces;
  const found = stored === undefined ? stateOfAbsent(job, chunk, traces) : stateOfStored(stored, mark);
  const isDoubled = stored !== undefined && reject !== undefined;
  const doubled = isDoubled ? ['it is among the rejected rows, too: this must not be'] : [];
  return { ...found, notes: [...found.notes, ...doubled, ...endNotes(job, found)] };
};
