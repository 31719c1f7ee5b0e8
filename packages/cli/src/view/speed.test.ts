import { expect, it } from 'vitest';
import { createSpeed } from './speed.ts';

it('is what was added over the window, per second', () => {
  const speed = createSpeed(3_000);
  expect(speed.perSecond()).toBeUndefined();
  for (let second = 0; second <= 10; second++) speed.note(second * 1_000, second <= 5 ? 0 : (second - 5) * 100);
  expect(speed.perSecond()).toBe(100);
});

it('is not known before a third of the window, and not told by one burst', () => {
  const speed = createSpeed(3_000);
  speed.note(0, 0);
  speed.note(900, 9_000);
  expect(speed.perSecond()).toBeUndefined();
  speed.note(1_000, 9_000);
  expect(speed.perSecond()).toBe(9_000);
  speed.note(4_500, 9_000);
  expect(speed.perSecond()).toBe(0);
});

it('begins anew with a count that went back', () => {
  const speed = createSpeed(3_000);
  speed.note(0, 1_000);
  speed.note(2_000, 10);
  expect(speed.perSecond()).toBeUndefined();
});
