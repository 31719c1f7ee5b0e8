import { rejectKeyOf } from '@sluice/core/identity';
import { createMemoryEvents, type MemoryEvents } from '@sluice/core/memory-events';
import { createMemoryJobs, createOpenJob, type JobScript } from '@sluice/core/memory-jobs';
import { createMemoryObjects, type MemoryObjects } from '@sluice/core/memory-objects';
import { createMemoryRows } from '@sluice/core/memory-rows';
import { parseChunkMessage, parseRowsMessage, serialiseAudit } from '@sluice/core/messages';
import type { DeadMark, Job, JobState } from '@sluice/core/ports/job-store';
import type { QueueDepth, QueueName } from '@sluice/core/ports/queue';
import { statementsMax } from '@sluice/core/ports/row-store';
import { createScriptedQueue, type ScriptedQueue } from '@sluice/core/scripted-queue';
import { createStageHarness, recordOf } from '@sluice/core/stage-harness';
import { type AuditConfig, createAuditJob } from './audit-job.ts';

// A job in a state of one's choice, and audits of it. For tests.

export const jobId = '0123456789abcdefghjkmnpqrs';
/** The work bucket. */
export const bucket = 'artifacts';
export const secret = 'SECRET-CONTENT';
/** When the plan of the job under test was closed. */
export const closedAt = 1_000_000;
/** A repair is due this long after the plan was closed, and after the first, second and third repair. */
export const delaysMilliseconds = [100_000, 200_000, 400_000, 400_000];

/** A planned chunk and what became of its rows, by row number. Rows are numbered from 1 over all chunks. */
export type ChunkState = {
  readonly rows: number;
  /** Its counts are in; those not rejected were accepted. */
  readonly rejected?: readonly number[];
  readonly pending?: readonly number[];
  readonly done?: readonly number[];
  readonly failed?: readonly number[];
};

export type SetUp = {
  readonly chunks?: readonly ChunkState[];
  readonly job?: Partial<Job>;
  readonly isPlanned?: boolean;
  readonly marks?: readonly DeadMark[];
  readonly queues?: Partial<Record<QueueName, ScriptedQueue>>;
  readonly script?: JobScript;
  readonly objects?: MemoryObjects;
  readonly events?: MemoryEvents;
  readonly config?: Partial<AuditConfig>;
  /** Time between two audits; a minute when it is not given. */
  readonly auditEverySeconds?: number;
  /** Time that it takes to count or read the rows of a chunk. */
  readonly chunkMilliseconds?: number;
};

export const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

export const textOf = (row: number): string => `${secret} ${row}`;

export const markOf = (mark: Partial<DeadMark>): DeadMark => ({
  jobId,
  stage: 'process-rows',
  code: 'PROCESSOR_ERROR',
  message: 'expected success, found an error',
  attempts: 5,
  ...mark,
});

export const depthOf = (depth: Partial<QueueDepth>): ScriptedQueue =>
  Object.assign(createScriptedQueue(), {
    depth: async () => ({ visible: 0, inFlight: 0, delayed: 0, oldestAgeSeconds: 0, ...depth }),
  });

const expectNone = (back: readonly string[]): void => {
  if (back.length > 0) throw new Error('expected the message to be acknowledged, found it handed back');
};

export const setUp = async ({
  chunks = [],
  job,
  isPlanned = true,
  marks = [],
  queues,
  script,
  objects = createMemoryObjects(),
  events = createMemoryEvents(),
  config = {},
  auditEverySeconds = 60,
  chunkMilliseconds = 0,
}: SetUp = {}) => {
  const harness = createStageHarness({
    stage: 'audit-job',
    startAt: closedAt,
    pipeline: { repairDelaysSeconds: [100, 200, 400], auditEverySeconds },
    ...(queues === undefined ? {} : { queues }),
  });
  const jobs = createMemoryJobs(script === undefined ? {} : { script });
  const rows = createMemoryRows({ pageRows: 3 });
  const { countChunk, readChunk } = rows;
  rows.countChunk = (...place) => {
    harness.clock.pass(chunkMilliseconds);
    return countChunk(...place);
  };
  rows.readChunk = (...place) => {
    harness.clock.pass(chunkMilliseconds);
    return readChunk(...place);
  };
  const { listChunks } = jobs;
  const listedFrom: number[] = [];
  jobs.listChunks = (id, from = 0) => {
    listedFrom.push(from);
    return listChunks(id, from);
  };
  const file = { bucket: 'uploads', key: 'a.csv', etag: 'etag', bytes: 1_000 };

  const store = async (chunk: number, numbers: readonly number[]): Promise<void> => {
    for (let from = 0; from < numbers.length; from += statementsMax) {
      const call = numbers.slice(from, from + statementsMax);
      await rows.insert(
        jobId,
        call.map((row) => [chunk, row, row + 1, [textOf(row)]]),
      );
    }
  };
  const finish = async (
    chunk: number,
    numbers: readonly number[],
    status: 'DONE' | 'FAILED' = 'DONE',
  ): Promise<void> => {
    for (const row of numbers) {
      await rows.finish(jobId, [
        status === 'DONE' ? [chunk, row, status, null] : [chunk, row, status, ['X', 'expected x']],
      ]);
    }
  };
  const clean = async (chunk: number, planned: number, rejected: readonly number[]): Promise<void> => {
    const counts = { accepted: planned - rejected.length, rejected: rejected.length };
    const key = rejectKeyOf(jobId, chunk);
    if (rejected.length > 0) {
      const lines = rejected.map((row) => `${JSON.stringify({ row, code: 'REQUIRED', raw: textOf(row) })}\n`);
      await objects.put(bucket, key, lines.join(''));
    }
    await jobs.putCounts(jobId, chunk, rejected.length > 0 ? { ...counts, rejects: key } : counts);
  };

  let firstRow = 1;
  for (const [chunk, state] of chunks.entries()) {
    const plan = { start: firstRow * 10, end: (firstRow + state.rows) * 10, firstRow, firstLine: firstRow + 1 };
    await jobs.putChunks(jobId, [{ chunk, rows: state.rows, ...plan }]);
    if (state.rejected !== undefined) await clean(chunk, state.rows, state.rejected);
    const { pending = [], done = [], failed = [] } = state;
    await store(chunk, [...pending, ...done, ...failed]);
    await finish(chunk, done);
    await finish(chunk, failed, 'FAILED');
    firstRow += state.rows;
  }
  const open = createOpenJob(jobId, file, ['A']);
  await jobs.createJob({
    ...open,
    layout: { ...open.layout, outputColumns: ['a'] },
    ...(isPlanned ? { plan: { chunks: chunks.length, rows: firstRow - 1, closedAt } } : {}),
    ...job,
  });
  await jobs.putMarks(marks);

  const handler = createAuditJob({ ...harness.ports, jobs, rows, objects, events }, { bucket, ...config });
  const deliver = (body: string, receives = 1): Promise<string[]> =>
    harness.deliver(handler, recordOf('a', body, receives));
  return {
    ...harness,
    jobs,
    rows,
    objects,
    events,
    store,
    finish,
    clean,
    deliver,
    /** One audit of the job: the state it leaves the job in. */
    audit: async (): Promise<JobState> => {
      expectNone(await deliver(serialiseAudit(jobId)));
      return jobs.jobOf(jobId).state;
    },
    /** The chunks from which the ledger was read, in order. */
    listedFrom,
    /** Lets the time pass until the job is due, and audits it: the state it leaves the job in. */
    async nextAudit(): Promise<JobState> {
      harness.clock.pass(Math.max(0, jobs.jobOf(jobId).auditAt - harness.clock.now()));
      expectNone(await deliver(serialiseAudit(jobId)));
      return jobs.jobOf(jobId).state;
    },
    /** Lets the time pass after which the next repair is due. */
    wait: (): void => harness.clock.pass(delaysMilliseconds[jobs.jobOf(jobId).repairs] ?? 0),
    /** Chunks in the order in which their rows were counted. */
    counted: () => rows.calls.flatMap(({ operation, chunk }) => (operation === 'countChunk' ? [chunk] : [])),
    /** What was sent, by queue: rows on `work`, chunks with their ranges on `chunks`. */
    sent: () => ({
      work: harness.queues.work.bodies.map((body) => parseRowsMessage(body).rows.map(([, row]) => row)),
      chunks: harness.queues.chunks.bodies.map((body) => {
        const { chunk, ranges } = parseChunkMessage(body);
        return ranges === undefined ? { chunk } : { chunk, ranges };
      }),
    }),
    marked: () => jobs.marksOf(jobId).map(({ stage, chunk, row }) => [stage, chunk, row]),
  };
};

/** What was sent when nothing was. */
export const nothing = { work: [], chunks: [] };
