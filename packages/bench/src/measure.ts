import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchContext, Contender, Experiment, Measure, Sample } from './experiment.ts';
import type { ContenderResult, ExperimentResult } from './results.ts';
import { ratiosOf, spreadOf } from './statistics.ts';

/** One execution that has ended. */
export type Execution = {
  readonly experiment: Experiment;
  readonly contender: Contender;
  /** From 1 on; 0 is the warm-up, which is not counted. */
  readonly repetition: number;
  readonly sample: Sample;
};

/** Executions that an experiment comes to, warm-ups among them. */
export const executionsOf = ({ contenders, repetitions, isWithoutWarmUp = false }: Experiment, usual: number): number =>
  contenders.length * ((isWithoutWarmUp ? 0 : 1) + Math.min(repetitions ?? usual, usual));

/** Ours has every measure, a peer those that it can have. */
const checkSample = (sample: Sample, measures: readonly Measure[], { id }: Contender, isFirst: boolean): void => {
  for (const { name } of measures) {
    const value = sample[name];
    if (value === undefined && !isFirst) continue;
    if (value === undefined || !Number.isFinite(value) || value < 0) {
      throw new Error(`expected a count as ${name} of ${id}, found ${value}`);
    }
  }
};

const summarise = (
  { id, title, isOurs = false, divisor = 1 }: Contender,
  samples: readonly Sample[],
  measures: readonly Measure[],
  isFirst: boolean,
): ContenderResult => ({
  id,
  title,
  isOurs: isFirst || isOurs,
  ...(divisor === 1 ? {} : { divisor }),
  measures: Object.fromEntries(
    measures.flatMap(({ name }) => {
      const values = samples.map((sample) => sample[name]).filter((value) => value !== undefined);
      return values.length === samples.length ? [[name, spreadOf(values)]] : [];
    }),
  ),
});

const compare = (
  measures: readonly Measure[],
  [ours, ...others]: readonly ContenderResult[],
): ExperimentResult['ratios'] =>
  others
    .filter(({ isOurs }) => !isOurs)
    .flatMap((peer) =>
      measures.flatMap(({ name, better }) => {
        const [of, by] = [ours?.measures[name], peer.measures[name]];
        const ratio = of === undefined || by === undefined ? undefined : ratiosOf(of.values, by.values, better);
        return ratio === undefined ? [] : [{ peer: peer.id, measure: name, ...ratio }];
      }),
    );

/** For a contender with a divisor, with a folder besides: files that are shared are of all rows, or of the same part. */
const partOf = (context: BenchContext, { divisor = 1 }: Contender): BenchContext => {
  if (divisor === 1) return context;
  const folder = join(context.folder, `part-${divisor}`);
  mkdirSync(folder, { recursive: true });
  return { ...context, folder, divisor: context.divisor * divisor };
};

/**
 * Has every contender do its work: once each to warm up, unless it needs none, then in rounds of one execution each, so that whatever changes on the machine
 * meanwhile befalls all of them. Throws what a contender throws.
 */
export const measureExperiment = async (
  experiment: Experiment,
  usualRepetitions: number,
  context: BenchContext,
  onExecution: (execution: Execution) => void,
): Promise<Omit<ExperimentResult, 'date' | 'divisor' | 'file'>> => {
  const { id, title, about, measures, contenders } = experiment;
  // An experiment may ask for fewer than usual, and a quick look for fewer still.
  const repetitions = Math.min(experiment.repetitions ?? usualRepetitions, usualRepetitions);
  const samples = contenders.map((): Sample[] => []);
  for (let repetition = experiment.isWithoutWarmUp === true ? 1 : 0; repetition <= repetitions; repetition++) {
    for (const [i, contender] of contenders.entries()) {
      context.signal.throwIfAborted();
      const sample = await contender.run(partOf(context, contender));
      checkSample(sample, measures, contender, i === 0);
      if (repetition > 0) samples[i]?.push(sample);
      onExecution({ experiment, contender, repetition, sample });
    }
  }
  const summaries = contenders.map((contender, i) => summarise(contender, samples[i] ?? [], measures, i === 0));
  return { id, title, about, measures: [...measures], contenders: summaries, ratios: compare(measures, summaries) };
};
