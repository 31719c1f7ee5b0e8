import type { Invocation } from '@sluice/core/invocation';
import type { Job, RepairUnderWay } from '@sluice/core/ports/job-store';
import { queueNames } from '@sluice/core/ports/queue';
import type { AuditConfig, AuditPorts } from './audit-job.ts';
import { createMarkReader } from './mark-reader.ts';
import { markLost, repairChunk, sendChunk } from './repair-chunk.ts';

/** When messages of the job were last sent by somebody who wants all of them to arrive. */
const sentAtOf = (job: Job): number => job.repairedAt ?? job.plan?.closedAt ?? job.createdAt;

/** When the next automatic repair may be made at the earliest. */
export const repairAtOf = (job: Job, { wiring }: Pick<AuditPorts, 'wiring'>): number => {
  const delays = wiring.pipeline.repairDelaysSeconds;
  return sentAtOf(job) + (delays[Math.min(job.repairs, delays.length - 1)] ?? 0) * 1000;
};

/** True once there was every repair that the wiring grants: what is open then is given up. */
export const isLastRepair = (job: Job, { wiring }: Pick<AuditPorts, 'wiring'>): boolean =>
  job.repairs >= wiring.pipeline.repairDelaysSeconds.length;

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

/** True when what is open in the job may be sent again: after the wiring's delay, and when its messages had their time. */
export const isRepairDue = async (job: Job, ports: AuditPorts): Promise<boolean> =>
  ports.clock.now() >= repairAtOf(job, ports) && (await hadTheirTime(ports, sentAtOf(job)));

/**
 * Sends what is open in a job's chunks again, or marks it LOST (`last`). One that was asked for sends dead rows too, and brings
 * back reject objects that are gone. Returns the chunk to go on with when the time ran out, undefined at the end.
 */
export const repairJob = async (
  job: Job,
  { kind, next }: RepairUnderWay,
  ports: AuditPorts,
  { bucket }: AuditConfig,
  invocation: Invocation,
): Promise<number | undefined> => {
  const marksOf = createMarkReader(ports.jobs, job.jobId, next);
  for await (const page of ports.jobs.listChunks(job.jobId, next)) {
    for (const chunk of page) {
      if (invocation.isShort()) return chunk.chunk;
      if (chunk.closed === undefined) {
        const marks = await marksOf(chunk.chunk);
        if (kind === 'last') await markLost(job, chunk, marks, ports, bucket);
        else await repairChunk(job, chunk, marks, kind === 'asked', ports, bucket);
      } else if (kind === 'asked' && chunk.cleaned?.rejects !== undefined) {
        if ((await ports.objects.head(bucket, chunk.cleaned.rejects)) === undefined) await sendChunk(job, chunk, ports);
      }
    }
  }
  return undefined;
};
