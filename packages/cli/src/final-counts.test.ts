import { createMemoryRows } from '@sluice/core/memory-rows';
import { expect, it } from 'vitest';
import { watchFinals } from './final-counts.ts';

it('counts each row that becomes final once, by how it ended', async () => {
  const { finals, watch } = watchFinals();
  const rows = watch(createMemoryRows());
  await rows.insert('job', [
    [0, 1, 2, ['a']],
    [0, 2, 3, ['b']],
    [0, 3, 4, ['c']],
  ]);
  await rows.finish('job', [
    [0, 1, 'DONE', null],
    [0, 2, 'FAILED', ['CODE', 'message']],
    [0, 9, 'DONE', null],
  ]);
  await rows.finish('job', [
    [0, 1, 'DONE', null],
    [0, 3, 'DONE', null],
  ]);
  expect(finals).toEqual({ DONE: 2, FAILED: 1 });
});
