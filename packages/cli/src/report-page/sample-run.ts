import type { StageCounts } from '@sluice/core/ports/metrics';
import { queueNames } from '@sluice/core/ports/queue';
import type { StageName } from '@sluice/core/wiring';
import type { LocalCloud } from '@sluice/local-cloud/local-cloud';
import type { Sample } from './sample-series.ts';
import { createSampleSeries, sampleMilliseconds } from './sample-series.ts';

/** Looks at a run now and then, from now on until its end. */
export type RunSampling = {
  /** Stops, with a last look. */
  end(): readonly Sample[];
};

/** Samples what the stages have done and what waits in the queues of a run; costs microseconds a second. */
export const sampleRun = (
  cloud: Pick<LocalCloud, 'queue'>,
  totals: ReadonlyMap<StageName, StageCounts>,
): RunSampling => {
  const series = createSampleSeries();
  const look = (): Sample => ({
    at: performance.now() / 1000,
    rowsOut: new Map([...totals].map(([stage, { rowsOut }]) => [stage, rowsOut])),
    messages: new Map(queueNames.map((name) => [name, cloud.queue(name).size().messages])),
  });
  series.take(look());
  const timer = setInterval(() => series.take(look()), sampleMilliseconds);
  // It alone keeps no process alive.
  timer.unref();
  return {
    end() {
      clearInterval(timer);
      return series.end(look());
    },
  };
};
