import { statSync } from 'node:fs';
import { basename } from 'node:path';
import type { BenchContext, Experiment } from './experiment.ts';
import { executionsOf, measureExperiment } from './measure.ts';
import { createProgress } from './progress.ts';
import type { ExperimentResult } from './results.ts';

export type Ran = {
  readonly results: readonly ExperimentResult[];
  /** Ids of the experiments that failed; what was wrong was told. */
  readonly failed: readonly string[];
};

/**
 * Measures one experiment after the other. One that fails is told of and left out; the others go on. Throws when the context's signal
 * is aborted. `tell` gets lines of progress; `today` gives an ISO date.
 */
export const runExperiments = async (
  experiments: readonly Experiment[],
  repetitions: number,
  context: BenchContext,
  { tell, today }: { readonly tell: (line: string) => void; readonly today: () => string },
): Promise<Ran> => {
  const results: ExperimentResult[] = [];
  const failed: string[] = [];
  const executions = experiments.map((experiment) => executionsOf(experiment, repetitions));
  const progress = createProgress(
    executions.reduce((sum, each) => sum + each, 0),
    tell,
  );
  for (const [i, experiment] of experiments.entries()) {
    let left = executions[i] ?? 0;
    const date = today();
    try {
      const result = await measureExperiment(experiment, repetitions, context, (execution) => {
        left--;
        progress.executed(execution);
      });
      const { file, divisor } = context;
      const isOfFile = experiment.needsFile === true && file !== undefined;
      results.push({
        ...result,
        date,
        ...(divisor === 1 ? {} : { divisor }),
        ...(isOfFile ? { file: { name: basename(file), bytes: statSync(file).size } } : {}),
      });
    } catch (thrown) {
      context.signal.throwIfAborted();
      failed.push(experiment.id);
      tell(`${experiment.id} failed: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
      progress.dropped(left);
    }
  }
  return { results, failed };
};
