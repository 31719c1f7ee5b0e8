import type { Fact } from '../facts.ts';
import type { Effort, RowQueue, Shadow, ShadowJob, ShadowMessage } from './shadow.ts';
import { jobOf } from './shadow.ts';
import { violate } from './violate.ts';

// I12: what is written and sent is bounded by a constant times rows, deliveries and faults. The constant is 1 for each: a row that is
// delivered once is inserted, called, finished and sent on once, or sent again once. Faults add to that:
// - a fault of a table's call has its 25 rows tried again at most;
// - a fault of a send has its batch of 10 messages sent again at most;
// - a fault of the stream has what it delivered delivered again, at most all rows of the job;
// - a fault of an audit may have its repair done again, of at most all rows.

type FactOf<Kind extends Fact['kind']> = Extract<Fact, { kind: Kind }>;
type SentQueue = 'chunks' | RowQueue;

/** DynamoDB: statements of a call. */
const callRows = 25;
/** SQS: messages of a batch. */
const batchMessages = 10;
/** Tries of a batch before it counts as not sent (send.ts). */
const sendTries = 5;
/** Repairs that the audit does by itself; two at once where two clocks disagree about its lease. */
const repairs = 3;
const auditsAtOnce = 2;

const rangeRows = (ranges: readonly (readonly [number, number])[]): number =>
  ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);

/** Rows that a message holds or stands for. */
const rowsOf = (message: Extract<ShadowMessage, { kind: 'chunk' | 'rows' | 'finished' }>): number => {
  if (message.kind !== 'chunk') return message.rows.length;
  return message.ranges === undefined ? message.plan.rows : rangeRows(message.ranges);
};

const plannedOf = ({ chunks }: ShadowJob): { readonly chunks: number; readonly rows: number } => {
  let rows = 0;
  for (const { plan } of chunks.values()) rows += plan?.rows ?? 0;
  return { chunks: chunks.size, rows };
};

/** The most that a stage may have sent to a queue by now. */
const boundOf = (route: string, job: ShadowJob, faults: number, deliveries: number): number => {
  const { delivered, largest, stored, repairsAsked } = job.effort;
  const again = (queue: SentQueue): number => faults * batchMessages * largest[queue];
  switch (route) {
    case 'split-file>chunks':
      return plannedOf(job).chunks * Math.max(1, deliveries) + again('chunks');
    case 'clean-rows>chunks':
      return delivered.chunks + again('chunks') * plannedOf(job).rows;
    case 'clean-rows>rows':
      return delivered.chunks + again('rows');
    case 'store-rows>rows':
      return delivered.rows + again('rows');
    case 'relay-rows>work':
      return stored * (1 + faults);
    case 'process-rows>work':
      return delivered.work + again('work');
    case 'process-rows>finished':
      return delivered.work + again('finished');
    case 'finish-rows>finished':
      return delivered.finished + again('finished');
    case 'audit-job>chunks':
    case 'audit-job>work':
      return plannedOf(job).rows * (auditsAtOnce * (repairs + repairsAsked) + faults);
    default:
      // A stage sends nothing to a queue that is not its own.
      return 0;
  }
};

/**
 * An invocation sends a row's outcome on, or the row again: what is done is not tried again. Unless the row came to it twice, or no
 * try of the send was answered.
 */
const checkCarriedOnce = (
  message: Extract<ShadowMessage, { kind: 'rows' | 'finished' }>,
  fact: Fact,
  sendFaults: number,
): void => {
  const { invocation } = fact.by;
  const { effort } = message.job;
  const unanswered = Math.floor(sendFaults / sendTries) * batchMessages * effort.largest.finished;
  for (const row of message.rows) {
    const [own, other] = message.kind === 'finished' ? [row.outcomesBy, row.againBy] : [row.againBy, row.outcomesBy];
    if (!own.includes(invocation)) own.push(invocation);
    if (!other.includes(invocation) || own.length + other.length <= row.workDeliveries) continue;
    if (++effort.carriedTwice <= unanswered) continue;
    violate(
      'I12',
      'expected a row whose outcome was sent to be done, found it sent again by the same invocation',
      { job: message.job.jobId, row: row.row },
      fact,
    );
  }
};

const isPipeline = (stage: string): boolean => stage !== 'service' && stage !== 'operator';

export const checkSent = (
  fact: FactOf<'sent'>,
  messages: readonly ShadowMessage[],
  bounds: { faultsSoFar(): number; sendFaultsSoFar(): number },
  deliveriesOf: (job: ShadowJob) => number,
): void => {
  for (const message of messages) {
    if (message.kind !== 'chunk' && message.kind !== 'rows' && message.kind !== 'finished') continue;
    const { job } = message;
    const { sent, largest } = job.effort;
    const queue = message.queue as SentQueue;
    const rows = rowsOf(message);
    const isPlanning = fact.by.stage === 'split-file';
    if (queue !== 'chunks') largest[queue] = Math.max(largest[queue], rows);
    if (!isPipeline(fact.by.stage)) continue;
    if (fact.by.stage === 'process-rows' && message.kind !== 'chunk')
      checkCarriedOnce(message, fact, bounds.sendFaultsSoFar());
    const route = `${fact.by.stage}>${queue}`;
    const total = (sent.get(route) ?? 0) + (isPlanning ? 1 : rows);
    sent.set(route, total);
    const bound = boundOf(route, job, bounds.faultsSoFar(), deliveriesOf(job));
    if (total > bound) {
      const unit = isPlanning ? 'messages' : 'rows';
      violate('I12', `expected at most ${bound} ${unit} sent, found ${total}`, { job: job.jobId, queue }, fact);
    }
  }
};

export const noteDelivered = (shadow: Shadow, messages: readonly ShadowMessage[]): void => {
  for (const message of messages) {
    if (message.kind === 'uploads') {
      for (const version of message.versions) {
        const file = shadow.files.get(version);
        if (file !== undefined && shadow.jobsByFile.get(version)?.plan === undefined) file.deliveries++;
      }
    }
    if (message.kind === 'audit' && message.asks === 'repair' && message.jobId !== undefined) {
      const asked = shadow.jobs.get(message.jobId);
      if (asked !== undefined) asked.effort.repairsAsked++;
    }
    if (message.kind !== 'chunk' && message.kind !== 'rows' && message.kind !== 'finished') continue;
    message.job.effort.delivered[message.queue as SentQueue] += rowsOf(message);
    if (message.queue === 'work' && message.kind === 'rows') for (const row of message.rows) row.workDeliveries++;
  }
};

const checkTries = (job: ShadowJob, what: string, tries: number, bound: number, fact: Fact): void => {
  if (tries > bound) violate('I12', `expected at most ${bound} ${what}, found ${tries}`, { job: job.jobId }, fact);
};

const addTries = (effort: Effort, kind: 'inserts' | 'finishes', rows: number): number => {
  effort[kind] += rows;
  return effort[kind];
};

/** Tries that the table took up: those that were throttled are not among them, and wear nothing out but time. */
export const checkInserts = (shadow: Shadow, fact: FactOf<'inserted'>, faults: number): void => {
  const job = jobOf(shadow, fact.jobId, fact);
  const tries = addTries(job.effort, 'inserts', fact.rows.length);
  checkTries(job, 'inserts tried', tries, job.effort.delivered.rows + callRows * faults, fact);
};

export const checkFinishes = (shadow: Shadow, fact: FactOf<'finished'>, faults: number): void => {
  const job = jobOf(shadow, fact.jobId, fact);
  const tries = addTries(job.effort, 'finishes', fact.rows.length);
  checkTries(job, 'finishes tried', tries, job.effort.delivered.finished + callRows * faults, fact);
};

/** A delivery of a row calls the processor at most once, and not for long once its job was called off. */
export const checkProcessed = (
  shadow: Shadow,
  fact: FactOf<'processed'>,
  callsUntil: (cancelledAt: number) => number,
): void => {
  const job = jobOf(shadow, fact.jobId, fact);
  if (job.cancelledAt !== undefined && fact.at > callsUntil(job.cancelledAt)) {
    const seconds = Math.round((fact.at - job.cancelledAt) / 1000);
    violate(
      'I12',
      `expected no call for a job that was called off, found one ${seconds} s afterwards`,
      { job: job.jobId, row: fact.row },
      fact,
    );
  }
  job.effort.calls++;
  checkTries(job, 'calls of the processor', job.effort.calls, job.effort.delivered.work, fact);
};
