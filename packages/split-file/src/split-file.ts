import { SluiceError } from '@sluice/core/errors';
import { jobIdOf } from '@sluice/core/identity';
import type { Invocation } from '@sluice/core/invocation';
import type { Job, JobStore, Profile } from '@sluice/core/ports/job-store';
import { hashProfile } from '@sluice/core/profile';
import type { QueueHandler, QueueStagePorts } from '@sluice/core/queue-stage';
import { createQueueStage } from '@sluice/core/queue-stage';
import type { Fate } from '@sluice/core/settle';
import { done, notReached } from '@sluice/core/settle';
import type { Services } from '@sluice/core/stage';
import { planChunks, unplannedStates } from './plan-chunks.ts';
import type { Profiles } from './profiles.ts';
import { readLayout } from './read-layout.ts';
import type { Upload } from './upload.ts';
import { findProfile, parseUploads } from './upload.ts';

export type SplitFilePorts = QueueStagePorts<'uploads' | 'chunks'> & {
  readonly objects: Pick<Services['objects'], 'readRange' | 'putStream'>;
  readonly jobs: Pick<
    JobStore,
    'createJob' | 'getJob' | 'changeJob' | 'takeLease' | 'releaseLease' | 'putChunks' | 'putMarks' | 'noteFile'
  >;
};

export type SplitFileConfig = {
  /** How files are read, by key prefix; a file under none of them is left alone. While they cannot be read, files wait. */
  readonly profiles: readonly Profile[] | Profiles;
  /** Where staged copies are written. */
  readonly bucket: string;
  readonly codeVersion: string;
  /** Bytes of a chunk; by the size of the file when it is not given. */
  readonly chunkBytes?: number;
  /** Rows of a message; the wiring's number when it is not given. */
  readonly rowsPerMessage?: number;
};

const withHashes = (profile: Profile) => ({ prefix: profile.prefix, profile, ...hashProfile(profile) });

const leaseHeld: Fate = {
  kind: 'transient',
  code: 'LEASE_HELD',
  message: 'expected the file to be free for planning, found it being planned',
};

/**
 * Plans uploaded files: one job per file version and profile, its chunks on record boundaries, a message per chunk, sent while
 * the scan goes on. Planning resumes from a cursor; a plan that is closed answers nothing.
 */
export const createSplitFile = (ports: SplitFilePorts, config: SplitFileConfig): QueueHandler => {
  const { jobs, clock, wiring } = ports;
  // At the start where they are known by then, so that a wrong schema is known before the first file.
  let profiles = typeof config.profiles === 'function' ? undefined : config.profiles.map(withHashes);

  const readProfiles = async (read: SplitFileConfig['profiles']): Promise<void> => {
    if (typeof read === 'function') profiles ??= (await read()).map(withHashes);
  };

  const newJob = (upload: Upload): Job | undefined => {
    const hashed = findProfile(profiles ?? [], upload.key);
    if (hashed === undefined) return undefined;
    const { profile } = hashed;
    return {
      jobId: jobIdOf(upload, hashed.profileHash),
      file: upload,
      profile,
      schemaHash: hashed.schemaHash,
      codeVersion: config.codeVersion,
      ...(config.chunkBytes === undefined ? {} : { chunkBytes: config.chunkBytes }),
      rowsPerMessage: config.rowsPerMessage ?? wiring.pipeline.rowsPerMessage,
      createdAt: clock.now(),
      auditAt: clock.now(),
      state: 'PLANNING',
      repairs: 0,
    };
  };

  /** True when nothing is left to do: the plan is closed, or the job has ended meanwhile. False when the time ran out. */
  const plan = async (job: Job, invocation: Invocation, count: (rows: number) => void): Promise<boolean> => {
    let planned = job;
    if (job.layout === undefined) {
      const change = await readLayout(job, ports, config.bucket);
      if (!(await jobs.changeJob(job.jobId, unplannedStates, change))) return true;
      planned = { ...job, ...change };
    }
    return planChunks(planned, ports, invocation, count);
  };

  const end = async (jobId: string, thrown: SluiceError): Promise<void> => {
    const state = thrown.code === 'OBJECT_CHANGED' ? 'SUPERSEDED' : 'REFUSED';
    const reason = { code: thrown.code, message: thrown.message };
    await jobs.changeJob(jobId, unplannedStates, { state, reason, auditAt: clock.now() });
  };

  const split = async (upload: Upload, invocation: Invocation, count: (rows: number) => void): Promise<Fate> => {
    const fresh = newJob(upload);
    if (fresh === undefined) {
      await jobs.noteFile(upload);
      return done;
    }
    const { jobId } = fresh;
    const isNew = await jobs.createJob(fresh);
    // Not before the job is there: what is noted, no search sends again.
    await jobs.noteFile(upload);
    const now = clock.now();
    const until = now + invocation.remainingMilliseconds();
    if (!(await jobs.takeLease(jobId, 'plan', invocation.id, now, until))) return leaseHeld;
    try {
      // Read under the lease: the one before may have moved the cursor or closed the plan.
      const job = isNew ? fresh : await jobs.getJob(jobId);
      if (job === undefined || job.plan !== undefined || !unplannedStates.includes(job.state)) return done;
      return (await plan(job, invocation, count)) ? done : notReached;
    } catch (thrown) {
      // What a service refuses is no fault of the file's.
      if (!(thrown instanceof SluiceError) || !thrown.permanent || thrown.code === 'SERVICE_REFUSED') throw thrown;
      await end(jobId, thrown);
      return done;
    } finally {
      await jobs.releaseLease(jobId, 'plan', invocation.id);
    }
  };

  return createQueueStage<readonly Upload[], Upload>(
    {
      stage: 'split-file',
      parse: parseUploads,
      itemsOf: (uploads) => uploads,
      tried: () => 0,
      place: (_, upload) => {
        const job = newJob(upload);
        return job === undefined ? undefined : { jobId: job.jobId };
      },
      jobOf: () => undefined,
      rowsOf: () => 0,
      async work(batch, invocation, counts) {
        await readProfiles(config.profiles);
        for (const { items, fates } of batch) {
          for (const [index, upload] of items.entries()) {
            fates[index] = await split(upload, invocation, (rows) => {
              counts.rowsIn += rows;
              counts.rowsOut += rows;
            });
          }
        }
      },
    },
    ports,
  );
};
