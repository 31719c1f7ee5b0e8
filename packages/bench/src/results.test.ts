import { describe, expect, it } from 'vitest';
import { fixtureResults, storeResult } from './fixture-results.ts';
import { formatResults, mergeResults, parseResults } from './results.ts';
import { spreadOf } from './statistics.ts';

describe('results', () => {
  it('are read as they were written, a list of numbers on one line', () => {
    const text = formatResults(fixtureResults);
    expect(parseResults(text)).toEqual(fixtureResults);
    expect(text).toContain('"values": [4000, 4400]');
  });

  it('keep six digits of what is no whole number', () => {
    const text = formatResults({
      ...fixtureResults,
      experiments: [{ ...storeResult, ratios: [{ peer: 'usual', measure: 'rate', ...spreadOf([1.23456789, 4e9]) }] }],
    });
    expect(parseResults(text).experiments[0]?.ratios[0]?.values).toEqual([1.23457, 4_000_000_000]);
  });

  it('are refused when something in them is not what it should be', () => {
    expect(() => parseResults(JSON.stringify({ ...fixtureResults, more: 1 }))).toThrow();
    expect(() => parseResults(JSON.stringify({ ...fixtureResults, date: 'today' }))).toThrow();
  });

  it('take the place of those of the same experiment, in the order of experiments', () => {
    const newer = { ...fixtureResults, date: '2026-02-01', experiments: [{ ...storeResult, date: '2026-02-01' }] };
    const merged = mergeResults(fixtureResults, newer, ['scaling', 'store']);
    expect(merged.date).toBe('2026-02-01');
    expect(merged.experiments.map(({ id, date }) => [id, date])).toEqual([
      ['scaling', '2026-01-01'],
      ['store', '2026-02-01'],
    ]);
  });

  it('lose what is no experiment any more', () => {
    expect(mergeResults(fixtureResults, { ...fixtureResults, experiments: [] }, ['store']).experiments).toEqual([
      storeResult,
    ]);
  });
});
