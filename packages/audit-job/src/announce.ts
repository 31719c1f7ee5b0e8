import { mergedRejectKeysOf } from '@sluice/core/identity';
import type { Ledger } from '@sluice/core/ledger';
import { addLedgers, emptyAuditNote, ledgerOfClosed } from '@sluice/core/ledger';
import type { JobEnded } from '@sluice/core/ports/events';
import type { Job } from '@sluice/core/ports/job-store';
import type { AuditConfig, AuditPorts } from './audit-job.ts';

/** What the ledger knows of a job that is at its end: every row of one that is complete, of another those of its closed chunks. */
const sumUp = async (job: Job, ports: AuditPorts): Promise<Omit<Ledger, 'dead' | 'open'>> => {
  const { through, ledger } = job.audited ?? emptyAuditNote;
  let sums: Omit<Ledger, 'dead' | 'open'> = ledger;
  for await (const page of ports.jobs.listChunks(job.jobId, through)) {
    for (const chunk of page) {
      const known = { rows: chunk.rows, rejected: chunk.cleaned?.rejected ?? 0, done: 0, failed: 0, dead: 0, open: 0 };
      sums = addLedgers({ ...sums, dead: 0, open: 0 }, ledgerOfClosed(chunk) ?? known);
    }
  }
  const { rows, rejected, done, failed } = sums;
  return { rows: job.plan?.rows ?? rows, rejected, done, failed };
};

/** Where the rejected rows of a complete job are to be had; undefined when they were not merged. */
const findRejects = async (job: Job, ports: AuditPorts, bucket: string): Promise<string | undefined> => {
  const { csv, manifest } = mergedRejectKeysOf(job.jobId);
  for (const key of [csv, manifest]) if ((await ports.objects.head(bucket, key)) !== undefined) return key;
  return undefined;
};

/** Tells that the job is at its end, and then remembers that it did: in between it may be told again. */
export const announce = async (
  job: Job & { readonly state: JobEnded['state'] },
  ports: AuditPorts,
  { bucket, mergeRejects = true }: AuditConfig,
): Promise<void> => {
  const { jobId, state, reason } = job;
  const { bytes: _, ...file } = job.file;
  const sums = await sumUp(job, ports);
  const rejects =
    state === 'COMPLETE' && sums.rejected > 0 && mergeRejects ? await findRejects(job, ports, bucket) : undefined;
  const at = ports.clock.now();
  await ports.events.send({
    jobId,
    state,
    file,
    ...sums,
    at,
    ...(rejects === undefined ? {} : { rejects }),
    ...(state === 'COMPLETE' || reason === undefined ? {} : { reason }),
  });
  await ports.jobs.changeJob(jobId, [state], { announcedAt: at });
};
