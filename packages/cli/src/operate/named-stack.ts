import { queueNames } from '@sluice/core/ports/queue';
import { stageNames } from '@sluice/core/wiring';
import { UsageError } from '../usage-error.ts';
import { regionOfQueue, type Stack } from './stack.ts';

/** A function as Lambda tells of it: its ARN, and the variables of its environment. */
export type ReadFunction = (
  name: string,
) => Promise<{ readonly arn: string; readonly variables: Readonly<Record<string, string>> } | undefined>;

/** Prefix and environment, as infra/variables.tf takes them. */
const nameOfStack = /^[a-z][a-z0-9-]{0,10}[a-z0-9]-[a-z][a-z0-9]{0,11}$/;

export const isStackName = (text: string): boolean => nameOfStack.test(text);

/** What the two functions are told that know everything between them. */
const variables = {
  ENVIRONMENT: 'audit-job',
  INBOX_BUCKET: 'audit-job',
  WORK_BUCKET: 'audit-job',
  ROWS_TABLE: 'audit-job',
  JOBS_TABLE: 'audit-job',
  UPLOADS_QUEUE_URL: 'audit-job',
  CHUNKS_QUEUE_URL: 'audit-job',
  ROWS_QUEUE_URL: 'audit-job',
  WORK_QUEUE_URL: 'audit-job',
  FINISHED_QUEUE_URL: 'audit-job',
  AUDITS_QUEUE_URL: 'audit-job',
  PROFILES_KEY: 'split-file',
} as const;

/** As infra/pipeline and infra/modules name them. */
const alarmNamesOf = (name: string): string[] =>
  [
    ...queueNames.flatMap((queue) => [`${queue}-dlq-depth`, `${queue}-stuck`]),
    ...stageNames.map((stage) => `${stage}-errors`),
    'relay-rows-behind',
    'functions-throttled',
    'audits-missing',
    ...['held', 'stalled', 'inconsistent'].map((state) => `jobs-${state}`),
    ...['rows', 'jobs'].map((table) => `${table}-table-throttled`),
  ]
    .map((alarm) => `${name}-${alarm}`)
    .sort();

const topicArnOf = (name: string, functionArn: string): string | undefined => {
  const [, partition, , region, account] = functionArn.split(':');
  return account === undefined ? undefined : `arn:${partition}:sns:${region}:${account}:${name}-alarms`;
};

/**
 * The deployment of this name, from the environments of its functions. `region`: where it was looked for, when that is known.
 * Throws UsageError when there is none, or one of another version.
 */
export const readNamedStack = async (name: string, readFunction: ReadFunction): Promise<Stack> => {
  const [audit, split] = await Promise.all([readFunction(`${name}-audit-job`), readFunction(`${name}-split-file`)]);
  if (audit === undefined || split === undefined) {
    throw new UsageError(
      `--stack: expected a deployment named ${name}, found no function ${name}-${audit === undefined ? 'audit-job' : 'split-file'} in this account and region; AWS_PROFILE and AWS_REGION choose others`,
    );
  }
  const missing = Object.entries(variables).flatMap(([variable, stage]) =>
    (stage === 'audit-job' ? audit : split).variables[variable] ? [] : [variable],
  );
  if (missing.length > 0) {
    throw new UsageError(
      `--stack: expected the functions of ${name} to be told ${missing.join(', ')}, found them told nothing; this command is of another version than the deployment`,
    );
  }
  const told = (variable: keyof typeof variables): string =>
    (variables[variable] === 'audit-job' ? audit : split).variables[variable] ?? '';
  const queueUrls = {
    uploads: told('UPLOADS_QUEUE_URL'),
    chunks: told('CHUNKS_QUEUE_URL'),
    rows: told('ROWS_QUEUE_URL'),
    work: told('WORK_QUEUE_URL'),
    finished: told('FINISHED_QUEUE_URL'),
    audits: told('AUDITS_QUEUE_URL'),
  };
  const functionNames = Object.fromEntries(stageNames.map((stage) => [stage, `${name}-${stage}`]));
  const deadLetterQueueUrls = Object.fromEntries(queueNames.map((queue) => [queue, `${queueUrls[queue]}-dlq`]));
  return {
    name,
    environment: told('ENVIRONMENT'),
    region: audit.arn.split(':')[3] || regionOfQueue(queueUrls.audits),
    inboxBucket: told('INBOX_BUCKET'),
    workBucket: told('WORK_BUCKET'),
    profilesKey: told('PROFILES_KEY'),
    rowsTable: told('ROWS_TABLE'),
    jobsTable: told('JOBS_TABLE'),
    queueUrls,
    deadLetterQueueUrls: deadLetterQueueUrls as Stack['deadLetterQueueUrls'],
    functionNames: functionNames as Stack['functionNames'],
    alarmNames: alarmNamesOf(name),
    alarmTopicArn: topicArnOf(name, audit.arn),
    dashboardName: name,
  };
};
