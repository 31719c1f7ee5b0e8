import type { OutcomeTuple, RowTuple } from '@sluice/core/messages';
import type { FinishOutcome, InsertOutcome } from '@sluice/core/ports/row-store';
import type { Fact } from '../facts.ts';
import type { Shadow, ShadowJob, ShadowRow } from './shadow.ts';
import { areSameValues, chunkOf, isFinal, jobOf, rowOf } from './shadow.ts';
import type { Invariant } from './violate.ts';
import { violate } from './violate.ts';

// What takes effect on rows: each is inserted once (I5), into its own chunk and not beside a reject (I3), and keeps its content
// (I7); it becomes final once (I5) and stays as it is then (I6). The store must say so, too.

type FactOf<Kind extends Fact['kind']> = Extract<Fact, { kind: Kind }>;

/** The result of an outcome, beside its status, as text. */
export const resultOf = (outcome: OutcomeTuple): string => JSON.stringify(outcome[3]);

const isContent = (row: ShadowRow, [chunk, , line, values]: RowTuple): boolean =>
  row.chunk === chunk && row.line === line && row.values !== undefined && areSameValues(row.values, values);

/** True when the row was inserted with other content than this. */
export const isOtherContent = (row: ShadowRow, tuple: RowTuple): boolean =>
  row.status !== 'ABSENT' && !isContent(row, tuple);

/** True when the row is final with another result than this. */
export const isOtherResult = (row: ShadowRow, outcome: OutcomeTuple): boolean =>
  isFinal(row) && (row.status !== outcome[2] || row.result !== resultOf(outcome));

const insertOne = (job: ShadowJob, tuple: RowTuple, outcome: InsertOutcome, fact: Fact): void => {
  const [chunkNumber, number, line, values] = tuple;
  const row = rowOf(job, number);
  const fail = (invariant: Invariant, what: string): never =>
    violate(invariant, what, { job: job.jobId, chunk: chunkNumber, row: number }, fact);

  if (outcome === 'inserted') {
    if (row.status !== 'ABSENT')
      fail('I5', `expected one insert to take effect, found a second (first: chunk ${row.chunk})`);
    if (row.isRejected) fail('I3', 'expected a rejected row to stay out of the table, found it inserted');
    const plan = job.chunks.get(chunkNumber)?.plan;
    if (plan === undefined || number < plan.firstRow || number >= plan.firstRow + plan.rows) {
      fail('I3', 'expected a row of its chunk, found it outside');
    }
    row.chunk = chunkNumber;
    row.line = line;
    row.values = values;
    row.status = 'PENDING';
    job.effort.stored++;
  } else if (outcome === 'same') {
    if (!isContent(row, tuple)) fail('I7', 'expected the row with this content, found it absent or with other content');
  } else if (outcome === 'different' && !isOtherContent(row, tuple)) {
    fail('I7', 'expected the row with other content, found it absent or with the same');
  }
};

export const noteInserted = (shadow: Shadow, fact: FactOf<'inserted'>): void => {
  const job = jobOf(shadow, fact.jobId, fact);
  for (let i = 0; i < fact.rows.length; i++) {
    insertOne(job, fact.rows[i] as RowTuple, fact.outcomes[i] as InsertOutcome, fact);
  }
};

const finishOne = (job: ShadowJob, tuple: OutcomeTuple, outcome: FinishOutcome, fact: Fact): void => {
  const [chunkNumber, number, status] = tuple;
  const row = rowOf(job, number);
  const fail = (invariant: Invariant, what: string): never =>
    violate(invariant, what, { job: job.jobId, chunk: chunkNumber, row: number }, fact);

  const isStored = row.status !== 'ABSENT' && row.chunk === chunkNumber;
  if (outcome === 'finished') {
    if (!isStored) fail('I6', 'expected a row that is stored to become final, found one that is not');
    if (isFinal(row)) fail('I5', `expected one final transition to take effect, found a second from ${row.status}`);
    row.status = status;
    row.result = resultOf(tuple);
    const chunk = chunkOf(job, row.chunk);
    if (status === 'DONE') chunk.done++;
    else chunk.failed++;
  } else if (outcome === 'same') {
    if (!isFinal(row) || isOtherResult(row, tuple)) {
      fail('I6', 'expected the row final with this result, found it open or with another');
    }
  } else if (outcome === 'different') {
    if (!isOtherResult(row, tuple)) fail('I6', 'expected the row final with another result, found it open or the same');
  } else if (outcome === 'missing' && isStored) {
    fail('I6', 'expected the row where it was inserted, found it missing');
  }
};

export const noteFinished = (shadow: Shadow, fact: FactOf<'finished'>): void => {
  const job = jobOf(shadow, fact.jobId, fact);
  for (let i = 0; i < fact.rows.length; i++) {
    finishOne(job, fact.rows[i] as OutcomeTuple, fact.outcomes[i] as FinishOutcome, fact);
  }
};

/** Marks that say that trying again cannot mend a row are as durable as the row; only the last mark of a row is kept, so they are remembered. */
export const noteMarked = (shadow: Shadow, fact: FactOf<'marked'>): void => {
  for (const mark of fact.marks) {
    // Whether its job was created, a planner that heard of no answer cannot know: the file is marked for whoever asks for it later.
    if (mark.stage === 'split-file' && mark.chunk === undefined) continue;
    const job = jobOf(shadow, mark.jobId, fact);
    if (mark.row === undefined || mark.permanent !== true) continue;
    const row = rowOf(job, mark.row);
    row.isMarkedForGood = true;
    if (mark.stage === 'store-rows') row.isStoreAlarmed = true;
    if (mark.stage === 'finish-rows') row.isFinishAlarmed = true;
  }
};
