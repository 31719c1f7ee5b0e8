import { createSqsClient, createTableClient, createWriteClient } from '@sluice/core/aws/clients';
import { createAwsJobs } from '@sluice/core/aws/job-store';
import { createAwsQueue } from '@sluice/core/aws/queue';
import { createAwsRows } from '@sluice/core/aws/row-store';
import { budgetVariables, createSeams, endpointOf, readEnvironment } from '@sluice/core/aws/start-stage';
import { createFinishRows } from './finish-rows.ts';

// What this function is told, once, when its process starts.
const environment = readEnvironment(process.env, {
  FINISHED_QUEUE_URL: 'url',
  ROWS_TABLE: 'text',
  JOBS_TABLE: 'text',
  ...budgetVariables,
});

// The services it works with.
const endpoint = endpointOf(environment);
const seams = createSeams('finish-rows', environment);
const table = createTableClient(endpoint);
const ports = {
  ...seams,
  rows: createAwsRows({ reads: table, writes: createWriteClient(endpoint) }, environment.ROWS_TABLE, seams.clock),
  jobs: createAwsJobs(table, environment.JOBS_TABLE),
  queues: { finished: createAwsQueue(createSqsClient(endpoint), environment.FINISHED_QUEUE_URL) },
};

// What Lambda calls.
export const handler = createFinishRows(ports);
