import { describe, expect, it } from 'vitest';
import { createArticlePlan } from './article-design.ts';
import { createPlan } from './create-plan.ts';
import { fileOf, settingsOf } from './plan-fixtures.ts';

const plan = createArticlePlan(fileOf(558_000), settingsOf());
const endOf = (name: string): number => plan.stages.find(({ stage }) => stage === name)?.endsAtSeconds ?? Number.NaN;

describe("the article's own design", () => {
  it('is modelled within a factor of two of what the article reports: 90 s to clean, 300 s to store', () => {
    expect(endOf('clean-rows')).toBeGreaterThan(90 / 2);
    expect(endOf('clean-rows')).toBeLessThan(90 * 2);
    expect(endOf('store-rows')).toBeGreaterThan(558_000 / 4_000);
    expect(endOf('store-rows')).toBeLessThan(300);
  });

  it('is dearer than ours, and slower on a new table', () => {
    const ours = createPlan(fileOf(558_000), settingsOf());
    expect(plan.dollars).toBeGreaterThan(ours.dollars);
    expect(plan.seconds).toBeGreaterThan(ours.seconds);
    expect(plan.bottleneck.stage).toBe('process-rows');
  });

  it('sends a message per row, ten in each call and each invocation', () => {
    const line = plan.cost.find(({ service }) => service === 'SQS');
    expect(line?.units).toBe(3 * 55_800);
    expect(plan.stages.find(({ stage }) => stage === 'store-rows')).toMatchObject({
      messages: 558_000,
      invocations: 55_800,
    });
  });

  it('says what it lacks, and for what file its one function is too short', () => {
    expect(plan.warnings).toHaveLength(1);
    const [first] = createArticlePlan(fileOf(10_000_000), settingsOf()).warnings;
    expect(first).toMatch(/may run for 900/);
  });

  it('has a time line that ends with every row', () => {
    expect(plan.timeline.at(-1)?.carried).toMatchObject({
      'clean-rows': 558_000,
      'process-rows': 558_000,
      'relay-rows': 0,
    });
    expect(createArticlePlan(fileOf(0), settingsOf()).seconds).toBe(0);
  });
});
