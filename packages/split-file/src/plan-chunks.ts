import type { Chunk } from '@sluice/core/csv/plan';
import { createPlanner, defaultChunkBytes } from '@sluice/core/csv/plan';
import type { Invocation } from '@sluice/core/invocation';
import { serialiseChunk } from '@sluice/core/messages';
import type { Job, JobState } from '@sluice/core/ports/job-store';
import { readAhead } from '@sluice/core/read-object';
import { sendOrThrow } from '@sluice/core/send';
import type { SplitFilePorts } from './split-file.ts';

/** A job in one of these, and without a plan, is still to be planned: also one that was given up and is delivered again. */
export const unplannedStates: readonly JobState[] = ['PLANNING', 'HELD'];

/** Chunks that are written and sent together; the cursor moves with them. */
const chunksTogether = 10;

/**
 * Scans the source from the job's cursor and sends its chunks as they are found; closes the plan at the end of the file.
 * The cursor moves only behind chunks that are written and confirmed, so whoever goes on from it repeats some and skips none.
 * False when the time ran out before the end, true when there is nothing left to do.
 */
export const planChunks = async (
  job: Job,
  ports: SplitFilePorts,
  invocation: Invocation,
  count: (rows: number) => void,
): Promise<boolean> => {
  const { layout } = job;
  if (layout === undefined) throw new Error('expected a job with a layout, found none');
  const { jobId } = job;
  const cursor = job.cursor ?? { chunk: 0, offset: layout.dataStart, row: 1, line: layout.dataLine };
  const planner = createPlanner({
    delimiter: layout.delimiter.charCodeAt(0),
    cursor,
    chunkBytes: job.chunkBytes ?? defaultChunkBytes(layout.bytes),
    ...(job.profile.limit === undefined ? {} : { limit: job.profile.limit }),
  });
  let waiting: Chunk[] = [];

  /** False when the job has ended meanwhile (its file was replaced, too many rows were rejected): nothing more is to be sent. */
  const send = async (): Promise<boolean> => {
    const chunks = waiting;
    waiting = [];
    if (chunks.length === 0) return true;
    await ports.jobs.putChunks(jobId, chunks);
    const bodies = chunks.map((chunk) => serialiseChunk({ jobId, ...chunk }));
    await sendOrThrow(ports.queues.chunks, bodies, ports);
    for (const { rows } of chunks) count(rows);
    return ports.jobs.changeJob(jobId, unplannedStates, { cursor: planner.cursor() });
  };

  for await (const piece of readAhead(ports, layout.source, cursor.offset, layout.bytes)) {
    if (invocation.isShort()) {
      await send();
      return false;
    }
    waiting.push(...planner.push(piece));
    if (waiting.length >= chunksTogether && !(await send())) return true;
    if (planner.isComplete()) break;
  }
  waiting.push(...planner.end());
  await send();
  const { chunk: chunks, row } = planner.cursor();
  const plan = { chunks, rows: row - 1, closedAt: ports.clock.now() };
  await ports.jobs.changeJob(jobId, unplannedStates, { state: 'OPEN', plan, auditAt: plan.closedAt });
  return true;
};
