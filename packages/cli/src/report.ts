import type { Job } from '@sluice/core/ports/job-store';
import type { StageCounts } from '@sluice/core/ports/metrics';
import type { StageName } from '@sluice/core/wiring';
import { stageNames } from '@sluice/core/wiring';
import type { StageStats } from '@sluice/local-cloud/local-cloud';
import type { Exported } from './export-job.ts';
import { countText, toTerminalText } from './terminal-text.ts';

export type StageReport = Pick<StageCounts, 'rowsIn' | 'rowsOut' | 'retried' | 'dead'> & {
  readonly name: StageName;
  readonly busySeconds: number;
};

/** report.json. Counts are rows; `missing` is what is open at the end. */
export type Report = {
  readonly file: string;
  readonly bytes: number;
  readonly jobId: string;
  readonly rows: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly done: number;
  readonly failed: number;
  readonly dead: number;
  readonly missing: number;
  readonly verdict: string;
  readonly seconds: number;
  readonly rowsPerSecond: number;
  readonly peakRssBytes: number;
  readonly stages: readonly StageReport[];
};

const round = (value: number): number => Math.round(value * 1000) / 1000;

/** The job's state as a verdict: interrupted, or with rows missing, it is INCOMPLETE whatever the state says. */
const verdictOf = (job: Job, missing: number, isInterrupted: boolean): string => {
  if (isInterrupted || job.state === 'PLANNING' || job.state === 'OPEN' || job.state === 'SUPERSEDED')
    return 'INCOMPLETE';
  return missing > 0 && job.state !== 'REFUSED' && job.state !== 'INCONSISTENT' ? 'INCOMPLETE' : job.state;
};

const fileChanged =
  'the file changed, or is gone, since this run began; the rows read before that are finished. --force begins anew with the file as it is now, another --out keeps these results';

/** Why the job stands where it does, where the ledger does not tell; undefined when it does. */
export const reasonOf = ({ state, reason }: Job): string | undefined => {
  if (state === 'SUPERSEDED') return fileChanged;
  // What held it once.
  if (state === 'COMPLETE') return undefined;
  // What an earlier run found and this one did not.
  return reason?.code === 'OBJECT_CHANGED' ? undefined : reason?.message;
};

export const createReport = (
  file: string,
  job: Job,
  exported: Omit<Exported, 'files'>,
  stages: Readonly<Record<StageName, StageStats>>,
  counts: ReadonlyMap<StageName, StageCounts>,
  isInterrupted: boolean,
): Report => {
  const { ledger } = exported;
  const rows = job.plan?.rows ?? ledger.rows;
  const missing = rows - ledger.rejected - ledger.done - ledger.failed - ledger.dead;
  const seconds = performance.now() / 1000;
  return {
    file,
    bytes: job.file.bytes,
    jobId: job.jobId,
    rows,
    accepted: exported.accepted,
    rejected: ledger.rejected,
    done: ledger.done,
    failed: ledger.failed,
    dead: ledger.dead,
    missing,
    verdict: verdictOf(job, missing, isInterrupted),
    seconds: round(seconds),
    rowsPerSecond: Math.round(rows / seconds),
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    stages: stageNames.map((name) => {
      const { rowsIn = 0, rowsOut = 0, retried = 0, dead = 0 } = counts.get(name) ?? {};
      return { name, rowsIn, rowsOut, retried, dead, busySeconds: round(stages[name].busySeconds) };
    }),
  };
};

/** What to do about a verdict that does not come with its reason. */
const advice = new Map([
  ['HELD', 'dead.ndjson tells which rows were given up and why; the same command again tries them once more'],
  ['STALLED', 'rows were lost after every repair; the same command again tries them once more'],
  ['INCOMPLETE', 'the same command again goes on from here'],
  ['INCONSISTENT', 'the ledger does not add up, which is a defect of Sluice: please report it with report.json'],
]);

/** The ledger as people read it; ends with a line end. */
export const renderReport = (
  report: Report,
  { rejects, reason }: { readonly rejects: ReadonlyMap<string, number>; readonly reason: string | undefined },
  { file, out }: { readonly file: string; readonly out: string },
): string => {
  const next = reason ?? advice.get(report.verdict);
  const width = Math.max(...[report.rows, report.accepted].map((value) => countText(value).length));
  const line = (name: string, value: number, note = ''): string =>
    `  ${name.padEnd(9)} ${countText(value).padStart(width)}${note === '' ? '' : `   ${note}`}`;
  const codes = [...rejects].sort(([, a], [, b]) => b - a).map(([code, rows]) => `${code} ${countText(rows)}`);
  const mebibytes = Math.round(report.peakRssBytes / 1024 / 1024);
  return [
    '',
    `${report.verdict}  ${toTerminalText(file)}`,
    '',
    line('rows', report.rows, 'counted from the file'),
    line('done', report.done),
    line('failed', report.failed),
    line('rejected', report.rejected, codes.join(', ')),
    line('dead', report.dead),
    line('missing', report.missing),
    '',
    ...(next === undefined ? [] : [`  ${toTerminalText(next)}`, '']),
    `  ${report.seconds.toFixed(1)} s, ${countText(report.rowsPerSecond)} rows/s, ${countText(mebibytes)} MiB at most`,
    `  ${toTerminalText(out)}: report.html report.json rows.ndjson rejects.ndjson dead.ndjson`,
    '',
    '',
  ].join('\n');
};
