import type { ChunkPlan } from '@sluice/core/ports/job-store';
import type { Fact } from '../facts.ts';
import { parseRejectLines } from './reject-lines.ts';
import type { Shadow, ShadowJob, ShadowMessage } from './shadow.ts';
import { chunkOf, jobOf, rowOf } from './shadow.ts';
import { violate } from './violate.ts';

// What is written of chunks: the plan is the same whoever plans (I2); counts are written once, and are those of the reject
// object and of the rows (I3, I8).

type FactOf<Kind extends Fact['kind']> = Extract<Fact, { kind: Kind }>;

const isSamePlan = (a: ChunkPlan, b: ChunkPlan): boolean =>
  a.start === b.start &&
  a.end === b.end &&
  a.firstRow === b.firstRow &&
  a.rows === b.rows &&
  a.firstLine === b.firstLine;

const checkPlan = (job: ShadowJob, plan: ChunkPlan, fact: Fact): void => {
  const planned = job.chunks.get(plan.chunk)?.plan;
  if (planned === undefined) {
    violate(
      'I2',
      'expected a chunk that is planned, found one that is not',
      { job: job.jobId, chunk: plan.chunk },
      fact,
    );
  } else if (!isSamePlan(planned, plan)) {
    violate(
      'I2',
      'expected the chunk as it was first planned, found another',
      { job: job.jobId, chunk: plan.chunk },
      fact,
    );
  }
};

export const notePlanned = (shadow: Shadow, fact: FactOf<'chunks planned'>): void => {
  const job = jobOf(shadow, fact.jobId, fact);
  for (const plan of fact.chunks) {
    chunkOf(job, plan.chunk).plan ??= plan;
    checkPlan(job, plan, fact);
  }
};

/** A message speaks of a chunk as it was planned. */
export const checkSentChunks = (messages: readonly ShadowMessage[], fact: Fact): void => {
  for (const message of messages) if (message.kind === 'chunk') checkPlan(message.job, message.plan, fact);
};

/** A reject object that the ledger names keeps its bytes. */
export const notePut = (shadow: Shadow, workBucket: string, fact: FactOf<'put'>): void => {
  if (fact.bucket !== workBucket) return;
  const before = shadow.objects.get(fact.key);
  if (before?.lines !== undefined) {
    if (!before.bytes.equals(fact.bytes)) {
      violate(
        'I3',
        'expected a reject object that was counted to stay, found other bytes put',
        { key: fact.key },
        fact,
      );
    }
    return;
  }
  shadow.objects.set(fact.key, { bytes: fact.bytes });
};

/** The rows of the reject object are the rejected rows of the chunk from now on. */
const noteRejects = (shadow: Shadow, job: ShadowJob, fact: FactOf<'chunk counted'>): void => {
  const { chunk: number, counts } = fact;
  const place = { job: job.jobId, chunk: number, ...(counts.rejects && { key: counts.rejects }) };
  const object = counts.rejects === undefined ? undefined : shadow.objects.get(counts.rejects);
  const lines = object === undefined ? [] : parseRejectLines(object.bytes);
  if (lines === undefined) violate('I3', 'expected lines of JSON in a reject object, found others', place, fact);
  if (lines.length !== counts.rejected) {
    violate('I8', `expected ${counts.rejected} rows in the reject object, found ${lines.length}`, place, fact);
  }
  if (object !== undefined) object.lines = lines;
  const chunk = chunkOf(job, number);
  for (const { row: rejected } of lines) {
    const row = rowOf(job, rejected);
    if (row.isRejected || row.status !== 'ABSENT') {
      const found = row.isRejected ? 'rejected before' : 'stored';
      violate(
        'I3',
        `expected a rejected row once and nowhere else, found it ${found}`,
        { ...place, row: rejected },
        fact,
      );
    }
    row.isRejected = true;
    chunk.rejected++;
  }
};

/** Counts are written once every pack is confirmed: each accepted row is on its way by then, or further. */
const checkSentOn = (job: ShadowJob, plan: ChunkPlan, fact: Fact): void => {
  for (let number = plan.firstRow; number < plan.firstRow + plan.rows; number++) {
    const row = job.rows.get(number);
    if (row?.isRejected === true || row?.isMarkedForGood === true) continue;
    if (row !== undefined && (row.status !== 'ABSENT' || row.live.rows > 0)) continue;
    violate(
      'I10',
      'expected every accepted row of a chunk sent before the chunk is counted, found one that is not',
      { job: job.jobId, chunk: plan.chunk, row: number },
      fact,
    );
  }
};

export const noteCounted = (shadow: Shadow, fact: FactOf<'chunk counted'>): void => {
  const job = jobOf(shadow, fact.jobId, fact);
  const chunk = chunkOf(job, fact.chunk);
  const { accepted, rejected } = fact.counts;
  const place = { job: job.jobId, chunk: fact.chunk };
  if (chunk.plan === undefined || accepted + rejected !== chunk.plan.rows) {
    const planned = chunk.plan?.rows ?? 'no';
    violate('I8', `expected counts of ${planned} planned rows, found ${accepted} and ${rejected}`, place, fact);
  }
  if (chunk.counts === undefined) {
    if (!fact.isNew) violate('I8', 'expected counts that were there already, found none', place, fact);
    chunk.counts = fact.counts;
    noteRejects(shadow, job, fact);
    checkSentOn(job, chunk.plan, fact);
    return;
  }
  if (fact.isNew) violate('I8', 'expected counts to be written once, found them written again', place, fact);
  if (accepted !== chunk.counts.accepted || rejected !== chunk.counts.rejected) {
    violate('I8', 'expected the same counts each time a chunk is cleaned, found others', place, fact);
  }
};

export const noteClosed = (shadow: Shadow, fact: FactOf<'chunk closed'>): void => {
  const job = jobOf(shadow, fact.jobId, fact);
  const chunk = chunkOf(job, fact.chunk);
  const { done, failed } = fact.closed;
  const place = { job: job.jobId, chunk: fact.chunk };
  if (fact.isNew !== (chunk.closed === undefined)) {
    violate('I8', 'expected final counts to be written once, found them written again or lost', place, fact);
  }
  if (done !== chunk.done || failed !== chunk.failed || done + failed !== chunk.counts?.accepted) {
    violate(
      'I8',
      `expected final counts of ${chunk.counts?.accepted ?? 'no'} accepted rows, ${chunk.done} done and ${chunk.failed} failed, found ${done} and ${failed}`,
      place,
      fact,
    );
  }
  chunk.closed ??= fact.closed;
};
