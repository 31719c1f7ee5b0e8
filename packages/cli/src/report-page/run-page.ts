import { basename } from 'node:path';
import type { Job } from '@sluice/core/ports/job-store';
import type { Wiring } from '@sluice/core/wiring';
import { estimateCost } from '../cost.ts';
import type { Report } from '../report.ts';
import { carryingQueues, carryingStages } from './carrying.ts';
import type { Examples } from './collect-examples.ts';
import { settingsOf } from './job-settings.ts';
import type { ReportPage } from './report-page.ts';
import type { Sample } from './sample-series.ts';
import { timelineOf } from './sample-series.ts';
import { meaningOf } from './verdict-meaning.ts';

/** What is known of a run at its end. */
export type FinishedRun = {
  readonly report: Report;
  readonly job: Job;
  readonly reason: string | undefined;
  readonly examples: Examples;
  readonly samples: readonly Sample[];
  readonly processor?: { readonly file: string; readonly hash: string };
  /** Of the faults that struck. */
  readonly chaos?: number;
  readonly version: string;
  /** That of a deployment: what it would cost there. */
  readonly wiring: Wiring;
  /** Milliseconds since the Unix epoch. */
  readonly beganAt: number;
};

/** The page of a run on this machine. */
export const pageOfRun = (run: FinishedRun): ReportPage => {
  const { report, job, reason, examples, samples, processor, chaos, version, wiring, beganAt } = run;
  const { rows, done, failed, rejected, dead, missing, accepted, seconds, rowsPerSecond, peakRssBytes } = report;
  const timeline = timelineOf(samples, carryingStages, carryingQueues);
  const endedAt = beganAt + seconds * 1000;
  const processorText =
    processor === undefined ? 'the default one' : `${basename(processor.file)}, hash ${processor.hash.slice(0, 16)}`;
  return {
    file: { name: basename(report.file), bytes: report.bytes },
    jobId: report.jobId,
    verdict: report.verdict,
    meaning: meaningOf(report.verdict),
    ...(reason === undefined ? {} : { reason }),
    ledger: { rows, done, failed, rejected, dead, missing },
    missingName: 'missing',
    times: { beganAt, endedAt, seconds, rowsPerSecond, peakRssBytes },
    ...(timeline === undefined ? {} : { timeline }),
    timelineNote:
      timeline === undefined
        ? 'The stages were through before there was anything to draw.'
        : 'A stage tells its rows when an invocation ends; they are spread over the time since it last told any.',
    rejects: examples.rejects(),
    failed: examples.failures(),
    dead: examples.deadRows(),
    stages: report.stages,
    stagesNote:
      'Of this run alone: what an earlier run of the same command did is not in it. Busy is the time that the functions of a stage worked; stages run beside each other in three threads.',
    settings: [
      ['Processor', processorText],
      ...settingsOf(job),
      ...(chaos === undefined ? [] : [['Faults', `seed ${chaos}`] as const]),
    ],
    cost: estimateCost(
      {
        rows,
        accepted,
        chunks: job.plan?.chunks ?? 0,
        bytes: job.layout?.bytes ?? report.bytes,
        columns: job.layout?.columns.length ?? 0,
        rowsPerMessage: job.rowsPerMessage,
        busySeconds: new Map(report.stages.map(({ name, busySeconds }) => [name, busySeconds])),
        measured: 'on this machine',
      },
      wiring,
    ),
    writtenAt: endedAt,
    version,
  };
};
