import { createSqsClient, createTableClient } from '@sluice/core/aws/clients';
import { createAwsJobs } from '@sluice/core/aws/job-store';
import { createAwsQueue } from '@sluice/core/aws/queue';
import { createSeams, endpointOf, readEnvironment } from '@sluice/core/aws/start-stage';
import { createRelayRows } from './relay-rows.ts';

// What this function is told, once, when its process starts.
const environment = readEnvironment(process.env, { WORK_QUEUE_URL: 'url', JOBS_TABLE: 'text' });

// The services it works with.
const endpoint = endpointOf(environment);
const ports = {
  ...createSeams('relay-rows', environment),
  jobs: createAwsJobs(createTableClient(endpoint), environment.JOBS_TABLE),
  queues: { work: createAwsQueue(createSqsClient(endpoint), environment.WORK_QUEUE_URL) },
};

// What Lambda calls.
export const handler = createRelayRows(ports);
