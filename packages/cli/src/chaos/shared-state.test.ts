import { expect, it } from 'vitest';
import { createSharedState } from './shared-state.ts';

it('adds up what struck in all threads, by place, and leaves out what did not', () => {
  const shared = createSharedState();
  const other = createSharedState(shared.buffer);
  shared.hit('crash', 'store-rows');
  other.hit('crash', 'store-rows');
  other.hit('crash', 'service');
  other.hit('zombie', 'audit-job');
  expect(shared.hits()).toEqual({ crash: { 'store-rows': 2, service: 1 }, zombie: { 'audit-job': 1 } });
});

it('counts calls and starts on from where another thread is', () => {
  const shared = createSharedState();
  const other = createSharedState(shared.buffer);
  expect([shared.countCall(), other.countCall(), shared.countStart(), other.countStart()]).toEqual([1, 2, 1, 2]);
  expect(other.calls()).toBe(2);
});

it('is healed for all threads at once', () => {
  const shared = createSharedState();
  const other = createSharedState(shared.buffer);
  expect(other.isHealed()).toBe(false);
  shared.heal();
  expect(other.isHealed()).toBe(true);
});
