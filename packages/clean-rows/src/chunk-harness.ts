import { createPlanner } from '@sluice/core/csv/plan';
import { createMemoryJobs, createOpenJob, type JobScript, type MemoryJobs } from '@sluice/core/memory-jobs';
import { createMemoryObjects, type PutScript, type ReadScript } from '@sluice/core/memory-objects';
import { type ChunkMessage, parseRowsMessage, type RowTuple } from '@sluice/core/messages';
import type { Job } from '@sluice/core/ports/job-store';
import type { RejectLine } from '@sluice/core/rejected-rows';
import { createScriptedQueue, type ScriptedQueue } from '@sluice/core/scripted-queue';
import { createStageHarness } from '@sluice/core/stage-harness';

export type ChunkHarnessSettings = {
  /** The file; its first line is its header, plain names between commas. */
  readonly content: string | Buffer;
  readonly schema?: unknown;
  /** The columns that come out, where a schema changes them. */
  readonly outputColumns?: readonly string[];
  readonly rowsPerMessage?: number;
  readonly maxRejectedRatio?: number;
  /** False for a plan that is not closed yet. */
  readonly isPlanned?: boolean;
  /** Bytes of a chunk; all in one by default. */
  readonly chunkBytes?: number;
  /** Takes the packs. */
  readonly queue?: ScriptedQueue;
  readonly jobs?: JobScript;
  readonly read?: ReadScript;
  readonly put?: PutScript;
  readonly pieceBytes?: number;
};

const jobId = '0123456789abcdefghjkmnpqrs';

/** A planned file in memory, ready to have its chunks cleaned. For tests. */
export const createChunkHarness = async ({
  content,
  schema,
  rowsPerMessage = 0,
  maxRejectedRatio,
  isPlanned = true,
  chunkBytes = Number.MAX_SAFE_INTEGER,
  queue = createScriptedQueue(),
  jobs: script,
  read,
  put,
  pieceBytes = 64 * 1024,
  ...given
}: ChunkHarnessSettings) => {
  const harness = createStageHarness({ stage: 'clean-rows', queues: { rows: queue } });
  const objects = createMemoryObjects({
    pieceBytes,
    ...(read === undefined ? {} : { read }),
    // The first put is the file's own.
    ...(put === undefined ? {} : { put: (key, call) => (call === 1 ? undefined : put(key, call - 1)) }),
  });
  const jobs: MemoryJobs = createMemoryJobs(script === undefined ? {} : { script });
  const bytes = Buffer.from(content);
  const dataStart = bytes.indexOf(10) + 1;
  const columns = bytes.toString('utf8', 0, dataStart - 1).split(',');
  const { outputColumns = columns } = given;
  const { etag } = await objects.put('bucket', 'in/a.csv', bytes);
  const source = { bucket: 'bucket', key: 'in/a.csv', etag };

  const planner = createPlanner({
    delimiter: 0x2c,
    cursor: { chunk: 0, offset: dataStart, row: 1, line: 2 },
    chunkBytes,
  });
  const chunks = [...planner.push(bytes.subarray(dataStart)), ...planner.end()];
  const rows = planner.cursor().row - 1;
  const open = createOpenJob(jobId, { ...source, bytes: bytes.length }, columns);
  const job: Job = {
    ...open,
    profile: {
      prefix: '',
      ...(schema === undefined ? {} : { schema }),
      ...(maxRejectedRatio === undefined ? {} : { maxRejectedRatio }),
    },
    rowsPerMessage,
    layout: { ...open.layout, outputColumns },
    ...(isPlanned ? { plan: { chunks: chunks.length, rows, closedAt: 0 } } : {}),
  };
  await jobs.createJob(job);
  await jobs.putChunks(jobId, chunks);
  const messages = chunks.map((chunk): ChunkMessage => ({ v: 1, kind: 'chunk', jobId, ...chunk }));

  /** The only chunk. */
  const onlyMessage = (): ChunkMessage => {
    const [message] = messages;
    if (message === undefined || messages.length > 1) throw new Error(`expected one chunk, found ${messages.length}`);
    return message;
  };
  const packs = () => queue.bodies.map(parseRowsMessage);
  return {
    ...harness,
    ports: { ...harness.ports, objects, jobs },
    bytes,
    objects,
    jobs,
    job,
    rows,
    queue,
    messages,
    onlyMessage,
    packs,
    /** Every row that was sent, in the order of sending; one that was sent twice stands here twice. */
    sentRows: (): readonly RowTuple[] => packs().flatMap((pack) => pack.rows),
    /** Every line of every reject object that the ledger names. */
    rejects: (): readonly RejectLine[] =>
      jobs.chunksOf(jobId).flatMap(({ cleaned }) => {
        if (cleaned?.rejects === undefined) return [];
        const text = objects.bytesOf('rejects', cleaned.rejects)?.toString() ?? '';
        return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as RejectLine]));
      }),
  };
};

export type ChunkHarness = Awaited<ReturnType<typeof createChunkHarness>>;
