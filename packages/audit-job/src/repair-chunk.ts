import type { RowTuple, Value } from '@sluice/core/messages';
import { rowsEnvelope, serialise, serialiseChunk } from '@sluice/core/messages';
import { packAll } from '@sluice/core/pack';
import type { ChunkRecord, DeadMark, Job } from '@sluice/core/ports/job-store';
import { readRejectLines } from '@sluice/core/rejected-rows';
import type { RowRange } from '@sluice/core/row-ranges';
import { addRow } from '@sluice/core/row-ranges';
import { sendOrThrow } from '@sluice/core/send';
import type { AuditPorts } from './audit-job.ts';
import type { DeadRows } from './count-chunk.ts';

/** Row ranges of one repair message: keeps it far below a message's size. */
const rangesMax = 1_000;

/** Where the open rows of a chunk are: in the table but not final, or lost on their way there. */
type OpenRows = {
  readonly pending: readonly RowTuple[];
  readonly absent: readonly RowRange[];
};

const rejectedRowsOf = async (chunk: ChunkRecord, ports: AuditPorts, bucket: string): Promise<ReadonlySet<number>> => {
  const rejected = new Set<number>();
  const key = chunk.cleaned?.rejects;
  if (key === undefined) return rejected;
  for await (const line of readRejectLines(ports, bucket, key)) {
    rejected.add((JSON.parse(line) as { readonly row: number }).row);
  }
  return rejected;
};

const findOpenRows = async (
  jobId: string,
  chunk: ChunkRecord,
  dead: DeadRows,
  ports: AuditPorts,
  bucket: string,
): Promise<OpenRows> => {
  const rejected = await rejectedRowsOf(chunk, ports, bucket);
  const pending: RowTuple[] = [];
  const absent: RowRange[] = [];
  const addAbsent = (row: number): void => {
    if (!dead.rows.has(row) && !rejected.has(row)) addRow(absent, row);
  };
  let expected = chunk.firstRow;
  for await (const page of ports.rows.readChunk(jobId, chunk.chunk)) {
    for (const { row, line, status, data } of page) {
      for (; expected < row; expected++) addAbsent(expected);
      expected = row + 1;
      if (status === 'PENDING' && !dead.rows.has(row)) {
        pending.push([chunk.chunk, row, line, JSON.parse(data) as Value[]]);
      }
    }
  }
  for (; expected < chunk.firstRow + chunk.rows; expected++) addAbsent(expected);
  return { pending, absent };
};

/** Sends the open rows of a chunk again: from the source, or straight to `work` where the table has them. */
export const repairChunk = async (
  job: Job,
  chunk: ChunkRecord,
  dead: DeadRows,
  ports: AuditPorts,
  bucket: string,
): Promise<void> => {
  const { jobId } = job;
  const { cleaned, closed: _, ...plan } = chunk;
  if (cleaned === undefined) {
    await sendOrThrow(ports.queues.chunks, [serialiseChunk({ jobId, ...plan })], ports);
    return;
  }
  const { pending, absent } = await findOpenRows(jobId, chunk, dead, ports, bucket);
  const envelope = rowsEnvelope(jobId, job.layout?.outputColumns ?? []);
  const packs = packAll(envelope, pending.map(serialise), job.rowsPerMessage || undefined);
  const toWork = packs.map(({ body }) => body);
  await sendOrThrow(ports.queues.work, toWork, ports);
  const toChunks: string[] = [];
  for (let from = 0; from < absent.length; from += rangesMax) {
    toChunks.push(serialiseChunk({ jobId, ...plan, ranges: absent.slice(from, from + rangesMax) }));
  }
  await sendOrThrow(ports.queues.chunks, toChunks, ports);
};

/** Marks what is open in a chunk after all repairs as LOST: row by row, or the chunk when it was never cleaned. */
export const markLost = async (
  job: Job,
  chunk: ChunkRecord,
  dead: DeadRows,
  ports: AuditPorts,
  bucket: string,
): Promise<void> => {
  const lost = {
    jobId: job.jobId,
    stage: 'LOST',
    chunk: chunk.chunk,
    code: 'LOST',
    message: 'expected the row to become final, found it open after every repair',
    attempts: job.repairs,
  } as const satisfies DeadMark;
  if (chunk.cleaned === undefined) {
    await ports.jobs.putMarks([lost]);
    return;
  }
  const { pending, absent } = await findOpenRows(job.jobId, chunk, dead, ports, bucket);
  const marks: DeadMark[] = pending.map(([, row]) => ({ ...lost, row }));
  for (const [first, last] of absent) for (let row = first; row <= last; row++) marks.push({ ...lost, row });
  if (marks.length > 0) await ports.jobs.putMarks(marks);
};
