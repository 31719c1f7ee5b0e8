import { expect } from 'vitest';
import { Violation } from '../facts.ts';
import type { Invariant } from './violate.ts';

/** Expects `work` to break this invariant, and the Violation to say so and how. For tests. */
export const expectBroken = async (invariant: Invariant, message: RegExp, work: () => unknown): Promise<void> => {
  let thrown: unknown;
  try {
    await work();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(Violation);
  expect(thrown).toMatchObject({ invariant, message: expect.stringMatching(message) });
  // A Violation is printed and kept: it names the row, and says nothing of what it holds.
  expect(String(thrown)).not.toContain('cnry');
};
