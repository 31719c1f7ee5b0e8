import { LambdaClient } from '@aws-sdk/client-lambda';
import { SNSClient } from '@aws-sdk/client-sns';
import { createCloudWatchClient, createS3Client, createSqsClient, createTableClient } from '@sluice/core/aws/clients';
import {
  type ScriptedEndpoint,
  type ScriptedReply,
  type ScriptedRequest,
  scriptedAccess,
  startScriptedEndpoint,
} from '@sluice/core/aws/scripted-endpoint';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createInspector, type Inspector } from './inspect.ts';

/** What is asked for (an operation, a path, or S3's sub-resource) -> the answer. */
let answers: Record<string, ScriptedReply | ((request: ScriptedRequest) => ScriptedReply)>;
let endpoint: ScriptedEndpoint;
let inspect: Inspector;
let now = Date.UTC(2026, 10, 1);

/** Of a request to a service without X-Amz-Target: Lambda's path, SNS's action, S3's sub-resource. */
const nameOf = ({ path, query, body }: ScriptedRequest): string =>
  new URLSearchParams(body.toString()).get('Action') ??
  (path.startsWith('/20') ? path : ([...query.keys()][0] ?? path));

const json = (value: unknown, status = 200): ScriptedReply => ({ status, body: JSON.stringify(value) });
const xml = (body: string, status = 200): ScriptedReply => ({ status, body });
/** How each protocol tells an error. */
const jsonError = (name: string, status = 400): ScriptedReply => ({
  status,
  headers: { 'x-amzn-errortype': name },
  body: JSON.stringify({ __type: name, message: 'as the service says it' }),
});
const xmlError = (name: string, status = 404): ScriptedReply =>
  xml(`<Error><Code>${name}</Code><Message>as the service says it</Message></Error>`, status);

beforeEach(async () => {
  answers = {};
  const serve = (name: string, request: ScriptedRequest): ScriptedReply => {
    const answer = answers[name];
    if (answer === undefined) throw new Error(`expected no request for ${name}`);
    return typeof answer === 'function' ? answer(request) : answer;
  };
  const byOperation = (request: ScriptedRequest) => serve(request.operation, request);
  endpoint = await startScriptedEndpoint({
    sqs: byOperation,
    dynamodb: byOperation,
    monitoring: byOperation,
    s3: (request) => serve(nameOf(request), request),
  });
  const options = { ...scriptedAccess, endpoint: endpoint.url };
  inspect = createInspector(
    {
      lambda: new LambdaClient(options),
      sns: new SNSClient(options),
      sqs: createSqsClient(options),
      table: createTableClient(options),
      s3: createS3Client(options),
      cloudwatch: createCloudWatchClient(options),
      schedule: async () => 'ENABLED',
    },
    { now: () => now },
  );
});
afterEach(() => endpoint.close());

describe('a queue', () => {
  const url = 'https://sqs.us-east-1.amazonaws.com/000000000000/q';

  it('is read with its policies parsed, and all its messages', async () => {
    answers['GetQueueAttributes'] = json({
      Attributes: {
        QueueArn: 'arn:aws:sqs:us-east-1:000000000000:q',
        VisibilityTimeout: '720',
        MessageRetentionPeriod: '345600',
        ApproximateNumberOfMessages: '3',
        ApproximateNumberOfMessagesNotVisible: '2',
        RedrivePolicy: '{"deadLetterTargetArn":"arn:dlq","maxReceiveCount":4}',
        Policy: '{"Statement":[]}',
      },
    });
    expect(await inspect.queue(url)).toEqual({
      arn: 'arn:aws:sqs:us-east-1:000000000000:q',
      visibilitySeconds: 720,
      retentionSeconds: 345_600,
      messages: 5,
      redrive: { to: 'arn:dlq', maxReceiveCount: 4 },
      policy: { Statement: [] },
    });
  });

  it.each(['{', '{}', 'null'])('has no redrive when its policy is %s', async (RedrivePolicy) => {
    answers['GetQueueAttributes'] = json({ Attributes: { QueueArn: 'q', RedrivePolicy } });
    expect(await inspect.queue(url)).not.toHaveProperty('redrive');
  });

  it('that is gone is none', async () => {
    answers['GetQueueAttributes'] = jsonError('com.amazonaws.sqs#QueueDoesNotExist');
    expect(await inspect.queue(url)).toBeUndefined();
  });

  it('that may not be read throws, without the words of the service', async () => {
    answers['GetQueueAttributes'] = jsonError('AccessDeniedException', 403);
    await expect(inspect.queue(url)).rejects.toMatchObject({
      message: 'expected GetQueueAttributes to succeed, found AccessDeniedException with status 403',
    });
  });

  it('tells by its answer how far the clock is off', async () => {
    expect(inspect.clockDifference()).toBeUndefined();
    answers['GetQueueAttributes'] = {
      ...json({ Attributes: {} }),
      headers: { date: new Date(Date.UTC(2026, 10, 1) - 90_000).toUTCString() },
    };
    now = Date.UTC(2026, 10, 1);
    await inspect.queue(url);
    expect(inspect.clockDifference()).toBe(90_000);
  });
});

describe('a function', () => {
  it('is read without its other variables', async () => {
    answers['/2015-03-31/functions/f/configuration'] = json({
      State: 'Active',
      LastUpdateStatus: 'Successful',
      Runtime: 'nodejs22.x',
      Timeout: 60,
      MemorySize: 1024,
      Environment: { Variables: { WRITE_UNITS_PER_SECOND: '4000', SECRET: 's' } },
      LoggingConfig: { LogFormat: 'JSON', ApplicationLogLevel: 'DEBUG', SystemLogLevel: 'WARN' },
    });
    expect(await inspect.function('f')).toEqual({
      state: 'Active',
      lastUpdate: 'Successful',
      runtime: 'nodejs22.x',
      timeoutSeconds: 60,
      memoryMegabytes: 1024,
      writeUnitsPerSecond: 4000,
      logFormat: 'JSON',
      applicationLogLevel: 'DEBUG',
      systemLogLevel: 'WARN',
    });
  });

  it('that is gone is none', async () => {
    answers['/2015-03-31/functions/f/configuration'] = jsonError('ResourceNotFoundException', 404);
    expect(await inspect.function('f')).toBeUndefined();
  });

  it('has a reservation, none, or one of nothing', async () => {
    answers['/2019-09-30/functions/f/concurrency'] = json({ ReservedConcurrentExecutions: 0 });
    expect(await inspect.reserved('f')).toBe(0);
    answers['/2019-09-30/functions/f/concurrency'] = json({});
    expect(await inspect.reserved('f')).toBeNull();
  });

  it('has its mappings read over all pages', async () => {
    answers['FunctionName'] = ({ query }) =>
      query.get('Marker') === 'more'
        ? json({ EventSourceMappings: [{ UUID: 'two', EventSourceArn: 'arn:2' }] })
        : json({
            NextMarker: 'more',
            EventSourceMappings: [
              {
                UUID: 'one',
                EventSourceArn: 'arn:1',
                State: 'Enabled',
                LastProcessingResult: 'OK',
                BatchSize: 10,
                MaximumBatchingWindowInSeconds: 1,
                FunctionResponseTypes: ['ReportBatchItemFailures'],
                FilterCriteria: { Filters: [{ Pattern: '{}' }] },
                ScalingConfig: { MaximumConcurrency: 8 },
                ParallelizationFactor: 2,
                BisectBatchOnFunctionError: true,
                MaximumRecordAgeInSeconds: 43_200,
                MaximumRetryAttempts: 100,
                DestinationConfig: { OnFailure: { Destination: 'arn:aws:s3:::work' } },
                StartingPosition: 'TRIM_HORIZON',
              },
            ],
          });
    answers['/2015-03-31/event-source-mappings'] = answers['FunctionName'];
    expect(await inspect.mappings('f')).toEqual([
      {
        uuid: 'one',
        sourceArn: 'arn:1',
        state: 'Enabled',
        lastResult: 'OK',
        batchSize: 10,
        windowSeconds: 1,
        responses: ['ReportBatchItemFailures'],
        filters: ['{}'],
        maximumConcurrency: 8,
        parallelizationFactor: 2,
        bisects: true,
        maximumRecordAgeSeconds: 43_200,
        maximumRetryAttempts: 100,
        failureArn: 'arn:aws:s3:::work',
        startingPosition: 'TRIM_HORIZON',
      },
      {
        uuid: 'two',
        sourceArn: 'arn:2',
        state: 'unknown',
        windowSeconds: 0,
        responses: [],
        filters: [],
        bisects: false,
      },
    ]);
  });

  it('shares the account’s concurrency', async () => {
    answers['/2016-08-19/account-settings'] = json({
      AccountLimit: { ConcurrentExecutions: 1_000, UnreservedConcurrentExecutions: 900 },
    });
    expect(await inspect.concurrency()).toEqual({ limit: 1_000, unreserved: 900 });
  });
});

describe('a table', () => {
  it('is read with its stream and its indexes', async () => {
    answers['DescribeTable'] = json({
      Table: {
        TableStatus: 'ACTIVE',
        BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
        DeletionProtectionEnabled: true,
        StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
        GlobalSecondaryIndexes: [{ IndexName: 'open', IndexStatus: 'ACTIVE' }],
        WarmThroughput: { ReadUnitsPerSecond: 12_000, WriteUnitsPerSecond: 40_000, Status: 'ACTIVE' },
      },
    });
    expect(await inspect.table('t')).toEqual({
      status: 'ACTIVE',
      billing: 'PAY_PER_REQUEST',
      warmWriteUnitsPerSecond: 40_000,
      isProtected: true,
      streamView: 'NEW_IMAGE',
      indexes: { open: 'ACTIVE' },
    });
  });

  it('that says nothing is provisioned, not protected, and has no stream', async () => {
    answers['DescribeTable'] = json({ Table: { TableStatus: 'ACTIVE' } });
    expect(await inspect.table('t')).toEqual({
      status: 'ACTIVE',
      billing: 'PROVISIONED',
      isProtected: false,
      indexes: {},
    });
  });

  it.each([
    ['ENABLED', true],
    ['DISABLED', false],
  ])('whose recovery is %s can be had back: %s', async (PointInTimeRecoveryStatus, expected) => {
    answers['DescribeContinuousBackups'] = json({
      ContinuousBackupsDescription: { PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus } },
    });
    expect(await inspect.recovery('t')).toBe(expected);
  });

  it('that is gone is none', async () => {
    answers['DescribeTable'] = jsonError('ResourceNotFoundException');
    answers['DescribeContinuousBackups'] = jsonError('TableNotFoundException');
    expect([await inspect.table('t'), await inspect.recovery('t')]).toEqual([undefined, undefined]);
  });
});

describe('a bucket', () => {
  it('keeps versions, or never did', async () => {
    answers['versioning'] = xml('<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>');
    expect(await inspect.versioning('b')).toBe('Enabled');
    answers['versioning'] = xml('<VersioningConfiguration/>');
    expect(await inspect.versioning('b')).toBe('never enabled');
  });

  it('blocks public access when all four blocks are on', async () => {
    const block = (last: boolean) =>
      xml(
        `<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><BlockPublicPolicy>true</BlockPublicPolicy><IgnorePublicAcls>true</IgnorePublicAcls><RestrictPublicBuckets>${last}</RestrictPublicBuckets></PublicAccessBlockConfiguration>`,
      );
    answers['publicAccessBlock'] = block(true);
    expect(await inspect.blocksPublicAccess('b')).toBe(true);
    answers['publicAccessBlock'] = block(false);
    expect(await inspect.blocksPublicAccess('b')).toBe(false);
    answers['publicAccessBlock'] = xmlError('NoSuchPublicAccessBlockConfiguration');
    expect(await inspect.blocksPublicAccess('b')).toBe(false);
    answers['publicAccessBlock'] = xmlError('NoSuchBucket');
    expect(await inspect.blocksPublicAccess('b')).toBeUndefined();
  });

  it('tells queues of its files', async () => {
    answers['notification'] = xml(
      '<NotificationConfiguration><QueueConfiguration><Queue>arn:q</Queue><Event>s3:ObjectCreated:*</Event></QueueConfiguration>' +
        '<QueueConfiguration><Queue>arn:r</Queue><Event>s3:ObjectCreated:Put</Event><Filter><S3Key><FilterRule><Name>prefix</Name><Value>a/</Value></FilterRule></S3Key></Filter></QueueConfiguration></NotificationConfiguration>',
    );
    expect(await inspect.notifications('b')).toEqual([
      { queueArn: 'arn:q', events: ['s3:ObjectCreated:*'], isFiltered: false },
      { queueArn: 'arn:r', events: ['s3:ObjectCreated:Put'], isFiltered: true },
    ]);
  });
});

describe('the alarms', () => {
  it('are asked for a hundred at a time, and those that there are come', async () => {
    answers['DescribeAlarms'] = ({ body }) => {
      const { AlarmNames } = JSON.parse(body.toString()) as { readonly AlarmNames: readonly string[] };
      return json({
        MetricAlarms: [
          {
            AlarmName: AlarmNames[0],
            StateValue: 'OK',
            ActionsEnabled: true,
            AlarmActions: ['arn:t'],
            AlarmDescription: 'd',
          },
        ],
      });
    };
    const found = await inspect.alarms(Array.from({ length: 101 }, (_, index) => `a${index}`));
    expect(found.map(({ name }) => name)).toEqual(['a0', 'a100']);
    expect(found[0]).toEqual({
      name: 'a0',
      state: 'OK',
      description: 'd',
      hasActionsEnabled: true,
      actions: ['arn:t'],
    });
  });

  it('have a topic whose subscriptions are confirmed or not', async () => {
    answers['ListSubscriptionsByTopic'] = xml(
      '<ListSubscriptionsByTopicResponse><ListSubscriptionsByTopicResult><Subscriptions>' +
        '<member><SubscriptionArn>arn:aws:sns:x:0:t:1</SubscriptionArn></member>' +
        '<member><SubscriptionArn>PendingConfirmation</SubscriptionArn></member>' +
        '</Subscriptions></ListSubscriptionsByTopicResult></ListSubscriptionsByTopicResponse>',
    );
    expect(await inspect.subscriptions('arn:t')).toEqual({ confirmed: 1, pending: 1 });
  });

  it('have no topic when it is gone', async () => {
    answers['ListSubscriptionsByTopic'] = xml(
      '<ErrorResponse><Error><Code>NotFound</Code></Error></ErrorResponse>',
      404,
    );
    expect(await inspect.subscriptions('arn:t')).toBeUndefined();
  });
});
