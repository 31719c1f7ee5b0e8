import { describe, expect, it } from 'vitest';
import {
  balance,
  cancelledReason,
  emptyLedger,
  isCancelled,
  isClosable,
  ledgerOfClosed,
  stateOf,
  tooManyRejects,
} from './ledger.ts';
import type { ChunkRecord } from './ports/job-store.ts';

const chunk: ChunkRecord = { chunk: 3, start: 100, end: 900, firstRow: 11, rows: 10, firstLine: 12 };
const cleaned = { accepted: 7, rejected: 3 };
const plan = { chunks: 2, rows: 10 };
const nothing = { rows: 10, rejected: 0, done: 0, failed: 0, dead: 0 };

describe('balance', () => {
  it('leaves open what nothing else accounts for', () => {
    expect(balance({ rows: 10, rejected: 1, done: 2, failed: 3, dead: 1 }).open).toBe(3);
  });

  it('shows a remainder below zero instead of hiding it', () => {
    expect(balance({ ...nothing, done: 11 }).open).toBe(-1);
  });
});

describe('isClosable', () => {
  it('is true when every accepted row is done or failed', () => {
    expect(isClosable({ ...chunk, cleaned }, { done: 4, failed: 3 })).toBe(true);
  });

  it.each([
    ['one row is missing', { done: 4, failed: 2 }],
    ['one row is too many', { done: 5, failed: 3 }],
    ['the rejected rows make up the number', { done: 10, failed: 0 }],
  ])('is false when %s', (_, final) => {
    expect(isClosable({ ...chunk, cleaned }, final)).toBe(false);
  });

  it('is false before the chunk was cleaned, though nothing is final', () => {
    expect(isClosable({ ...chunk, rows: 0 }, { done: 0, failed: 0 })).toBe(false);
  });

  it('is true of a chunk of which no row was accepted', () => {
    expect(isClosable({ ...chunk, cleaned: { accepted: 0, rejected: 10 } }, { done: 0, failed: 0 })).toBe(true);
  });
});

describe('ledgerOfClosed', () => {
  it('is what the chunk was closed with, with nothing dead or open', () => {
    expect(ledgerOfClosed({ ...chunk, cleaned, closed: { done: 5, failed: 2 } })).toEqual({
      rows: 10,
      rejected: 3,
      done: 5,
      failed: 2,
      dead: 0,
      open: 0,
    });
  });

  it('shows rows of the plan that the closed chunk does not hold as open', () => {
    const short = { ...chunk, cleaned: { accepted: 6, rejected: 3 }, closed: { done: 6, failed: 0 } };
    expect(ledgerOfClosed(short)?.open).toBe(1);
  });

  it.each<[string, ChunkRecord]>([
    ['is only planned', chunk],
    ['is only cleaned', { ...chunk, cleaned }],
    ['is closed without counts', { ...chunk, closed: { done: 10, failed: 0 } }],
  ])('is nothing for a chunk that %s', (_, record) => {
    expect(ledgerOfClosed(record)).toBeUndefined();
  });
});

describe('stateOf', () => {
  it('is COMPLETE when all rows are rejected, done or failed and every chunk is closed', () => {
    expect(stateOf(balance({ ...nothing, rejected: 2, done: 7, failed: 1 }), plan, 2)).toBe('COMPLETE');
  });

  it('is COMPLETE for a file without rows', () => {
    expect(stateOf(emptyLedger, { chunks: 0, rows: 0 }, 0)).toBe('COMPLETE');
  });

  it('is OPEN while a chunk is not closed, though every row is accounted for', () => {
    expect(stateOf(balance({ ...nothing, done: 10 }), plan, 1)).toBe('OPEN');
  });

  it('is OPEN while a row is open, though every chunk is closed', () => {
    expect(stateOf(balance({ ...nothing, done: 9 }), plan, 2)).toBe('OPEN');
  });

  it('is OPEN while a row is open beside dead ones', () => {
    expect(stateOf(balance({ ...nothing, done: 8, dead: 1 }), plan, 1)).toBe('OPEN');
  });

  it.each([1, 2])('is HELD when dead rows are all that is left, with %i of 2 chunks closed', (closedChunks) => {
    expect(stateOf(balance({ ...nothing, done: 9, dead: 1 }), plan, closedChunks)).toBe('HELD');
  });

  it.each([
    ['more rows are accounted for than there are', { ...nothing, done: 11 }, 2],
    ['dead rows are counted twice', { ...nothing, done: 10, dead: 1 }, 2],
    ['the chunks hold fewer rows than the plan', { ...nothing, rows: 9, done: 9 }, 2],
    ['the chunks hold more rows than the plan', { ...nothing, rows: 11, done: 11 }, 2],
    ['more chunks are closed than planned', { ...nothing, done: 10 }, 3],
  ])('is INCONSISTENT when %s', (_, counted, closedChunks) => {
    expect(stateOf(balance(counted), plan, closedChunks)).toBe('INCONSISTENT');
  });
});

describe('tooManyRejects', () => {
  it('allows exactly the share, whatever its binary fraction, and not one row more', () => {
    for (let percent = 0; percent <= 100; percent++) {
      expect(tooManyRejects(percent / 100, 100, percent)).toBeUndefined();
      expect(tooManyRejects(percent / 100, 100, percent + 1)).toEqual({
        code: 'TOO_MANY_REJECTS',
        message: `expected at most ${percent / 100} of 100 rows rejected, found ${percent + 1}`,
      });
    }
  });

  it('refuses nothing without a share or without rows', () => {
    expect(tooManyRejects(undefined, 10, 10)).toBeUndefined();
    expect(tooManyRejects(0, 0, 0)).toBeUndefined();
  });
});

describe('isCancelled', () => {
  it('is true of a job that was called off, and of no other that ended', () => {
    expect(isCancelled({ state: 'REFUSED', reason: cancelledReason })).toBe(true);
    expect(isCancelled({ state: 'REFUSED', reason: { code: 'CANCELLED', message: 'in other words' } })).toBe(true);
    expect(isCancelled({ state: 'REFUSED', reason: { code: 'FILE_FORMAT', message: 'why' } })).toBe(false);
    expect(isCancelled({ state: 'REFUSED' })).toBe(false);
    // It goes on.
    expect(isCancelled({ state: 'OPEN', reason: cancelledReason })).toBe(false);
  });
});
