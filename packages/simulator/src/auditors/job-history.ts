import type { Job } from '@sluice/core/ports/job-store';
import type { Expected } from '../expected-rows.ts';
import type { Fact } from '../facts.ts';
import { nextStates, terminalStates, unplannedStates } from './job-graph.ts';
import type { Shadow, ShadowJob } from './shadow.ts';
import { createShadowJob, fullVersionKey, jobOf, versionKey } from './shadow.ts';
import { violate } from './violate.ts';

// What a job goes through: it is created once for a file version (I5), keeps its plan and layout, moves along the design's
// states, ends as its file deserves, and is COMPLETE only when every row is accounted for (I9).

type FactOf<Kind extends Fact['kind']> = Extract<Fact, { kind: Kind }>;

export type JobRules = {
  readonly isVersioned: boolean;
  /** What the job's file must come to. Undefined when nobody saw it uploaded. */
  readonly expectJob: (job: ShadowJob) => Expected | undefined;
  /** Key of what a job's rejects were merged into, which must be there before it is COMPLETE; undefined when none are. */
  readonly mergedKeys: ((jobId: string) => readonly string[]) | undefined;
};

export const noteCreated = (shadow: Shadow, fact: FactOf<'job created'>): void => {
  const { job, isNew } = fact;
  const known = shadow.jobs.get(job.jobId);
  const place = { job: job.jobId };
  if (!isNew) {
    if (known === undefined) violate('I5', 'expected a job that was there already, found none', place, fact);
    return;
  }
  if (known !== undefined) violate('I5', 'expected a job to be created once, found it created again', place, fact);
  const file = versionKey(job.file);
  const other = shadow.jobsByFile.get(file);
  if (other !== undefined) {
    violate('I5', `expected one job of a file version, found a second beside ${other.jobId}`, place, fact);
  }
  if (job.state !== 'PLANNING' || job.plan !== undefined) {
    violate('I9', `expected a new job in PLANNING, found ${job.state}`, place, fact);
  }
  const created = createShadowJob(job);
  shadow.jobs.set(job.jobId, created);
  shadow.jobsByFile.set(file, created);
};

/** A plan counts every chunk there is, and each was sent before: nothing sends it afterwards. */
const checkPlan = (job: ShadowJob, plan: NonNullable<Job['plan']>, fact: Fact): void => {
  let rows = 0;
  for (const [number, chunk] of job.chunks) {
    rows += chunk.plan?.rows ?? 0;
    if (!chunk.isSent) {
      violate(
        'I10',
        'expected every chunk sent before the plan is closed, found one unsent',
        { job: job.jobId, chunk: number },
        fact,
      );
    }
  }
  if (job.chunks.size !== plan.chunks || rows !== plan.rows) {
    const found = `${plan.chunks} chunks and ${plan.rows} rows`;
    violate(
      'I2',
      `expected a plan of ${job.chunks.size} chunks and ${rows} rows, found ${found}`,
      { job: job.jobId },
      fact,
    );
  }
};

/** I9, from what took effect on rows alone. */
const checkComplete = (shadow: Shadow, job: ShadowJob, rules: JobRules, fact: Fact): void => {
  const { plan, jobId } = job;
  let rows = 0;
  let rejected = 0;
  for (let number = 0; number < (plan?.chunks ?? 0); number++) {
    const chunk = job.chunks.get(number);
    const place = { job: jobId, chunk: number };
    if (chunk?.plan === undefined || chunk.counts === undefined || chunk.closed === undefined) {
      violate(
        'I9',
        'expected every chunk counted and closed when its job is COMPLETE, found one that is not',
        place,
        fact,
      );
    }
    const { done, failed } = chunk;
    if (chunk.rejected + done + failed !== chunk.plan.rows) {
      const found = `${chunk.rejected} rejected, ${done} done and ${failed} failed`;
      violate(
        'I9',
        `expected ${chunk.plan.rows} rows accounted for when their job is COMPLETE, found ${found}`,
        place,
        fact,
      );
    }
    rows += chunk.plan.rows;
    rejected += chunk.rejected;
  }
  if (rows !== plan?.rows) {
    violate('I9', `expected ${plan?.rows} rows in a job that is COMPLETE, found ${rows}`, { job: jobId }, fact);
  }
  if (rejected === 0 || rules.mergedKeys === undefined) return;
  if (!rules.mergedKeys(jobId).some((key) => shadow.objects.has(key))) {
    violate('I3', 'expected rejects merged before their job is COMPLETE, found them not', { job: jobId }, fact);
  }
};

/** A job ends as its file deserves, and SUPERSEDED only when its bytes could not be read any more. */
const checkEnd = (shadow: Shadow, job: ShadowJob, rules: JobRules, fact: Fact): void => {
  const place = { job: job.jobId };
  if (job.state === 'SUPERSEDED') {
    const wasGone = !rules.isVersioned && shadow.files.get(versionKey(job.file))?.wasGone === true;
    if (!wasGone)
      violate('I9', 'expected a job SUPERSEDED when its file was replaced, found it there all along', place, fact);
    return;
  }
  const expected = rules.expectJob(job);
  if (expected === undefined) return;
  const isRefused = expected.ends === 'refused' || (expected.ends === 'read' && expected.tooManyRejects);
  if (isRefused !== (job.state === 'REFUSED')) {
    violate('I9', `expected a job ${isRefused ? 'REFUSED' : 'COMPLETE'}, found ${job.state}`, place, fact);
  }
};

/** Nobody but the operator calls a job off, and it ends REFUSED then, whatever its file deserves. */
const noteCancelled = (job: ShadowJob, fact: FactOf<'job changed'>): void => {
  const place = { job: job.jobId };
  if (fact.by.stage !== 'operator')
    violate('I9', `expected the operator to call a job off, found ${fact.by.stage}`, place, fact);
  if (job.state !== 'REFUSED')
    violate('I9', `expected a job that is called off REFUSED, found ${job.state}`, place, fact);
  job.cancelledAt = fact.at;
};

type Layout = NonNullable<Job['layout']>;

const areSameNames = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((name, index) => name === b[index]);

/** True also for another version of a staged copy: two planners at once may each make one, of the same bytes. */
const isSameLayout = (a: Layout, b: Layout): boolean =>
  a.source.bucket === b.source.bucket &&
  a.source.key === b.source.key &&
  a.source.etag === b.source.etag &&
  a.bytes === b.bytes &&
  a.delimiter === b.delimiter &&
  a.dataStart === b.dataStart &&
  a.dataLine === b.dataLine &&
  areSameNames(a.columns, b.columns) &&
  areSameNames(a.outputColumns, b.outputColumns);

export const noteChanged = (shadow: Shadow, rules: JobRules, fact: FactOf<'job changed'>): void => {
  const { after } = fact;
  const job = jobOf(shadow, after.jobId, fact);
  const place = { job: job.jobId };
  const before = job.state;

  if (after.layout !== undefined && after.layout !== job.layout) {
    if (job.layout !== undefined && !isSameLayout(job.layout, after.layout)) {
      violate('I11', 'expected a job to be read in one way, found another layout', place, fact);
    }
    job.layout = after.layout;
    shadow.sources.add(fullVersionKey(after.layout.source));
  }
  if (after.plan !== undefined && job.plan === undefined) checkPlan(job, after.plan, fact);
  if (job.plan !== undefined && (after.plan?.rows !== job.plan.rows || after.plan.chunks !== job.plan.chunks)) {
    violate('I9', 'expected a plan to stay as it was closed, found another', place, fact);
  }
  job.plan = after.plan;
  if (after.state === before) return;

  job.state = after.state;
  if (after.state === 'INCONSISTENT')
    violate('I4', 'expected no part of a ledger below 0, found a job INCONSISTENT', place, fact);
  if (!nextStates[before].includes(after.state)) {
    violate(
      'I9',
      `expected a job in ${before} to become ${nextStates[before].join(', ') || 'nothing else'}, found ${after.state}`,
      place,
      fact,
    );
  }
  if (job.plan === undefined && !unplannedStates.has(after.state)) {
    violate('I9', `expected a plan in a job that is ${after.state}, found none`, place, fact);
  }
  if (after.state === 'COMPLETE') checkComplete(shadow, job, rules, fact);
  if (after.reason?.code === 'CANCELLED') noteCancelled(job, fact);
  else if (terminalStates.has(after.state)) checkEnd(shadow, job, rules, fact);
};

/** An end is told after it came, and as it came. */
export const noteAnnounced = (shadow: Shadow, fact: FactOf<'announced'>): void => {
  const job = jobOf(shadow, fact.jobId, fact);
  if (!terminalStates.has(job.state) || job.state !== fact.state) {
    violate(
      'announcements',
      `expected the end of a job that is ${job.state}, found ${fact.state} told`,
      { job: job.jobId },
      fact,
    );
  }
  job.isAnnounced = true;
};
