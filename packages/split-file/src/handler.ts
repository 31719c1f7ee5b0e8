import { createS3Client, createSqsClient, createTableClient } from '@sluice/core/aws/clients';
import { createAwsJobs } from '@sluice/core/aws/job-store';
import { createAwsObjects } from '@sluice/core/aws/object-store';
import { createAwsQueue } from '@sluice/core/aws/queue';
import { createSeams, endpointOf, readEnvironment } from '@sluice/core/aws/start-stage';
import packageJson from '../package.json' with { type: 'json' };
import { loadProfiles, startProfiles } from './profiles.ts';
import { createSplitFile } from './split-file.ts';

// What this function is told, once, when its process starts.
const environment = readEnvironment(process.env, {
  UPLOADS_QUEUE_URL: 'url',
  CHUNKS_QUEUE_URL: 'url',
  JOBS_TABLE: 'text',
  WORK_BUCKET: 'text',
  PROFILES_KEY: 'text',
});

// The services it works with.
const endpoint = endpointOf(environment);
const sqs = createSqsClient(endpoint);
const ports = {
  ...createSeams('split-file', environment),
  objects: createAwsObjects(createS3Client(endpoint)),
  jobs: createAwsJobs(createTableClient(endpoint), environment.JOBS_TABLE),
  queues: {
    uploads: createAwsQueue(sqs, environment.UPLOADS_QUEUE_URL),
    chunks: createAwsQueue(sqs, environment.CHUNKS_QUEUE_URL),
  },
};

// What Lambda calls.
export const handler = createSplitFile(ports, {
  profiles: await startProfiles(() => loadProfiles(ports, environment.WORK_BUCKET, environment.PROFILES_KEY)),
  bucket: environment.WORK_BUCKET,
  codeVersion: packageJson.version,
});
