import { rowIdOf } from '@sluice/core/identity';
import type { Fact } from './facts.ts';
import { Violation } from './facts.ts';
import type { Prospect } from './user-code.ts';

// What a few rows that can never be processed may do to the others: nothing. Each of them ends with a dead mark, and each other row
// becomes final, though nobody comes to help.

export type BadRows = {
  /** Throws a Violation for a mark on a good row. */
  watch(fact: Fact): void;
  /** Every row is where it belongs. Throws a Violation. */
  check(): void;
};

/** Goes by what can come of a row, which `prospectOf` tells by its id. */
export const createBadRows = (prospectOf: (rowId: string) => Prospect): BadRows => {
  const stored = new Set<string>();
  const final = new Set<string>();
  const markedBy = new Map<string, string>();
  const fail = (what: string): never => {
    throw new Violation('liveness', what);
  };
  return {
    watch(fact) {
      if (fact.kind === 'inserted') for (const [, row] of fact.rows) stored.add(rowIdOf(fact.jobId, row));
      if (fact.kind === 'finished') {
        fact.rows.forEach(([, row], index) => {
          if (fact.outcomes[index] === 'finished') final.add(rowIdOf(fact.jobId, row));
        });
      }
      if (fact.kind !== 'marked') return;
      for (const { jobId, row, stage } of fact.marks) {
        const rowId = rowIdOf(jobId, row ?? 0);
        if (prospectOf(rowId) === 'good') fail(`expected no good row dead, found ${rowId} marked by ${stage}`);
        if (!markedBy.has(rowId)) markedBy.set(rowId, stage);
      }
    },
    check() {
      for (const rowId of stored) {
        const prospect = prospectOf(rowId);
        const by = markedBy.get(rowId);
        if (!final.has(rowId) && by === undefined)
          fail(`expected a ${prospect} row final or dead, found ${rowId} open`);
        if (prospect === 'good' && !final.has(rowId)) fail(`expected a good row final, found ${rowId} open`);
        if (prospect === 'bad' && by !== 'process-rows') {
          fail(
            `expected a row that failed each time marked by process-rows, found ${rowId} marked by ${by ?? 'nobody'}`,
          );
        }
      }
    },
  };
};
