import { compileSchema } from '@sluice/core/clean/row-cleaner';
import type { RejectedRow, Run } from '@sluice/core/csv/run';
import { rawOfRow } from '@sluice/core/csv/run';
import { createRunReader } from '@sluice/core/csv/run-reader';
import { rejectKeyOf } from '@sluice/core/identity';
import type { ChunkMessage } from '@sluice/core/messages';
import { rowsEnvelope, serialise } from '@sluice/core/messages';
import { createPacker, rowBytesMax } from '@sluice/core/pack';
import type { ChunkCounts, Job, JobStore } from '@sluice/core/ports/job-store';
import { batchEntriesMax } from '@sluice/core/ports/queue';
import { schemaOf } from '@sluice/core/profile';
import { readObject } from '@sluice/core/read-object';
import type { RejectReason } from '@sluice/core/rejects';
import { createRangeCursor } from '@sluice/core/row-ranges';
import { sendOrThrow } from '@sluice/core/send';
import type { Seams, Services } from '@sluice/core/stage';
import { toRejectLine } from './reject-line.ts';

export type CleanChunkPorts = Pick<Seams, 'clock' | 'random'> & {
  readonly objects: Pick<Services['objects'], 'readRange' | 'put'>;
  readonly jobs: Pick<JobStore, 'putCounts'>;
  readonly queues: Pick<Services['queues'], 'rows'>;
};

/** Which rows of the chunk, asked for in order, are wanted: all, or those of a repair's ranges. */
const wantedRows = (ranges: ChunkMessage['ranges']): ((row: number) => boolean) =>
  ranges === undefined ? () => true : createRangeCursor(ranges);

const tooLarge = (bytes: number): RejectReason => ({
  code: 'ROW_TOO_LARGE',
  message: `expected a row of at most ${rowBytesMax} bytes once cleaned, found one of ${bytes}`,
});

/**
 * Cleans one chunk. Memory stays at a few packs and the chunk's rejects. Throws SluiceError PLAN_MISMATCH when the bytes do
 * not hold the planned rows, SEND_FAILED when a pack was not confirmed; nothing is counted then.
 */
export const cleanChunk = async (
  job: Job,
  message: ChunkMessage,
  ports: CleanChunkPorts,
  bucket: string,
): Promise<ChunkCounts> => {
  const { layout, jobId } = job;
  if (layout === undefined) throw new Error('expected a job with a layout, found none');
  const { chunk } = message;
  const cleaner = compileSchema(schemaOf(job.profile), layout.columns);
  const packer = createPacker(rowsEnvelope(jobId, layout.outputColumns), job.rowsPerMessage || undefined);
  const isWanted = wantedRows(message.ranges);
  const rejects: string[] = [];
  let accepted = 0;

  // Packs are on their way while the rows after them are being cleaned; not more than one sending at a time.
  let sending: Promise<void> = Promise.resolve();
  const startSending = async (count: number): Promise<void> => {
    if (count === 0) return;
    await sending;
    sending = sendOrThrow(ports.queues.rows, packer.bodies.splice(0, count), ports);
    // Whoever awaits it next is told; until then nobody listens.
    sending.catch(() => undefined);
  };
  const sendFullBatches = (): Promise<void> =>
    startSending(packer.bodies.length - (packer.bodies.length % batchEntriesMax));

  /** Of the values alone: whether a row is too large must not depend on the chunk it stands in. */
  const valueBytes = (text: string, row: number, line: number): number =>
    Buffer.byteLength(text) - `[${chunk},${row},${line},]`.length;

  const takeRun = (run: Run): void => {
    const { fields, firstRow, starts, ends, lines } = run;
    for (let i = 0; i < fields.length; i++) {
      const row = firstRow + i;
      if (!isWanted(row)) continue;
      const line = lines[i] ?? 0;
      const values = cleaner.clean(fields[i] ?? []);
      let reason: RejectReason | undefined;
      if (Array.isArray(values)) {
        const text = serialise([chunk, row, line, values]);
        // A character is at most three bytes: only long texts need counting.
        const bytes = text.length * 3 > rowBytesMax ? valueBytes(text, row, line) : 0;
        if (bytes <= rowBytesMax) {
          packer.add(text);
          accepted++;
        } else reason = tooLarge(bytes);
      } else reason = values;
      if (reason === undefined) continue;
      const place = { row, line, byteStart: starts[i] ?? 0, byteEnd: ends[i] ?? 0 };
      rejects.push(toRejectLine({ ...place, bytes: rawOfRow(run, i) }, reason));
    }
  };

  const take = (found: Run | RejectedRow): void => {
    if (found.kind === 'rows') takeRun(found);
    else if (isWanted(found.row)) {
      const { row, line, start, end, raw, reason } = found;
      rejects.push(toRejectLine({ row, line, byteStart: start, byteEnd: end, bytes: raw }, reason));
    }
  };

  const reader = createRunReader({ chunk: message, delimiter: layout.delimiter });
  try {
    for await (const piece of readObject(ports, layout.source, message.start, message.end)) {
      for (const found of reader.push(piece)) {
        take(found);
        await sendFullBatches();
      }
    }
    for (const found of reader.end()) {
      take(found);
      await sendFullBatches();
    }
    packer.flush();
    await startSending(packer.bodies.length);
  } finally {
    // Nothing may still be under way when this ends.
    await sending.catch(() => undefined);
  }
  // Nothing is counted before every pack is confirmed.
  await sending;

  if (message.ranges !== undefined) return { accepted, rejected: 0 };
  const counts = { accepted, rejected: rejects.length };
  if (rejects.length === 0) {
    await ports.jobs.putCounts(jobId, chunk, counts);
  } else {
    const key = rejectKeyOf(jobId, chunk);
    await ports.objects.put(bucket, key, rejects.join(''));
    await ports.jobs.putCounts(jobId, chunk, { ...counts, rejects: key });
  }
  return counts;
};
