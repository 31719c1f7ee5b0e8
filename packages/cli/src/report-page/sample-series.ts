import type { QueueName } from '@sluice/core/ports/queue';
import { queueNames } from '@sluice/core/ports/queue';
import type { StageName } from '@sluice/core/wiring';
import { stageNames } from '@sluice/core/wiring';
import type { Timeline } from './report-page.ts';

/** Between two samples at first; twice as long each time that there are too many. */
export const sampleMilliseconds = 250;
/** Samples that are kept. */
export const samplesMax = 300;
/** Intervals that a page shows: more could not be told apart in a chart of its width. */
export const intervalsMax = 150;

/** A look at the pipeline: rows handed on by each stage so far, and messages in each queue; `at` in seconds. */
export type Sample = {
  readonly at: number;
  readonly rowsOut: ReadonlyMap<StageName, number>;
  readonly messages: ReadonlyMap<QueueName, number>;
};

/** Samples of a run of any length, never more than `samplesMax`, evenly spaced. */
export type SampleSeries = {
  take(sample: Sample): void;
  /** All of them, and `last`. */
  end(last: Sample): readonly Sample[];
};

/** The later of two samples, with the most messages that either saw. */
const join = (earlier: Sample, later: Sample): Sample => ({
  ...later,
  messages: new Map(
    queueNames.map((name) => [name, Math.max(earlier.messages.get(name) ?? 0, later.messages.get(name) ?? 0)]),
  ),
});

/** Each two samples as one; the first stands for the beginning and stays. */
const halve = ([first, ...others]: readonly Sample[]): Sample[] => {
  const halved = first === undefined ? [] : [first];
  for (let i = 0; i < others.length; i += 2) {
    const [earlier, later] = [others[i] as Sample, others[i + 1]];
    halved.push(later === undefined ? earlier : join(earlier, later));
  }
  return halved;
};

export const createSampleSeries = (): SampleSeries => {
  let samples: Sample[] = [];
  /** Samples that become one, and those taken since the last that was kept. */
  let stride = 1;
  let taken = 0;
  let waiting: Sample | undefined;
  const keep = (sample: Sample): void => {
    samples.push(sample);
    if (samples.length < samplesMax) return;
    samples = halve(samples);
    stride *= 2;
  };
  return {
    take(sample) {
      waiting = waiting === undefined ? sample : join(waiting, sample);
      taken++;
      if (taken < stride && samples.length > 0) return;
      keep(waiting);
      waiting = undefined;
      taken = 0;
    },
    end(last) {
      if (last.at <= (samples.at(-1)?.at ?? -1)) return samples;
      return [...samples, waiting === undefined ? last : join(waiting, last)];
    },
  };
};

/**
 * Rows a second between samples. A stage tells its rows when an invocation ends, so what it tells is spread over the time since it
 * last told any.
 */
const ratesOf = (counts: readonly number[], times: readonly number[]): readonly number[] => {
  const rates: number[] = [];
  let from = 0;
  for (let i = 1; i < counts.length; i++) {
    const rows = (counts[i] ?? 0) - (counts[from] ?? 0);
    if (rows === 0 && i < counts.length - 1) continue;
    const rate = rows / ((times[i] ?? 0) - (times[from] ?? 0));
    for (; from < i; from++) rates.push(rate);
  }
  return rates;
};

/** What the samples tell of each stage and queue that rows go through; undefined where there are too few to tell anything. */
export const timelineOf = (
  series: readonly Sample[],
  stages: readonly StageName[] = stageNames,
  queues: readonly QueueName[] = queueNames,
): Timeline | undefined => {
  if (series.length < 3) return undefined;
  const samples = series.length - 1 > intervalsMax ? halve(series) : series;
  const times = samples.map(({ at }) => at);
  return {
    times,
    rates: new Map(
      stages.map((stage) => [
        stage,
        ratesOf(
          samples.map(({ rowsOut }) => rowsOut.get(stage) ?? 0),
          times,
        ),
      ]),
    ),
    messages: new Map(queues.map((queue) => [queue, samples.slice(1).map(({ messages }) => messages.get(queue) ?? 0)])),
  };
};
