import type { RawCall } from './raw-call.ts';
import { callRaw } from './raw-call.ts';

/** How each kind of thing that Terraform makes is listed. */
const lists: Readonly<Record<string, RawCall>> = {
  buckets: { service: 's3' },
  queues: { service: 'sqs', target: 'AmazonSQS.ListQueues', json: {} },
  tables: { service: 'dynamodb', target: 'DynamoDB_20120810.ListTables', json: {} },
  functions: { service: 'lambda', path: '/2015-03-31/functions/' },
  mappings: { service: 'lambda', path: '/2015-03-31/event-source-mappings/' },
  'log groups': { service: 'logs', target: 'Logs_20140328.DescribeLogGroups', json: {} },
  rules: { service: 'events', target: 'AWSEvents.ListRules', json: {} },
  alarms: { service: 'monitoring', form: 'Action=DescribeAlarms&Version=2010-08-01' },
  dashboards: { service: 'monitoring', form: 'Action=ListDashboards&Version=2010-08-01' },
  topics: { service: 'sns', form: 'Action=ListTopics&Version=2010-03-31' },
  roles: { service: 'iam', form: 'Action=ListRoles&Version=2010-05-08' },
};

/** Kinds of which something is there whose name begins so. */
export const kindsNamed = async (endpoint: string, prefix: string): Promise<string[]> => {
  const kinds: string[] = [];
  for (const [kind, call] of Object.entries(lists)) {
    if ((await callRaw(endpoint, call)).includes(prefix)) kinds.push(kind);
  }
  return kinds;
};

/** Every kind that is looked for. */
export const kinds = Object.keys(lists);
