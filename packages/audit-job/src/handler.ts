import {
  createCloudWatchClient,
  createEventBridgeClient,
  createS3Client,
  createSqsClient,
  createTableClient,
  createWriteClient,
} from '@sluice/core/aws/clients';
import { createAwsEvents } from '@sluice/core/aws/events';
import { createAwsJobs } from '@sluice/core/aws/job-store';
import { createAwsObjects } from '@sluice/core/aws/object-store';
import { createOldestAge } from '@sluice/core/aws/oldest-age';
import { createAwsQueue } from '@sluice/core/aws/queue';
import { createAwsRows } from '@sluice/core/aws/row-store';
import { createSeams, endpointOf, readEnvironment } from '@sluice/core/aws/start-stage';
import type { Queue } from '@sluice/core/ports/queue';
import { createAuditJob } from './audit-job.ts';

// What this function is told, once, when its process starts.
const environment = readEnvironment(process.env, {
  UPLOADS_QUEUE_URL: 'url',
  CHUNKS_QUEUE_URL: 'url',
  ROWS_QUEUE_URL: 'url',
  WORK_QUEUE_URL: 'url',
  FINISHED_QUEUE_URL: 'url',
  AUDITS_QUEUE_URL: 'url',
  ROWS_TABLE: 'text',
  JOBS_TABLE: 'text',
  WORK_BUCKET: 'text',
  INBOX_BUCKET: 'text',
});

// The services it works with.
const endpoint = endpointOf(environment);
const seams = createSeams('audit-job', environment);
const sqs = createSqsClient(endpoint);
const cloudWatch = createCloudWatchClient(endpoint);
const table = createTableClient(endpoint);
const queueAt = (url: string): Queue =>
  createAwsQueue(sqs, url, createOldestAge(cloudWatch, url.slice(url.lastIndexOf('/') + 1), seams.clock));
const ports = {
  ...seams,
  objects: createAwsObjects(createS3Client(endpoint)),
  rows: createAwsRows({ reads: table, writes: createWriteClient(endpoint) }, environment.ROWS_TABLE, seams.clock),
  jobs: createAwsJobs(table, environment.JOBS_TABLE),
  events: createAwsEvents(createEventBridgeClient(endpoint)),
  queues: {
    uploads: queueAt(environment.UPLOADS_QUEUE_URL),
    chunks: queueAt(environment.CHUNKS_QUEUE_URL),
    rows: queueAt(environment.ROWS_QUEUE_URL),
    work: queueAt(environment.WORK_QUEUE_URL),
    finished: queueAt(environment.FINISHED_QUEUE_URL),
    audits: queueAt(environment.AUDITS_QUEUE_URL),
  },
};

// What Lambda calls.
export const handler = createAuditJob(ports, { bucket: environment.WORK_BUCKET, inbox: environment.INBOX_BUCKET });
