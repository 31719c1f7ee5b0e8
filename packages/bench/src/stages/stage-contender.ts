import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleStage } from '@sluice/build/bundle-stage';
import { root } from '@sluice/build/root';
import { createTableClient } from '@sluice/core/aws/clients';
import { createAwsJobs } from '@sluice/core/aws/job-store';
import { scriptedAccess } from '@sluice/core/aws/scripted-endpoint';
import type { Job } from '@sluice/core/ports/job-store';
import type { StageName } from '@sluice/core/wiring';
import { bundleProcessor } from 'sluice/bundle-processor';
import type { BenchContext, Contender, Measure, Sample } from '../experiment.ts';
import type { NullEndpoint } from '../null-endpoint/start-null-endpoint.ts';
import { startNullEndpoint } from '../null-endpoint/start-null-endpoint.ts';
import { runWorkers } from './run-workers.ts';
import type { Effect, StageEvents } from './stage-events.ts';

const stageMeasures = [
  { name: 'rowsPerSecond', title: 'rows per second, two processes', unit: 'rows/s', better: 'more' },
  { name: 'cpuMicrosecondsPerRow', title: 'CPU per row, of the two processes', unit: 'us', better: 'less' },
  {
    name: 'peakMebibytes',
    title: 'peak memory of the larger process, its prepared events included',
    unit: 'MiB',
    better: 'less',
  },
] as const satisfies readonly Measure[];

type Aims = Partial<Record<(typeof stageMeasures)[number]['name'], NonNullable<Measure['aim']>>>;

/** What every contender of a stage is measured by, with what ours is meant to reach. */
export const measuresWith = (aims: Aims): readonly Measure[] =>
  stageMeasures.map((measure) => {
    const aim = aims[measure.name];
    return aim === undefined ? measure : { ...measure, aim };
  });

/** How the figures of the stages come about; part of what is said about each experiment. */
export const howMeasured =
  'Two processes work at once on two cores, which the null endpoint shares with them. Events are ready before the clock starts, and each process has handled one before. CPU is of the two processes alone.';

const bundle = async (path: string, stage: StageName, processor: string | undefined): Promise<string> => {
  const bundled = processor === undefined ? undefined : await bundleProcessor(processor);
  try {
    writeFileSync(path, (await bundleStage(root, stage, bundled?.module)).code);
  } finally {
    bundled?.remove();
  }
  return path;
};

const bundles = new Map<string, Promise<string>>();

/**
 * The bundle of a function as it is deployed, with another processor than the default one where `processor` names its file. Made once
 * for the folder.
 */
export const bundleFunction = (folder: string, stage: StageName, processor?: string): Promise<string> => {
  const path = join(folder, `${stage}${processor === undefined ? '' : '-processor'}.mjs`);
  const made = bundles.get(path) ?? bundle(path, stage, processor);
  bundles.set(path, made);
  return made;
};

const putJob = async (url: string, job: Job): Promise<void> => {
  const table = createTableClient({ endpoint: url, ...scriptedAccess });
  try {
    await createAwsJobs(table, 'jobs').createJob(job);
  } finally {
    table.destroy();
  }
};

const namesOfEffect = ['sqsMessages', 'sqsBytes', 'writes'] as const satisfies readonly (keyof Effect)[];

/** Throws unless the services were asked for exactly what was expected. */
export const checkEffect = (stage: StageName, expected: Effect, found: Effect): void => {
  for (const name of namesOfEffect) {
    if (expected[name] === found[name]) continue;
    throw new Error(`${stage}: expected ${expected[name]} as ${name}, found ${found[name]}`);
  }
};

/** A function over the null endpoint, fed with events of AWS's shape. */
export const createStageContender = ({
  stage,
  id,
  title,
  events,
  processor,
  isOurs,
}: {
  readonly stage: StageName;
  readonly id: string;
  readonly title: string;
  /** Given where it is not the first of its experiment. */
  readonly isOurs?: true;
  readonly events: (context: BenchContext, endpoint: NullEndpoint) => Promise<StageEvents>;
  readonly processor?: string;
}): Contender => ({
  id,
  title,
  ...(isOurs === undefined ? {} : { isOurs }),
  async run(context): Promise<Sample> {
    const module = await bundleFunction(context.folder, stage, processor);
    const endpoint = await startNullEndpoint();
    try {
      const { paths, rounds = 1, rows, effect, job, check } = await events(context, endpoint);
      if (job !== undefined) await putJob(endpoint.url, job);
      const { url } = endpoint;
      const { signal } = context;
      const run = await runWorkers({ stage, module, url, paths, rounds, signal, onReady: endpoint.reset });
      checkEffect(stage, effect, await endpoint.counts());
      await check?.();
      return {
        rowsPerSecond: rows / run.seconds,
        cpuMicrosecondsPerRow: run.cpuMicroseconds / rows,
        peakMebibytes: run.peakMebibytes,
      };
    } finally {
      await endpoint.close();
    }
  },
});
