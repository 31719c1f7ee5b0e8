import { describe, expect, it } from 'vitest';
import { withWriteUnits } from './changes.ts';
import { createPlan } from './create-plan.ts';
import type { Plan } from './plan.ts';
import { awsWiring, changePipeline, changeStage, fileOf, settingsOf, withWriterMemory } from './plan-fixtures.ts';

const stageOf = ({ stages }: Plan, name: string) => {
  const stage = stages.find((found) => found.stage === name);
  if (stage === undefined) throw new Error(`expected the stage ${name}, found none`);
  return stage;
};

const warm = settingsOf({ tableUnitsPerSecond: 40_000, wiring: withWriteUnits(awsWiring, 40_000) });

describe("a plan for the article's 558,000 rows", () => {
  const plan = createPlan(fileOf(558_000), settingsOf());

  it('is held by a new table: two writes of each at 4,000 a second, half for each, are 279 s', () => {
    expect(stageOf(plan, 'store-rows').endsAtSeconds).toBeGreaterThan(279);
    expect(stageOf(plan, 'finish-rows').endsAtSeconds).toBeGreaterThan(279);
    expect(stageOf(plan, 'finish-rows').endsAtSeconds).toBeLessThan(279 * 1.05);
    expect(plan.bottleneck).toMatchObject({ stage: 'store-rows', limit: 'table-units' });
  });

  it('ends with an audit, which comes within a schedule turn or two of the last row', () => {
    const late = plan.seconds - stageOf(plan, 'finish-rows').endsAtSeconds;
    expect(late).toBeGreaterThan(0);
    expect(late).toBeLessThan(120);
  });

  it('offers a warmed table first, for what that costs once', () => {
    const [first] = plan.changes;
    expect(first?.change).toMatch(/warmed to 40,000/);
    expect(first?.dollarsOnce).toBeCloseTo(23);
    expect(first?.seconds).toBeCloseTo(createPlan(fileOf(558_000), warm).seconds, 6);
  });

  it('gains nothing from more functions of a stage that waits for its input', () => {
    const wiring = changeStage(awsWiring, 'process-rows', { maximumConcurrency: 200 });
    for (const bytes of [45e6, 48e6, 50e6, 50.2e6, 52e6]) {
      const file = fileOf(558_000, { bytes });
      const [now, then] = [settingsOf(), settingsOf({ wiring })].map((settings) => createPlan(file, settings));
      expect(Math.abs((then?.seconds ?? 0) - (now?.seconds ?? 0))).toBeLessThan(3);
      expect(now?.changes.filter(({ change }) => change.startsWith('process-rows'))).toEqual([]);
    }
  });

  it('offers less memory for the functions that mostly wait', () => {
    const settings = settingsOf({ wiring: withWriterMemory(1024) });
    const { changes } = createPlan(fileOf(558_000), settings);
    const change = changes.find((found) => found.change.includes('512 MB each'));
    expect(change?.secondsSaved).toBeCloseTo(0, 1);
    // Twice 558,000 rows at 250 a second with half a GB less.
    expect(change?.dollarsMore).toBeCloseTo(-((2 * 558_000) / 250 / 2) * 0.0000133334, 3);
  });

  it('takes a seventh of that on a warm table with a budget as large: ramping up, then 20,000 rows a second', () => {
    const finished = stageOf(createPlan(fileOf(558_000), warm), 'finish-rows').endsAtSeconds;
    // Five functions at first and five more a second, each 250 rows a second: 159,000 rows in 15 s, the others in 20 s.
    expect(finished).toBeGreaterThan(35);
    // The last batches of 4,800 rows take their functions 19 s each.
    expect(finished).toBeLessThan(50);
  });
});

describe('a plan', () => {
  it('has a time line of stages that end when they are said to', () => {
    const plan = createPlan(fileOf(100_000, { acceptedShare: 0.9 }), settingsOf());
    const last = plan.timeline.at(-1);
    expect(last?.atSeconds).toBe(plan.seconds);
    expect(last?.carried).toEqual({
      'split-file': 100_000,
      'clean-rows': 100_000,
      'store-rows': 90_000,
      'relay-rows': 90_000,
      'process-rows': 90_000,
      'finish-rows': 90_000,
      'audit-job': 100_000,
    });
    for (const { stage, endsAtSeconds } of plan.stages.slice(0, -1)) {
      const before = plan.timeline.filter(({ atSeconds }) => atSeconds < endsAtSeconds - 0.5).at(-1);
      expect(before?.carried[stage] ?? 0).toBeLessThan(last?.carried[stage] ?? 0);
    }
    for (let i = 1; i < plan.timeline.length; i++) {
      for (const { stage } of plan.stages) {
        const [now, then] = [plan.timeline[i]?.carried[stage] ?? 0, plan.timeline[i - 1]?.carried[stage] ?? 0];
        expect(now).toBeGreaterThanOrEqual(then);
      }
    }
  });

  it('names a processor that waits: two functions of fifty calls at once, a second each, are 100 rows a second', () => {
    const wiring = changeStage(awsWiring, 'process-rows', { maximumConcurrency: 2 });
    const plan = createPlan(fileOf(50_000), settingsOf({ wiring, processorWaitMilliseconds: 1_000 }));
    expect(plan.bottleneck).toMatchObject({ stage: 'process-rows', limit: 'concurrency' });
    expect(stageOf(plan, 'process-rows').endsAtSeconds).toBeGreaterThan(500);
    expect(stageOf(plan, 'process-rows').endsAtSeconds).toBeLessThan(620);
    expect(plan.changes[0]?.change).toMatch(/^process-rows with 4 functions/);
  });

  it('lets a mapping that nobody limits take what the others leave of the account', () => {
    const { maximumConcurrency: _, ...unlimited } = awsWiring.stages['process-rows'];
    const wiring = { ...awsWiring, stages: { ...awsWiring.stages, 'process-rows': unlimited } };
    const slow = { processorWaitMilliseconds: 20_000 };
    const [most, few] = [settingsOf({ ...slow, wiring }), settingsOf({ ...slow, wiring, accountConcurrency: 200 })].map(
      (settings) => stageOf(createPlan(fileOf(2_000_000), settings), 'process-rows').concurrencyMax,
    );
    expect(most).toBeGreaterThan(300);
    expect(few).toBeLessThanOrEqual(200);
    expect(few).toBeGreaterThan(100);
  });

  it('says that messages of one row each are a waste', () => {
    const wiring = changePipeline(awsWiring, { rowsPerMessage: 1 });
    const { changes } = createPlan(fileOf(100_000), settingsOf({ wiring }));
    const change = changes.find((found) => found.change.includes('filled by bytes'));
    expect(change?.dollarsMore).toBeLessThan(-0.05);
  });

  it('warns of a budget above what the table takes, and of an account that is too small', () => {
    const wiring = withWriteUnits(awsWiring, 40_000);
    const { warnings } = createPlan(fileOf(1_000), settingsOf({ wiring, accountConcurrency: 300 }));
    expect(warnings.join(' ')).toMatch(/The write budget is 40,000 units a second, and the table takes 4,000/);
    expect(warnings.join(' ')).toMatch(/functions at once and the account lets 300 run/);
    expect(createPlan(fileOf(1_000), settingsOf()).warnings).toEqual([]);
  });

  it('warns of a processor for whose rows an invocation is too short', () => {
    const slow = createPlan(fileOf(1_000), settingsOf({ processorWaitMilliseconds: 20_000 }));
    expect(slow.warnings.join(' ')).toMatch(/set rowsPerMessage to/);
  });

  it('says where its prices are not confirmed', () => {
    const { assumptions } = createPlan(fileOf(10), settingsOf({ region: 'ap-southeast-2' }));
    expect(assumptions[0]).toMatch(/not confirmed/);
    expect(createPlan(fileOf(10), settingsOf()).assumptions[0]).not.toMatch(/not confirmed/);
  });

  it('of a file without rows is what an audit takes', () => {
    const plan = createPlan(fileOf(0), settingsOf());
    expect(plan.seconds).toBeLessThan(60);
    expect(plan.dollars).toBeLessThan(0.001);
    expect(plan.timeline.at(-1)?.carried['finish-rows']).toBe(0);
  });

  it.each([
    [{ rows: -1 }, /rows/],
    [{ rows: 1.5 }, /rows/],
    [{ bytes: Number.NaN }, /bytes/],
    [{ columns: 0 }, /column/],
    [{ acceptedShare: 2 }, /share/],
  ])('is not made of %o', (changes, why) => {
    expect(() => createPlan(fileOf(10, changes), settingsOf())).toThrow(why);
  });
});
