import { rowIdOf } from '@sluice/core/identity';
import { describe, expect, it } from 'vitest';
import { createBadRows } from './bad-rows.ts';
import type { Fact, FactBody } from './facts.ts';
import type { Prospect } from './user-code.ts';

const jobId = '0123456789abcdefghjkmnpqrs';

/** Of row 2 nothing comes; row 3 ends its process, which leaves no mark. */
const start = () => {
  const prospects = new Map<string, Prospect>([
    [rowIdOf(jobId, 2), 'bad'],
    [rowIdOf(jobId, 3), 'deadly'],
  ]);
  const badRows = createBadRows((rowId) => prospects.get(rowId) ?? 'good');
  const tell = (fact: FactBody): void =>
    badRows.watch({ at: 0, by: { stage: 'service', invocation: '' }, ...fact } as Fact);
  const mark = (row: number, stage: 'process-rows' | 'LOST'): void =>
    tell({ kind: 'marked', marks: [{ jobId, chunk: 0, row, stage, code: 'CODE', message: '', attempts: 1 }] });
  tell({
    kind: 'inserted',
    jobId,
    rows: [1, 2, 3].map((row) => [0, row, row, []] as const),
    outcomes: ['inserted', 'inserted', 'inserted'],
  });
  const finish = (row: number): void =>
    tell({ kind: 'finished', jobId, rows: [[0, row, 'DONE', null]], outcomes: ['finished'] });
  return { check: badRows.check, mark, finish };
};

describe('bad rows', () => {
  it('are dead, and the others final', () => {
    const { check, mark, finish } = start();
    finish(1);
    mark(2, 'process-rows');
    mark(3, 'LOST');
    expect(check).not.toThrow();
  });

  it('leave no other open', () => {
    const { check, mark } = start();
    mark(2, 'process-rows');
    mark(3, 'LOST');
    expect(check).toThrow(/good row final or dead, found .*-1 open/);
  });

  it('are not forgotten', () => {
    const { check, mark, finish } = start();
    finish(1);
    mark(2, 'process-rows');
    expect(check).toThrow(/deadly row final or dead, found .*-3 open/);
  });

  it('are marked by the stage that saw them fail', () => {
    const { check, mark, finish } = start();
    finish(1);
    mark(2, 'LOST');
    mark(3, 'LOST');
    expect(check).toThrow(/by process-rows, found .*-2 marked by LOST/);
  });

  it('are the only ones that are marked', () => {
    const { mark } = start();
    expect(() => mark(1, 'process-rows')).toThrow(/no good row dead, found .*-1/);
  });
});
