import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addLedgers, balance, emptyLedger, type Ledger, stateOf } from './ledger.ts';

const count = fc.nat({ max: 1_000 });
const ledger = fc
  .record({ rows: fc.nat({ max: 4_000 }), rejected: count, done: count, failed: count, dead: count })
  .map(balance);
/** A ledger in which the parts come first, so that a remainder of nothing is common. */
const settled = fc
  .record({
    rejected: count,
    done: count,
    failed: count,
    dead: fc.oneof(fc.constant(0), count),
    open: fc.oneof(fc.constant(0), fc.integer({ min: -3, max: 3 })),
  })
  .map(({ open, ...parts }) =>
    balance({ rows: parts.rejected + parts.done + parts.failed + parts.dead + open, ...parts }),
  );
const near = (value: number) => fc.oneof(fc.constant(value), fc.integer({ min: value - 2, max: value + 2 }));
const job = fc
  .tuple(settled, fc.nat({ max: 20 }))
  .chain(([total, chunks]) =>
    fc.tuple(fc.constant(total), fc.record({ chunks: fc.constant(chunks), rows: near(total.rows) }), near(chunks)),
  );

const accountedFor = ({ rejected, done, failed, dead, open }: Ledger): number => rejected + done + failed + dead + open;

describe('ledgers', () => {
  it('account for every row, alone and added up', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(ledger, settled), { maxLength: 8 }), (parts) => {
        const total = parts.reduce(addLedgers, emptyLedger);
        for (const each of [...parts, total]) expect(accountedFor(each)).toBe(each.rows);
      }),
    );
  });

  it('come to the same as the balance of the added counts, in any order', () => {
    fc.assert(
      fc.property(fc.array(ledger, { maxLength: 8 }), (parts) => {
        const sum = (name: keyof Ledger): number => parts.reduce((total, part) => total + part[name], 0);
        const total = balance({
          rows: sum('rows'),
          rejected: sum('rejected'),
          done: sum('done'),
          failed: sum('failed'),
          dead: sum('dead'),
        });
        expect(parts.reduce(addLedgers, emptyLedger)).toEqual(total);
        expect([...parts].reverse().reduce(addLedgers, emptyLedger)).toEqual(total);
      }),
    );
  });
});

describe('stateOf', () => {
  it('is COMPLETE exactly when rows = rejected + done + failed = the plan’s, with every chunk closed and none too many', () => {
    fc.assert(
      fc.property(job, ([total, plan, closedChunks]) => {
        const isComplete =
          total.rows === plan.rows &&
          total.rows === total.rejected + total.done + total.failed &&
          total.dead === 0 &&
          closedChunks === plan.chunks;
        expect(stateOf(total, plan, closedChunks) === 'COMPLETE').toBe(isComplete);
      }),
    );
  });

  it('is never COMPLETE with a row open or dead, and never anything but INCONSISTENT below zero', () => {
    fc.assert(
      fc.property(job, ([total, plan, closedChunks]) => {
        const state = stateOf(total, plan, closedChunks);
        if (total.open > 0 || total.dead > 0) expect(state).not.toBe('COMPLETE');
        if (total.open < 0) expect(state).toBe('INCONSISTENT');
      }),
    );
  });

  it('goes from OPEN to an end and not back as open rows become done and chunks close', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 5 }), count, (rows, chunks, rejected) => {
        const plan = { chunks, rows: rows + rejected };
        for (let done = 0; done < rows; done++) {
          const total = balance({ rows: plan.rows, rejected, done, failed: 0, dead: 0 });
          expect(stateOf(total, plan, Math.min(chunks - 1, done))).toBe('OPEN');
        }
        const total = balance({ rows: plan.rows, rejected, done: rows, failed: 0, dead: 0 });
        for (let closed = 0; closed < chunks; closed++) expect(stateOf(total, plan, closed)).toBe('OPEN');
        expect(stateOf(total, plan, chunks)).toBe('COMPLETE');
      }),
    );
  });
});
