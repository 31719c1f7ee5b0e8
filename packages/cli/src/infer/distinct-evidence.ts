import { emptyTally, type Tally } from './evidence.ts';

/** Different values of a column that are kept apart. More are no list of values, whatever their dirt. */
const distinctMax = 500;
/** Characters of a value that could stand in a list of values. */
const lengthMax = 100;

export type DistinctEvidence = {
  /** Every value with how often it was seen; undefined when they are too many or too long. */
  readonly values?: ReadonlyMap<string, Readonly<Tally>>;
  /** Line of the value that was the last to be seen for the first time. */
  readonly lastNewLine: number;
};

// The text of a field may be a window into the text of many rows, which would all stay in memory with it.
const copyText = (text: string): string => Buffer.from(text).toString();

/** Counts a column's different values, as long as they are few. Memory is bounded. */
export const createDistinctEvidence = () => {
  let tallies: Map<string, Tally> | undefined = new Map();
  let lastNewLine = 0;
  return {
    take(text: string, count: number, line: number): void {
      if (tallies === undefined) return;
      let tally = tallies.get(text);
      if (tally === undefined) {
        if (text.length > lengthMax || tallies.size === distinctMax) {
          tallies = undefined;
          return;
        }
        tally = emptyTally();
        tally.line = line;
        tallies.set(copyText(text), tally);
        lastNewLine = line;
      }
      tally.count += count;
    },
    finish: (): DistinctEvidence => ({ lastNewLine, ...(tallies === undefined ? {} : { values: tallies }) }),
  };
};
