import { randomUUID } from 'node:crypto';
import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { SNSClient } from '@aws-sdk/client-sns';
import {
  type ClientOptions,
  createCloudWatchClient,
  createEventBridgeClient,
  createS3Client,
  createSqsClient,
  createTableClient,
  createWriteClient,
  type Timeouts,
} from '@sluice/core/aws/clients';
import { createAwsDeadLetters } from '@sluice/core/aws/dead-letters';
import { createAwsJobs } from '@sluice/core/aws/job-store';
import { createAwsObjects } from '@sluice/core/aws/object-store';
import { createOldestAge } from '@sluice/core/aws/oldest-age';
import { createAwsQueue } from '@sluice/core/aws/queue';
import { createAwsRows } from '@sluice/core/aws/row-store';
import { createScheduleState } from '@sluice/core/aws/schedule';
import { nameOf, toServiceError } from '@sluice/core/aws/service-error';
import { chunkPartitions } from '@sluice/core/identity';
import type { QueueName } from '@sluice/core/ports/queue';
import { realClock } from '@sluice/core/real-clock';
import { UsageError } from '../usage-error.ts';
import { chunksAtOnce } from './chunks-at-once.ts';
import { createInspector } from './doctor/inspect.ts';
import { createMetricReader } from './metrics.ts';
import type { ReadFunction } from './named-stack.ts';
import type { Operator } from './operator.ts';
import { createAwsPutFile } from './put-file.ts';
import { rememberAge } from './remembered-age.ts';
import { isMissingCredentials, noCredentials, toServiceFailure } from './service-failure.ts';
import type { Stack } from './stack.ts';

// The services of a deployment over the AWS SDK. Loaded by the commands that need them and by no other: it takes a while.

type Variables = Readonly<Record<string, string | undefined>>;

/** Somebody waits, on a network that may be slow; a function has less time. */
const operatorTimeouts: Timeouts = {
  connectionMilliseconds: 5_000,
  answerMilliseconds: 20_000,
  silenceMilliseconds: 20_000,
};

/** A part of 525 MiB takes a while on a slow line; what counts is that it goes on. */
const uploadTimeouts: Timeouts = {
  connectionMilliseconds: 10_000,
  answerMilliseconds: 2 * 60 * 60_000,
  silenceMilliseconds: 60_000,
};

/**
 * Connections to the tables: one for every partition of the chunks that are read at once, the others for what is asked meanwhile. A
 * request that waits for one longer than for a connection is given up, and on a slow line a page takes its time.
 */
const tableSockets = chunksAtOnce * chunkPartitions + 16;

/** Tries of a part: half a minute of them and more, where the link is down. An upload of hours outlives that. */
const uploadAttempts = 12;

/** Where the services are that AWS_ENDPOINT_URL names, when they are not AWS's own. Throws UsageError for what is no URL. */
export const endpointOf = ({ AWS_ENDPOINT_URL: endpoint }: Variables): Pick<ClientOptions, 'endpoint'> => {
  if (endpoint === undefined || endpoint === '') return {};
  if (!/^https?:\/\//.test(endpoint) || !URL.canParse(endpoint)) {
    throw new UsageError('AWS_ENDPOINT_URL: expected a URL that begins with http:// or https://, found something else');
  }
  return { endpoint };
};

/**
 * What a client of any service needs: where it is, and credentials, which are looked up once for all of them, in the SDK's usual
 * order. Throws UsageError when there are none, or no region.
 */
export const resolveAccess = async (
  region: string | undefined,
  variables: Variables,
): Promise<Required<Pick<ClientOptions, 'region' | 'credentials'>> & Pick<ClientOptions, 'endpoint'>> => {
  const endpoint = endpointOf(variables);
  const { config } = createSqsClient({ ...endpoint, ...(region === undefined ? {} : { region }) });
  let found: string;
  try {
    found = await config.region();
  } catch {
    throw new UsageError('expected an AWS region, found none: set AWS_REGION, or choose a profile that has one');
  }
  try {
    await config.credentials();
  } catch (thrown) {
    // Whatever the chain ended with: a profile that is not there, a session that has expired, no answer from anywhere.
    const told = isMissingCredentials(thrown) ? undefined : toServiceFailure(thrown);
    throw told instanceof UsageError ? told : noCredentials(variables['AWS_PROFILE']);
  }
  return { ...endpoint, region: found, credentials: config.credentials };
};

/** For the clients that core has none of. */
const requestHandler = {
  connectionTimeout: operatorTimeouts.connectionMilliseconds,
  requestTimeout: operatorTimeouts.answerMilliseconds,
  throwOnRequestTimeout: true,
} as const;

/** Asks Lambda, where and as whom the SDK's own settings say. */
export const createReadFunction = (variables: Variables): ReadFunction => {
  let client: Promise<LambdaClient> | undefined;
  const connect = async (): Promise<LambdaClient> =>
    new LambdaClient({ ...(await resolveAccess(undefined, variables)), requestHandler });
  return async (name) => {
    client ??= connect();
    const lambda = await client;
    try {
      const command = new GetFunctionConfigurationCommand({ FunctionName: name });
      const { FunctionArn: arn = '', Environment } = await lambda.send(command);
      return { arn, variables: Environment?.Variables ?? {} };
    } catch (thrown) {
      if (nameOf(thrown) === 'ResourceNotFoundException') return undefined;
      throw toServiceError('GetFunctionConfiguration', thrown, new Set());
    }
  };
};

const byQueue = <Of>(of: (name: QueueName) => Of): Readonly<Record<QueueName, Of>> => ({
  uploads: of('uploads'),
  chunks: of('chunks'),
  rows: of('rows'),
  work: of('work'),
  finished: of('finished'),
  audits: of('audits'),
});

const nameInUrl = (url: string): string => url.slice(url.lastIndexOf('/') + 1);

/** The services of a deployment. Throws UsageError when there are no credentials; asks no service anything. */
export const openServices = async (stack: Stack, variables: Variables): Promise<Operator> => {
  const access = await resolveAccess(stack.region, variables);
  const options = { ...access, timeouts: operatorTimeouts };
  const sqs = createSqsClient(options);
  const cloudWatch = createCloudWatchClient(options);
  const table = createTableClient({ ...options, sockets: tableSockets });
  const s3 = createS3Client(options);
  const lambda = new LambdaClient({ ...access, requestHandler });
  const sns = new SNSClient({ ...access, requestHandler });
  const schedule = createScheduleState(createEventBridgeClient(options));
  const clock = realClock;
  return {
    stack,
    clock,
    random: Math.random,
    jobs: createAwsJobs(table, stack.jobsTable),
    rows: createAwsRows({ reads: table, writes: createWriteClient(options) }, stack.rowsTable, clock),
    objects: createAwsObjects(s3),
    queues: byQueue((name) => {
      const url = stack.queueUrls[name];
      return createAwsQueue(sqs, url, rememberAge(createOldestAge(cloudWatch, nameInUrl(url), clock), clock));
    }),
    deadLetters: byQueue((name) => createAwsDeadLetters(sqs, stack.deadLetterQueueUrls[name])),
    metrics: createMetricReader(cloudWatch),
    inspect: createInspector({ sqs, lambda, table, s3, cloudwatch: cloudWatch, sns, schedule }, clock),
    putFile: createAwsPutFile(
      createS3Client({ ...access, timeouts: uploadTimeouts, attempts: uploadAttempts }),
      randomUUID,
    ),
  };
};
