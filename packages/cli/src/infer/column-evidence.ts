import { type BooleanEvidence, createBooleanEvidence } from './boolean-evidence.ts';
import { createDateEvidence, type DateFit } from './date-evidence.ts';
import { createDistinctEvidence, type DistinctEvidence } from './distinct-evidence.ts';
import { addTo, emptyTally, nearShare, type Tally } from './evidence.ts';
import { createNumberEvidence, type NumberEvidence } from './number-evidence.ts';

/** What the rows of a file tell of one column. */
export type ColumnEvidence = {
  /** Values that are not missing. */
  readonly values: number;
  readonly missing: Readonly<Tally>;
  readonly numbers: NumberEvidence;
  readonly booleans: BooleanEvidence;
  readonly dates: readonly DateFit[];
  readonly distinct: DistinctEvidence;
};

export type ColumnWatcher = {
  /** Takes the cleaned text of the next row, null when it is missing. */
  take(text: string | null, line: number): void;
  finish(): ColumnEvidence;
};

/**
 * Watches one column, in memory that does not grow with the rows. `tolerate` is the share of its values that may be dirt:
 * types are kept in play that long at least.
 */
export const watchColumn = (tolerate: number): ColumnWatcher => {
  const share = Math.max(nearShare, tolerate);
  const missing = emptyTally();
  const numbers = createNumberEvidence(share);
  const booleans = createBooleanEvidence(share);
  const dates = createDateEvidence(share);
  const distinct = createDistinctEvidence();
  let values = 0;
  // Rows that follow each other often hold the same: they are looked at together.
  let last: string | null = null;
  let lastCount = 0;
  let lastLine = 0;

  const flush = (): void => {
    if (last === null) return;
    values += lastCount;
    distinct.take(last, lastCount, lastLine);
    booleans.take(last, lastCount, lastLine, values);
    numbers.take(last, lastCount, lastLine, values);
    dates.take(last, lastCount, lastLine, values);
    last = null;
  };

  return {
    take(text, line) {
      if (text === null) addTo(missing, 1, line);
      else if (text === last) lastCount += 1;
      else {
        flush();
        last = text;
        lastCount = 1;
        lastLine = line;
      }
    },
    finish() {
      flush();
      return {
        values,
        missing,
        numbers: numbers.finish(),
        booleans: booleans.finish(),
        dates: dates.finish(),
        distinct: distinct.finish(),
      };
    },
  };
};
