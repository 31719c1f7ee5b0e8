import { isDeepStrictEqual } from 'node:util';
import { fileIdOf } from './identity.ts';
import type { ChunkRecord, DeadMark, Job, JobStore } from './ports/job-store.ts';
import { applyChange, isOpenJob } from './ports/job-store.ts';
import type { ObjectVersion } from './ports/object-store.ts';

/** One operation that was asked for. */
export type JobCall = { readonly operation: keyof JobStore; readonly jobId?: string };

/**
 * Decides by the operation and how often it was asked for, from 1. May throw: nothing happens then. `lost`: it takes
 * effect, and the answer is an error all the same.
 */
export type JobScript = (operation: keyof JobStore, attempt: number) => 'lost' | undefined;

/** A ledger in memory that keeps the port's promises, notes its calls, and fails as it is told. For tests. */
export type MemoryJobs = JobStore & {
  readonly calls: readonly JobCall[];
  readonly jobIds: readonly string[];
  /** The job as it stands. Throws when there is none. */
  jobOf(jobId: string): Job;
  /** Every chunk of a job, in order. */
  chunksOf(jobId: string): readonly ChunkRecord[];
  /** Every mark of a job: the file's, then each chunk's before those of its rows. */
  marksOf(jobId: string): readonly DeadMark[];
};

/** A job whose file has been read, with columns separated by commas. For tests. */
export const createOpenJob = (
  jobId: string,
  source: ObjectVersion & { readonly bytes: number },
  columns: readonly string[],
) => {
  const { bytes, ...version } = source;
  const dataStart = Buffer.byteLength(columns.join(',')) + 1;
  const layout = { source: version, bytes, delimiter: ',', columns, outputColumns: columns, dataStart, dataLine: 2 };
  return {
    jobId,
    file: source,
    profile: { prefix: '' },
    schemaHash: '',
    codeVersion: '1',
    rowsPerMessage: 0,
    createdAt: 0,
    state: 'OPEN',
    layout,
    repairs: 0,
    auditAt: 0,
  } as const satisfies Job;
};

/** Stands for the whole chunk or the whole file in a mark's place. */
const whole = -1;

const placeOf = ({ chunk = whole, row = whole }: DeadMark): string => `${chunk}#${row}`;

const inPlace = (a: DeadMark, b: DeadMark): number =>
  (a.chunk ?? whole) - (b.chunk ?? whole) || (a.row ?? whole) - (b.row ?? whole);

export const createMemoryJobs = ({
  script = () => undefined,
  pageSize = 10,
}: {
  readonly script?: JobScript;
  /** Entries of one page when chunks, marks or jobs are listed. */
  readonly pageSize?: number;
} = {}): MemoryJobs => {
  const jobs = new Map<string, Job>();
  const chunks = new Map<string, Map<number, ChunkRecord>>();
  const marks = new Map<string, Map<string, DeadMark>>();
  const files = new Set<string>();
  const leases = new Map<string, { readonly owner: string; readonly until: number }>();
  const calls: JobCall[] = [];
  const attempts = new Map<string, number>();

  // What is kept and given is a copy: nobody changes the ledger by changing what was read from it.
  const call = <Answer>(operation: keyof JobStore, jobId: string | undefined, effect: () => Answer): Answer => {
    calls.push({ operation, ...(jobId === undefined ? {} : { jobId }) });
    const attempt = (attempts.get(operation) ?? 0) + 1;
    attempts.set(operation, attempt);
    const fault = script(operation, attempt);
    const answer = effect();
    if (fault === 'lost') throw new Error('expected an answer, found it lost');
    return structuredClone(answer);
  };

  const chunksIn = (jobId: string): Map<number, ChunkRecord> => {
    const found = chunks.get(jobId) ?? new Map<number, ChunkRecord>();
    chunks.set(jobId, found);
    return found;
  };

  const chunksOf = (jobId: string): ChunkRecord[] => [...chunksIn(jobId).values()].sort((a, b) => a.chunk - b.chunk);
  const marksOf = (jobId: string): DeadMark[] => [...(marks.get(jobId)?.values() ?? [])].sort(inPlace);

  /** False when the chunk is not there or has the part already. */
  const writeOnce = (jobId: string, chunk: number, part: Pick<ChunkRecord, 'cleaned' | 'closed'>): boolean => {
    const found = chunksIn(jobId).get(chunk);
    if (found === undefined || Object.keys(part).some((name) => Object.hasOwn(found, name))) return false;
    chunksIn(jobId).set(chunk, structuredClone({ ...found, ...part }));
    return true;
  };

  const leaseOf = (jobId: string, lease: string): string => `${jobId}#${lease}`;

  async function* inPages<Entry>(
    operation: keyof JobStore,
    jobId: string | undefined,
    list: () => readonly Entry[],
  ): AsyncGenerator<readonly Entry[]> {
    for (let from = 0; ; from += pageSize) {
      const page = call(operation, jobId, () => list().slice(from, from + pageSize));
      if (page.length > 0) yield page;
      if (page.length < pageSize) return;
    }
  }

  return {
    calls,
    get jobIds() {
      return [...jobs.keys()];
    },
    jobOf(jobId) {
      const job = jobs.get(jobId);
      if (job === undefined) throw new Error(`expected a job ${jobId}, found none`);
      return job;
    },
    chunksOf,
    marksOf,
    createJob: async (job) =>
      call('createJob', job.jobId, () => {
        if (jobs.has(job.jobId)) return false;
        jobs.set(job.jobId, structuredClone(job));
        return true;
      }),
    getJob: async (jobId) => call('getJob', jobId, () => jobs.get(jobId)),
    changeJob: async (jobId, states, change) =>
      call('changeJob', jobId, () => {
        const job = jobs.get(jobId);
        if (job === undefined || !states.includes(job.state)) return false;
        jobs.set(jobId, structuredClone(applyChange(job, change)));
        return true;
      }),
    takeLease: async (jobId, lease, owner, now, until) =>
      call('takeLease', jobId, () => {
        const held = leases.get(leaseOf(jobId, lease));
        if (held !== undefined && held.until > now && held.owner !== owner) return false;
        leases.set(leaseOf(jobId, lease), { owner, until });
        return true;
      }),
    releaseLease: async (jobId, lease, owner) =>
      call('releaseLease', jobId, () => {
        if (leases.get(leaseOf(jobId, lease))?.owner === owner) leases.delete(leaseOf(jobId, lease));
      }),
    putChunks: async (jobId, planned) =>
      call('putChunks', jobId, () => {
        for (const chunk of planned) {
          if (!chunksIn(jobId).has(chunk.chunk)) chunksIn(jobId).set(chunk.chunk, structuredClone(chunk));
        }
      }),
    putCounts: async (jobId, chunk, cleaned) => call('putCounts', jobId, () => writeOnce(jobId, chunk, { cleaned })),
    closeChunk: async (jobId, chunk, closed) => call('closeChunk', jobId, () => writeOnce(jobId, chunk, { closed })),
    listChunks: (jobId, from = 0) =>
      inPages('listChunks', jobId, () => chunksOf(jobId).filter(({ chunk }) => chunk >= from)),
    putMarks: async (written) =>
      call('putMarks', written[0]?.jobId, () => {
        for (const mark of written) {
          const places = marks.get(mark.jobId) ?? new Map<string, DeadMark>();
          marks.set(mark.jobId, places.set(placeOf(mark), structuredClone(mark)));
        }
      }),
    removeMarks: async (removed) =>
      call('removeMarks', removed[0]?.jobId, () => {
        for (const mark of removed) {
          const places = marks.get(mark.jobId);
          if (isDeepStrictEqual(places?.get(placeOf(mark)), mark)) places?.delete(placeOf(mark));
        }
      }),
    listMarks: (jobId, from = whole) =>
      inPages('listMarks', jobId, () => marksOf(jobId).filter(({ chunk = whole }) => chunk >= from)),
    listDueJobs: (now) =>
      inPages('listDueJobs', undefined, () =>
        [...jobs.values()]
          .filter((job) => isOpenJob(job) && job.auditAt <= now)
          .sort((a, b) => a.auditAt - b.auditAt)
          .map(({ jobId }) => jobId),
      ),
    listJobs: () =>
      inPages('listJobs', undefined, () =>
        [...jobs.values()].sort((a, b) => b.createdAt - a.createdAt || (a.jobId < b.jobId ? -1 : 1)),
      ),
    noteFile: async (file) =>
      call('noteFile', undefined, () => {
        files.add(fileIdOf(file));
      }),
    hasFile: async (file) => call('hasFile', undefined, () => files.has(fileIdOf(file))),
  };
};
