import { createAuditJob } from '@sluice/audit-job/audit-job';
import { sweepBody } from '@sluice/core/messages';
import { realClock } from '@sluice/core/real-clock';
import { sendOrThrow } from '@sluice/core/send';
import type { StagePorts } from '@sluice/core/stage';
import type { StageName } from '@sluice/core/wiring';
import { createFinishRows } from '@sluice/finish-rows/finish-rows';
import type { LocalFunction } from '@sluice/local-cloud/function';
import type { LocalCloud } from '@sluice/local-cloud/local-cloud';
import type { WorkerFunctions } from '@sluice/local-cloud/worker-function';
import { createRelayRows } from '@sluice/relay-rows/relay-rows';
import { createStoreRows } from '@sluice/store-rows/store-rows';
import { workBucket } from './buckets.ts';
import type { InboxFile } from './run-input.ts';
import { uploadEvent } from './run-input.ts';
import type { StateFolder } from './state-folder.ts';

/** Wait between two audits while nothing else happens: rows that are open are being given their time. */
const auditMilliseconds = 100;
/** Audits in a row that change nothing before the run gives up on a job. */
const fruitlessAuditsMax = 50;

/** The stages over the local cloud, and the ports to watch them by. */
export type Pipeline = { readonly cloud: LocalCloud; readonly ports: StagePorts };

/** Puts every stage behind its mapping: in the worker it has, or in this thread. */
export const attachStages = (
  cloud: LocalCloud,
  portsOf: (stage: StageName) => StagePorts,
  reading: WorkerFunctions,
  processing: WorkerFunctions,
): void => {
  const attachWorker = (stage: StageName, worker: WorkerFunctions, thread: string): void =>
    cloud.attach(stage, worker.function(stage), { thread, busyMilliseconds: () => worker.busyMilliseconds(stage) });
  const attachMain = (stage: StageName, run: unknown): void =>
    cloud.attach(stage, run as LocalFunction, { thread: 'main' });
  attachWorker('split-file', reading, 'reading');
  attachWorker('clean-rows', reading, 'reading');
  attachMain('store-rows', createStoreRows(portsOf('store-rows')));
  attachMain('relay-rows', createRelayRows(portsOf('relay-rows')));
  attachWorker('process-rows', processing, 'processing');
  attachMain('finish-rows', createFinishRows(portsOf('finish-rows')));
  attachMain('audit-job', createAuditJob(portsOf('audit-job'), { bucket: workBucket, mergeRejects: false }));
};

/** Resolves once it is known how the file is read, or nothing more happens. */
const waitForLayout = async ({ ports }: Pipeline, jobId: string, idle: Promise<void>): Promise<void> => {
  let isIdle = false;
  const setIdle = (): void => {
    isIdle = true;
  };
  const ended = idle.then(setIdle, setIdle);
  while (!isIdle) {
    const job = await ports.jobs.getJob(jobId);
    if (job?.layout !== undefined) return;
    await Promise.race([ended, realClock.sleep(10)]);
  }
};

/** Audits until the job comes to rest. */
const auditUntilRest = async (pipeline: Pipeline, jobId: string, signal: AbortSignal): Promise<void> => {
  const { cloud, ports } = pipeline;
  let before = '';
  for (let fruitless = 0; fruitless < fruitlessAuditsMax; ) {
    await sendOrThrow(ports.queues.audits, [sweepBody], ports);
    await cloud.runUntilIdle(signal);
    const job = await ports.jobs.getJob(jobId);
    if (job === undefined || (job.state !== 'OPEN' && job.state !== 'PLANNING')) return;
    const now = `${job.state} ${job.repairs}`;
    fruitless = now === before ? fruitless + 1 : 0;
    before = now;
    await realClock.sleep(auditMilliseconds, signal);
  }
};

/** Carries the job to its end, or until `stop` aborts; false when that was because of `interrupt`. */
export const carryThrough = async (
  pipeline: Pipeline,
  jobId: string,
  file: InboxFile,
  state: StateFolder,
  commit: () => void,
  stop: AbortSignal,
  interrupt: AbortSignal,
): Promise<boolean> => {
  const { cloud, ports } = pipeline;
  try {
    await sendOrThrow(ports.queues.uploads, [uploadEvent(file)], ports);
    const idle = cloud.runUntilIdle(stop);
    await waitForLayout(pipeline, jobId, idle);
    const job = await ports.jobs.getJob(jobId);
    if (job?.state === 'REFUSED' && job.layout === undefined) return true;
    state.claim();
    commit();
    await idle;
    await auditUntilRest(pipeline, jobId, stop);
    return true;
  } catch (thrown) {
    if (interrupt.aborted) return false;
    throw thrown;
  }
};
