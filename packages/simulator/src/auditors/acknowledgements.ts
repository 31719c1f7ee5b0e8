import type { Fact } from '../facts.ts';
import { terminalStates } from './job-graph.ts';
import { isOtherContent, isOtherResult } from './row-history.ts';
import type { RowQueue, Shadow, ShadowJob, ShadowMessage, ShadowRow } from './shadow.ts';
import { isFinal } from './shadow.ts';
import type { Invariant } from './violate.ts';
import { violate } from './violate.ts';

// I10: a message is deleted only when what it was sent for is durable downstream, at that moment. Also what I6 and I7 ask of it: a
// row that came with other content, or a final one with another result, is marked for good before its message goes.
//
// Durable is in the table, in a reject object that the ledger names, in a message that is live, or marked for good. What is to be
// tried again must be in a live message that the stage sent itself, alone or as it came: one that others sent is decided by itself.

const isEnded = (job: ShadowJob): boolean => terminalStates.has(job.state);

type Fail = (invariant: Invariant, what: string, job?: ShadowJob, row?: number, chunk?: number) => never;

const isSentAgain = (row: ShadowRow, queue: RowQueue): boolean => row.again[queue] > 0;

const checkUploads = (
  shadow: Shadow,
  versions: readonly string[],
  isIgnored: (version: string) => boolean,
  fail: Fail,
): void => {
  for (const version of versions) {
    const job = shadow.jobsByFile.get(version);
    if (job === undefined) {
      if (!isIgnored(version)) fail('I10', 'expected the job of an upload whose message is deleted, found none');
    } else if (job.plan === undefined && !isEnded(job)) {
      fail('I10', 'expected the job of an upload whose message is deleted to be planned or ended, found neither', job);
    }
  }
};

const checkChunk = (message: Extract<ShadowMessage, { kind: 'chunk' }>, fail: Fail): void => {
  const { job, plan, ranges } = message;
  if (isEnded(job)) return;
  const isCounted = job.chunks.get(plan.chunk)?.counts !== undefined;
  if (ranges === undefined && !isCounted) {
    fail('I10', 'expected the counts of a chunk whose message is deleted, found none', job, undefined, plan.chunk);
  }
  for (const [first, last] of ranges ?? [[plan.firstRow, plan.firstRow + plan.rows - 1] as const]) {
    for (let number = first; number <= last; number++) {
      const row = job.rows.get(number);
      const isDurable =
        row !== undefined &&
        (row.status !== 'ABSENT' || row.live.rows > 0 || row.isMarkedForGood || (row.isRejected && isCounted));
      if (!isDurable) {
        fail(
          'I10',
          'expected every row of a chunk whose message is deleted stored, rejected or sent on, found one that is not',
          job,
          number,
          plan.chunk,
        );
      }
    }
  }
};

const checkRows = (message: Extract<ShadowMessage, { kind: 'rows' }>, fail: Fail): void => {
  const { queue, job, tuples, rows } = message;
  // Nobody wants them processed any more.
  if (queue === 'work' && job.cancelledAt !== undefined) return;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as ShadowRow;
    if (isSentAgain(row, queue)) continue;
    const isDurable = queue === 'rows' ? row.status !== 'ABSENT' : isFinal(row) || row.live.finished > 0;
    if (!isDurable && !row.isMarkedForGood) {
      fail(
        'I10',
        `expected every row of a deleted message of ${queue} carried on, found one that is not`,
        job,
        row.row,
      );
    }
    const tuple = tuples[i];
    if (queue === 'rows' && tuple !== undefined && isOtherContent(row, tuple) && !row.isStoreAlarmed) {
      fail(
        'I7',
        'expected an alarm for a row that came with other content, found its message deleted without',
        job,
        row.row,
      );
    }
  }
};

const checkFinished = (message: Extract<ShadowMessage, { kind: 'finished' }>, fail: Fail): void => {
  const { job, tuples, rows } = message;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as ShadowRow;
    if (isSentAgain(row, 'finished')) continue;
    if (!isFinal(row) && !row.isMarkedForGood) {
      fail('I10', 'expected every row of a deleted message of finished final, found one that is not', job, row.row);
    }
    const tuple = tuples[i];
    if (tuple !== undefined && isOtherResult(row, tuple) && !row.isFinishAlarmed) {
      fail(
        'I6',
        'expected an alarm for a final row that came with another result, found its message deleted without',
        job,
        row.row,
      );
    }
  }
};

/** `message` is the one that was deleted, no longer live. `isIgnored` is true for a file version under no profile. */
export const checkDeleted = (
  shadow: Shadow,
  fact: Extract<Fact, { kind: 'deleted' }>,
  message: ShadowMessage | undefined,
  isIgnored: (version: string) => boolean,
): void => {
  const { queue, messageId } = fact;
  const fail: Fail = (invariant, what, job, row, chunk) =>
    violate(invariant, what, { ...(job && { job: job.jobId }), chunk, row, queue, message: messageId }, fact);
  if (message === undefined) fail('I10', 'expected a deleted message to have been sent, found none like it');
  if ((shadow.again.get(message.body) ?? 0) > 0) return;
  if (message.kind === 'uploads') checkUploads(shadow, message.versions, isIgnored, fail);
  if (message.kind === 'chunk') checkChunk(message, fail);
  if (message.kind === 'rows') checkRows(message, fail);
  if (message.kind === 'finished') checkFinished(message, fail);
  if (message.kind === 'unreadable') fail('I10', 'expected a message that nobody can read to stay, found it deleted');
};
