import { createCleanRows } from '@sluice/clean-rows/clean-rows';
import { createLogger } from '@sluice/core/logger';
import type { Profile } from '@sluice/core/ports/job-store';
import type { Processor } from '@sluice/core/processor';
import { complainAboutProcessor, defaultProcessor } from '@sluice/core/processor';
import { realClock } from '@sluice/core/real-clock';
import type { Wiring } from '@sluice/core/wiring';
import type { LocalFunction } from '@sluice/local-cloud/function';
import type { WorkerModule } from '@sluice/local-cloud/function-worker';
import { createProcessRows } from '@sluice/process-rows/process-rows';
import { createSplitFile } from '@sluice/split-file/split-file';
import { workBucket } from './buckets.ts';
import type { ChaosWorkerData } from './chaos/reading-worker.ts';

/** What the worker's functions need to know; `processor` is the path of a bundled module. */
export type StageWorkerData = {
  readonly wiring: Wiring;
  readonly stages: 'reading' | 'processing';
  readonly profile: Profile;
  readonly codeVersion: string;
  readonly chunkBytes?: number;
  readonly rowsPerMessage?: number;
  readonly processor?: string;
  /** Reading is to fail. */
  readonly chaos?: ChaosWorkerData;
};

const loadProcessor = async (module: string | undefined): Promise<Processor> => {
  if (module === undefined) return defaultProcessor;
  const { default: exported } = (await import(module)) as { readonly default?: unknown };
  const complaint = complainAboutProcessor(exported);
  if (complaint !== undefined) throw new Error(complaint);
  return exported as Processor;
};

/** The stages of the local run that have a thread of their own: those that read the file, and the one that runs user code. */
const createStages: WorkerModule = async (services, metrics, data) => {
  const { wiring, stages, profile, codeVersion, chunkBytes, rowsPerMessage, processor, chaos } =
    data as StageWorkerData;
  const seams = { clock: realClock, random: Math.random, metrics, wiring };
  if (stages === 'processing') {
    const ports = { ...services('process-rows'), ...seams, logger: createLogger('process-rows', 'SILENT') };
    const run = createProcessRows(ports, { processor: await loadProcessor(processor) });
    return { 'process-rows': run as LocalFunction };
  }
  const reading =
    chaos === undefined
      ? { services, clock: realClock }
      : (await import('./chaos/reading-worker.ts')).disturbReading(chaos, services);
  const portsOf = (stage: 'split-file' | 'clean-rows') => ({
    ...reading.services(stage),
    ...seams,
    clock: reading.clock,
    logger: createLogger(stage, 'SILENT'),
  });
  return {
    'split-file': createSplitFile(portsOf('split-file'), {
      profiles: [profile],
      bucket: workBucket,
      codeVersion,
      ...(chunkBytes === undefined ? {} : { chunkBytes }),
      ...(rowsPerMessage === undefined ? {} : { rowsPerMessage }),
    }) as LocalFunction,
    'clean-rows': createCleanRows(portsOf('clean-rows'), { bucket: workBucket }) as LocalFunction,
  };
};

export default createStages;
