import * as z from 'zod/mini';

const count = z.number().check(z.nonnegative());
const spread = z.strictObject({
  median: count,
  min: count,
  max: count,
  values: z.readonly(z.array(count).check(z.minLength(1))),
});
const id = z.string().check(z.regex(/^[A-Za-z0-9-]+$/));

const machine = z.strictObject({
  cpu: z.string(),
  cores: z.int().check(z.positive()),
  memoryBytes: count,
  os: z.string(),
  node: z.string(),
  python: z.string(),
});

const measure = z.strictObject({
  name: z.string(),
  title: z.string(),
  unit: z.string(),
  better: z.enum(['more', 'less']),
  aim: z.optional(z.strictObject({ value: count, source: z.string() })),
});

const experimentResult = z.strictObject({
  id,
  title: z.string(),
  about: z.string(),
  /** When it was measured, as an ISO date. */
  date: z.iso.date(),
  /** What the rows were divided by for a trial; not there where it worked on all of them. */
  divisor: z.optional(z.int().check(z.positive())),
  /** The caller's own file that it worked on. */
  file: z.optional(z.strictObject({ name: z.string(), bytes: count })),
  measures: z.array(measure).check(z.minLength(1)),
  /** Ours first. A peer may lack a measure. */
  contenders: z
    .array(
      z.strictObject({
        id,
        title: z.string(),
        isOurs: z.boolean(),
        /** What the rows were divided by for this contender alone; not there where it had as many as the first. */
        divisor: z.optional(z.int().check(z.positive())),
        measures: z.record(z.string(), spread),
      }),
    )
    .check(z.minLength(1)),
  /** How many times as good the first contender is as a peer: above 1 is better, whatever is measured. */
  ratios: z.array(z.strictObject({ peer: id, measure: z.string(), ...spread.shape })),
});

/** What docs/performance.json holds. */
const results = z.strictObject({
  /** Of the newest figures, as an ISO date. */
  date: z.iso.date(),
  machine,
  experiments: z.array(experimentResult),
});

export type ExperimentResult = z.infer<typeof experimentResult>;
export type ContenderResult = ExperimentResult['contenders'][number];
export type MeasureResult = ExperimentResult['measures'][number];
export type Results = z.infer<typeof results>;

/** Throws what is wrong with it, by its path. */
export const parseResults = (text: string): Results => results.parse(JSON.parse(text));

/** Numbers of a list, which stand on one line instead of one each. */
const numberList = /\[\s+(-?\d[\d.,e+\s-]*?)\s+\]/g;

/** Digits kept of a value that is no whole number: more than any measurement is good for. */
const digits = 6;
const shorten = (_: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(digits)) : value;

/** As it is committed. Throws what is wrong with it. */
export const formatResults = (value: Results): string => {
  const text = JSON.stringify(results.parse(value), shorten, 2);
  return `${text.replace(numberList, (_, numbers: string) => `[${numbers.replace(/\s+/g, ' ')}]`)}\n`;
};

/**
 * New figures in the place of those of the same experiments; the others stay. `order`: ids of all experiments there are; what is none
 * of them goes.
 */
export const mergeResults = (before: Results | undefined, after: Results, order: readonly string[]): Results => {
  const byId = new Map([...(before?.experiments ?? []), ...after.experiments].map((each) => [each.id, each]));
  return { ...after, experiments: order.flatMap((each) => byId.get(each) ?? []) };
};
