import { SluiceError } from '@sluice/core/errors';
import { mergedRejectKeysOf } from '@sluice/core/identity';
import type { Invocation } from '@sluice/core/invocation';
import type { ChunkRecord, Job, JobLayout } from '@sluice/core/ports/job-store';
import { readObject } from '@sluice/core/read-object';
import type { RejectLine } from '@sluice/core/rejected-rows';
import { readRejectLines } from '@sluice/core/rejected-rows';
import { waitForAll } from '@sluice/core/wait-for-all';
import type { AuditPorts } from './audit-job.ts';
import { withMark } from './with-mark.ts';

/** Bytes of reject objects, and how many of them, that are merged within one invocation; more are only listed. */
const mergedBytesMax = 1024 ** 3;
const mergedObjectsMax = 2_000;
/** Heads asked for at once. */
const headsInFlightMax = 16;
/** A header is no longer than this, with what ends it. Source: `readDialect` refuses longer ones. */
const headerBytesMax = 16 * 1024 + 2;
/** Bytes of a piece that is handed on to an upload. */
const pieceBytes = 256 * 1024;

type RejectPorts = Pick<AuditPorts, 'objects' | 'clock'>;
export type ChunkWithRejects = ChunkRecord & {
  readonly cleaned: NonNullable<ChunkRecord['cleaned']> & { readonly rejects: string };
};

export const hasRejects = (chunk: ChunkRecord): chunk is ChunkWithRejects => chunk.cleaned?.rejects !== undefined;

const isGone = (thrown: unknown): boolean => thrown instanceof SluiceError && thrown.code === 'OBJECT_CHANGED';

/** The reject object of a chunk is gone, or does not hold what was counted: it must be written again. */
export class RejectsMissing extends Error {
  readonly chunk: ChunkWithRejects;

  constructor(chunk: ChunkWithRejects) {
    super('expected the rejects of a chunk, found them gone or broken');
    this.name = 'RejectsMissing';
    this.chunk = chunk;
  }
}

/** The invocation is too short to go through every reject object. */
class OutOfTime extends Error {}

/** What is merged, from where, and while there is time. */
export type Merge = {
  readonly chunks: readonly ChunkWithRejects[];
  readonly ports: RejectPorts;
  readonly bucket: string;
  readonly invocation: Pick<Invocation, 'isShort'>;
};

/** The rejects of a chunk, as many as were counted. Throws RejectsMissing, OutOfTime. */
async function* readRejects(chunk: ChunkWithRejects, { ports, bucket, invocation }: Merge): AsyncGenerator<RejectLine> {
  if (invocation.isShort()) throw new OutOfTime('expected time to merge every reject object, found too little left');
  let found = 0;
  try {
    for await (const line of readRejectLines(ports, bucket, chunk.cleaned.rejects)) {
      found++;
      yield JSON.parse(line) as RejectLine;
    }
  } catch (thrown) {
    throw isGone(thrown) || thrown instanceof SyntaxError ? new RejectsMissing(chunk) : thrown;
  }
  if (found !== chunk.cleaned.rejected) throw new RejectsMissing(chunk);
}

/** A quote that is never closed swallows what comes after it, so such a row may only be followed by its like. */
const isUnclosed = ({ code }: RejectLine): boolean => code === 'QUOTE_NOT_CLOSED';

/** The rejects of all chunks in row order, but for those with a quote that is never closed, which come last. */
async function* readInOrder(merge: Merge): AsyncGenerator<RejectLine> {
  const withUnclosed = new Set<ChunkWithRejects>();
  for (const chunk of merge.chunks) {
    for await (const reject of readRejects(chunk, merge)) {
      if (isUnclosed(reject)) withUnclosed.add(chunk);
      else yield reject;
    }
  }
  for (const chunk of withUnclosed) {
    for await (const reject of readRejects(chunk, merge)) if (isUnclosed(reject)) yield reject;
  }
}

/** Gathers small pieces into such as are worth an upload's while. */
export async function* gather(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    waiting.push(piece);
    bytes += piece.length;
    if (bytes < pieceBytes) continue;
    yield Buffer.concat(waiting);
    waiting = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(waiting);
}

const quoteField = (field: string): string => `"${field.replaceAll('"', '""')}"`;

/** Without a byte order mark, blank lines and the line end. */
const trimHeader = (bytes: Buffer): Buffer => {
  const text = bytes.toString('latin1');
  const start = /^(?:\xef\xbb\xbf)?[\r\n]*/.exec(text)?.[0].length ?? 0;
  return bytes.subarray(start, Math.max(start, text.replace(/[\r\n]+$/, '').length));
};

/** The header as it stands in the file; made from the columns' names where the file is gone. */
export const readHeader = async (
  { source, dataStart, columns, delimiter }: JobLayout,
  ports: RejectPorts,
): Promise<Buffer> => {
  try {
    const pieces: Buffer[] = [];
    for await (const piece of readObject(ports, source, Math.max(0, dataStart - headerBytesMax), dataStart)) {
      pieces.push(piece);
    }
    return trimHeader(Buffer.concat(pieces));
  } catch (thrown) {
    if (!isGone(thrown)) throw thrown;
    return Buffer.from(columns.map(quoteField).join(delimiter));
  }
};

/** A row's original bytes: what is kept of them, or all of them from the file where that was too many. */
async function* readRaw(reject: RejectLine, source: JobLayout['source'], ports: RejectPorts): AsyncGenerator<Buffer> {
  const { raw = '', rawBase64, rawTruncated, byteStart, byteEnd } = reject;
  const kept = rawBase64 === undefined ? Buffer.from(raw) : Buffer.from(rawBase64, 'base64');
  let read = 0;
  if (rawTruncated === true) {
    try {
      for await (const piece of readObject(ports, source, byteStart, byteEnd)) {
        read += piece.length;
        yield piece;
      }
    } catch (thrown) {
      if (!isGone(thrown)) throw thrown;
      // What was handed on cannot be taken back: the next audit finds the file gone from the start.
      if (read > 0) {
        throw new SluiceError('READ_INCOMPLETE', 'expected the rest of a rejected row, found its file gone meanwhile');
      }
    }
  }
  if (read === 0) yield kept;
}

const lineFeed = Buffer.from('\n');

async function* linesOf(job: Job, layout: JobLayout, merge: Merge): AsyncGenerator<Uint8Array> {
  if (job.profile.header ?? true) {
    yield await readHeader(layout, merge.ports);
    yield lineFeed;
  }
  for await (const reject of readInOrder(merge)) {
    yield* readRaw(reject, layout.source, merge.ports);
    yield lineFeed;
  }
}

/** The header and every rejected row as it stands in the file, to be read again under the job's profile. Throws RejectsMissing. */
export const csvOf = (job: Job, layout: JobLayout, merge: Merge): AsyncGenerator<Uint8Array> =>
  withMark(gather(linesOf(job, layout, merge)), job.profile);

async function* reasonLinesOf(merge: Merge): AsyncGenerator<Uint8Array> {
  for await (const { raw: _, rawBase64: __, ...reason } of readInOrder(merge)) {
    yield Buffer.from(`${JSON.stringify(reason)}\n`);
  }
}

/** Why each of them was rejected, line by line, in the same order. Throws RejectsMissing. */
export const reasonsOf = (merge: Merge): AsyncGenerator<Uint8Array> => gather(reasonLinesOf(merge));

/** The chunks' own reject objects, one a line of an array: there may be very many. */
async function* manifestOf(job: Job, ports: Pick<AuditPorts, 'jobs'>): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`{"v":1,"jobId":${JSON.stringify(job.jobId)},"objects":[`);
  let separator = '\n';
  for await (const page of ports.jobs.listChunks(job.jobId)) {
    for (const { chunk, cleaned } of page) {
      if (cleaned?.rejects === undefined) continue;
      yield Buffer.from(separator + JSON.stringify({ chunk, key: cleaned.rejects, rows: cleaned.rejected }));
      separator = ',\n';
    }
  }
  yield Buffer.from('\n]}\n');
}

/** Undefined when there are too many to be merged. */
const listRejects = async (
  job: Job,
  ports: Pick<AuditPorts, 'jobs'>,
): Promise<readonly ChunkWithRejects[] | undefined> => {
  const chunks: ChunkWithRejects[] = [];
  for await (const page of ports.jobs.listChunks(job.jobId)) {
    chunks.push(...page.filter(hasRejects));
    if (chunks.length > mergedObjectsMax) return undefined;
  }
  return chunks;
};

/** The bytes of the chunks' reject objects, and the chunks whose object is gone. */
const weigh = async (
  chunks: readonly ChunkWithRejects[],
  ports: RejectPorts,
  bucket: string,
): Promise<{ readonly bytes: number; readonly missing: readonly ChunkWithRejects[] }> => {
  let bytes = 0;
  const missing: ChunkWithRejects[] = [];
  for (let from = 0; from < chunks.length; from += headsInFlightMax) {
    const some = chunks.slice(from, from + headsInFlightMax);
    const heads = await waitForAll(some.map(({ cleaned }) => ports.objects.head(bucket, cleaned.rejects)));
    for (const [index, chunk] of some.entries()) {
      const head = heads[index];
      if (head === undefined) missing.push(chunk);
      else bytes += head.bytes;
    }
  }
  return { bytes, missing };
};

/**
 * Merges the rejects of a job into one file that can be uploaded again once it is mended, with the reasons beside it line by line;
 * lists the chunks' own reject objects where they are too many, or the invocation's time does not suffice.
 * Returns the chunks whose reject object is gone or broken: nothing is merged then.
 */
export const mergeRejects = async (
  job: Job,
  ports: AuditPorts,
  bucket: string,
  invocation: Pick<Invocation, 'isShort'>,
): Promise<readonly ChunkRecord[]> => {
  const { layout } = job;
  if (layout === undefined) throw new Error('expected a job with a layout, found none');
  const keys = mergedRejectKeysOf(job.jobId);
  const chunks = await listRejects(job, ports);
  const { bytes, missing } = await weigh(chunks ?? [], ports, bucket);
  if (missing.length > 0) return missing;
  const putManifest = () => ports.objects.putStream(bucket, keys.manifest, gather(manifestOf(job, ports)));
  if (chunks === undefined || bytes > mergedBytesMax) {
    await putManifest();
    return [];
  }
  try {
    // The reasons first: where there are rows, there are reasons.
    const merge = { chunks, ports, bucket, invocation };
    await ports.objects.putStream(bucket, keys.reasons, reasonsOf(merge));
    await ports.objects.putStream(bucket, keys.csv, csvOf(job, layout, merge));
    return [];
  } catch (thrown) {
    if (thrown instanceof RejectsMissing) return [thrown.chunk];
    if (!(thrown instanceof OutOfTime)) throw thrown;
    // The next invocation would have no more time than this one.
    await putManifest();
    return [];
  }
};
