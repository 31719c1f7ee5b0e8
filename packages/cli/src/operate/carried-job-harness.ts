import { cleanChunk } from '@sluice/clean-rows/clean-chunk';
import { createPlanner } from '@sluice/core/csv/plan';
import type { OutcomeTuple, RowTuple } from '@sluice/core/messages';
import { parseRowsMessage } from '@sluice/core/messages';
import type { Job, Profile } from '@sluice/core/ports/job-store';
import { statementsMax } from '@sluice/core/ports/row-store';
import { createScriptedQueue } from '@sluice/core/scripted-queue';
import { createStageHarness } from '@sluice/core/stage-harness';
import { readLayout } from '@sluice/split-file/read-layout';
import { jobId, type OperateHarness } from './operate-harness.ts';

// A file of one's choice, taken through by the pipeline's own planning and cleaning. For tests.

export type CarriedJob = {
  readonly content: Buffer;
  readonly profile?: Partial<Profile>;
  readonly chunkBytes?: number;
  readonly jobId?: string;
  readonly key?: string;
};

/** Uploads the file, plans it, cleans its chunks and ends every accepted row as DONE. The job is COMPLETE. */
export const carryJob = async (
  { objects, jobs, rows, clock, operator }: OperateHarness,
  { content, profile = {}, chunkBytes = 64, jobId: id = jobId, key = 'a.csv' }: CarriedJob,
): Promise<Job> => {
  const { inboxBucket, workBucket } = operator.stack;
  const head = await objects.put(inboxBucket, key, content);
  const fresh: Job = {
    jobId: id,
    file: { bucket: inboxBucket, key, ...head },
    profile: { prefix: '', ...profile },
    schemaHash: '',
    codeVersion: '1',
    chunkBytes,
    rowsPerMessage: 0,
    createdAt: clock.now(),
    state: 'PLANNING',
    repairs: 0,
    auditAt: clock.now(),
  };
  const { layout } = await readLayout(fresh, { objects, clock }, workBucket);
  await jobs.createJob({ ...fresh, layout });
  const job = jobs.jobOf(id);
  const text = objects.bytesOf(layout.source.bucket, layout.source.key) ?? Buffer.alloc(0);
  const planner = createPlanner({
    delimiter: layout.delimiter.charCodeAt(0),
    cursor: { chunk: 0, offset: layout.dataStart, row: 1, line: layout.dataLine },
    chunkBytes,
    ...(profile.limit === undefined ? {} : { limit: profile.limit }),
  });
  const chunks = [...planner.push(text.subarray(layout.dataStart)), ...planner.end()];
  await jobs.putChunks(id, chunks);

  for (const chunk of chunks) {
    const queue = createScriptedQueue();
    const { ports } = createStageHarness({ stage: 'clean-rows', queues: { rows: queue } });
    await cleanChunk(job, { v: 1, kind: 'chunk', jobId: id, ...chunk }, { ...ports, jobs, objects }, workBucket);
    const accepted: RowTuple[] = queue.bodies.flatMap((body) => [...parseRowsMessage(body).rows]);
    for (let from = 0; from < accepted.length; from += statementsMax) {
      const part = accepted.slice(from, from + statementsMax);
      await rows.insert(id, part);
      await rows.finish(
        id,
        part.map(([of, row]): OutcomeTuple => [of, row, 'DONE', { ok: row }]),
      );
    }
    await jobs.closeChunk(id, chunk.chunk, { done: accepted.length, failed: 0 });
  }
  const { chunk, row } = planner.cursor();
  const plan = { chunks: chunk, rows: row - 1, closedAt: clock.now() };
  await jobs.changeJob(id, ['PLANNING'], { state: 'COMPLETE', plan });
  return jobs.jobOf(id);
};
