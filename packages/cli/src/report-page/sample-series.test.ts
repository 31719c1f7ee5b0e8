import type { QueueName } from '@sluice/core/ports/queue';
import type { StageName } from '@sluice/core/wiring';
import { describe, expect, it } from 'vitest';
import type { Sample } from './sample-series.ts';
import { createSampleSeries, intervalsMax, samplesMax, timelineOf } from './sample-series.ts';

const sampleOf = (at: number, rows: number, messages = 0): Sample => ({
  at,
  rowsOut: new Map<StageName, number>([['store-rows', rows]]),
  messages: new Map<QueueName, number>([['work', messages]]),
});

const rowsOf = (timeline: ReturnType<typeof timelineOf>): number =>
  (timeline?.rates.get('store-rows') ?? []).reduce(
    (sum, rate, i) => sum + rate * ((timeline?.times[i + 1] ?? 0) - (timeline?.times[i] ?? 0)),
    0,
  );

const series = (count: number, messagesAt: (i: number) => number = () => 0): readonly Sample[] => {
  const samples = createSampleSeries();
  for (let i = 0; i < count; i++) samples.take(sampleOf(i, i * 10, messagesAt(i)));
  return samples.end(sampleOf(count, count * 10));
};

describe('samples', () => {
  it.each([1, 10, 299, 300, 301, 5_000, 100_000])('of %i looks are few, from the first one to the last', (count) => {
    const samples = series(count);
    expect(samples.length).toBeLessThanOrEqual(samplesMax);
    expect(samples.length).toBeGreaterThan(Math.min(count, samplesMax / 2 - 1));
    expect(samples[0]?.at).toBe(0);
    expect(samples.at(-1)?.at).toBe(count);
    expect(samples.every(({ at }, i) => i === 0 || at > (samples[i - 1]?.at ?? 0))).toBe(true);
  });

  it('keep the most messages that were seen, however few are kept', () => {
    const samples = series(50_000, (i) => (i === 12_345 ? 99 : 1));
    expect(Math.max(...samples.map(({ messages }) => messages.get('work') ?? 0))).toBe(99);
  });

  it('are not one more where nothing was looked at since', () => {
    const samples = createSampleSeries();
    samples.take(sampleOf(1, 5));
    expect(samples.end(sampleOf(1, 5))).toHaveLength(1);
  });
});

describe('the timeline', () => {
  it.each([3, 50, 299, 4_321])('of %i samples has every row, in no more intervals than can be seen', (count) => {
    const timeline = timelineOf(series(count), ['store-rows'], ['work']);
    expect(timeline?.times.length).toBeLessThanOrEqual(intervalsMax + 1);
    expect(timeline?.rates.get('store-rows')).toHaveLength((timeline?.times.length ?? 0) - 1);
    expect(timeline?.messages.get('work')).toHaveLength((timeline?.times.length ?? 0) - 1);
    expect(rowsOf(timeline)).toBeCloseTo(count * 10, 3);
  });

  it('spreads rows that are told at once over the time since others were', () => {
    const samples = [0, 100, 100, 100, 400, 400].map((rows, at) => sampleOf(at, rows));
    expect(timelineOf(samples, ['store-rows'], [])?.rates.get('store-rows')).toEqual([100, 100, 100, 100, 0]);
  });

  it('is none where there is nothing to draw', () => {
    expect(timelineOf([sampleOf(0, 0), sampleOf(1, 5)])).toBeUndefined();
  });
});
