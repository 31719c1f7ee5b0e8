// The processor that was chosen when the function was built; the default one unless it is said otherwise.

import { createSqsClient, createTableClient } from '@sluice/core/aws/clients';
import { createAwsJobs } from '@sluice/core/aws/job-store';
import { createAwsQueue } from '@sluice/core/aws/queue';
import { createSeams, endpointOf, readEnvironment } from '@sluice/core/aws/start-stage';
import processor from '#processor';
import { createProcessRows } from './process-rows.ts';

// What this function is told, once, when its process starts.
const environment = readEnvironment(process.env, {
  WORK_QUEUE_URL: 'url',
  FINISHED_QUEUE_URL: 'url',
  JOBS_TABLE: 'text',
});

// The services it works with.
const endpoint = endpointOf(environment);
const sqs = createSqsClient(endpoint);
const ports = {
  ...createSeams('process-rows', environment),
  jobs: createAwsJobs(createTableClient(endpoint), environment.JOBS_TABLE),
  queues: {
    work: createAwsQueue(sqs, environment.WORK_QUEUE_URL),
    finished: createAwsQueue(sqs, environment.FINISHED_QUEUE_URL),
  },
};

// What Lambda calls.
export const handler = createProcessRows(ports, { processor });
