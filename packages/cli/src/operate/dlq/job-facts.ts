import { jobIdOf } from '@sluice/core/identity';
import type { DeadMark, Job } from '@sluice/core/ports/job-store';
import { hashProfile } from '@sluice/core/profile';
import { loadProfiles } from '@sluice/split-file/profiles';
import { findProfile, type Upload } from '@sluice/split-file/upload';
import type { Operator } from '../operator.ts';

/** Marks that are in memory at once, of all jobs: about 50 MB. A job that has more is read by the chunk. */
const marksMax = 100_000;
/** Jobs, and chunks of jobs that have too many marks, that are in memory at once. */
const jobsMax = 100;
/** A row may have died since its job's marks were read: they are read again when one is missing, but not more often. */
const staleMilliseconds = 60_000;

/** Where a mark stands. */
export type Place = { readonly chunk?: number; readonly row?: number };

/** `own`: the mark on the very place. `nearest`: that one, else the one on the row's chunk, else the one on the file. */
export type FoundMark = { readonly own?: DeadMark; readonly nearest?: DeadMark };

/** What the ledger knows of the jobs that letters speak of. Each job is read once, in bounded memory. */
export type JobFacts = {
  job(jobId: string): Promise<Job | undefined>;
  mark(jobId: string, place: Place): Promise<FoundMark>;
  /** The job that an upload becomes by the profiles of today; undefined when they cannot be read, or none is for it. */
  jobIdOfUpload(upload: Upload): Promise<string | undefined>;
};

type Marks = { readonly byPlace: ReadonlyMap<string, DeadMark>; readonly readAt: number };

const keyOf = ({ chunk = -1, row = -1 }: Place): string => `${chunk}#${row}`;

/** Keeps what was used last, as far as `weigh` allows. */
const createCache = <Entry>(isFull: (entries: ReadonlyMap<string, Entry>) => boolean) => {
  const entries = new Map<string, Entry>();
  return {
    get(key: string): Entry | undefined {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entries.delete(key);
      entries.set(key, entry);
      return entry;
    },
    set(key: string, entry: Entry): void {
      entries.delete(key);
      entries.set(key, entry);
      while (entries.size > 1 && isFull(entries)) {
        for (const [oldest] of entries) {
          entries.delete(oldest);
          break;
        }
      }
    },
  };
};

const weightOf = (entries: ReadonlyMap<string, Marks>): number => {
  let marks = 0;
  for (const { byPlace } of entries.values()) marks += byPlace.size;
  return marks;
};

export const createJobFacts = ({ jobs, objects, clock, stack }: Operator): JobFacts => {
  const known = createCache<{ readonly job: Job | undefined }>((entries) => entries.size > jobsMax);
  const marks = createCache<Marks>((entries) => entries.size > jobsMax || weightOf(entries) > marksMax);
  /** Jobs that have too many marks, with the mark on the file. */
  const large = createCache<{ readonly ofFile: DeadMark | undefined }>((entries) => entries.size > jobsMax);
  let hashes: readonly { readonly prefix: string; readonly profileHash: string }[] | undefined;

  /** All marks of a job; undefined when there are too many. */
  const readJob = async (jobId: string): Promise<Marks | undefined> => {
    const byPlace = new Map<string, DeadMark>();
    for await (const page of jobs.listMarks(jobId)) {
      for (const mark of page) byPlace.set(keyOf(mark), mark);
      if (byPlace.size <= marksMax) continue;
      large.set(jobId, { ofFile: byPlace.get(keyOf({})) });
      return undefined;
    }
    return { byPlace, readAt: clock.now() };
  };

  const readChunk = async (jobId: string, chunk: number, ofFile: DeadMark | undefined): Promise<Marks> => {
    const byPlace = new Map<string, DeadMark>();
    if (ofFile !== undefined) byPlace.set(keyOf({}), ofFile);
    for await (const page of jobs.listMarks(jobId, chunk)) {
      for (const mark of page) if (mark.chunk === chunk) byPlace.set(keyOf(mark), mark);
      if (page.some((mark) => (mark.chunk ?? -1) > chunk)) break;
    }
    return { byPlace, readAt: clock.now() };
  };

  const marksFor = async (jobId: string, chunk: number | undefined, isWanted: (found: Marks) => boolean) => {
    const whole = marks.get(jobId);
    if (whole !== undefined && isWanted(whole)) return whole;
    if (large.get(jobId) === undefined) {
      const read = await readJob(jobId);
      if (read !== undefined) {
        marks.set(jobId, read);
        return read;
      }
    }
    const key = `${jobId}#${chunk}`;
    const ofChunk = marks.get(key);
    if (ofChunk !== undefined && isWanted(ofChunk)) return ofChunk;
    const read = await readChunk(jobId, chunk ?? -1, large.get(jobId)?.ofFile);
    marks.set(key, read);
    return read;
  };

  return {
    async job(jobId) {
      const found = known.get(jobId);
      if (found !== undefined) return found.job;
      const job = await jobs.getJob(jobId);
      known.set(jobId, { job });
      return job;
    },
    async mark(jobId, place) {
      const isFresh = ({ byPlace, readAt }: Marks): boolean =>
        byPlace.has(keyOf(place)) || clock.now() - readAt < staleMilliseconds;
      const { byPlace } = await marksFor(jobId, place.chunk, isFresh);
      const own = byPlace.get(keyOf(place));
      const ofChunk = place.chunk === undefined ? undefined : byPlace.get(keyOf({ chunk: place.chunk }));
      const nearest = own ?? ofChunk ?? byPlace.get(keyOf({}));
      return { ...(own === undefined ? {} : { own }), ...(nearest === undefined ? {} : { nearest }) };
    },
    async jobIdOfUpload(upload) {
      try {
        hashes ??= (await loadProfiles({ objects, clock }, stack.workBucket, stack.profilesKey)).map((profile) => ({
          prefix: profile.prefix,
          profileHash: hashProfile(profile).profileHash,
        }));
      } catch {
        // Without them nothing is known but the key, which is enough to send it again.
        hashes = [];
      }
      const profile = findProfile(hashes, upload.key);
      return profile === undefined ? undefined : jobIdOf(upload, profile.profileHash);
    },
  };
};
