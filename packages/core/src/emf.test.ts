import { describe, expect, it } from 'vitest';
import { createEmfMetrics } from './emf.ts';
import type { StageCounts } from './ports/metrics.ts';
import { createVirtualClock } from './virtual-clock.ts';

const counts: StageCounts = { stage: 'store-rows', rowsIn: 1, rowsOut: 2, retried: 3, dead: 4, messagesFailed: 5 };

const linesOf = (...given: readonly StageCounts[]): string[] => {
  const lines: string[] = [];
  const metrics = createEmfMetrics({
    environment: 'dev',
    write: (line) => void lines.push(line),
    clock: createVirtualClock(1_700_000_000_000),
  });
  for (const one of given) metrics(one);
  return lines;
};

describe('createEmfMetrics', () => {
  it('writes one line per invocation: every count under its name, and two dimensions', () => {
    const [line, ...more] = linesOf(counts);
    expect(more).toEqual([]);
    expect(line?.indexOf('\n')).toBe((line?.length ?? 0) - 1);
    expect(JSON.parse(line ?? '')).toEqual({
      _aws: {
        Timestamp: 1_700_000_000_000,
        CloudWatchMetrics: [
          {
            Namespace: 'Sluice',
            Dimensions: [['stage', 'environment']],
            Metrics: [
              { Name: 'RowsIn', Unit: 'Count' },
              { Name: 'RowsOut', Unit: 'Count' },
              { Name: 'RowsRetried', Unit: 'Count' },
              { Name: 'RowsDead', Unit: 'Count' },
              { Name: 'MessagesFailed', Unit: 'Count' },
            ],
          },
        ],
      },
      stage: 'store-rows',
      environment: 'dev',
      RowsIn: 1,
      RowsOut: 2,
      RowsRetried: 3,
      RowsDead: 4,
      MessagesFailed: 5,
    });
  });

  it('adds the jobs that wait for somebody where an audit counted them, also when there are none', () => {
    const lines = linesOf(
      { ...counts, stage: 'audit-job', jobs: { held: 1, stalled: 0, inconsistent: 2 } },
      { ...counts, stage: 'audit-job', jobs: { held: 0, stalled: 0, inconsistent: 0 } },
    ).map((line) => JSON.parse(line) as { readonly _aws: { readonly CloudWatchMetrics: [{ readonly Metrics: [] }] } });
    expect(lines).toMatchObject([
      { JobsHeld: 1, JobsStalled: 0, JobsInconsistent: 2 },
      { JobsHeld: 0, JobsStalled: 0, JobsInconsistent: 0 },
    ]);
    for (const { _aws } of lines) {
      expect(_aws.CloudWatchMetrics[0].Metrics.slice(5)).toEqual(
        ['JobsHeld', 'JobsStalled', 'JobsInconsistent'].map((Name) => ({ Name, Unit: 'Count' })),
      );
    }
  });
});
