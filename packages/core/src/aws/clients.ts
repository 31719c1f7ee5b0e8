import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient, type SQSClientConfig } from '@aws-sdk/client-sqs';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { writeSendBatches } from './send-batch.ts';

/**
 * Connections of one client. Sending, writing and uploading each keep four calls under way (`send.ts`, `write-rows.ts`,
 * `object-store.ts`), and reading ahead three; so this is never what they wait for, and bounds what goes wrong when
 * they do not. The SDK's own limit is 50, with any number of calls queued behind them.
 */
const socketsMax = 16;
/** Tries of a call, the first included, in the SDK's standard mode. */
const attemptsMax = 3;

/**
 * The way of a call through the SDK is worked out once per kind of call and kept, not again for every call. Nothing here is
 * added to a client once it is in use. What is kept holds on to the first call of its kind.
 */
const keepWay = { cacheMiddleware: true } as const;

/**
 * Longest wait for a connection, for the head of an answer, and for the next byte of its body. The first two count from when the call is
 * made, also while it waits for one of the sockets. Source: @smithy/node-http-handler, set-connection-timeout and set-request-timeout.
 */
export type Timeouts = {
  readonly connectionMilliseconds: number;
  readonly answerMilliseconds: number;
  readonly silenceMilliseconds: number;
};

/** Three tries of a call take 15 s at most and so leave time to settle in a function that has 60 s. */
const messageTimeouts: Timeouts = {
  connectionMilliseconds: 2_000,
  answerMilliseconds: 5_000,
  silenceMilliseconds: 5_000,
};
/** S3 answers once a whole part has arrived. A body's silence is for `read-object.ts` to judge, which gives it 10 s. */
const objectTimeouts: Timeouts = {
  connectionMilliseconds: 2_000,
  answerMilliseconds: 20_000,
  silenceMilliseconds: 15_000,
};

/**
 * What is not given, the SDK finds out by itself, in its usual order. `endpoint`: of a compatible service that is not AWS's.
 * `sockets`: connections at once, 16 when not given. `attempts`: tries of a call, 3 when not given.
 */
export type ClientOptions = {
  readonly endpoint?: string;
  readonly region?: string;
  readonly credentials?: NonNullable<SQSClientConfig['credentials']>;
  readonly timeouts?: Timeouts;
  readonly sockets?: number;
  readonly attempts?: number;
};

const toConfig = (options: ClientOptions, standard: Timeouts) => {
  const { endpoint, region, credentials, sockets = socketsMax, attempts = attemptsMax } = options;
  const { connectionMilliseconds, answerMilliseconds, silenceMilliseconds } = options.timeouts ?? standard;
  const agentOptions = { keepAlive: true, maxSockets: sockets };
  return {
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
    ...(credentials === undefined ? {} : { credentials }),
    retryMode: 'standard',
    maxAttempts: attempts,
    requestHandler: new NodeHttpHandler({
      httpAgent: new HttpAgent(agentOptions),
      httpsAgent: new HttpsAgent(agentOptions),
      connectionTimeout: connectionMilliseconds,
      requestTimeout: answerMilliseconds,
      // Without it the SDK only warns, and waits on.
      throwOnRequestTimeout: true,
      socketTimeout: silenceMilliseconds,
    }),
  };
};

export const createSqsClient = (options: ClientOptions = {}): SQSClient =>
  writeSendBatches(
    new SQSClient({
      ...toConfig(options, messageTimeouts),
      ...keepWay,
      // A queue's URL names the queue; where requests go is the endpoint's matter. Otherwise an endpoint from
      // AWS_ENDPOINT_URL loses against the host in the URL.
      useQueueUrlAsEndpoint: false,
    }),
  );

export const createS3Client = (options: ClientOptions = {}): S3Client =>
  new S3Client({
    ...toConfig(options, objectTimeouts),
    // Other services seldom have a host name for each bucket.
    ...(options.endpoint === undefined ? {} : { forcePathStyle: true }),
    // Every body that we send is a whole buffer: its CRC32 goes into a header, S3 checks it on arrival, and services that do
    // not know it pass it over. (A stream would be sent as aws-chunked with a trailer, which many of them do not take.)
    requestChecksumCalculation: 'WHEN_SUPPORTED',
    // S3 keeps checksums of whole objects and of parts, and we read ranges: there is nothing to compare. What arrived is
    // counted, and the body comes straight from the socket, so that the reader can break it off.
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Parts are small: asking first costs a round trip for each and saves nothing.
    expectContinueHeader: false,
  });

/** For reads of tables, and for the jobs table. */
export const createTableClient = (options: ClientOptions = {}): DynamoDBClient =>
  new DynamoDBClient({ ...toConfig(options, messageTimeouts), ...keepWay });

/** The SDK makes a signer for every call, out of the client's whole configuration, which for this client never changes. */
const withOneSigner = (client: DynamoDBClient): DynamoDBClient => {
  const makeSigner = client.config.signer;
  let signer: ReturnType<typeof makeSigner> | undefined;
  client.config.signer = async (authScheme) => {
    // A region that could not be found out is looked for again.
    signer ??= makeSigner(authScheme).catch((thrown: unknown) => {
      signer = undefined;
      throw thrown;
    });
    return signer;
  };
  return client;
};

/** For writes of rows: never retries, so that the pacing sees each throttle. */
export const createWriteClient = (options: ClientOptions = {}): DynamoDBClient =>
  withOneSigner(new DynamoDBClient({ ...toConfig(options, messageTimeouts), ...keepWay, maxAttempts: 1 }));

export const createCloudWatchClient = (options: ClientOptions = {}): CloudWatchClient =>
  new CloudWatchClient(toConfig(options, messageTimeouts));

export const createEventBridgeClient = (options: ClientOptions = {}): EventBridgeClient =>
  new EventBridgeClient(toConfig(options, messageTimeouts));
