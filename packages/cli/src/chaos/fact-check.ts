import type { StoredRow } from '@sluice/core/ports/row-store';
import type { FactBody } from '@sluice/simulator/facts';

/** A set of whole numbers from 0 on, a bit each. */
const createBits = () => {
  let bytes = new Uint8Array(1024);
  return {
    has: (number: number): boolean => ((bytes[number >>> 3] ?? 0) & (1 << (number & 7))) !== 0,
    add(number: number): void {
      const at = number >>> 3;
      if (at >= bytes.length) {
        const larger = new Uint8Array(Math.max(2 * bytes.length, at + 1));
        larger.set(bytes);
        bytes = larger;
      }
      bytes[at] = (bytes[at] ?? 0) | (1 << (number & 7));
    },
  };
};

export type Broken = 'I5' | 'I6' | 'I7' | 'I8';

/** Holds what took effect at the services, at the moment it did, to what may happen at most once; two bits a row. */
export type FactCheck = {
  tell(fact: FactBody): void;
  /** The table must hold what took effect. */
  checkStored(row: StoredRow): void;
  /** What was found of each invariant that does not hold, the first of it. */
  readonly found: ReadonlyMap<Broken, string>;
};

/** For the facts of one job. */
export const createFactCheck = (): FactCheck => {
  const inserted = createBits();
  const finished = createBits();
  const counted = createBits();
  const closed = createBits();
  const found = new Map<Broken, string>();
  const complain = (invariant: Broken, text: string): void => {
    if (!found.has(invariant)) found.set(invariant, text);
  };

  return {
    found,
    tell(fact) {
      if (fact.kind === 'inserted') {
        fact.outcomes.forEach((outcome, i) => {
          const row = fact.rows[i]?.[1] ?? 0;
          if (outcome === 'different') complain('I7', `expected the same content for row ${row}, found other content`);
          if (outcome !== 'inserted') return;
          if (inserted.has(row)) complain('I5', `expected one insert of row ${row} to take effect, found a second`);
          inserted.add(row);
        });
      } else if (fact.kind === 'finished') {
        fact.outcomes.forEach((outcome, i) => {
          const row = fact.rows[i]?.[1] ?? 0;
          if (outcome !== 'finished') return;
          if (!inserted.has(row))
            complain('I6', `expected row ${row} to be stored before it is final, found it is not`);
          if (finished.has(row)) complain('I5', `expected one final transition of row ${row}, found a second`);
          finished.add(row);
        });
      } else if (fact.kind === 'chunk counted' && fact.isNew) {
        if (counted.has(fact.chunk)) complain('I8', `expected chunk ${fact.chunk} to be counted once, found it twice`);
        counted.add(fact.chunk);
      } else if (fact.kind === 'chunk closed' && fact.isNew) {
        if (closed.has(fact.chunk)) complain('I8', `expected chunk ${fact.chunk} to be closed once, found it twice`);
        closed.add(fact.chunk);
      }
    },
    checkStored({ row, status }) {
      if (!inserted.has(row)) complain('I5', `expected the rows that were inserted, found row ${row} besides`);
      if (finished.has(row) !== (status !== 'PENDING')) {
        complain('I6', `expected row ${row} ${finished.has(row) ? 'final' : 'open'} as it became, found it ${status}`);
      }
    },
  };
};
