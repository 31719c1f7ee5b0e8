import type { StageCounts } from '@sluice/core/ports/metrics';
import type { StageName } from '@sluice/core/wiring';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startProgress } from './progress.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

const setUp = ({ isTTY = false, quiet = false } = {}) => {
  const parts: string[] = [];
  const stream = { isTTY, columns: 120, rows: 40, write: (part: string) => parts.push(part) > 0 };
  const totals = new Map<StageName, StageCounts>();
  const count = (stage: StageName, rowsIn: number, rowsOut = rowsIn): void =>
    void totals.set(stage, { stage, rowsIn, rowsOut, retried: 3, dead: 0, messagesFailed: 0 });
  const progress = startProgress(stream as unknown as NodeJS.WriteStream, 'a\u001b.csv', totals, quiet);
  return { progress, count, text: () => parts.join('') };
};

describe('progress', () => {
  it('is a line for every change off a terminal, none while nothing is read, and nothing that acts on one', () => {
    const { progress, count, text } = setUp();
    vi.advanceTimersByTime(2_000);
    count('split-file', 1_000);
    vi.advanceTimersByTime(6_000);
    progress.say('writing results');
    vi.advanceTimersByTime(2_000);
    progress.end();
    vi.advanceTimersByTime(10_000);
    const lines = text().split('\n').slice(0, -1);
    expect(lines).toEqual([expect.stringContaining('split-file 1,000'), expect.stringContaining('writing results')]);
    expect(text()).not.toContain('\u001b');
  });

  it('is a picture of every stage on a terminal', () => {
    const { progress, count, text } = setUp({ isTTY: true });
    count('split-file', 1_000);
    count('clean-rows', 500, 400);
    count('store-rows', 100);
    vi.advanceTimersByTime(200);
    progress.end();
    expect(text()).toContain('a\\u{1b}.csv');
    expect(text()).toMatch(/clean-rows +█{15}░{15} +500/);
    expect(text()).toMatch(/store-rows +█{8}░{22} +100 {2}3 tried again/);
  });

  it('is nothing when it is to be quiet', () => {
    const { progress, count, text } = setUp({ isTTY: true, quiet: true });
    count('split-file', 1_000);
    progress.say('writing results');
    vi.advanceTimersByTime(10_000);
    progress.end();
    expect(text()).toBe('');
  });
});
