import type { Job } from '@sluice/core/ports/job-store';
import { statementsMax } from '@sluice/core/ports/row-store';
import type { Session } from '../session.ts';
import { type DeadRow, findDeadRows } from './dead-rows.ts';
import { takeMarksBack } from './drop-rows.ts';
import type { LettersFile } from './letters-file.ts';
import type { Pace } from './rate.ts';
import type { Selection } from './select.ts';
import { type NotWrittenOff, rowKeyOf, writeOff } from './write-off.ts';

export type DroppedRows = {
  readonly dead: number;
  readonly rows: number;
  readonly problems: Map<NotWrittenOff, number>;
};

/** A dead row without a letter as the file has it: with what the table holds of it. */
const rowLine = ({ mark, stored }: DeadRow) => ({
  jobId: mark.jobId,
  chunk: mark.chunk,
  row: mark.row,
  ...(stored === undefined ? {} : { line: stored.line, values: JSON.parse(stored.data) as unknown }),
  errors: [mark],
});

/**
 * Writes off the dead rows of a job that have no letter, as far as they are selected: saves each to the file first, and takes its mark
 * back last. Without a file it counts them and changes nothing. An interrupt ends it between two batches.
 */
export const dropDeadRows = async (
  session: Session,
  job: Job,
  selection: Selection,
  withLetter: ReadonlySet<number>,
  file: LettersFile | undefined,
  pace: Pace,
): Promise<DroppedRows> => {
  const { operator, signal } = session;
  const problems = new Map<NotWrittenOff, number>();
  let count = 0;
  let rows = 0;
  for await (const { dead } of findDeadRows(operator, job.jobId, selection, withLetter)) {
    count += dead.length;
    if (file === undefined) continue;
    for (let from = 0; from < dead.length; from += statementsMax) {
      const batch = dead.slice(from, from + statementsMax);
      if (!(await pace.wait(batch.length))) return { dead: count, rows, problems };
      file.append(batch.map(rowLine));
      const found = await writeOff(
        operator,
        job,
        batch.map(({ mark: { chunk, row } }) => ({ chunk, row })),
      );
      for (const problem of found.values()) problems.set(problem, (problems.get(problem) ?? 0) + 1);
      rows += batch.length - found.size;
      await takeMarksBack(
        session,
        batch.filter(({ mark }) => !found.has(rowKeyOf(mark))).map(({ mark }) => mark),
      );
    }
    if (signal.aborted) break;
  }
  return { dead: count, rows, problems };
};
