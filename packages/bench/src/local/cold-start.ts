import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { buildBundles } from '@sluice/build/build-bundles';
import { root } from '@sluice/build/root';
import {
  credentials,
  lambdaVariables,
  profilesKey,
  startSmokeServices,
  variablesOf,
  workBucket,
} from '@sluice/build/smoke-services';
import { zipCode } from '@sluice/build/zip-code';
import type { StageName } from '@sluice/core/wiring';
import { stageNames } from '@sluice/core/wiring';
import { unzipSync } from 'fflate';
import { bundleProcessor } from 'sluice/bundle-processor';
import type { BenchContext, Contender, Experiment, Sample } from '../experiment.ts';
import { oncePerFolder } from '../stages/once-per-folder.ts';
import { type Start, timeImport } from './time-import.ts';

/** Starts of one execution; their median counts. */
const starts = 11;

type Module = { readonly path: string; readonly zipBytes: number };

const unpack = (zip: Uint8Array, folder: string): string => {
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of Object.entries(unzipSync(zip))) writeFileSync(join(folder, name), bytes);
  return join(folder, 'index.mjs');
};

/** The bundles as they are uploaded, and unpacked as Lambda has them. */
const bundles = oncePerFolder(async ({ folder }: Pick<BenchContext, 'folder'>) => {
  const out = join(folder, 'bundles');
  await buildBundles({ root, out });
  return new Map(
    stageNames.map((stage): [StageName, Module] => {
      const zip = readFileSync(join(out, `${stage}.zip`));
      return [stage, { path: unpack(zip, join(out, stage)), zipBytes: zip.length }];
    }),
  );
});

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

const startOften = async (
  module: Module | undefined,
  variables: Readonly<Record<string, string>>,
  { divisor, signal }: BenchContext,
): Promise<Sample> => {
  const times: Start[] = [];
  for (let i = 0; i < Math.max(1, Math.ceil(starts / divisor)); i++) {
    times.push(await timeImport(module?.path, variables, signal));
  }
  return {
    milliseconds: median(times.map(({ milliseconds }) => milliseconds)),
    cpuMilliseconds: median(times.map(({ cpuMilliseconds }) => cpuMilliseconds)),
    zipKilobytes: (module?.zipBytes ?? 0) / 1000,
  };
};

/** Services for as long as functions are started over them: split-file reads its profiles before it is ready. */
const withServices = async <Result>(use: (url: string) => Promise<Result>): Promise<Result> => {
  const services = await startSmokeServices();
  try {
    const profiles = { Bucket: workBucket, Key: profilesKey, Body: JSON.stringify([{ prefix: 'in/' }]) };
    await services.s3.send(new PutObjectCommand(profiles));
    return await use(services.url);
  } finally {
    await services.close();
  }
};

const bundleOf = (stage: StageName): Contender => ({
  id: stage,
  title: stage,
  isOurs: true,
  async run(context) {
    const module = (await bundles(context)).get(stage);
    return withServices((url) => {
      const variables = { ...variablesOf(stage), ...lambdaVariables, ...credentials, AWS_ENDPOINT_URL: url };
      return startOften(module, variables, context);
    });
  },
});

const usualFile = fileURLToPath(new URL('../peers/node/usual-handler.ts', import.meta.url));

/** Made one file by esbuild, by its defaults for Node but for white space, and packed as ours are. */
const usualModule = oncePerFolder(async ({ folder }: Pick<BenchContext, 'folder'>): Promise<Module> => {
  const { module, remove } = await bundleProcessor(usualFile);
  try {
    const zip = zipCode(readFileSync(module));
    return { path: unpack(zip, join(folder, 'bundles', 'usual-handler')), zipBytes: zip.length };
  } finally {
    remove();
  }
});

const usualHandler: Contender = {
  id: 'usual-handler',
  title: 'a usual handler: two clients of the SDK, zod and a logger, bundled by esbuild',
  async run(context) {
    const queue = { WORK_QUEUE_URL: 'http://sqs.invalid/000000000000/work', ROWS_TABLE: 'rows' };
    return startOften(await usualModule(context), { ...lambdaVariables, ...credentials, ...queue }, context);
  },
};

const bareNode: Contender = {
  id: 'bare-node',
  title: 'Node itself, with nothing to load',
  run: (context) => startOften(undefined, {}, context),
};

const [first, ...others] = stageNames.map(bundleOf);

export const coldStart: Experiment = {
  id: 'cold-start',
  title: 'Cold start of every function',
  about:
    `From the start of Node to the handler that is ready for its first event, clients made and environment read; the median of ${starts} starts. ` +
    'On this machine: what Lambda needs to fetch and unpack the code comes on top, and grows with the bytes of the zip.',
  measures: [
    { name: 'milliseconds', title: 'time', unit: 'ms', better: 'less' },
    { name: 'cpuMilliseconds', title: 'CPU', unit: 'ms', better: 'less' },
    { name: 'zipKilobytes', title: 'zip', unit: 'kB', better: 'less' },
  ],
  contenders: [first as Contender, ...others, usualHandler, bareNode],
};
