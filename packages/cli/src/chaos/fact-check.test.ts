import { describe, expect, it } from 'vitest';
import { createFactCheck } from './fact-check.ts';

const jobId = 'job';

const insert = (row: number, outcome: 'inserted' | 'same' | 'different' | 'throttled' = 'inserted', chunk = 0) =>
  ({ kind: 'inserted', jobId, rows: [[chunk, row, row + 1, []]], outcomes: [outcome] }) as const;
const finish = (row: number, outcome: 'finished' | 'same' | 'missing' = 'finished') =>
  ({ kind: 'finished', jobId, rows: [[0, row, 'DONE', null]], outcomes: [outcome] }) as const;
const count = (chunk: number, isNew: boolean) =>
  ({ kind: 'chunk counted', jobId, chunk, counts: { accepted: 1, rejected: 0 }, isNew }) as const;
const close = (chunk: number, isNew: boolean) =>
  ({ kind: 'chunk closed', jobId, chunk, closed: { done: 1, failed: 0 }, isNew }) as const;

const check = (...facts: Parameters<ReturnType<typeof createFactCheck>['tell']>[0][]) => {
  const checked = createFactCheck();
  for (const fact of facts) checked.tell(fact);
  return checked;
};
const brokenBy = (...facts: Parameters<typeof check>): string[] => [...check(...facts).found.keys()];

describe('what took effect', () => {
  it('is sound when each row is inserted and finished once, however often it was tried', () => {
    const rows = [1, 8, 9, 100_000, 1_000_001];
    const facts = rows.flatMap((row) => [
      insert(row, 'throttled'),
      insert(row),
      insert(row, 'same'),
      finish(row),
      finish(row, 'same'),
    ]);
    expect(brokenBy(...facts, count(0, true), count(0, false), close(0, true), close(0, false))).toEqual([]);
  });

  it.each([
    ['I5', 'two inserts of a row, of another chunk too', [insert(7), insert(7, 'inserted', 1)]],
    ['I5', 'two final transitions', [insert(7), finish(7), finish(7)]],
    ['I6', 'a row that is final and was never stored', [finish(7)]],
    ['I7', 'a row that comes with other content', [insert(7), insert(7, 'different')]],
    ['I8', 'a chunk that is counted twice', [count(3, true), count(3, true)]],
    ['I8', 'a chunk that is closed twice', [close(3, true), close(3, true)]],
  ] as const)('breaks %s by %s', (invariant, _, facts) => {
    expect(brokenBy(...facts)).toEqual([invariant]);
  });

  it('must be what the table holds', () => {
    const stored = { row: 7, line: 8, data: '[]' } as const;
    const found = (status: 'PENDING' | 'DONE', ...facts: Parameters<typeof check>): string[] => {
      const checked = check(...facts);
      checked.checkStored({ ...stored, status });
      return [...checked.found.keys()];
    };
    expect(found('PENDING', insert(7))).toEqual([]);
    expect(found('DONE', insert(7), finish(7))).toEqual([]);
    expect(found('PENDING', insert(6))).toEqual(['I5']);
    expect(found('DONE', insert(7))).toEqual(['I6']);
    expect(found('PENDING', insert(7), finish(7))).toEqual(['I6']);
  });
});
