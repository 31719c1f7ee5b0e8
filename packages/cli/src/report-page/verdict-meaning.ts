/** What each verdict says, in one sentence. */
const meanings = new Map([
  [
    'COMPLETE',
    'Every row of the file is done, failed with a code, or rejected with a code and its bytes; none is missing.',
  ],
  ['HELD', 'Every row is accounted for, but some are dead: they ran out of tries and wait for somebody.'],
  ['STALLED', 'Some rows are in no place, after every repair; they wait for somebody.'],
  ['REFUSED', 'The file was refused; rows that were processed before that stay as they are.'],
  ['CANCELLED', 'The job was cancelled; rows that were processed before that stay as they are.'],
  ['SUPERSEDED', 'The file changed, or went, while it was read; rows read before that are finished.'],
  ['INCONSISTENT', 'The ledger does not add up, which is a defect of Sluice.'],
  ['INCOMPLETE', 'The run ended before every row had come to its end; the same command goes on from here.'],
  ['OPEN', 'The job is under way: rows are being cleaned, stored and processed.'],
  ['PLANNING', 'The job has just begun: its rows are being counted.'],
]);

/** What a verdict, or the state of a job, says in one sentence. */
export const meaningOf = (verdict: string): string => meanings.get(verdict) ?? `The job is ${verdict}.`;
