import { type QueueName, queueNames } from '@sluice/core/ports/queue';
import { parseWiring, stageNames, visibilitySeconds } from '@sluice/core/wiring';
import wiringJson from '../../../../../infra/wiring.json' with { type: 'json' };
import type { Stack } from '../stack.ts';
import type { Inspector } from './inspect.ts';
import type { MappingSettings } from './settings.ts';

// A deployment as Terraform makes it, for tests: every setting as it should be, but those that a test changes.

const wiring = parseWiring(wiringJson, 'aws');

const arnOf = (service: string, name: string): string => `arn:aws:${service}:eu-central-1:000000000000:${name}`;
const nameIn = (url: string): string => url.split('/').at(-1) ?? '';

const allow = (service: string, resource: string, sources: readonly string[]) => ({
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Deny', Principal: '*', Action: ['sqs:*'], Resource: resource },
    ...sources.map((source) => ({
      Effect: 'Allow',
      Principal: { Service: service },
      Action: ['sqs:SendMessage'],
      Resource: resource,
      Condition: { ArnEquals: { 'aws:SourceArn': source } },
    })),
  ],
});

const policyOf = (queue: QueueName | undefined, arn: string, stack: Stack): unknown => {
  if (queue === 'uploads') return allow('s3.amazonaws.com', arn, [`arn:aws:s3:::${stack.inboxBucket}`]);
  if (queue === 'audits')
    return allow(
      'events.amazonaws.com',
      arn,
      ['sweep', 'search'].map((kind) => arnOf('events', `rule/${stack.name}-${kind}`)),
    );
  return { Version: '2012-10-17', Statement: [] };
};

const mappingOf = (functionName: string, stack: Stack): MappingSettings => {
  const stage = stageNames.find((name) => stack.functionNames[name] === functionName) ?? 'split-file';
  const settings = wiring.stages[stage];
  const common = {
    uuid: `uuid-${stage}`,
    state: 'Enabled',
    lastResult: 'OK',
    batchSize: settings.batchSize,
    windowSeconds: settings.windowSeconds,
    responses: ['ReportBatchItemFailures'],
  };
  if (settings.queue !== undefined) {
    return {
      ...common,
      sourceArn: arnOf('sqs', nameIn(stack.queueUrls[settings.queue])),
      filters: [],
      bisects: false,
      ...(settings.maximumConcurrency === undefined ? {} : { maximumConcurrency: settings.maximumConcurrency }),
    };
  }
  return {
    ...common,
    sourceArn: arnOf('dynamodb', `table/${stack.rowsTable}/stream/2026-01-01T00:00:00.000`),
    filters: [JSON.stringify({ eventName: ['INSERT'], dynamodb: { NewImage: { status: { S: ['PENDING'] } } } })],
    bisects: true,
    maximumRecordAgeSeconds: settings.maximumRecordAgeSeconds ?? -1,
    maximumRetryAttempts: settings.maximumRetryAttempts ?? -1,
    failureArn: `arn:aws:s3:::${stack.workBucket}`,
    startingPosition: 'TRIM_HORIZON',
  };
};

export const createHealthyInspector = (stack: Stack, changes: Partial<Inspector> = {}): Inspector => ({
  async queue(url) {
    const arn = arnOf('sqs', nameIn(url));
    const queue = queueNames.find((name) => stack.queueUrls[name] === url);
    const settings = Object.values(wiring.stages).find((stage) => stage.queue !== undefined && stage.queue === queue);
    return {
      arn,
      visibilitySeconds: settings === undefined ? 30 : visibilitySeconds(settings),
      retentionSeconds: queue === undefined ? 1_209_600 : 345_600,
      messages: 0,
      policy: policyOf(queue, arn, stack),
      ...(settings === undefined
        ? {}
        : { redrive: { to: `${arn}-dlq`, maxReceiveCount: settings.maxReceiveCount ?? 0 } }),
    };
  },
  async function(name) {
    const stage = stageNames.find((candidate) => stack.functionNames[candidate] === name) ?? 'split-file';
    const { timeoutSeconds, memoryMegabytes } = wiring.stages[stage];
    return {
      state: 'Active',
      lastUpdate: 'Successful',
      runtime: 'nodejs22.x',
      timeoutSeconds,
      memoryMegabytes,
      logFormat: 'JSON',
      applicationLogLevel: 'DEBUG',
      systemLogLevel: 'WARN',
      ...(['store-rows', 'finish-rows'].includes(stage)
        ? { writeUnitsPerSecond: wiring.pipeline.writeUnitsPerSecond }
        : {}),
    };
  },
  reserved: async () => null,
  mappings: async (name) => [mappingOf(name, stack)],
  concurrency: async () => ({ limit: 1_000, unreserved: 1_000 }),
  table: async (name) => ({
    status: 'ACTIVE',
    billing: 'PAY_PER_REQUEST',
    isProtected: true,
    indexes: name === stack.jobsTable ? { open: 'ACTIVE', created: 'ACTIVE' } : {},
    warmWriteUnitsPerSecond: 4_000,
    ...(name === stack.rowsTable ? { streamView: 'NEW_IMAGE' } : {}),
  }),
  recovery: async () => true,
  versioning: async () => 'Enabled',
  blocksPublicAccess: async () => true,
  notifications: async () => [
    {
      queueArn: arnOf('sqs', nameIn(stack.queueUrls.uploads)),
      events: ['s3:ObjectCreated:*'],
      isFiltered: false,
    },
  ],
  alarms: async (names) =>
    names.map((name) => ({
      name,
      state: 'OK',
      description: 'See docs/runbook.md, "Dead letters".',
      hasActionsEnabled: true,
      actions: [arnOf('sns', `${stack.name}-alarms`)],
    })),
  subscriptions: async () => ({ confirmed: 1, pending: 0 }),
  schedule: async () => 'ENABLED',
  clockDifference: () => 0,
  ...changes,
});
