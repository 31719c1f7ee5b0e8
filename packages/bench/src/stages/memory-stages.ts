import { readFileSync } from 'node:fs';
import { createCleanRows } from '@sluice/clean-rows/clean-rows';
import { createLogger } from '@sluice/core/logger';
import { createMemoryJobs } from '@sluice/core/memory-jobs';
import { createMemoryObjects } from '@sluice/core/memory-objects';
import type { Job } from '@sluice/core/ports/job-store';
import type { Queue } from '@sluice/core/ports/queue';
import type { Processor } from '@sluice/core/processor';
import { realClock } from '@sluice/core/real-clock';
import { createScriptedQueue } from '@sluice/core/scripted-queue';
import type { Seams } from '@sluice/core/stage';
import { serialiseUpload } from '@sluice/core/upload-event';
import type { StageName, Wiring } from '@sluice/core/wiring';
import { parseWiring } from '@sluice/core/wiring';
import { createProcessRows } from '@sluice/process-rows/process-rows';
import { createRelayRows } from '@sluice/relay-rows/relay-rows';
import type { SplitFilePorts } from '@sluice/split-file/split-file';
import { createSplitFile } from '@sluice/split-file/split-file';
import type { DynamoDBStreamEvent, SQSEvent } from 'aws-lambda';
import wiringJson from '../../../../infra/wiring.json' with { type: 'json' };
import { startContext, toSqsEvents } from './lambda-events.ts';

// The pipeline's own stages over queues in memory: what they send is the input of what is measured, and what it is held to.

export const wiring: Wiring = parseWiring(wiringJson, 'aws');

/** Of the functions that only prepare. */
const codeVersion = '0.1.0';
const workBucket = 'work';

const seamsOf = (stage: StageName): Seams => ({
  clock: realClock,
  random: Math.random,
  logger: createLogger(stage, 'SILENT'),
  metrics: () => undefined,
  wiring,
});

type Answer = { readonly batchItemFailures: readonly unknown[] };

/** Hands in every event. Throws unless all of each was settled. */
const invokeAll = async <Event>(
  stage: StageName,
  handler: (event: Event, context: ReturnType<typeof startContext>) => Promise<Answer>,
  events: readonly Event[],
): Promise<void> => {
  for (const [index, event] of events.entries()) {
    const { batchItemFailures } = await handler(event, startContext(stage, wiring.stages[stage].timeoutSeconds, index));
    if (batchItemFailures.length > 0) throw new Error(`${stage}: expected no failures, found some`);
  }
};

export type Upload = { readonly bucket: string; readonly key: string; readonly etag: string; readonly bytes: number };

/** Plans an uploaded file as split-file does, and returns the messages of its chunks. */
export const planUpload = async (
  upload: Upload,
  schema: unknown,
  services: Pick<SplitFilePorts, 'objects' | 'jobs'>,
): Promise<readonly string[]> => {
  const chunks = createScriptedQueue();
  const ports = { ...seamsOf('split-file'), ...services, queues: { uploads: createScriptedQueue(), chunks } };
  const profile = { prefix: '', ...(schema === undefined ? {} : { schema }) };
  const handler = createSplitFile(ports, { profiles: [profile], bucket: workBucket, codeVersion });
  await invokeAll('split-file', handler, toSqsEvents('uploads', [serialiseUpload(upload)], 1));
  return chunks.bodies;
};

/** What cleaning a file came to: the job once all its chunks are cleaned, the packs, and how many rows they hold. */
export type Cleaned = { readonly job: Job; readonly packs: readonly string[]; readonly accepted: number };

/** Plans and cleans a whole file in memory. */
export const cleanInMemory = async (path: string, schema: unknown): Promise<Cleaned> => {
  const objects = createMemoryObjects();
  const jobs = createMemoryJobs();
  const upload = { bucket: 'inbox', key: 'input.csv' };
  const { etag, bytes } = await objects.put(upload.bucket, upload.key, readFileSync(path));
  const chunks = await planUpload({ ...upload, etag, bytes }, schema, { objects, jobs });
  const rows = createScriptedQueue();
  const queues = { chunks: createScriptedQueue(), rows };
  const handler = createCleanRows({ ...seamsOf('clean-rows'), objects, jobs, queues }, { bucket: workBucket });
  await invokeAll('clean-rows', handler, toSqsEvents('chunks', chunks, wiring.stages['clean-rows'].batchSize));
  const { jobId } = JSON.parse(chunks[0] ?? '') as { readonly jobId: string };
  const job = await jobs.getJob(jobId);
  if (job?.plan === undefined) throw new Error('expected a planned job, found none');
  const accepted = jobs.chunksOf(jobId).reduce((sum, { cleaned }) => sum + (cleaned?.accepted ?? 0), 0);
  return { job, packs: rows.bodies, accepted };
};

const jobsOf = (job: Job) => ({ getJob: async () => job, putMarks: async () => undefined });

/** The packs that the relay makes of new rows. */
export const relayInMemory = async (job: Job, events: readonly DynamoDBStreamEvent[]): Promise<readonly string[]> => {
  const work = createScriptedQueue();
  await invokeAll(
    'relay-rows',
    createRelayRows({ ...seamsOf('relay-rows'), jobs: jobsOf(job), queues: { work } }),
    events,
  );
  return work.bodies;
};

/** The packs of outcomes that a processor makes of packs of rows. */
export const processInMemory = async (
  job: Job,
  events: readonly SQSEvent[],
  processor: Processor,
): Promise<readonly string[]> => {
  const finished = createScriptedQueue();
  const queues: Readonly<Record<'work' | 'finished', Queue>> = { work: createScriptedQueue(), finished };
  const handler = createProcessRows({ ...seamsOf('process-rows'), jobs: jobsOf(job), queues }, { processor });
  await invokeAll('process-rows', handler, events);
  return finished.bodies;
};
