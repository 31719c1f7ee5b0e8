import { createS3Client, createSqsClient, createTableClient } from '@sluice/core/aws/clients';
import { createAwsJobs } from '@sluice/core/aws/job-store';
import { createAwsObjects } from '@sluice/core/aws/object-store';
import { createAwsQueue } from '@sluice/core/aws/queue';
import { createSeams, endpointOf, readEnvironment } from '@sluice/core/aws/start-stage';
import { createCleanRows } from './clean-rows.ts';

// What this function is told, once, when its process starts.
const environment = readEnvironment(process.env, {
  CHUNKS_QUEUE_URL: 'url',
  ROWS_QUEUE_URL: 'url',
  JOBS_TABLE: 'text',
  WORK_BUCKET: 'text',
});

// The services it works with.
const endpoint = endpointOf(environment);
const sqs = createSqsClient(endpoint);
const ports = {
  ...createSeams('clean-rows', environment),
  objects: createAwsObjects(createS3Client(endpoint)),
  jobs: createAwsJobs(createTableClient(endpoint), environment.JOBS_TABLE),
  queues: {
    chunks: createAwsQueue(sqs, environment.CHUNKS_QUEUE_URL),
    rows: createAwsQueue(sqs, environment.ROWS_QUEUE_URL),
  },
};

// What Lambda calls.
export const handler = createCleanRows(ports, { bucket: environment.WORK_BUCKET });
