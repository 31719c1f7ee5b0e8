import { isCancelled } from '@sluice/core/ledger';
import type { Job, JobState } from '@sluice/core/ports/job-store';
import { countText } from '../terminal-text.ts';
import { countEntries } from './bounded-list.ts';
import type { SourceCount } from './count-source.ts';
import type { TableCount } from './count-table.ts';
import type { Forgotten } from './forget-state.ts';
import { forgottenText } from './forget-state.ts';

/** `gap`: something is wrong with rows. `cannot verify`: nothing was found wrong, but not everything could be looked at, or is there yet. */
export type Verdict = { readonly verdict: 'holds' | 'gap' | 'cannot verify'; readonly reasons: readonly string[] };

/** The file's count; or why there is none. */
export type SourceAnswer = SourceCount | { readonly error: { readonly code: string; readonly message: string } };

const rowsText = (rows: number): string => `${countText(rows)} ${rows === 1 ? 'row' : 'rows'}`;

/** Rows of such a job are on their way, or wait for somebody; a round of audits has not ended with COMPLETE. */
const isAtWork = (state: JobState): boolean => state === 'PLANNING' || state === 'OPEN';

const cannot = (reason: string): Verdict => ({ verdict: 'cannot verify', reasons: [reason] });

/** Why a job cannot be verified at all; undefined when it can. `forgotten`: as `readForgotten` tells it. */
export const refuseToVerify = (job: Job, forgotten: Forgotten | undefined): Verdict | undefined => {
  const { state, plan, layout, cursor, reason } = job;
  if (forgotten !== undefined) {
    return cannot(`${forgottenText(job, forgotten)}${forgotten.isFinished ? '; the ledger alone is left' : ''}`);
  }
  if (plan !== undefined && layout !== undefined) return undefined;
  const sofar = `${rowsText((cursor?.row ?? 1) - 1)} so far`;
  if (state === 'PLANNING') return cannot(`its file is still being planned: ${sofar}`);
  if (state === 'HELD') return cannot(`planning its file was given up: ${sofar}; redrive the queue uploads`);
  const why = reason === undefined ? '' : `: ${reason.code} ${reason.message}`;
  return cannot(`it ended ${state} before its file was planned to the end (${sofar})${why}`);
};

const gapsOf = (job: Job, source: SourceAnswer, { gaps, differences }: TableCount): string[] => {
  const found: string[] = [];
  const { pending, missing, dead, doubled, stray } = gaps.rows;
  const faults = 'error' in source ? 0 : countEntries(source.faults);
  if (faults > 0) found.push(`the file is not as it was planned, in ${countText(faults)} places`);
  if (doubled > 0) found.push(`${rowsText(doubled)} in more than one place`);
  if (stray > 0) found.push(`${rowsText(stray)} in chunks to which they do not belong`);
  if (countEntries(differences) > 0)
    found.push(`the ledger counted otherwise in ${countText(countEntries(differences))} places`);
  if (isAtWork(job.state)) return found;
  if (dead > 0) found.push(`${rowsText(dead)} dead`);
  if (pending > 0) found.push(`${rowsText(pending)} in the table and not final`);
  if (missing > 0) found.push(`${rowsText(missing)} nowhere`);
  return found;
};

const ended = (job: Job): string | undefined => {
  const { state } = job;
  if (state !== 'REFUSED' && state !== 'SUPERSEDED') return undefined;
  const was = isCancelled(job) ? 'was cancelled' : `ended ${state}`;
  return `the job ${was}, so rows that were not at their end by then are expected to be left over`;
};

/** What the counts say of a job. It holds when the job is COMPLETE and every row of its file is in exactly one place. */
const judge = (job: Job, source: SourceAnswer, table: TableCount): Verdict => {
  const { gaps, rejectsGone } = table;
  const { pending, missing, dead, unknown } = gaps.rows;
  const gone = countEntries(rejectsGone);
  // Rows whose rejects are gone are no gap by themselves: if there are not as many as the ledger says, that is a difference.
  const found = gapsOf(job, source, table);
  if (found.length > 0) {
    const expected = ended(job);
    return { verdict: 'gap', reasons: expected === undefined ? found : [...found, expected] };
  }
  const reasons: string[] = [];
  if ('error' in source)
    reasons.push(`its file cannot be read as it was: ${source.error.code} ${source.error.message}`);
  if (gone > 0)
    reasons.push(
      `the reject objects of ${countText(gone)} chunks are gone or broken: ${rowsText(unknown)} may be rejected or lost`,
    );
  const open = pending + missing;
  if (isAtWork(job.state) && open > 0) reasons.push(`${rowsText(open)} are still on their way`);
  if (isAtWork(job.state) && dead > 0) reasons.push(`${rowsText(dead)} are dead so far`);
  if (reasons.length > 0) return { verdict: 'cannot verify', reasons };
  if (job.state === 'COMPLETE') return { verdict: 'holds', reasons: [] };
  const expected = ended(job) === undefined ? 'its next audit has yet to say that it is COMPLETE' : 'it is at its end';
  return cannot(`the job is ${job.state}, though every row is in exactly one place: ${expected}`);
};

/** The same of a job that may have changed while its rows were counted: some were looked at before, and may be elsewhere by now. */
export const judgeChanging = (before: Job, after: Job, source: SourceAnswer, table: TableCount): Verdict => {
  if (before.state === after.state) return judge(before, source, table);
  // What must not be at any time is a gap all the same.
  const found = judge({ ...before, state: 'OPEN' }, source, table);
  if (found.verdict === 'gap') return found;
  return cannot(`the job was ${before.state} and became ${after.state} while its rows were counted: verify it again`);
};
