import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Job } from '@sluice/core/ports/job-store';
import type { Processor } from '@sluice/core/processor';
import { defaultProcessor } from '@sluice/core/processor';
import type { BenchContext } from '../experiment.ts';
import { toSqsEvents, toStreamEvents } from './lambda-events.ts';
import { processInMemory, relayInMemory, wiring } from './memory-stages.ts';
import { oncePerFolder } from './once-per-folder.ts';
import { rowsOf, sampleRows } from './sample-rows.ts';
import { transactionsProcessor } from './transactions.ts';

/** Processes that work at once, on a machine of two cores. */
export const workers = 2;

/** What the services are to be asked for in all. */
export type Effect = { readonly sqsMessages: number; readonly sqsBytes: number; readonly writes: number };

/** Events for each worker, one a line of its file, and what comes of all of them. */
export type StageEvents = {
  readonly paths: readonly string[];
  /** How often the workers go through them, once when it is not given. */
  readonly rounds?: number;
  /** Of all rounds. */
  readonly rows: number;
  readonly effect: Effect;
  /** What the jobs table is to hold. */
  readonly job?: Job;
  /** Throws when something else is not as it should be once they were handled. */
  readonly check?: () => Promise<void>;
};

export const effectOfBodies = (bodies: readonly string[]): Effect => ({
  sqsMessages: bodies.length,
  sqsBytes: bodies.reduce((sum, body) => sum + Buffer.byteLength(body), 0),
  writes: 0,
});
const effectOfWrites = (writes: number): Effect => ({ sqsMessages: 0, sqsBytes: 0, writes });

/** Deals the events out to the workers. */
export const writeEvents = (folder: string, name: string, events: readonly unknown[]): readonly string[] =>
  Array.from({ length: workers }, (_, worker) => {
    const path = join(folder, `${name}-${worker}.ndjson`);
    const own = events.filter((_, index) => index % workers === worker);
    writeFileSync(path, own.map((event) => `${JSON.stringify(event)}\n`).join(''));
    return path;
  });

type Place = Pick<BenchContext, 'folder' | 'divisor'>;

export const storeEvents = oncePerFolder(async (context: Place): Promise<StageEvents> => {
  const { packs, rows, job } = await sampleRows(context);
  const events = toSqsEvents('rows', packs, wiring.stages['store-rows'].batchSize);
  return { paths: writeEvents(context.folder, 'store', events), rows, effect: effectOfWrites(rows), job };
});

const streamEvents = async (context: Place) => {
  const { packs, job } = await sampleRows(context);
  return { job, events: toStreamEvents(job.jobId, rowsOf(packs), wiring.stages['relay-rows'].batchSize) };
};

/** Stream events are many small objects: were all of them in memory, the collector would go through them and not through the stage's. */
const relayRounds = 4;

export const relayEvents = oncePerFolder(async (context: Place): Promise<StageEvents> => {
  const { job, events: all } = await streamEvents(context);
  const events = all.slice(0, Math.ceil(all.length / relayRounds));
  const { sqsMessages, sqsBytes } = effectOfBodies(await relayInMemory(job, events));
  return {
    paths: writeEvents(context.folder, 'relay', events),
    rounds: relayRounds,
    rows: relayRounds * events.reduce((sum, { Records }) => sum + Records.length, 0),
    effect: { sqsMessages: relayRounds * sqsMessages, sqsBytes: relayRounds * sqsBytes, writes: 0 },
    job,
  };
});

const relayed = oncePerFolder(async (context: Place) => {
  const { job, events } = await streamEvents(context);
  const { rows } = await sampleRows(context);
  return { rows, job, bodies: await relayInMemory(job, events) };
});

const processed = async (context: Place, processor: Processor) => {
  const { bodies, rows, job } = await relayed(context);
  const events = toSqsEvents('work', bodies, wiring.stages['process-rows'].batchSize);
  return { events, rows, job, bodies: await processInMemory(job, events, processor) };
};
const processedByDefault = oncePerFolder((context: Place) => processed(context, defaultProcessor));

const toProcessEvents = (
  { folder }: Place,
  name: string,
  { events, rows, job, bodies }: Awaited<ReturnType<typeof processed>>,
): StageEvents => ({ paths: writeEvents(folder, name, events), rows, effect: effectOfBodies(bodies), job });

export const processEvents = oncePerFolder(async (context: Place) =>
  toProcessEvents(context, 'process', await processedByDefault(context)),
);

/** For the example's processor. */
export const transactionsEvents = oncePerFolder(async (context: Place) => {
  const { default: processor } = (await import(transactionsProcessor)) as { readonly default: Processor };
  return toProcessEvents(context, 'transactions', await processed(context, processor));
});

export const finishEvents = oncePerFolder(async (context: Place): Promise<StageEvents> => {
  const { bodies, rows, job } = await processedByDefault(context);
  const events = toSqsEvents('finished', bodies, wiring.stages['finish-rows'].batchSize);
  return { paths: writeEvents(context.folder, 'finish', events), rows, effect: effectOfWrites(rows), job };
});
