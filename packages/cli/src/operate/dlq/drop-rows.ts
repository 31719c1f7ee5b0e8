import { type DeadMark, terminalStates } from '@sluice/core/ports/job-store';
import { countOf } from '../../terminal-text.ts';
import type { Session } from '../session.ts';
import type { JobFacts } from './job-facts.ts';
import type { Held } from './read-letters.ts';
import { retried } from './retried.ts';
import type { Found } from './visit-letters.ts';
import { type NotWrittenOff, rowKeyOf, type WrittenOffRow, writeOff } from './write-off.ts';

/** What became of the letters of a batch. */
export type Dropped = {
  readonly removed: readonly Found[];
  /** Rows that are final now, and the rows that could not be written off, by why. */
  readonly rows: number;
  readonly problems: ReadonlyMap<NotWrittenOff, number>;
};

/** The rows of a letter, with their values where it has them; none of a letter whose rows are not known one by one. */
export const rowsOfLetter = ({ letter: { content } }: Found): readonly WrittenOffRow[] => {
  if (content.kind === 'rows') {
    return content.message.rows.map(([chunk, row, line, values]) => ({ chunk, row, line, values }));
  }
  return content.kind === 'finished' ? content.message.outcomes.map(([chunk, row]) => ({ chunk, row })) : [];
};

/** Takes marks back of rows that are final, where they count for nothing: what stays does no harm. */
export const takeMarksBack = async ({ operator, output }: Session, marks: readonly DeadMark[]): Promise<void> => {
  if (marks.length === 0) return;
  await retried(operator, () => operator.jobs.removeMarks(marks)).catch(() => {
    output.note(
      `${countOf(marks.length, 'mark')} could not be taken back: they count for nothing, their rows are final`,
    );
  });
};

const marksOfRows = ({ parts }: Found): DeadMark[] =>
  parts.flatMap(({ mark, row }) => (mark === undefined || row === undefined ? [] : [mark]));

/**
 * Writes the rows of letters off, deletes the letters whose rows are final by then, and takes the marks of those rows back; in
 * this order, so that a letter can be found by its mark for as long as it is there. Rows of jobs that have ended are not written off:
 * nobody counts them any more, and their marks stay, which are what tells why.
 */
export const dropLetters = async (
  session: Session,
  batch: readonly Found[],
  held: Held,
  facts: JobFacts,
): Promise<Dropped> => {
  const byJob = new Map<string, WrittenOffRow[]>();
  for (const found of batch) {
    const [part] = found.parts;
    const rows = rowsOfLetter(found);
    if (part?.jobId === undefined || rows.length === 0) continue;
    byJob.set(part.jobId, [...(byJob.get(part.jobId) ?? []), ...rows]);
  }
  const stuck = new Map<string, ReadonlyMap<string, NotWrittenOff>>();
  const problems = new Map<NotWrittenOff, number>();
  let rows = 0;
  for (const [jobId, ofJob] of byJob) {
    const job = await facts.job(jobId);
    if (job === undefined || job.forgottenAt !== undefined || terminalStates.includes(job.state)) continue;
    const found = await writeOff(session.operator, job, ofJob);
    stuck.set(jobId, found);
    for (const problem of found.values()) problems.set(problem, (problems.get(problem) ?? 0) + 1);
    rows += new Set(ofJob.map(rowKeyOf)).size - found.size;
  }

  const stuckOf = ({ parts }: Found): ReadonlyMap<string, NotWrittenOff> | undefined =>
    stuck.get(parts[0]?.jobId ?? '');
  const isStuck = (found: Found): boolean => {
    const ofJob = stuckOf(found);
    return ofJob !== undefined && rowsOfLetter(found).some((row) => ofJob.has(rowKeyOf(row)));
  };
  const free = batch.filter((found) => !isStuck(found));
  const confirmed = await held.remove(free.map(({ letter }) => letter.id));
  const removed = free.filter(({ letter }) => confirmed.has(letter.id));
  const final = removed.filter((found) => stuckOf(found) !== undefined);
  await takeMarksBack(session, final.flatMap(marksOfRows));
  return { removed, rows, problems };
};
