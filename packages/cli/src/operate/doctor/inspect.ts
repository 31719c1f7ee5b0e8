import { type CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { DescribeContinuousBackupsCommand, DescribeTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  GetAccountSettingsCommand,
  GetFunctionConcurrencyCommand,
  GetFunctionConfigurationCommand,
  type LambdaClient,
  ListEventSourceMappingsCommand,
} from '@aws-sdk/client-lambda';
import {
  GetBucketNotificationConfigurationCommand,
  GetBucketVersioningCommand,
  GetPublicAccessBlockCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { ListSubscriptionsByTopicCommand, type SNSClient } from '@aws-sdk/client-sns';
import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { nameOf } from '@sluice/core/aws/service-error';
import type { Clock } from '@sluice/core/ports/clock';
import { ask, given, parseJson, toMapping, toRedrive } from './answers.ts';
import { watchDates } from './clock-difference.ts';
import type {
  AlarmSettings,
  ConcurrencySettings,
  FunctionSettings,
  MappingSettings,
  NotificationSettings,
  QueueSettings,
  SubscriptionSettings,
  TableSettings,
} from './settings.ts';

/** Where settings are read. What is asked for and is not there resolves to undefined; what may not be asked throws SluiceError. */
export type Inspector = {
  queue(url: string): Promise<QueueSettings | undefined>;
  function(name: string): Promise<FunctionSettings | undefined>;
  /** Concurrency reserved for the function; 0 reserves none for it, null is no reservation. */
  reserved(name: string): Promise<number | null | undefined>;
  mappings(functionName: string): Promise<readonly MappingSettings[] | undefined>;
  concurrency(): Promise<ConcurrencySettings>;
  table(name: string): Promise<TableSettings | undefined>;
  /** Whether the table can be had back as it was at any moment. */
  recovery(table: string): Promise<boolean | undefined>;
  versioning(bucket: string): Promise<string | undefined>;
  /** Whether all four blocks are on. */
  blocksPublicAccess(bucket: string): Promise<boolean | undefined>;
  notifications(bucket: string): Promise<readonly NotificationSettings[] | undefined>;
  /** Those of `names` that there are. */
  alarms(names: readonly string[]): Promise<readonly AlarmSettings[]>;
  subscriptions(topicArn: string): Promise<SubscriptionSettings | undefined>;
  schedule(ruleName: string): Promise<string | undefined>;
  /** This machine's clock less AWS's, in milliseconds; undefined before anything was asked, or where answers bear no date. */
  clockDifference(): number | undefined;
};

export type InspectorClients = {
  readonly lambda: LambdaClient;
  readonly sqs: SQSClient;
  readonly table: DynamoDBClient;
  readonly s3: S3Client;
  readonly cloudwatch: CloudWatchClient;
  readonly sns: SNSClient;
  /** Of `@sluice/core/aws/schedule`. */
  readonly schedule: (ruleName: string) => Promise<string | undefined>;
};

/** Alarms of one call. Source: CloudWatch, DescribeAlarms. */
const alarmsPerCall = 100;

export const createInspector = (clients: InspectorClients, clock: Pick<Clock, 'now'>): Inspector => {
  const { lambda, sqs, table, s3, cloudwatch, sns } = clients;
  const clockDifference = watchDates(sqs, clock);
  return {
    clockDifference,
    schedule: clients.schedule,

    async queue(QueueUrl) {
      const answer = await ask(
        'GetQueueAttributes',
        sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] })),
      );
      const found = answer?.Attributes;
      if (found === undefined) return undefined;
      return {
        arn: found['QueueArn'] ?? '',
        visibilitySeconds: Number(found['VisibilityTimeout']),
        retentionSeconds: Number(found['MessageRetentionPeriod']),
        messages:
          Number(found['ApproximateNumberOfMessages'] ?? 0) +
          Number(found['ApproximateNumberOfMessagesNotVisible'] ?? 0),
        policy: parseJson(found['Policy']),
        ...given({ redrive: toRedrive(found['RedrivePolicy']) }),
      };
    },

    async function(FunctionName) {
      const found = await ask(
        'GetFunctionConfiguration',
        lambda.send(new GetFunctionConfigurationCommand({ FunctionName })),
      );
      if (found === undefined) return undefined;
      const units = found.Environment?.Variables?.['WRITE_UNITS_PER_SECOND'];
      return {
        state: found.State ?? 'unknown',
        lastUpdate: found.LastUpdateStatus ?? 'unknown',
        runtime: found.Runtime ?? 'unknown',
        timeoutSeconds: found.Timeout ?? 0,
        memoryMegabytes: found.MemorySize ?? 0,
        ...given({
          writeUnitsPerSecond: Number(units) > 0 ? Number(units) : undefined,
          logFormat: found.LoggingConfig?.LogFormat,
          applicationLogLevel: found.LoggingConfig?.ApplicationLogLevel,
          systemLogLevel: found.LoggingConfig?.SystemLogLevel,
        }),
      };
    },

    async reserved(FunctionName) {
      const found = await ask(
        'GetFunctionConcurrency',
        lambda.send(new GetFunctionConcurrencyCommand({ FunctionName })),
      );
      return found === undefined ? undefined : (found.ReservedConcurrentExecutions ?? null);
    },

    async mappings(FunctionName) {
      const mappings: MappingSettings[] = [];
      let Marker: string | undefined;
      do {
        const page = await ask(
          'ListEventSourceMappings',
          lambda.send(new ListEventSourceMappingsCommand({ FunctionName, Marker })),
        );
        if (page === undefined) return undefined;
        mappings.push(...(page.EventSourceMappings ?? []).map(toMapping));
        // The last page's marker may be empty.
        Marker = page.NextMarker === '' ? undefined : page.NextMarker;
      } while (Marker !== undefined);
      return mappings;
    },

    async concurrency() {
      const found = await ask('GetAccountSettings', lambda.send(new GetAccountSettingsCommand({})));
      const { ConcurrentExecutions, UnreservedConcurrentExecutions } = found?.AccountLimit ?? {};
      const limit = ConcurrentExecutions ?? 0;
      return { limit, unreserved: UnreservedConcurrentExecutions ?? limit };
    },

    async table(TableName) {
      const found = (await ask('DescribeTable', table.send(new DescribeTableCommand({ TableName }))))?.Table;
      if (found === undefined) return undefined;
      return {
        status: found.TableStatus ?? 'unknown',
        // A table that was never on demand says nothing of it.
        billing: found.BillingModeSummary?.BillingMode ?? 'PROVISIONED',
        isProtected: found.DeletionProtectionEnabled ?? false,
        indexes: Object.fromEntries(
          (found.GlobalSecondaryIndexes ?? []).map(({ IndexName, IndexStatus }) => [IndexName, IndexStatus ?? '']),
        ),
        ...given({
          warmWriteUnitsPerSecond: found.WarmThroughput?.WriteUnitsPerSecond,
          streamView: found.StreamSpecification?.StreamEnabled ? found.StreamSpecification.StreamViewType : undefined,
        }),
      };
    },

    async recovery(TableName) {
      const found = await ask(
        'DescribeContinuousBackups',
        table.send(new DescribeContinuousBackupsCommand({ TableName })),
      );
      const status = found?.ContinuousBackupsDescription?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus;
      return found === undefined ? undefined : status === 'ENABLED';
    },

    async versioning(Bucket) {
      const found = await ask('GetBucketVersioning', s3.send(new GetBucketVersioningCommand({ Bucket })));
      return found === undefined ? undefined : (found.Status ?? 'never enabled');
    },

    async blocksPublicAccess(Bucket) {
      const found = await ask(
        'GetPublicAccessBlock',
        s3.send(new GetPublicAccessBlockCommand({ Bucket })).catch((thrown: unknown) => {
          if (nameOf(thrown) !== 'NoSuchPublicAccessBlockConfiguration') throw thrown;
          return { PublicAccessBlockConfiguration: undefined };
        }),
      );
      if (found === undefined) return undefined;
      const { BlockPublicAcls, BlockPublicPolicy, IgnorePublicAcls, RestrictPublicBuckets } =
        found.PublicAccessBlockConfiguration ?? {};
      return [BlockPublicAcls, BlockPublicPolicy, IgnorePublicAcls, RestrictPublicBuckets].every((on) => on === true);
    },

    async notifications(Bucket) {
      const found = await ask(
        'GetBucketNotificationConfiguration',
        s3.send(new GetBucketNotificationConfigurationCommand({ Bucket })),
      );
      return found === undefined
        ? undefined
        : (found.QueueConfigurations ?? []).map(({ QueueArn = '', Events = [], Filter }) => ({
            queueArn: QueueArn,
            events: Events,
            isFiltered: (Filter?.Key?.FilterRules ?? []).length > 0,
          }));
    },

    async alarms(names) {
      const alarms: AlarmSettings[] = [];
      for (let start = 0; start < names.length; start += alarmsPerCall) {
        const AlarmNames = names.slice(start, start + alarmsPerCall);
        const found = await ask(
          'DescribeAlarms',
          cloudwatch.send(
            new DescribeAlarmsCommand({ AlarmNames, AlarmTypes: ['MetricAlarm'], MaxRecords: alarmsPerCall }),
          ),
        );
        for (const alarm of found?.MetricAlarms ?? []) {
          alarms.push({
            name: alarm.AlarmName ?? '',
            state: alarm.StateValue ?? 'unknown',
            description: alarm.AlarmDescription ?? '',
            hasActionsEnabled: alarm.ActionsEnabled ?? false,
            actions: alarm.AlarmActions ?? [],
          });
        }
      }
      return alarms;
    },

    async subscriptions(TopicArn) {
      let confirmed = 0;
      let pending = 0;
      let NextToken: string | undefined;
      do {
        const page = await ask(
          'ListSubscriptionsByTopic',
          sns.send(new ListSubscriptionsByTopicCommand({ TopicArn, NextToken })),
        );
        if (page === undefined) return undefined;
        for (const { SubscriptionArn = '' } of page.Subscriptions ?? []) {
          // Others say PendingConfirmation, or Deleted.
          if (SubscriptionArn.startsWith('arn:')) confirmed++;
          else pending++;
        }
        NextToken = page.NextToken === '' ? undefined : page.NextToken;
      } while (NextToken !== undefined);
      return { confirmed, pending };
    },
  };
};
