import { setImmediate } from 'node:timers/promises';
import type { Ledger } from '@sluice/core/ledger';
import { addLedgers, emptyLedger } from '@sluice/core/ledger';
import type { Job } from '@sluice/core/ports/job-store';
import { createRowLines } from '../row-lines.ts';
import { countText, toTerminalText } from '../terminal-text.ts';
import { UsageError } from '../usage-error.ts';
import { createCsvLines } from './csv-lines.ts';
import { findJob } from './find-job.ts';
import { checkNotForgotten } from './forget-state.ts';
import type { ExportFormat, ExportStatus } from './option-values.ts';
import { checkOutFile, createOutFile } from './out-file.ts';
import { createProgressNotes } from './progress-notes.ts';
import { createChunkTally, readJobRows } from './read-job-rows.ts';
import type { Session } from './session.ts';
import { CommandFailed } from './session.ts';
import type { StandardOutput } from './standard-output.ts';
import { createTextOutput } from './standard-output.ts';

export type ExportFlags = {
  readonly format: ExportFormat;
  readonly status?: readonly ExportStatus[];
  readonly out?: string;
  readonly force: boolean;
};

/** Characters that are written at once. */
const writtenCharacters = 256 * 1024;

/** Takes text; false when nobody wants more. */
type Write = (text: string) => Promise<boolean>;

/** What an export came to. `unshown`: accepted rows that are neither in the table nor in the file any more. */
type Exported = { readonly rows: number; readonly ledger: Ledger; readonly unshown: number; readonly isLeft: boolean };

const linesOf = (format: ExportFormat, columns: readonly string[]) =>
  format === 'csv' ? createCsvLines(columns) : { header: '', toLine: createRowLines(columns) };

const writeRows = async (job: Job, session: Session, flags: ExportFlags, write: Write): Promise<Exported> => {
  const { header, toLine } = linesOf(flags.format, job.layout?.outputColumns ?? []);
  const wanted = flags.status === undefined ? undefined : new Set<string>(flags.status);
  const note = createProgressNotes(session);
  const of = job.plan === undefined ? '' : ` of ${countText(job.plan.rows)}`;
  let text = header;
  let rows = 0;
  let unshown = 0;
  let ledger = emptyLedger;
  /** False when nobody wants more. */
  const flush = async (atLeast: number): Promise<boolean> => {
    if (text.length < atLeast) return true;
    const written = text;
    text = '';
    // Reading may never wait: without a pause an interrupt would not get its turn.
    await setImmediate();
    session.signal.throwIfAborted();
    return write(written);
  };
  for await (const { chunk, marks, pages } of readJobRows(job, session.operator)) {
    const tally = createChunkTally(chunk, marks);
    for await (const page of pages) {
      for (const row of page) {
        const mark = tally.take(row);
        if (wanted !== undefined && !wanted.has(mark === undefined ? row.status : 'DEAD')) continue;
        text += toLine(row, mark);
        rows++;
        if (text.length >= writtenCharacters && !(await flush(0))) return { rows, ledger, unshown, isLeft: true };
      }
      note(() => `read ${countText(ledger.rows + tally.shown)}${of} rows, wrote ${countText(rows)}`);
    }
    ledger = addLedgers(ledger, tally.ledger(chunk.cleaned?.rejected ?? 0));
    unshown += chunk.cleaned === undefined ? 0 : Math.max(0, chunk.cleaned.accepted - tally.shown);
  }
  // Somebody may have begun to delete them meanwhile.
  await checkNotForgotten(session.operator, (await session.operator.jobs.getJob(job.jobId)) ?? job);
  const isLeft = !(await flush(1));
  return { rows, ledger, unshown, isLeft };
};

/** Says what an export lacks. Returns whether it lacks anything. */
const noteGaps = ({ jobId, state }: Job, { ledger, unshown }: Exported, { output }: Session): boolean => {
  const { open, dead } = ledger;
  if (state !== 'COMPLETE') {
    output.note(
      `job ${jobId} is ${state}: ${countText(open)} rows are open, ${countText(dead)} dead; this is what is there now`,
    );
  }
  if (unshown > 0) {
    output.note(
      `${countText(unshown)} accepted rows are left out: they are not in the table, nor can they be read from the file again`,
    );
  }
  return state !== 'COMPLETE' || unshown > 0;
};

const exportToFile = async (job: Job, session: Session, flags: ExportFlags, out: string): Promise<Exported> => {
  checkOutFile(out, flags.force);
  const written = createOutFile(out);
  try {
    const exported = await writeRows(job, session, flags, async (text) => {
      written.write(Buffer.from(text));
      return true;
    });
    const { bytes, sha256 } = written.finish();
    written.file.close();
    const { rows } = exported;
    session.output.result(
      { jobId: job.jobId, state: job.state, file: out, format: flags.format, rows, bytes, sha256 },
      [`${toTerminalText(out)}: ${countText(rows)} rows, ${countText(bytes)} bytes, sha256 ${sha256}`],
    );
    return exported;
  } catch (thrown) {
    written.file.discard();
    throw thrown;
  }
};

/**
 * Writes the accepted rows of a job in row order, those that died too: as NDJSON the bytes that rows.ndjson of a local run of the same
 * file has, or as CSV. A file appears whole. Exit status 1 where the job is not COMPLETE or rows are left out; a reader that leaves
 * early is no failure.
 */
export const exportRows = async (
  session: Session,
  jobText: string,
  flags: ExportFlags,
  stdout: StandardOutput = process.stdout,
): Promise<number> => {
  const { out } = flags;
  if (session.output.isJson && out === undefined) {
    throw new UsageError('--json: expected --out, since rows go to standard output without it');
  }
  if (out !== undefined) checkOutFile(out, flags.force);
  const job = await findJob(session.operator, jobText);
  await checkNotForgotten(session.operator, job);
  try {
    if (out !== undefined) return noteGaps(job, await exportToFile(job, session, flags, out), session) ? 1 : 0;
    const output = createTextOutput(stdout, session.signal);
    const exported = await writeRows(job, session, flags, output.write);
    await output.end();
    return !exported.isLeft && noteGaps(job, exported, session) ? 1 : 0;
  } catch (thrown) {
    // Its own message would quote the row.
    throw thrown instanceof SyntaxError ? new CommandFailed('expected rows as JSON, found one that is not') : thrown;
  }
};
