import type { ExperimentResult, Results } from './results.ts';
import { spreadOf } from './statistics.ts';

const rows = { name: 'rowsPerSecond', title: 'rows', unit: 'rows/s', better: 'more' } as const;

/** Figures for tests: ours against one peer, and ours over growing files. */
export const storeResult: ExperimentResult = {
  id: 'store',
  title: 'Store',
  about: 'Rows are stored.',
  date: '2026-01-02',
  measures: [
    { ...rows, aim: { value: 2_000, source: 'what others reach' } },
    { name: 'peakMebibytes', title: 'peak memory', unit: 'MiB', better: 'less', aim: { value: 90, source: 'small' } },
  ],
  contenders: [
    {
      id: 'sluice',
      title: 'Sluice',
      isOurs: true,
      measures: { rowsPerSecond: spreadOf([4_000, 4_400]), peakMebibytes: spreadOf([100, 101]) },
    },
    { id: 'usual', title: 'a usual | way', isOurs: false, measures: { rowsPerSecond: spreadOf([1_000, 1_000]) } },
  ],
  ratios: [{ peer: 'usual', measure: 'rowsPerSecond', ...spreadOf([4, 4.4]) }],
};

const scalingResult: ExperimentResult = {
  id: 'scaling',
  title: 'Growing files',
  about: 'Files grow.',
  date: '2026-01-01',
  measures: [
    rows,
    { name: 'seconds', title: 'time', unit: 's', better: 'less' },
    { name: 'peakMebibytes', title: 'peak memory', unit: 'MiB', better: 'less' },
  ],
  contenders: [1, 2].map((seconds) => ({
    id: `rows-${seconds}`,
    title: `${seconds} s`,
    isOurs: true,
    measures: {
      rowsPerSecond: spreadOf([1_000]),
      seconds: spreadOf([seconds]),
      peakMebibytes: spreadOf([100]),
    },
  })),
  ratios: [],
};

export const fixtureResults: Results = {
  date: '2026-01-02',
  machine: { cpu: 'CPU', cores: 2, memoryBytes: 2 ** 33, os: 'Linux', node: '22.1.0', python: '3.12.0' },
  experiments: [storeResult, scalingResult],
};
