// What is measured: an experiment is one piece of work, done by us and by its peers, one after the other, several times.

/** Numbers of one execution, by the name of their measure. */
export type Sample = Readonly<Record<string, number>>;

export type Measure = {
  /** In camel case with its unit, such as rowsPerSecond or cpuMicrosecondsPerRow; key of a sample. */
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  readonly better: 'more' | 'less';
  /** What ours is meant to reach, and why. */
  readonly aim?: { readonly value: number; readonly source: string };
};

export type Contender = {
  /** Letters, digits and hyphens. */
  readonly id: string;
  readonly title: string;
  /** Ours as well, in another size or setting: measured and held to the aims, and compared with nobody. */
  readonly isOurs?: boolean;
  /**
   * Rows are divided by it for this contender alone: for peers that would take minutes. Rates are per row, and what is left must still
   * take so long that starting does not matter. Its context has the product of both, and a folder for such parts.
   */
  readonly divisor?: number;
  /** Does the work once, in processes of its own, and ends them. Throws when what it did is not what it should have done. */
  run(context: BenchContext): Promise<Sample>;
};

export type Experiment = {
  readonly id: string;
  readonly title: string;
  /** What is done and counted, in one or two sentences. */
  readonly about: string;
  readonly measures: readonly Measure[];
  /** Ours first; the others are its peers, or ours as well. */
  readonly contenders: readonly [Contender, ...Contender[]];
  /** Executions of each contender, where it is not as many as of the others. */
  readonly repetitions?: number;
  /** Its first execution counts: it works so long that what warms up at its start weighs nothing. */
  readonly isWithoutWarmUp?: boolean;
  /** It works on the context's own file, and is left out where there is none. */
  readonly needsFile?: boolean;
};

export type BenchContext = {
  /** A folder for files that several executions share; it goes with the bench. */
  readonly folder: string;
  /** Rows are divided by it: 1 for figures that are published, more for a quick look and for tests. */
  readonly divisor: number;
  /** A CSV file to work on, where it is not to be one that is made. */
  readonly file?: string;
  readonly signal: AbortSignal;
  /** One line of progress. */
  note(text: string): void;
};
