import type { Fact } from '../facts.ts';
import type { Shadow } from './shadow.ts';
import { isFinal, jobOf, rowOf } from './shadow.ts';
import { violate } from './violate.ts';

// I10, for the stream: its records are behind the checkpoint only when what they told of is carried on. A row that is not would
// lie in the table until an audit finds it.

export const checkPassed = (shadow: Shadow, fact: Extract<Fact, { kind: 'passed' }>): void => {
  for (const { jobId, chunk, row: number } of fact.rows) {
    const job = jobOf(shadow, jobId, fact);
    // What was sent on for it may be dropped already.
    if (job.cancelledAt !== undefined) continue;
    const row = rowOf(job, number);
    if (isFinal(row) || row.live.work > 0 || row.live.finished > 0 || row.isMarkedForGood) continue;
    violate(
      'I10',
      'expected every new row that the stream is through with sent on or marked for good, found one that is neither',
      { job: jobId, chunk, row: number },
      fact,
    );
  }
};
