import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { BenchContext, Contender, Experiment, Sample } from './experiment.ts';
import { quickContext } from './local/quick-context.ts';
import { executionsOf, measureExperiment } from './measure.ts';

const controller = () => new AbortController();
const contextOf = (signal = controller().signal): BenchContext => ({ folder: '', divisor: 1, signal, note: () => {} });

/** Contenders whose executions yield these rates one after the other, noted in `log`. */
const contenderOf = (id: string, rates: readonly number[], log: string[], isOurs = false): Contender => {
  const left = [...rates];
  return {
    id,
    title: id,
    isOurs,
    async run(): Promise<Sample> {
      log.push(id);
      return { rate: left.shift() ?? Number.NaN };
    },
  };
};

const experimentOf = (contenders: Experiment['contenders'], repetitions?: number): Experiment => ({
  id: 'e',
  title: 'E',
  about: 'About.',
  measures: [{ name: 'rate', title: 'rate', unit: 'rows/s', better: 'more' }],
  contenders,
  ...(repetitions === undefined ? {} : { repetitions }),
});

describe('an experiment', () => {
  it('warms every contender up once, and then lets them take turns', async () => {
    const log: string[] = [];
    const experiment = experimentOf([contenderOf('ours', [1, 20, 30], log), contenderOf('peer', [1, 10, 10], log)]);
    const told: string[] = [];
    const result = await measureExperiment(experiment, 2, contextOf(), ({ contender, repetition }) =>
      told.push(`${contender.id} ${repetition}`),
    );
    expect(log).toEqual(['ours', 'peer', 'ours', 'peer', 'ours', 'peer']);
    expect(told).toEqual(['ours 0', 'peer 0', 'ours 1', 'peer 1', 'ours 2', 'peer 2']);
    expect(result.contenders.map(({ measures }) => measures['rate']?.values)).toEqual([
      [20, 30],
      [10, 10],
    ]);
    expect(result.ratios).toEqual([{ peer: 'peer', measure: 'rate', median: 2.5, min: 2, max: 3, values: [2, 3] }]);
    expect(executionsOf(experiment, 2)).toBe(log.length);
  });

  it('is repeated less often when it asks for that, and no more often than usual', async () => {
    const log: string[] = [];
    const run = (repetitions: number) => {
      const experiment = experimentOf([contenderOf('ours', [1, 1, 1, 1, 1, 1], log)], repetitions);
      return measureExperiment(experiment, 2, contextOf(), () => {});
    };
    await run(1);
    expect(log.splice(0)).toHaveLength(2);
    await run(4);
    expect(log).toHaveLength(3);
  });

  it('needs no warm-up when it says so', async () => {
    const log: string[] = [];
    const experiment = { ...experimentOf([contenderOf('ours', [7, 8], log)]), isWithoutWarmUp: true };
    const { contenders } = await measureExperiment(experiment, 2, contextOf(), () => {});
    expect(contenders[0]?.measures['rate']?.values).toEqual([7, 8]);
    expect(executionsOf(experiment, 2)).toBe(log.length);
  });

  it('divides the rows of a contender once more, in a folder of its own, and says so', async () => {
    const context = quickContext(50);
    const seen: [folder: string, divisor: number, isThere: boolean][] = [];
    const of = (divisor?: number): Contender => ({
      id: 'each',
      title: '',
      ...(divisor === undefined ? {} : { divisor }),
      async run(given) {
        seen.push([given.folder, given.divisor, existsSync(given.folder)]);
        return { rate: 1 };
      },
    });
    const { contenders } = await measureExperiment(experimentOf([of(), of(6)]), 1, context, () => {});
    const [whole, part] = seen;
    expect(whole).toEqual([context.folder, 50, true]);
    expect(part).toEqual([`${context.folder}/part-6`, 300, true]);
    expect(contenders.map(({ divisor }) => divisor)).toEqual([undefined, 6]);
  });

  it('does not compare ours with ours', async () => {
    const experiment = experimentOf([contenderOf('small', [1, 1], []), contenderOf('large', [1, 1], [], true)]);
    const { ratios, contenders } = await measureExperiment(experiment, 1, contextOf(), () => {});
    expect(ratios).toEqual([]);
    expect(contenders.map(({ isOurs }) => isOurs)).toEqual([true, true]);
  });

  it('lets a peer lack a measure, but not ours', async () => {
    const lacking: Contender = { id: 'lacking', title: '', run: async () => ({}) };
    const { ratios } = await measureExperiment(
      experimentOf([contenderOf('ours', [1, 1], []), lacking]),
      1,
      contextOf(),
      () => {},
    );
    expect(ratios).toEqual([]);
    await expect(measureExperiment(experimentOf([lacking]), 1, contextOf(), () => {})).rejects.toThrow(
      'expected a count as rate of lacking, found undefined',
    );
  });

  it('ends between two executions when it is aborted', async () => {
    const log: string[] = [];
    const interrupt = controller();
    const experiment = experimentOf([contenderOf('ours', [1, 1, 1], log)]);
    const measuring = measureExperiment(experiment, 2, contextOf(interrupt.signal), () =>
      interrupt.abort(new Error('stop')),
    );
    await expect(measuring).rejects.toThrow('stop');
    expect(log).toEqual(['ours']);
  });
});
