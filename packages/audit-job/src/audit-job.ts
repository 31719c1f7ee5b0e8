import type { Invocation } from '@sluice/core/invocation';
import { emptyAuditNote } from '@sluice/core/ledger';
import type { AuditMessage } from '@sluice/core/messages';
import { findJobId, parseAuditMessage, serialiseAudit } from '@sluice/core/messages';
import type { JobEnded } from '@sluice/core/ports/events';
import type { Job, JobStore } from '@sluice/core/ports/job-store';
import { isOpenJob, jobStates, terminalStates } from '@sluice/core/ports/job-store';
import type { QueueName } from '@sluice/core/ports/queue';
import type { QueueHandler, QueueStagePorts } from '@sluice/core/queue-stage';
import { createQueueStage } from '@sluice/core/queue-stage';
import { sendOrThrow } from '@sluice/core/send';
import { done } from '@sluice/core/settle';
import type { Services } from '@sluice/core/stage';
import { announce } from './announce.ts';
import type { Audited, PlannedJob } from './audit-planned.ts';
import { auditPlanned, repairableStates } from './audit-planned.ts';
import { secondsToNextAudit, toleranceMilliseconds } from './next-audit.ts';
import { searchUploads } from './search-uploads.ts';

export type AuditPorts = QueueStagePorts<QueueName> & {
  readonly rows: Pick<Services['rows'], 'countChunk' | 'readChunk' | 'getRow'>;
  readonly objects: Pick<Services['objects'], 'head' | 'readRange' | 'put' | 'putStream' | 'list'>;
  readonly jobs: Pick<
    JobStore,
    | 'getJob'
    | 'changeJob'
    | 'takeLease'
    | 'releaseLease'
    | 'closeChunk'
    | 'listChunks'
    | 'listMarks'
    | 'listDueJobs'
    | 'putMarks'
    | 'hasFile'
  >;
  readonly events: Services['events'];
};

export type AuditConfig = {
  /** The work bucket: reject objects, merged rejects, the place where a search stopped. */
  readonly bucket: string;
  /** The bucket of uploads; without it nothing is searched for. */
  readonly inbox?: string;
  /** Whether the rejects of a job that completes are merged; they are where nothing is said. */
  readonly mergeRejects?: boolean;
};

/** Time after which a job is due again whose audit failed: its message comes back before that. */
const failedMilliseconds = 15 * 60_000;

const isPlanned = (job: Job): job is PlannedJob => job.plan !== undefined;

const hasEnded = (job: Job): job is Job & { readonly state: JobEnded['state'] } => terminalStates.includes(job.state);

/**
 * Audits jobs: reads the truth from the ledger and the rows table, closes chunks, completes, repairs, marks what is lost, and tells
 * who listens that a job is at its end. Queue depth never gates completion. A `sweep` message becomes one message per job that is
 * due; a `search` finds uploads whose event was lost.
 */
export const createAuditJob = (ports: AuditPorts, config: AuditConfig): QueueHandler => {
  const { jobs, clock, wiring } = ports;
  const everySeconds = wiring.pipeline.auditEverySeconds;
  const tolerance = toleranceMilliseconds(everySeconds);

  const sweep = async (): Promise<void> => {
    const now = clock.now();
    for await (const page of jobs.listDueJobs(now + tolerance)) {
      const bodies = page.map((jobId) => serialiseAudit(jobId, now));
      await sendOrThrow(ports.queues.audits, bodies, ports);
    }
  };

  /** A file whose planner gave up: nothing is known of its rows, so it waits for a redrive of the upload. */
  const auditUnplanned = async (job: Job): Promise<Audited> => {
    const note = job.audited ?? emptyAuditNote;
    const audited = { ...note, fruitless: note.fruitless + 1 };
    let reason: Job['reason'];
    // The mark on the file comes before all others.
    for await (const [mark] of jobs.listMarks(job.jobId)) {
      if (mark?.stage === 'split-file') reason = { code: mark.code, message: mark.message };
      break;
    }
    const state = reason === undefined ? job.state : 'HELD';
    const auditAt = clock.now() + secondsToNextAudit(state, audited.fruitless, everySeconds) * 1000;
    const change = { state, audited, auditAt, ...(reason === undefined ? {} : { reason }) };
    const isChanged = await jobs.changeJob(job.jobId, ['PLANNING', 'HELD'], change);
    return { rows: 0, state: isChanged ? state : job.state };
  };

  const auditUnderLease = async (jobId: string, due: number, invocation: Invocation): Promise<Audited | undefined> => {
    const job = await jobs.getJob(jobId);
    // Of several messages about the same sweep, one is enough.
    if (job === undefined || !isOpenJob(job) || job.auditAt > due) return undefined;
    if (hasEnded(job)) {
      await announce(job, ports, config);
      return { rows: 0, state: job.state };
    }
    return isPlanned(job) ? auditPlanned(job, ports, config, invocation) : auditUnplanned(job);
  };

  /** Undefined for a job that another audit holds, that needs none, or that is not there. */
  const audit = async (
    jobId: string,
    invocation: Invocation,
    due = Number.POSITIVE_INFINITY,
  ): Promise<Audited | undefined> => {
    const now = clock.now();
    const until = now + invocation.remainingMilliseconds();
    if (!(await jobs.takeLease(jobId, 'audit', invocation.id, now, until))) return undefined;
    try {
      return await auditUnderLease(jobId, due, invocation);
    } catch (thrown) {
      // It would be swept up again every minute while its message comes back by itself.
      const auditAt = clock.now() + (everySeconds === 0 ? 0 : failedMilliseconds);
      await jobs.changeJob(jobId, jobStates, { auditAt }).catch(() => undefined);
      throw thrown;
    } finally {
      await jobs.releaseLease(jobId, 'audit', invocation.id);
    }
  };

  /** Notes the wish, so that an audit under way does not swallow it, and begins with it. */
  const repair = async (jobId: string, invocation: Invocation): Promise<Audited | undefined> => {
    const job = await jobs.getJob(jobId);
    if (job?.plan !== undefined) {
      const now = clock.now();
      const askedAt = Math.max(now, (job.audited?.answeredAt ?? 0) + 1);
      await jobs.changeJob(jobId, repairableStates, { askedAt, auditAt: now });
    }
    return audit(jobId, invocation);
  };

  const search = async (invocation: Invocation): Promise<void> => {
    const { bucket, inbox } = config;
    if (inbox !== undefined) await searchUploads(ports, { bucket, inbox }, invocation);
  };

  return createQueueStage<AuditMessage, AuditMessage>(
    {
      stage: 'audit-job',
      parse: parseAuditMessage,
      itemsOf: (message) => [message],
      tried: () => 0,
      // An audit that fails is followed by the next one: nothing of the job is dead because of it.
      place: () => undefined,
      jobOf: findJobId,
      rowsOf: () => 0,
      async work(batch, invocation, counts) {
        const waiting = { held: 0, stalled: 0, inconsistent: 0 };
        counts.jobs = waiting;
        for (const { message, receives, fates } of batch) {
          if (invocation.isShort()) return;
          let found: Audited | undefined;
          if (message?.kind === 'sweep') await sweep();
          if (message?.kind === 'search') await search(invocation);
          if (message?.kind === 'repair') found = await repair(message.jobId, invocation);
          if (message?.kind === 'audit') {
            // A message that failed before is tried again, though its job is not due by now.
            const due = receives > 1 || message.due === undefined ? undefined : message.due + tolerance;
            found = await audit(message.jobId, invocation, due);
          }
          counts.rowsIn += found?.rows ?? 0;
          counts.rowsOut += found?.rows ?? 0;
          if (found?.state === 'HELD') waiting.held++;
          if (found?.state === 'STALLED') waiting.stalled++;
          if (found?.state === 'INCONSISTENT') waiting.inconsistent++;
          fates[0] = done;
        }
      },
    },
    ports,
  );
};
