import type { Invocation } from '@sluice/core/invocation';
import { emptyAuditNote, stateOf, tooManyRejects } from '@sluice/core/ledger';
import type { AuditNote, Job, JobChange, JobState, RepairUnderWay } from '@sluice/core/ports/job-store';
import { announce } from './announce.ts';
import type { AuditConfig, AuditPorts } from './audit-job.ts';
import type { Budget, Pass } from './go-round.ts';
import { glance, goRound, thorough, unlimited } from './go-round.ts';
import { mergeRejects } from './merge-rejects.ts';
import { secondsToNextAudit } from './next-audit.ts';
import { sendChunk } from './repair-chunk.ts';
import { isLastRepair, isRepairDue, repairAtOf, repairJob } from './repair-job.ts';

/** A job whose plan is closed. */
export type PlannedJob = Job & { readonly plan: NonNullable<Job['plan']> };

/** What an audit came to: the rows that it counted for good, and where the job stands now. */
export type Audited = { readonly rows: number; readonly state: JobState };

/** The states in which somebody may ask for a repair. */
export const repairableStates: readonly JobState[] = ['OPEN', 'HELD', 'STALLED'];

/** True while a repair that somebody asked for is still to be made. */
export const isRepairAsked = ({ askedAt, state, audited }: Pick<Job, 'askedAt' | 'state' | 'audited'>): boolean =>
  askedAt !== undefined && askedAt !== audited?.answeredAt && repairableStates.includes(state);

/** One audit of a planned job: an unfinished repair goes on, else a round does, and is judged at its end. */
export const auditPlanned = async (
  job: PlannedJob,
  ports: AuditPorts,
  config: AuditConfig,
  invocation: Invocation,
): Promise<Audited> => {
  const { jobs, clock, logger, wiring } = ports;
  const { jobId } = job;
  const everySeconds = wiring.pipeline.auditEverySeconds;
  const before = job.audited ?? emptyAuditNote;
  const spareAtStart = invocation.spareMilliseconds();

  /** Only while the job stands where this audit found it: what another has decided since then counts. */
  const change = (written: JobChange & Pick<Job, 'audited' | 'auditAt'>): Promise<boolean> =>
    jobs.changeJob(jobId, [job.state], written);

  const auditAtOf = (state: JobState, note: AuditNote): number => {
    const now = clock.now();
    const at = now + secondsToNextAudit(state, note.fruitless, everySeconds) * 1000;
    const repairAt = repairAtOf(job, ports);
    return state === 'OPEN' && repairAt > now ? Math.min(at, repairAt) : at;
  };

  /** Writes what is known, and where the job stands. */
  const rest = async (note: AuditNote, state: JobState, rows: number, more: JobChange = {}): Promise<Audited> => {
    await change({ ...more, state, audited: note, auditAt: auditAtOf(state, note) });
    return { rows, state };
  };

  /** There is more to do: the next sweep finds the job due. */
  const goOnSoon = async (note: AuditNote, rows: number): Promise<Audited> => {
    await change({ audited: note, auditAt: clock.now() });
    return { rows, state: job.state };
  };

  const repair = async (under: RepairUnderWay, note: AuditNote, rows: number): Promise<Audited> => {
    const next = await repairJob(job, under, ports, config, invocation);
    if (next !== undefined) return goOnSoon({ ...note, repair: { ...under, next } }, rows);
    const { repair: _, round: __, ...kept } = note;
    const fresh: AuditNote = { ...kept, fruitless: 0 };
    const { kind } = under;
    logger.warn(kind === 'last' ? 'rows are lost' : 'rows are repaired', { jobId, kind });
    if (kind === 'last') return rest({ ...fresh, fruitless: 1 }, 'STALLED', rows);
    const sent = { repairedAt: clock.now() };
    if (kind === 'automatic') return rest(fresh, 'OPEN', rows, { ...sent, repairs: job.repairs + 1 });
    const answered = job.askedAt === undefined ? fresh : { ...fresh, answeredAt: job.askedAt };
    return rest(answered, 'OPEN', rows, sent);
  };

  /** The reject objects of these chunks are gone: they are written again from the source, as seldom as any other repair. */
  const restore = async (missing: Awaited<ReturnType<typeof mergeRejects>>, pass: Pass): Promise<Audited> => {
    logger.warn('reject objects are missing', { jobId, chunks: missing.length });
    const { note, closedRows } = pass;
    const state = job.state === 'STALLED' ? 'STALLED' : 'OPEN';
    if (!(await isRepairDue(job, ports))) return rest(note, state, closedRows);
    if (isLastRepair(job, ports)) {
      const found = `expected the rejects of every chunk, found those of ${missing.length} gone after every repair`;
      return rest(note, 'STALLED', closedRows, { reason: { code: 'OBJECT_CHANGED', message: found } });
    }
    for (const chunk of missing) await sendChunk(job, chunk, ports);
    return rest(note, state, closedRows, { repairs: job.repairs + 1, repairedAt: clock.now() });
  };

  /** Every chunk is closed: the rejects are merged, the job completes, and that is told. What is cut off here is done again. */
  const complete = async (pass: Pass): Promise<Audited> => {
    const { note, sums, closedRows } = pass;
    if (sums.ledger.rejected > 0 && (config.mergeRejects ?? true)) {
      // Merging begins with most of an invocation before it; a pass that has nothing left to count has all of it.
      const isLate = invocation.spareMilliseconds() < spareAtStart / 2;
      if (pass.isCounting && isLate) return goOnSoon(note, closedRows);
      const missing = await mergeRejects(job, ports, config.bucket, invocation);
      if (missing.length > 0) return restore(missing, pass);
    }
    const completed = { state: 'COMPLETE', audited: note, auditAt: clock.now() } as const;
    if (await change(completed)) await announce({ ...job, ...completed }, ports, config);
    return { rows: closedRows, state: 'COMPLETE' };
  };

  const judge = async (pass: Pass, mayRepair: boolean): Promise<Audited> => {
    const { note, sums, closedRows } = pass;
    const state = sums.isNegative ? 'INCONSISTENT' : stateOf(sums.ledger, job.plan, sums.closed);
    if (state === 'COMPLETE') return complete(pass);
    if (state === 'INCONSISTENT') {
      logger.error('the ledger does not add up', { jobId, ...sums.ledger });
      return rest(note, state, closedRows);
    }
    // Rows marked LOST count as dead: a job that stalled stays so until a redrive, a drop or a repair makes them final.
    if (job.state === 'STALLED') return rest(note, 'STALLED', closedRows);
    if (state === 'OPEN' && mayRepair) {
      const kind = isLastRepair(job, ports) ? 'last' : 'automatic';
      const under = { kind, next: note.through } as const;
      // Rows marked LOST and nothing else open would be a job that is held: whoever comes across them must know better.
      const isNoted =
        kind === 'automatic' || (await change({ audited: { ...note, repair: under }, auditAt: clock.now() }));
      return isNoted ? repair(under, note, closedRows) : { rows: closedRows, state: job.state };
    }
    // Whoever brought the job back to life has sent its messages just now.
    const isBack = state === 'OPEN' && job.state !== 'OPEN';
    return rest(note, state, closedRows, isBack ? { repairedAt: clock.now() } : {});
  };

  if (isRepairAsked(job)) {
    const under = before.repair?.kind === 'asked' ? before.repair : ({ kind: 'asked', next: 0 } as const);
    return repair(under, before, 0);
  }
  if (before.repair !== undefined && job.state === 'OPEN') return repair(before.repair, before, 0);

  const mayRepair = job.state === 'OPEN' && (await isRepairDue(job, ports));
  const paid: Budget = mayRepair ? thorough : glance;
  const pass = await goRound(job, before, everySeconds === 0 ? unlimited : paid, ports, invocation);
  const { note, sums, closedRows } = pass;
  const reason = tooManyRejects(job.profile.maxRejectedRatio, job.plan.rows, sums.ledger.rejected);
  if (reason !== undefined) {
    const refused = { state: 'REFUSED', reason, audited: note, auditAt: clock.now() } as const;
    if (await change(refused)) await announce({ ...job, ...refused }, ports, config);
    return { rows: closedRows, state: 'REFUSED' };
  }
  if (pass.isWhole) return judge(pass, mayRepair);
  if (pass.isBusy) return goOnSoon(note, closedRows);
  return rest(note, job.state, closedRows);
};
