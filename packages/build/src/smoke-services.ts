import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, type S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { createS3Client, createSqsClient, createTableClient, createWriteClient } from '@sluice/core/aws/clients';
import { createAwsJobs } from '@sluice/core/aws/job-store';
import { createAwsRows } from '@sluice/core/aws/row-store';
import { createScriptedDynamoDb } from '@sluice/core/aws/scripted-dynamodb';
import { scriptedAccess, startScriptedEndpoint } from '@sluice/core/aws/scripted-endpoint';
import type { ScriptedEntry } from '@sluice/core/aws/scripted-events';
import { createScriptedEvents } from '@sluice/core/aws/scripted-events';
import { createScriptedS3 } from '@sluice/core/aws/scripted-s3';
import { createScriptedSqs } from '@sluice/core/aws/scripted-sqs';
import { jobsTable, rowsTable } from '@sluice/core/aws/table-contract-set-up';
import type { JobStore } from '@sluice/core/ports/job-store';
import type { QueueName } from '@sluice/core/ports/queue';
import { queueNames } from '@sluice/core/ports/queue';
import type { RowStore } from '@sluice/core/ports/row-store';
import { realClock } from '@sluice/core/real-clock';
import type { StageName } from '@sluice/core/wiring';
import type { AttributeValue } from 'aws-lambda';

// A pipeline's services on loopback, and the environment of its functions, for tests of bundles.

export const inboxBucket = 'inbox';
export const workBucket = 'work';
export const profilesKey = 'config/profiles.json';

const queueUrlOf = (name: QueueName): string => `http://sqs.invalid/000000000000/${name}`;

const queueVariables = (...names: readonly QueueName[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [`${name.toUpperCase()}_QUEUE_URL`, queueUrlOf(name)]));

const tables = { ROWS_TABLE: 'rows', JOBS_TABLE: 'jobs' };
const { ROWS_TABLE, JOBS_TABLE } = tables;
const budget = { WRITE_UNITS_PER_SECOND: '4000', MAXIMUM_CONCURRENCY: '8' };
const work = { WORK_BUCKET: workBucket };

const ownVariables: Readonly<Record<StageName, Readonly<Record<string, string>>>> = {
  'split-file': { ...queueVariables('uploads', 'chunks'), JOBS_TABLE, ...work, PROFILES_KEY: profilesKey },
  'clean-rows': { ...queueVariables('chunks', 'rows'), JOBS_TABLE, ...work },
  'store-rows': { ...queueVariables('rows'), ...tables, ...budget },
  'relay-rows': { ...queueVariables('work'), JOBS_TABLE },
  'process-rows': { ...queueVariables('work', 'finished'), JOBS_TABLE },
  'finish-rows': { ...queueVariables('finished'), ...tables, ...budget },
  'audit-job': { ...queueVariables(...queueNames), ...tables, ...work, INBOX_BUCKET: inboxBucket },
};

/** What a function is told, as Terraform does: exactly these names. */
export const variablesOf = (stage: StageName): Readonly<Record<string, string>> => ({
  ENVIRONMENT: 'smoke',
  LOG_LEVEL: 'INFO',
  LOG_SAMPLE_RATE: '0',
  ...ownVariables[stage],
});

/** What Lambda adds, as it does where Terraform lets every level pass its filter. */
export const lambdaVariables = {
  AWS_REGION: scriptedAccess.region,
  AWS_LAMBDA_LOG_FORMAT: 'JSON',
  AWS_LAMBDA_LOG_LEVEL: 'DEBUG',
  // Nothing of the machine that the tests run on counts.
  AWS_EC2_METADATA_DISABLED: 'true',
  HOME: '/nonexistent',
};

export const credentials = {
  AWS_ACCESS_KEY_ID: scriptedAccess.credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: scriptedAccess.credentials.secretAccessKey,
};

export type SmokeServices = {
  readonly url: string;
  readonly s3: S3Client;
  readonly jobs: JobStore;
  readonly rows: RowStore;
  /** Bodies of the messages in a queue that were not received before. */
  receive(queue: QueueName): Promise<readonly string[]>;
  /** What was told on the event bus. */
  events(): readonly ScriptedEntry[];
  /** The items of the rows table, as a stream shows them. */
  rowImages(): readonly Readonly<Record<string, AttributeValue>>[];
  close(): Promise<void>;
};

/** Starts the services, with every queue, table and bucket of a pipeline. */
export const startSmokeServices = async (): Promise<SmokeServices> => {
  const dynamodb = createScriptedDynamoDb();
  const events = createScriptedEvents();
  const endpoint = await startScriptedEndpoint({
    sqs: createScriptedSqs(),
    s3: createScriptedS3().service,
    events: events.service,
    dynamodb: dynamodb.service,
    monitoring: () => ({ status: 200, body: JSON.stringify({ Label: 'age', Datapoints: [] }) }),
  });
  const options = { endpoint: endpoint.url, ...scriptedAccess };
  const s3 = createS3Client(options);
  const sqs = createSqsClient(options);
  const reads = createTableClient(options);
  const writes = createWriteClient(options);
  for (const name of queueNames) await sqs.send(new CreateQueueCommand({ QueueName: name }));
  for (const bucket of [inboxBucket, workBucket]) await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  await reads.send(new CreateTableCommand({ TableName: ROWS_TABLE, ...rowsTable }));
  await reads.send(new CreateTableCommand({ TableName: JOBS_TABLE, ...jobsTable }));
  return {
    url: endpoint.url,
    s3,
    jobs: createAwsJobs(reads, JOBS_TABLE),
    rows: createAwsRows({ reads, writes }, ROWS_TABLE, realClock),
    async receive(queue) {
      const command = new ReceiveMessageCommand({ QueueUrl: queueUrlOf(queue), MaxNumberOfMessages: 10 });
      const bodies: string[] = [];
      for (;;) {
        const { Messages = [] } = await sqs.send(command);
        if (Messages.length === 0) return bodies;
        bodies.push(...Messages.map(({ Body = '' }) => Body));
      }
    },
    events: () => events.taken,
    rowImages: () => dynamodb.itemsOf(ROWS_TABLE),
    async close() {
      for (const client of [s3, sqs, reads, writes]) client.destroy();
      await endpoint.close();
    },
  };
};
