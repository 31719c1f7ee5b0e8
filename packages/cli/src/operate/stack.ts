import type { QueueName } from '@sluice/core/ports/queue';
import { queueNames } from '@sluice/core/ports/queue';
import type { StageName } from '@sluice/core/wiring';
import { stageNames } from '@sluice/core/wiring';
import { UsageError } from '../usage-error.ts';

/** A deployment: what everything of it is called. */
export type Stack = {
  /** Prefix and environment, such as sluice-prod. */
  readonly name: string;
  readonly environment: string;
  readonly region: string | undefined;
  readonly inboxBucket: string;
  readonly workBucket: string;
  /** Key of the profiles in the work bucket. */
  readonly profilesKey: string;
  readonly rowsTable: string;
  readonly jobsTable: string;
  readonly queueUrls: Readonly<Record<QueueName, string>>;
  readonly deadLetterQueueUrls: Readonly<Record<QueueName, string>>;
  readonly functionNames: Readonly<Record<StageName, string>>;
  readonly alarmNames: readonly string[];
  readonly alarmTopicArn: string | undefined;
  readonly dashboardName: string | undefined;
};

type Holds = (value: unknown) => boolean;

const isText: Holds = (value) => typeof value === 'string' && value !== '';
const isMissingOrText: Holds = (value) => value === undefined || value === null || isText(value);
const isUrl: Holds = (value) => typeof value === 'string' && /^https?:\/\/[^\s/]/.test(value);
const isTexts: Holds = (value) => Array.isArray(value) && value.every(isText);

/** What is read of the outputs, as infra/outputs.tf names them: a value, or a map with these names. */
const outputs: Readonly<Record<string, Holds | { readonly names: readonly string[]; readonly holds: Holds }>> = {
  environment: isText,
  region: isMissingOrText,
  inbox_bucket: isText,
  work_bucket: isText,
  profiles_key: isText,
  rows_table: isText,
  jobs_table: isText,
  queue_urls: { names: queueNames, holds: isUrl },
  dead_letter_queue_urls: { names: queueNames, holds: isUrl },
  function_names: { names: stageNames, holds: isText },
  alarm_names: isTexts,
  alarm_topic_arn: isMissingOrText,
  dashboard_name: isMissingOrText,
};

/** Once `complaintsAbout` finds nothing. */
type Outputs = {
  readonly environment: string;
  readonly region?: string | null;
  readonly inbox_bucket: string;
  readonly work_bucket: string;
  readonly profiles_key: string;
  readonly rows_table: string;
  readonly jobs_table: string;
  readonly queue_urls: Stack['queueUrls'];
  readonly dead_letter_queue_urls: Stack['deadLetterQueueUrls'];
  readonly function_names: Stack['functionNames'];
  readonly alarm_names: readonly string[];
  readonly alarm_topic_arn?: string | null;
  readonly dashboard_name?: string | null;
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Names of the outputs that are missing or hold something else, such as queue_urls.work. */
const complaintsAbout = (values: ReadonlyMap<string, unknown>): string[] =>
  Object.entries(outputs).flatMap(([name, expected]) => {
    const value = values.get(name);
    if (typeof expected === 'function') return expected(value) ? [] : [name];
    if (!isObject(value)) return [name];
    return expected.names.filter((of) => !expected.holds(value[of])).map((of) => `${name}.${of}`);
  });

/** The region in the host of a queue's URL, such as sqs.eu-central-1.amazonaws.com; undefined for another host. */
export const regionOfQueue = (queueUrl: string): string | undefined => {
  const host = URL.canParse(queueUrl) ? new URL(queueUrl).hostname : '';
  return /^sqs\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/.exec(host)?.[1];
};

/**
 * A deployment from the JSON of `terraform output -json`. Throws UsageError, once for all that is missing or wrong; `from` says
 * where the text comes from.
 */
export const parseOutputs = (json: string, from: string): Stack => {
  let found: unknown;
  try {
    found = JSON.parse(json);
  } catch {
    throw new UsageError(`--stack: expected the JSON of terraform output -json in ${from}, found no JSON`);
  }
  if (!isObject(found) || !Object.values(found).every((output) => isObject(output) && 'value' in output)) {
    throw new UsageError(`--stack: expected the JSON of terraform output -json in ${from}, found other JSON`);
  }
  const values = new Map(
    Object.entries(found).map(([name, output]) => [name, (output as { readonly value: unknown }).value]),
  );
  if (values.size === 0) {
    throw new UsageError(`--stack: expected the outputs of a deployment in ${from}, found none; was it applied?`);
  }
  const missing = complaintsAbout(values);
  if (missing.length > 0) {
    throw new UsageError(
      `--stack: expected every output of the deployment in ${from}, found these missing or of another kind: ${missing.join(', ')}; apply the Terraform of this version, or name another deployment`,
    );
  }
  const data = Object.fromEntries(values) as Outputs;
  return {
    name: data.function_names['split-file'].replace(/-split-file$/, ''),
    environment: data.environment,
    region: data.region ?? regionOfQueue(data.queue_urls.audits),
    inboxBucket: data.inbox_bucket,
    workBucket: data.work_bucket,
    profilesKey: data.profiles_key,
    rowsTable: data.rows_table,
    jobsTable: data.jobs_table,
    queueUrls: data.queue_urls,
    deadLetterQueueUrls: data.dead_letter_queue_urls,
    functionNames: data.function_names,
    alarmNames: data.alarm_names,
    alarmTopicArn: data.alarm_topic_arn ?? undefined,
    dashboardName: data.dashboard_name ?? undefined,
  };
};
