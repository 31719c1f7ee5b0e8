import { isCancelled, type Ledger } from '@sluice/core/ledger';
import type { Job, JobState } from '@sluice/core/ports/job-store';
import { countText, durationText, toTerminalText } from '../terminal-text.ts';
import { summarise } from './job-summary.ts';
import { readLastLedger } from './read-ledger.ts';
import type { Session } from './session.ts';
import { type TableColumn, tableLines } from './table-lines.ts';

export type JobsFlags = { readonly state?: readonly JobState[]; readonly limit: number };

type Listed = { readonly job: Job; readonly ledger: Ledger | undefined; readonly ageSeconds: number };

/** Cells of a key, and of an id, below which nobody knows it again; four characters of an id are the least that a command takes. */
const keyCellsMin = 12;
const idCellsMin = 9;

const count = (title: string, of: keyof Ledger, rank: number): TableColumn<Listed> => ({
  title,
  textOf: ({ ledger }) => (ledger === undefined ? '-' : countText(ledger[of])),
  isNumber: true,
  rank,
});

const columns: readonly TableColumn<Listed>[] = [
  { title: 'JOB', textOf: ({ job }) => job.jobId, least: idCellsMin },
  { title: 'KEY', textOf: ({ job }) => toTerminalText(job.file.key), least: keyCellsMin },
  { title: 'STATE', textOf: ({ job }) => (isCancelled(job) ? 'CANCELLED' : job.state) },
  count('ROWS', 'rows', 1),
  count('DONE', 'done', 5),
  count('FAILED', 'failed', 4),
  count('REJECTED', 'rejected', 6),
  count('DEAD', 'dead', 2),
  count('OPEN', 'open', 3),
  { title: 'AGE', textOf: ({ ageSeconds }) => durationText(ageSeconds), isNumber: true, rank: 7 },
];

/** Lists the jobs of a deployment, the newest first, each with its ledger as audits left it. */
export const jobs = async ({ operator, output, signal }: Session, { state, limit }: JobsFlags): Promise<number> => {
  const found: Listed[] = [];
  const now = operator.clock.now();
  pages: for await (const page of operator.jobs.listJobs()) {
    for (const job of page) {
      signal.throwIfAborted();
      if (state !== undefined && !state.includes(job.state)) continue;
      const ledger = await readLastLedger(operator.jobs, job);
      found.push({ job, ledger, ageSeconds: (now - job.createdAt) / 1000 });
      if (found.length === limit) break pages;
    }
  }
  const lines =
    found.length > 0
      ? tableLines(columns, found, output.width)
      : [`no job of ${operator.stack.name}${state === undefined ? '' : ` is ${state.join(' or ')}`}`];
  output.result(
    found.map(({ job, ledger }) => summarise(job, ledger)),
    lines,
  );
  return 0;
};
