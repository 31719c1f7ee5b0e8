import type { Ledger } from '@sluice/core/ledger';
import { addLedgers, emptyLedger, stateOf, tooManyRejects } from '@sluice/core/ledger';
import type { AuditMessage } from '@sluice/core/messages';
import { findJobId, parseAuditMessage, serialiseAudit } from '@sluice/core/messages';
import type { ChunkRecord, DeadMark, Job, JobState, JobStore } from '@sluice/core/ports/job-store';
import { terminalStates } from '@sluice/core/ports/job-store';
import type { QueueName } from '@sluice/core/ports/queue';
import { queueNames } from '@sluice/core/ports/queue';
import type { QueueHandler, QueueStagePorts } from '@sluice/core/queue-stage';
import { createQueueStage } from '@sluice/core/queue-stage';
import { sendOrThrow } from '@sluice/core/send';
import { done } from '@sluice/core/settle';
import type { Services } from '@sluice/core/stage';
import { countChunk, deadRowsOf } from './count-chunk.ts';
import { markLost, repairChunk } from './repair-chunk.ts';

/** How long a pass may hold a job before another may take it up. */
const leaseMilliseconds = 5 * 60_000;

export type AuditPorts = QueueStagePorts<QueueName> & {
  readonly rows: Pick<Services['rows'], 'countChunk' | 'readChunk'>;
  readonly objects: Pick<Services['objects'], 'head' | 'readRange'>;
  readonly jobs: Pick<
    JobStore,
    | 'getJob'
    | 'changeJob'
    | 'takeLease'
    | 'releaseLease'
    | 'closeChunk'
    | 'listChunks'
    | 'listMarks'
    | 'listOpenJobs'
    | 'putMarks'
  >;
};

/** `bucket` holds the reject objects. */
export type AuditConfig = { readonly bucket: string };

/** The states an audit may move a job out of. */
const audited: readonly JobState[] = ['OPEN', 'HELD', 'STALLED', 'INCONSISTENT'];

type Pass = {
  readonly total: Ledger;
  /** Some chunk holds more rows than it was planned with; the sum over all could even that out. */
  readonly isNegative: boolean;
  readonly closed: number;
  /** Rows of the chunks that this pass closed. */
  readonly closedRows: number;
  readonly open: readonly { readonly chunk: ChunkRecord; readonly marks: readonly DeadMark[] }[];
};

const marksByChunk = async (jobs: AuditPorts['jobs'], jobId: string): Promise<ReadonlyMap<number, DeadMark[]>> => {
  const byChunk = new Map<number, DeadMark[]>();
  for await (const page of jobs.listMarks(jobId)) {
    for (const mark of page) {
      if (mark.chunk === undefined) continue;
      const marks = byChunk.get(mark.chunk);
      if (marks === undefined) byChunk.set(mark.chunk, [mark]);
      else marks.push(mark);
    }
  }
  return byChunk;
};

const countJob = async (jobId: string, ports: AuditPorts): Promise<Pass> => {
  const marks = await marksByChunk(ports.jobs, jobId);
  const open: Pass['open'][number][] = [];
  let total = emptyLedger;
  let isNegative = false;
  let closed = 0;
  let closedRows = 0;
  for await (const page of ports.jobs.listChunks(jobId)) {
    for (const chunk of page) {
      const chunkMarks = marks.get(chunk.chunk) ?? [];
      const { ledger, isClosed, isNewlyClosed } = await countChunk(jobId, chunk, chunkMarks, ports);
      total = addLedgers(total, ledger);
      if (isNewlyClosed) closedRows += ledger.rows;
      isNegative ||= ledger.open < 0;
      // Without a dead row, a chunk of final rows stays unclosed because its counts never came in.
      if (isClosed) closed++;
      else if (ledger.open > 0 || ledger.dead === 0) open.push({ chunk, marks: chunkMarks });
    }
  }
  return { total, isNegative, closed, closedRows, open };
};

/** True when every message of the job had its time: each queue is empty, or its oldest message is younger than `sentAt`. */
const hadTheirTime = async (ports: AuditPorts, sentAt: number): Promise<boolean> => {
  const sinceSeconds = (ports.clock.now() - sentAt) / 1000;
  for (const name of queueNames) {
    if (name === 'audits') continue;
    const { visible, inFlight, delayed, oldestAgeSeconds } = await ports.queues[name].depth();
    if (visible + inFlight + delayed > 0 && oldestAgeSeconds >= sinceSeconds) return false;
  }
  return true;
};

/**
 * Sends open rows again, at most as often as the wiring says and not before its delays; after that marks them LOST. Returns the
 * state that the job is in then; undefined when it is not yet time.
 */
const repair = async (job: Job, pass: Pass, ports: AuditPorts, config: AuditConfig): Promise<JobState | undefined> => {
  const { repairDelaysSeconds } = ports.wiring.pipeline;
  const sentAt = job.repairedAt ?? job.plan?.closedAt ?? job.createdAt;
  const delaySeconds = repairDelaysSeconds[Math.min(job.repairs, repairDelaysSeconds.length - 1)] ?? 0;
  if (ports.clock.now() - sentAt < delaySeconds * 1000) return undefined;
  if (!(await hadTheirTime(ports, sentAt))) return undefined;
  const isLast = job.repairs >= repairDelaysSeconds.length;
  for (const { chunk, marks } of pass.open) {
    const dead = await deadRowsOf(job.jobId, chunk, marks, ports.rows);
    if (isLast) await markLost(job, chunk, dead, ports, config.bucket);
    else await repairChunk(job, chunk, dead, ports, config.bucket);
  }
  ports.logger.warn(isLast ? 'rows are lost' : 'rows are repaired', { jobId: job.jobId, rows: pass.total.open });
  const change = isLast
    ? ({ state: 'STALLED' } as const)
    : { state: 'OPEN' as const, repairs: job.repairs + 1, repairedAt: ports.clock.now() };
  await ports.jobs.changeJob(job.jobId, audited, change);
  return change.state;
};

/** What an audit came to: the rows that it counted for good, and where the job stands now. */
type Audited = { readonly rows: number; readonly state: JobState };

/** One pass over a planned job: closes what can be closed, then completes, holds or repairs. */
const auditPlanned = async (
  job: Job,
  plan: NonNullable<Job['plan']>,
  ports: AuditPorts,
  config: AuditConfig,
): Promise<Audited> => {
  const pass = await countJob(job.jobId, ports);
  const { total } = pass;
  const reason = tooManyRejects(job.profile.maxRejectedRatio, plan.rows, total.rejected);
  if (reason !== undefined) {
    await ports.jobs.changeJob(job.jobId, audited, { state: 'REFUSED', reason });
    return { rows: pass.closedRows, state: 'REFUSED' };
  }
  const state = pass.isNegative ? 'INCONSISTENT' : stateOf(total, plan, pass.closed);
  if (state === 'INCONSISTENT') ports.logger.error('the ledger does not add up', { jobId: job.jobId, ...total });
  // Rows marked LOST count as dead: a job that stalled stays so until a redrive or repair makes them final.
  const isStalled = job.state === 'STALLED' && (state === 'HELD' || state === 'OPEN');
  if (state !== job.state && !isStalled) await ports.jobs.changeJob(job.jobId, audited, { state });
  const repaired = state === 'OPEN' ? await repair(job, pass, ports, config) : undefined;
  return { rows: pass.closedRows, state: repaired ?? (isStalled ? job.state : state) };
};

/** A file whose planner gave up: nothing is known of its rows, so it waits for a redrive of the upload. */
const auditUnplanned = async (job: Job, ports: AuditPorts): Promise<JobState> => {
  for await (const page of ports.jobs.listMarks(job.jobId)) {
    const mark = page.find(({ stage }) => stage === 'split-file');
    if (mark === undefined) continue;
    const reason = { code: mark.code, message: mark.message };
    await ports.jobs.changeJob(job.jobId, ['PLANNING'], { state: 'HELD', reason });
    return 'HELD';
  }
  return job.state;
};

/**
 * Audits jobs: reads the truth from the ledger and the rows table, closes chunks, completes, repairs, and marks what is lost.
 * Queue depth never gates completion. A `sweep` message becomes one message per open job.
 */
export const createAuditJob = (ports: AuditPorts, config: AuditConfig): QueueHandler => {
  const sweep = async (): Promise<void> => {
    for await (const page of ports.jobs.listOpenJobs()) {
      await sendOrThrow(ports.queues.audits, page.map(serialiseAudit), ports);
    }
  };

  /** Undefined for a job that another audit holds, or that has ended. */
  const audit = async (jobId: string, owner: string): Promise<Audited | undefined> => {
    const now = ports.clock.now();
    if (!(await ports.jobs.takeLease(jobId, 'audit', owner, now, now + leaseMilliseconds))) return undefined;
    try {
      const job = await ports.jobs.getJob(jobId);
      if (job === undefined || terminalStates.includes(job.state)) return undefined;
      if (job.plan !== undefined) return await auditPlanned(job, job.plan, ports, config);
      return { rows: 0, state: await auditUnplanned(job, ports) };
    } finally {
      await ports.jobs.releaseLease(jobId, 'audit', owner);
    }
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
        const jobs = { held: 0, stalled: 0, inconsistent: 0 };
        counts.jobs = jobs;
        for (const { message, fates } of batch) {
          if (invocation.isShort()) return;
          if (message?.kind === 'sweep') await sweep();
          if (message?.kind === 'audit') {
            const found = await audit(message.jobId, invocation.id);
            counts.rowsIn += found?.rows ?? 0;
            counts.rowsOut += found?.rows ?? 0;
            if (found?.state === 'HELD') jobs.held++;
            if (found?.state === 'STALLED') jobs.stalled++;
            if (found?.state === 'INCONSISTENT') jobs.inconsistent++;
          }
          fates[0] = done;
        }
      },
    },
    ports,
  );
};
