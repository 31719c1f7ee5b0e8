import { SluiceError } from '@sluice/core/errors';
import { balance } from '@sluice/core/ledger';
import type { Job } from '@sluice/core/ports/job-store';
import { countText } from '../terminal-text.ts';
import type { PlannedJob } from './count-source.ts';
import { countSource } from './count-source.ts';
import { countTable } from './count-table.ts';
import { findJob } from './find-job.ts';
import { readForgotten } from './forget-state.ts';
import { summarise } from './job-summary.ts';
import { createProgressNotes } from './progress-notes.ts';
import type { Session } from './session.ts';
import type { SourceAnswer, Verdict } from './verdict.ts';
import { judgeChanging, refuseToVerify } from './verdict.ts';
import type { Verified } from './verify-lines.ts';
import { headLines, verdictLines, verifyLines } from './verify-lines.ts';

/** The file's count, or why it cannot be read any more. What a service refuses for now is no answer, and is thrown. */
const askSource = async (
  job: PlannedJob,
  { operator, signal }: Session,
  onRows: (rows: number) => void,
): Promise<SourceAnswer> => {
  try {
    return await countSource(job, operator, signal, onRows);
  } catch (thrown) {
    if (!(thrown instanceof SluiceError) || !thrown.permanent || thrown.code === 'SERVICE_REFUSED') throw thrown;
    return { error: { code: thrown.code, message: thrown.message } };
  }
};

const isPlanned = (job: Job): job is PlannedJob => job.plan !== undefined && job.layout !== undefined;

const toJson = ({ job, source, table, counted, verdict }: Verified) => ({
  ...summarise(job, undefined),
  ...verdict,
  counted,
  ledger: table.ledger,
  source: 'error' in source ? source : { ...source, faults: source.faults.listed, moreFaults: source.faults.more },
  gaps: table.gaps.listed(),
  moreGaps: table.gaps.more(),
  rowsInGaps: table.gaps.rows,
  differences: table.differences.listed,
  moreDifferences: table.differences.more,
  rejectsGone: table.rejectsGone.listed,
  moreRejectsGone: table.rejectsGone.more,
});

const refused = (job: Job, verdict: Verdict, { output }: Session): number => {
  output.result({ ...summarise(job, undefined), ...verdict }, [...headLines(job), ...verdictLines(verdict)]);
  return 1;
};

/**
 * Counts the rows of a job again: from the uploaded file, record by record, and from the table and the reject objects, row by row. Each
 * row of the file must be in exactly one place. Nothing the pipeline counted is taken for granted but where its chunks are, and that is
 * held against the file. Resolves to 0 when all of it holds and the job is COMPLETE.
 */
export const verify = async (session: Session, jobText: string): Promise<number> => {
  const { operator, output, signal } = session;
  const job = await findJob(operator, jobText);
  const refusal = refuseToVerify(job, await readForgotten(operator, job));
  if (refusal !== undefined || !isPlanned(job)) {
    return refused(job, refusal ?? { verdict: 'cannot verify', reasons: ['it has no plan'] }, session);
  }
  const note = createProgressNotes(session);
  const of = countText(job.plan.rows);
  const source = await askSource(job, session, (rows) => note(() => `file: ${countText(rows)} of ${of} rows`));
  const table = await countTable(job, operator, signal, (rows) =>
    note(() => `table: ${countText(rows)} of ${of} rows`),
  );
  const { rejected, done, failed, dead } = table;
  const rows = 'error' in source ? job.plan.rows : source.rows;
  const counted = balance({ rows, rejected, done, failed, dead });
  const after = (await operator.jobs.getJob(job.jobId)) ?? job;
  // Somebody may have had its rows deleted while they were counted.
  const verdict =
    refuseToVerify(after, await readForgotten(operator, after)) ?? judgeChanging(job, after, source, table);
  const verified: Verified = { job, source, table, counted, verdict };
  output.result(toJson(verified), verifyLines(verified));
  return verdict.verdict === 'holds' ? 0 : 1;
};
