import { SluiceError } from '@sluice/core/errors';
import type { RowTuple, Value } from '@sluice/core/messages';
import { rowsEnvelope, serialise, serialiseChunk } from '@sluice/core/messages';
import { packAll } from '@sluice/core/pack';
import type { ChunkRecord, DeadMark, Job } from '@sluice/core/ports/job-store';
import { readRejectLines } from '@sluice/core/rejected-rows';
import type { RowRange } from '@sluice/core/row-ranges';
import { addRow } from '@sluice/core/row-ranges';
import { sendOrThrow } from '@sluice/core/send';
import type { AuditPorts } from './audit-job.ts';
import { isGivenUp, markedRowsOf } from './count-chunk.ts';

/** Row ranges of one repair message: about 20 KB, far below what a message may hold. */
const rangesMax = 1_000;

const noRows: ReadonlySet<number> = new Set();

/**
 * Where the open rows of a chunk are: in the table but not final, or lost on their way there. `absent` is undefined when nobody
 * can tell the lost from the rejected, since the chunk's reject object is gone.
 */
type OpenRows = {
  readonly pending: readonly RowTuple[];
  readonly absent: readonly RowRange[] | undefined;
};

/** Undefined when the reject object is gone. */
const rejectedRowsOf = async (
  { cleaned }: ChunkRecord,
  ports: AuditPorts,
  bucket: string,
): Promise<ReadonlySet<number> | undefined> => {
  if (cleaned?.rejects === undefined) return noRows;
  const rejected = new Set<number>();
  try {
    for await (const line of readRejectLines(ports, bucket, cleaned.rejects)) {
      rejected.add((JSON.parse(line) as { readonly row: number }).row);
    }
    return rejected;
  } catch (thrown) {
    if (thrown instanceof SluiceError && thrown.code === 'OBJECT_CHANGED') return undefined;
    throw thrown;
  }
};

const findOpenRows = async (
  jobId: string,
  chunk: ChunkRecord,
  leftAlone: ReadonlySet<number>,
  ports: AuditPorts,
  bucket: string,
): Promise<OpenRows> => {
  const rejected = await rejectedRowsOf(chunk, ports, bucket);
  const pending: RowTuple[] = [];
  const absent: RowRange[] = [];
  const addAbsent = (row: number): void => {
    if (!leftAlone.has(row) && !rejected?.has(row)) addRow(absent, row);
  };
  let expected = chunk.firstRow;
  for await (const page of ports.rows.readChunk(jobId, chunk.chunk)) {
    for (const { row, line, status, data } of page) {
      for (; expected < row; expected++) addAbsent(expected);
      expected = row + 1;
      if (status === 'PENDING' && !leftAlone.has(row)) {
        pending.push([chunk.chunk, row, line, JSON.parse(data) as Value[]]);
      }
    }
  }
  for (; expected < chunk.firstRow + chunk.rows; expected++) addAbsent(expected);
  return { pending, absent: rejected === undefined ? undefined : absent };
};

/** Has a chunk cleaned once more: its rows are sent again, its reject object is written again, its counts stay. */
export const sendChunk = async (
  { jobId }: Job,
  chunk: ChunkRecord,
  ports: Pick<AuditPorts, 'queues' | 'clock' | 'random'>,
): Promise<void> => {
  const { cleaned: _, closed: __, ...plan } = chunk;
  await sendOrThrow(ports.queues.chunks, [serialiseChunk({ jobId, ...plan })], ports);
};

/**
 * Sends the open rows of a chunk again: from the source, or straight to `work` where the table has them. Rows that are dead are left
 * alone unless `withDead`. Without its reject object the whole chunk is cleaned again, which brings that back.
 */
export const repairChunk = async (
  job: Job,
  chunk: ChunkRecord,
  marks: readonly DeadMark[],
  withDead: boolean,
  ports: AuditPorts,
  bucket: string,
): Promise<void> => {
  const { jobId } = job;
  const { cleaned, closed: _, ...plan } = chunk;
  if (cleaned === undefined) {
    if (withDead || !isGivenUp(chunk, marks)) await sendChunk(job, chunk, ports);
    return;
  }
  const { pending, absent } = await findOpenRows(jobId, chunk, withDead ? noRows : markedRowsOf(marks), ports, bucket);
  const envelope = rowsEnvelope(jobId, job.layout?.outputColumns ?? []);
  const packs = packAll(envelope, pending.map(serialise), job.rowsPerMessage || undefined);
  const toWork = packs.map(({ body }) => body);
  await sendOrThrow(ports.queues.work, toWork, ports);
  if (absent === undefined) {
    await sendChunk(job, chunk, ports);
    return;
  }
  const toChunks: string[] = [];
  for (let from = 0; from < absent.length; from += rangesMax) {
    toChunks.push(serialiseChunk({ jobId, ...plan, ranges: absent.slice(from, from + rangesMax) }));
  }
  await sendOrThrow(ports.queues.chunks, toChunks, ports);
};

/**
 * Marks what is open in a chunk after all repairs as LOST: row by row, or the chunk when it was never cleaned. Where the reject
 * object is gone, only rows that the table has: a rejected row must not be taken for a lost one.
 */
export const markLost = async (
  job: Job,
  chunk: ChunkRecord,
  marks: readonly DeadMark[],
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
    if (!isGivenUp(chunk, marks)) await ports.jobs.putMarks([lost]);
    return;
  }
  const { pending, absent = [] } = await findOpenRows(job.jobId, chunk, markedRowsOf(marks), ports, bucket);
  const written: DeadMark[] = pending.map(([, row]) => ({ ...lost, row }));
  for (const [first, last] of absent) for (let row = first; row <= last; row++) written.push({ ...lost, row });
  if (written.length > 0) await ports.jobs.putMarks(written);
};
