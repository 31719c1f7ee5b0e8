import { describe, expect, it } from 'vitest';
import { windowOf } from './job-metrics.ts';
import { intervalsMax } from './sample-series.ts';

const hour = 3_600_000;
const day = 24 * hour;
const began = Date.UTC(2026, 0, 2, 3, 4, 5);

describe('the window of a job', () => {
  it.each([
    ['a minute', 60_000, 60],
    ['three hours', 3 * hour, 60],
    ['a day', day, 600],
    ['two weeks', 14 * day, 8_220],
  ])('of %s has periods of its own length', (_, length, periodSeconds) => {
    const window = windowOf(began, began + length, began + length);
    expect(window.periodSeconds).toBe(periodSeconds);
    expect(window.from).toBeLessThanOrEqual(began);
    expect(window.to).toBeGreaterThan(began + length);
    for (const edge of [window.from, window.to]) expect(edge % (periodSeconds * 1000)).toBe(0);
    if (length > 3 * hour) expect((window.to - window.from) / 1000 / periodSeconds).toBeLessThanOrEqual(intervalsMax);
  });

  it.each([
    [14, 60],
    [15, 300],
    [62, 300],
    [63, 3_600],
  ])('%i days ago has only periods that CloudWatch still keeps', (days, periodSeconds) => {
    expect(windowOf(began, began + 60_000, began + days * day).periodSeconds).toBe(periodSeconds);
  });

  it('begins before a job that ended at once', () => {
    const { from, to } = windowOf(began, began, began);
    expect(to).toBeGreaterThan(from);
  });
});
