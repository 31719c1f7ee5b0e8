import { basename, dirname, join, parse } from 'node:path';
import type { ChunkWithRejects, Merge } from '@sluice/audit-job/merge-rejects';
import { csvOf, hasRejects, RejectsMissing, reasonsOf } from '@sluice/audit-job/merge-rejects';
import { withMark } from '@sluice/audit-job/with-mark';
import { headBytes } from '@sluice/core/csv/dialect';
import { mergedRejectKeysOf } from '@sluice/core/identity';
import type { Job, JobLayout, Profile } from '@sluice/core/ports/job-store';
import { terminalStates } from '@sluice/core/ports/job-store';
import { readAhead } from '@sluice/core/read-object';
import { readRejectLines } from '@sluice/core/rejected-rows';
import { countText, toTerminalText } from '../terminal-text.ts';
import { closeTogether } from '../text-file.ts';
import { findJob } from './find-job.ts';
import { checkNotForgotten } from './forget-state.ts';
import { checkOutFile, createOutFile } from './out-file.ts';
import { createProgressNotes } from './progress-notes.ts';
import { findDialectGap } from './same-dialect.ts';
import type { Session } from './session.ts';
import { CommandFailed } from './session.ts';

export type RejectsFlags = { readonly out?: string; readonly force: boolean };

/** The chunks that have rejects, how many these are, and whether more may come. */
type Rejected = { readonly chunks: readonly ChunkWithRejects[]; readonly rows: number; readonly isWhole: boolean };

const listRejects = async ({ jobId, plan }: Job, { jobs }: Session['operator']): Promise<Rejected> => {
  const chunks: ChunkWithRejects[] = [];
  let cleaned = 0;
  for await (const page of jobs.listChunks(jobId)) {
    chunks.push(...page.filter(hasRejects));
    cleaned += page.filter((chunk) => chunk.cleaned !== undefined).length;
  }
  const rows = chunks.reduce((sum, chunk) => sum + chunk.cleaned.rejected, 0);
  return { chunks, rows, isWhole: cleaned === plan?.chunks };
};

/** The two files as they come: the rows, and why they were rejected, line by line. */
type Sources = { readonly csv: AsyncIterable<Uint8Array>; readonly reasons: AsyncIterable<string> };

const byteOrderMark = Buffer.from('\ufeff');

/** Rejects that were merged at the end of the job, perhaps at a time when merging set no marks. */
async function* remarked(pieces: AsyncIterable<Uint8Array>, profile: Profile): AsyncGenerator<Uint8Array> {
  const iterator = pieces[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done === true) return;
  async function* all(): AsyncGenerator<Uint8Array> {
    yield first.value;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
  }
  const isMarked = byteOrderMark.equals(first.value.subarray(0, byteOrderMark.length));
  yield* isMarked ? all() : withMark(all(), profile);
}

/** What audit-job merged when the job came to its end; undefined where it did not. */
const mergedOf = async (job: Job, { objects, clock, stack }: Session['operator']): Promise<Sources | undefined> => {
  if (job.state !== 'COMPLETE') return undefined;
  const bucket = stack.workBucket;
  const keys = mergedRejectKeysOf(job.jobId);
  const csv = await objects.head(bucket, keys.csv);
  const reasons = await objects.head(bucket, keys.reasons);
  if (csv === undefined || reasons === undefined) return undefined;
  const version = { bucket, key: keys.csv, ...csv };
  return {
    csv: remarked(readAhead({ objects, clock }, version, 0, csv.bytes), job.profile),
    reasons: readRejectLines({ objects, clock }, bucket, keys.reasons),
  };
};

async function* linesOf(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  // Each piece ends with a line.
  for await (const piece of pieces) yield* Buffer.from(piece).toString().split('\n').slice(0, -1);
}

const mergeNow = (job: Job, layout: JobLayout, chunks: Merge['chunks'], { operator }: Session): Sources => {
  const merge = { chunks, ports: operator, bucket: operator.stack.workBucket, invocation: { isShort: () => false } };
  return { csv: csvOf(job, layout, merge), reasons: linesOf(reasonsOf(merge)) };
};

/** A word as a shell takes it, and a terminal shows it. */
const shellWord = (text: string): string => {
  const shown = toTerminalText(text);
  return /^[\w./:@%+=,-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", "'\\''")}'`;
};

const reasonsPathOf = (out: string): string => join(dirname(out), `${parse(basename(out)).name}.reasons.ndjson`);

type Written = { readonly codes: ReadonlyMap<string, number>; readonly head: Buffer; readonly isWhole: boolean };

const write = async (sources: Sources, rejected: Rejected, out: string, session: Session): Promise<Written> => {
  const { signal } = session;
  const note = createProgressNotes(session);
  const codes = new Map<string, number>();
  const head: Uint8Array[] = [];
  let found = 0;
  let bytes = 0;
  const reasons = createOutFile(reasonsPathOf(out));
  try {
    const csv = createOutFile(out);
    try {
      for await (const line of sources.reasons) {
        signal.throwIfAborted();
        const { code } = JSON.parse(line) as { readonly code: string };
        codes.set(code, (codes.get(code) ?? 0) + 1);
        found++;
        reasons.write(Buffer.from(`${line}\n`));
        note(() => `read why ${countText(found)} of ${countText(rejected.rows)} rows were rejected`);
      }
      if (found !== rejected.rows) {
        throw new CommandFailed(`expected ${rejected.rows} rejected rows as the ledger counts them, found ${found}`);
      }
      for await (const piece of sources.csv) {
        signal.throwIfAborted();
        if (bytes < headBytes) head.push(piece.subarray(0, headBytes - bytes));
        bytes += piece.length;
        csv.write(piece);
        note(() => `wrote ${countText(bytes)} bytes of rejected rows`);
      }
      reasons.finish();
      csv.finish();
      closeTogether([reasons.file], csv.file);
    } catch (thrown) {
      csv.file.discard();
      throw thrown;
    }
  } catch (thrown) {
    reasons.file.discard();
    throw thrown;
  }
  return { codes, head: Buffer.concat(head), isWhole: bytes <= headBytes };
};

const translate = async (thrown: unknown, { jobId }: Job, { operator }: Session): Promise<unknown> => {
  if (thrown instanceof RejectsMissing) {
    const after = await operator.jobs.getJob(jobId);
    // Somebody may have had them deleted meanwhile.
    if (after !== undefined) await checkNotForgotten(operator, after);
    const help =
      after !== undefined && terminalStates.includes(after.state)
        ? `its job is ${after.state}, so nothing writes them again`
        : `sluice repair ${jobId} has them written again`;
    return new CommandFailed(`expected the rejects of chunk ${thrown.chunk.chunk}, found them gone or broken; ${help}`);
  }
  // Its own message would quote the row.
  return thrown instanceof SyntaxError
    ? new CommandFailed('expected rejects as JSON, found a line that is not')
    : thrown;
};

/**
 * Writes the rejected rows of a job as a file that can be uploaded again once it is mended, with their original bytes under the file's
 * header, and the reasons beside it, line by line in the same order. Both appear whole. Exit status 1 where not all rows were cleaned.
 */
export const rejects = async (session: Session, jobText: string, flags: RejectsFlags): Promise<number> => {
  const { operator, output } = session;
  const job = await findJob(operator, jobText);
  await checkNotForgotten(operator, job);
  const { jobId, state, layout, profile } = job;
  const out = flags.out ?? `${jobId}.rejects.csv`;
  const file = { out, reasons: reasonsPathOf(out) };
  for (const path of [file.out, file.reasons]) checkOutFile(path, flags.force);
  const rejected = await listRejects(job, operator);
  if (!rejected.isWhole) {
    output.note(
      terminalStates.includes(state)
        ? `job ${jobId} ended ${state} before all of its rows were cleaned`
        : `job ${jobId} is ${state}: more of its rows may be rejected`,
    );
  }
  const status = rejected.isWhole ? 0 : 1;
  if (rejected.rows === 0 || layout === undefined) {
    output.result({ jobId, state, rows: 0, codes: {} }, [`job ${jobId} has no rejected rows`]);
    return status;
  }
  const sources = (await mergedOf(job, operator)) ?? mergeNow(job, layout, rejected.chunks, session);
  const written = await write(sources, rejected, out, session).catch(async (thrown: unknown) => {
    throw await translate(thrown, job, session);
  });
  const gap = findDialectGap(written.head, written.isWhole, layout, profile);
  if (gap !== undefined) output.note(`uploaded again these rows would be read otherwise: ${toTerminalText(gap)}`);
  const codes = [...written.codes].sort(([, a], [, b]) => b - a);
  output.result(
    { jobId, state, file: file.out, reasons: file.reasons, rows: rejected.rows, codes: Object.fromEntries(codes) },
    [
      `${toTerminalText(file.out)}: ${countText(rejected.rows)} rejected rows of job ${jobId}`,
      `  ${codes.map(([code, count]) => `${toTerminalText(code)} ${countText(count)}`).join(', ')}`,
      `${toTerminalText(file.reasons)}: why, line by line`,
      `once it is mended: sluice upload ${shellWord(file.out)}${profile.prefix === '' ? '' : ` --prefix ${shellWord(profile.prefix)}`}`,
    ],
  );
  return status;
};
