import { createAuditJob } from '@sluice/audit-job/audit-job';
import { sweepBody } from '@sluice/core/messages';
import type { Clock } from '@sluice/core/ports/clock';
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

/** The stages over the local cloud, the time that it keeps, and the ports to watch them by. */
export type Pipeline = { readonly cloud: LocalCloud; readonly clock: Clock; readonly ports: StagePorts };

/** How a stage's function is come by: made over its ports in this thread, or had from the worker it runs in. */
export type StageRunner = {
  inThread(stage: StageName, create: (ports: StagePorts) => unknown): LocalFunction;
  inWorker(stage: StageName, worker: WorkerFunctions): LocalFunction;
};

/** One process of each stage, for the whole run. */
export const runDirectly = (portsOf: (stage: StageName) => StagePorts): StageRunner => ({
  inThread: (stage, create) => create(portsOf(stage)) as LocalFunction,
  inWorker: (stage, worker) => worker.function(stage),
});

/** Puts every stage behind its mapping: in the worker it has, or in this thread. */
export const attachStages = (
  cloud: LocalCloud,
  runner: StageRunner,
  reading: WorkerFunctions,
  processing: WorkerFunctions,
): void => {
  const attachWorker = (stage: StageName, worker: WorkerFunctions, thread: string): void =>
    cloud.attach(stage, runner.inWorker(stage, worker), {
      thread,
      busyMilliseconds: () => worker.busyMilliseconds(stage),
    });
  const attachMain = (stage: StageName, create: (ports: StagePorts) => unknown): void =>
    cloud.attach(stage, runner.inThread(stage, create), { thread: 'main' });
  attachWorker('split-file', reading, 'reading');
  attachWorker('clean-rows', reading, 'reading');
  attachMain('store-rows', createStoreRows);
  attachMain('relay-rows', createRelayRows);
  attachWorker('process-rows', processing, 'processing');
  attachMain('finish-rows', createFinishRows);
  attachMain('audit-job', (ports) => createAuditJob(ports, { bucket: workBucket, mergeRejects: false }));
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
export const auditUntilRest = async (pipeline: Pipeline, jobId: string, signal: AbortSignal): Promise<void> => {
  const { cloud, clock, ports } = pipeline;
  let before = '';
  for (let fruitless = 0; fruitless < fruitlessAuditsMax; ) {
    await sendOrThrow(ports.queues.audits, [sweepBody], ports);
    await cloud.runUntilIdle(signal);
    const job = await ports.jobs.getJob(jobId);
    if (job === undefined || (job.state !== 'OPEN' && job.state !== 'PLANNING')) return;
    const now = `${job.state} ${job.repairs}`;
    fruitless = now === before ? fruitless + 1 : 0;
    before = now;
    await clock.sleep(auditMilliseconds, signal);
  }
};

/** Carries the job to its end, lets `lookAfter` it where it rests, or until `stop` aborts; false when that was because of `interrupt`. */
export const carryThrough = async (
  pipeline: Pipeline,
  jobId: string,
  file: InboxFile,
  state: StateFolder,
  commit: () => void,
  stop: AbortSignal,
  interrupt: AbortSignal,
  lookAfter: (stop: AbortSignal) => Promise<void> | undefined,
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
    await lookAfter(stop);
    return true;
  } catch (thrown) {
    if (interrupt.aborted) return false;
    throw thrown;
  }
};
