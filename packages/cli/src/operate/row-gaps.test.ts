import { describe, expect, it } from 'vitest';
import { createGapList } from './row-gaps.ts';

const timeout = { stage: 'process-rows', code: 'TIMEOUT', attempts: 5 } as const;

describe('createGapList', () => {
  it('joins rows that follow on one another and are alike', () => {
    const gaps = createGapList();
    for (const row of [1, 2, 4]) gaps.add('missing', row, 0);
    gaps.add('dead', 5, 0, timeout);
    gaps.add('dead', 6, 1, { ...timeout });
    gaps.add('dead', 7, 1, { ...timeout, attempts: 6 });
    expect(gaps.listed().map(({ kind, rows, chunks }) => [kind, rows, chunks])).toEqual([
      ['missing', [1, 2], [0, 0]],
      ['missing', [4, 4], [0, 0]],
      ['dead', [5, 6], [0, 1]],
      ['dead', [7, 7], [1, 1]],
    ]);
    expect(gaps.rows).toMatchObject({ missing: 3, dead: 3, pending: 0 });
  });

  it('joins the ranges of lists that follow on one another', () => {
    const [first, second] = [createGapList(), createGapList()];
    for (const row of [9, 10]) first.add('pending', row, 0);
    for (const row of [11, 12, 14]) second.add('pending', row, 1);
    first.addAll(second);
    expect(first.listed().map(({ rows, chunks }) => [rows, chunks])).toEqual([
      [
        [9, 12],
        [0, 1],
      ],
      [
        [14, 14],
        [1, 1],
      ],
    ]);
    expect(first.rows.pending).toBe(5);
  });

  it('counts ranges and rows that it does not list', () => {
    const gaps = createGapList(2);
    for (const row of [1, 3, 5, 6, 7, 9]) gaps.add('missing', row, 0);
    expect(gaps.listed().map(({ rows }) => rows)).toEqual([
      [1, 1],
      [3, 3],
    ]);
    expect([gaps.more(), gaps.rows.missing]).toEqual([2, 6]);
    const all = createGapList(3);
    all.addAll(gaps);
    all.add('missing', 10, 1);
    expect([all.listed().length, all.more(), all.rows.missing]).toEqual([3, 2, 7]);
  });
});
