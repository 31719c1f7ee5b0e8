import { afterEach, beforeEach, vi } from 'vitest';

/** Keeps from the terminal what each test of a file writes, and returns it: empty at each test's begin. For tests. */
export const catchOutput = (): string[] => {
  const texts: string[] = [];
  beforeEach(() => {
    texts.length = 0;
    for (const stream of [process.stdout, process.stderr]) {
      vi.spyOn(stream, 'write').mockImplementation((text) => {
        texts.push(String(text));
        return true;
      });
    }
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });
  return texts;
};
