import type { Ledger } from '@sluice/core/ledger';
import { cancelledReason, emptyLedger, isCancelled } from '@sluice/core/ledger';
import type { Job } from '@sluice/core/ports/job-store';
import { terminalStates } from '@sluice/core/ports/job-store';
import type { Wiring } from '@sluice/core/wiring';
import { estimateCost } from '../cost.ts';
import type { Operator } from '../operate/operator.ts';
import type { JobMetrics } from './job-metrics.ts';
import type { JobRows } from './job-rows.ts';
import { settingsOf } from './job-settings.ts';
import type { ReportPage, StageRow } from './report-page.ts';
import { meaningOf } from './verdict-meaning.ts';

/** What was read of a job of a deployment. `ledger` is undefined while nobody knows how many rows there are. */
export type ReadJob = {
  readonly job: Job;
  readonly ledger: Ledger | undefined;
  readonly rows: JobRows;
  readonly metrics: JobMetrics;
  readonly stack: Operator['stack'];
  readonly wiring: Wiring;
  readonly version: string;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
};

const allJobs = 'of all jobs of the deployment in that time: no metric tells jobs apart';

const timesOf = ({ createdAt, announcedAt, state }: Job, rows: number): ReportPage['times'] => {
  if (announcedAt === undefined) return { beganAt: createdAt };
  const seconds = (announcedAt - createdAt) / 1000;
  return {
    beganAt: createdAt,
    endedAt: announcedAt,
    seconds,
    ...(state === 'COMPLETE' && seconds > 0 ? { rowsPerSecond: Math.round(rows / seconds) } : {}),
  };
};

const busyOf = (stages: readonly StageRow[]) =>
  new Map(stages.flatMap(({ name, busySeconds }) => (busySeconds === undefined ? [] : [[name, busySeconds] as const])));

/** The page of a job of a deployment. */
export const pageOfJob = ({ job, ledger, rows, metrics, stack, wiring, version, now }: ReadJob): ReportPage => {
  const { state, reason, file, layout } = job;
  const { open, ...known } = ledger ?? emptyLedger;
  const { timeline, stages, note } = metrics;
  const busySeconds = busyOf(stages);
  return {
    file: { name: file.key, bytes: file.bytes },
    jobId: job.jobId,
    verdict: state,
    meaning: meaningOf(isCancelled(job) ? cancelledReason.code : state),
    ...(reason === undefined || state === 'COMPLETE' ? {} : { reason: `${reason.code}: ${reason.message}` }),
    ledger: { ...known, missing: open },
    ...(ledger === undefined
      ? { ledgerNote: 'The file was not counted to its end, so nobody knows how many rows it has.' }
      : state === 'COMPLETE'
        ? {}
        : { ledgerNote: 'As the last audit left it; rows of chunks that it did not count are open here.' }),
    missingName: terminalStates.includes(state) ? 'missing' : 'open',
    times: timesOf(job, known.rows),
    ...(timeline === undefined ? {} : { timeline }),
    timelineNote: note ?? `From CloudWatch, ${allJobs}.`,
    rejects: rows.rejects,
    failed: rows.failed,
    dead: rows.dead,
    stages,
    stagesNote: note ?? `Counts and times are ${allJobs}. Busy is the time that the functions of a stage ran.`,
    settings: [
      ['Deployment', stack.region === undefined ? stack.name : `${stack.name}, ${stack.region}`],
      ['Profile', job.profile.prefix === '' ? 'for every key' : `for keys that begin with ${job.profile.prefix}`],
      ['Object', file.versionId === undefined ? `etag ${file.etag}` : `version ${file.versionId}`],
      ...settingsOf(job),
    ],
    cost: estimateCost(
      {
        rows: known.rows,
        accepted: rows.accepted,
        chunks: rows.chunks,
        bytes: layout?.bytes ?? file.bytes,
        columns: layout?.columns.length ?? 0,
        rowsPerMessage: job.rowsPerMessage,
        busySeconds,
        measured: busySeconds.size === 0 ? 'nowhere' : 'on AWS',
      },
      wiring,
    ),
    writtenAt: now,
    version,
  };
};
