import { parseWiring } from '@sluice/core/wiring';
import wiringJson from '../../../../infra/wiring.json' with { type: 'json' };
import packageJson from '../../package.json' with { type: 'json' };
import { readJobMetrics } from '../report-page/job-metrics.ts';
import { pageOfJob } from '../report-page/job-page.ts';
import { readJobRows } from '../report-page/job-rows.ts';
import { countText, toTerminalText } from '../terminal-text.ts';
import { findJob } from './find-job.ts';
import { checkOutFile, createOutFile } from './out-file.ts';
import { readLastLedger } from './read-ledger.ts';
import type { Session } from './session.ts';

export type ReportFlags = { readonly out?: string; readonly force: boolean };

/** Writes a page about a job into a file, which appears whole. Reads a bounded part of its rows, and changes nothing. */
export const report = async (session: Session, jobText: string, flags: ReportFlags): Promise<number> => {
  const { operator, output, signal } = session;
  const { jobs, metrics, stack, clock } = operator;
  if (flags.out !== undefined) checkOutFile(flags.out, flags.force);
  const job = await findJob(operator, jobText);
  const out = flags.out ?? `${job.jobId}.report.html`;
  checkOutFile(out, flags.force);

  const ledger = await readLastLedger(jobs, job);
  const rows = await readJobRows(job, operator);
  signal.throwIfAborted();
  const now = clock.now();
  const found = await readJobMetrics(metrics, stack, {
    beganAt: job.createdAt,
    endedAt: job.announcedAt ?? now,
    now,
  });
  signal.throwIfAborted();
  const wiring = parseWiring(wiringJson, 'aws');
  const page = pageOfJob({ job, ledger, rows, metrics: found, stack, wiring, version: packageJson.version, now });
  // Loaded only now: what draws charts is large.
  const { renderPage } = await import('../report-page/render-page.ts');
  const markup = await renderPage(page);

  const written = createOutFile(out);
  try {
    written.write(Buffer.from(markup));
    const { bytes, sha256 } = written.finish();
    written.file.close();
    output.result({ jobId: job.jobId, state: job.state, file: out, bytes, sha256 }, [
      `${toTerminalText(out)}: ${job.state}, ${countText(bytes)} bytes; open it in a browser`,
    ]);
    return 0;
  } catch (thrown) {
    written.file.discard();
    throw thrown;
  }
};
