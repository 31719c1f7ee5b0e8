import { describe, expect, it } from 'vitest';
import type { Experiment } from './experiment.ts';
import { quickContext } from './local/quick-context.ts';
import { runExperiments } from './run-experiments.ts';

const experimentOf = (id: string, run: () => Promise<Record<string, number>>): Experiment => ({
  id,
  title: id,
  about: '',
  measures: [{ name: 'seconds', title: 'time', unit: 's', better: 'less' }],
  contenders: [{ id: 'ours', title: 'ours', run }],
});

const today = () => '2026-01-02';

describe('experiments', () => {
  it('go on after one that fails, which is told of', async () => {
    const lines: string[] = [];
    const failing = experimentOf('failing', () => Promise.reject(new Error('no rows')));
    const passing = experimentOf('passing', async () => ({ seconds: 2 }));
    const { results, failed } = await runExperiments([failing, passing], 1, quickContext(1), {
      tell: (line) => lines.push(line),
      today,
    });
    expect(failed).toEqual(['failing']);
    expect(results.map(({ id, date }) => [id, date])).toEqual([['passing', '2026-01-02']]);
    expect(lines).toEqual([
      'failing failed: no rows',
      '2 executions left out',
      expect.stringMatching(/^1\/2 passing ours, warm-up: 2 s \(.*about .* left\)$/),
      expect.stringMatching(/^2\/2 passing ours, round 1: 2 s \(.*the last\)$/),
    ]);
  });

  it('are marked when they did not work on all rows', async () => {
    const experiment = experimentOf('e', async () => ({ seconds: 1 }));
    const seams = { tell: () => {}, today };
    const divisorOf = async (divisor: number) =>
      (await runExperiments([experiment], 1, quickContext(divisor), seams)).results[0]?.divisor;
    expect([await divisorOf(1), await divisorOf(50)]).toEqual([undefined, 50]);
  });

  it('end with the reason of an interrupt', async () => {
    const interrupt = new AbortController();
    const experiment = experimentOf('e', async () => {
      interrupt.abort(new Error('ended'));
      throw new Error('broken off');
    });
    const context = quickContext(1, { signal: interrupt.signal });
    await expect(runExperiments([experiment], 1, context, { tell: () => {}, today })).rejects.toThrow('ended');
  });
});
