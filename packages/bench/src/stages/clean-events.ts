import { createS3Client, createTableClient } from '@sluice/core/aws/clients';
import { createAwsJobs } from '@sluice/core/aws/job-store';
import { createAwsObjects } from '@sluice/core/aws/object-store';
import { scriptedAccess } from '@sluice/core/aws/scripted-endpoint';
import type { JobStore } from '@sluice/core/ports/job-store';
import type { BenchContext } from '../experiment.ts';
import type { NullEndpoint } from '../null-endpoint/start-null-endpoint.ts';
import { cleaningInput } from './cleaning-input.ts';
import { toSqsEvents } from './lambda-events.ts';
import { cleanInMemory, planUpload, wiring } from './memory-stages.ts';
import { oncePerFolder } from './once-per-folder.ts';
import type { StageEvents } from './stage-events.ts';
import { effectOfBodies, writeEvents } from './stage-events.ts';

const upload = { bucket: 'inbox', key: 'input.csv' };

/** Rows that the ledger says were accepted. */
const countAccepted = async (jobs: JobStore, jobId: string): Promise<number> => {
  let sum = 0;
  for await (const page of jobs.listChunks(jobId)) for (const { cleaned } of page) sum += cleaned?.accepted ?? 0;
  return sum;
};

/** The input's chunks as split-file plans them: the job is in the endpoint's table, the file in its inbox. */
export const createCleanEvents = (schema?: unknown) => {
  const expect = oncePerFolder(async (context: Pick<BenchContext, 'folder' | 'divisor' | 'file'>) => {
    const { packs, accepted } = await cleanInMemory((await cleaningInput(context)).path, schema);
    return { accepted, effect: effectOfBodies(packs) };
  });

  return async (context: BenchContext, { url, serve }: NullEndpoint): Promise<StageEvents> => {
    const { path, rows } = await cleaningInput(context);
    const { accepted, effect } = await expect(context);
    await serve(upload.bucket, upload.key, path);
    const options = { endpoint: url, ...scriptedAccess };
    const table = createTableClient(options);
    const s3 = createS3Client(options);
    const jobs = createAwsJobs(table, 'jobs');
    const objects = createAwsObjects(s3);
    const head = await objects.head(upload.bucket, upload.key);
    if (head === undefined) throw new Error('expected the file in the inbox, found none');
    const chunks = await planUpload({ ...upload, ...head }, schema, { objects, jobs });
    s3.destroy();
    const { jobId } = JSON.parse(chunks[0] ?? '') as { readonly jobId: string };
    const events = toSqsEvents('chunks', chunks, wiring.stages['clean-rows'].batchSize);
    return {
      paths: writeEvents(context.folder, 'clean', events),
      rows,
      effect,
      async check() {
        const found = await countAccepted(jobs, jobId);
        table.destroy();
        if (found !== accepted) throw new Error(`expected ${accepted} accepted rows in the ledger, found ${found}`);
      },
    };
  };
};
