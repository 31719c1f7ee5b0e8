import type { QueueName } from '@sluice/core/ports/queue';
import { queueNames } from '@sluice/core/ports/queue';
import type { StageName } from '@sluice/core/wiring';
import { stageNames } from '@sluice/core/wiring';
import * as z from 'zod/mini';
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

/** A name of a service's: it is shown as it is, so nothing stands in it that a terminal would obey. */
const text = z.string().check(z.regex(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+$/u));
const url = z.string().check(z.regex(/^https?:\/\/[^\s/][\x21-\x7e]*$/));

/** A map with these names; others may be there, too. */
const mapOf = <Name extends string, Of extends z.ZodMiniType>(names: readonly Name[], of: Of) =>
  z.object(Object.fromEntries(names.map((name) => [name, of])) as Record<Name, Of>);

/** What is read of the outputs' values, as infra/outputs.tf names them. */
const outputs = z.object({
  environment: text,
  region: z.nullish(text),
  inbox_bucket: text,
  work_bucket: text,
  profiles_key: text,
  rows_table: text,
  jobs_table: text,
  queue_urls: mapOf(queueNames, url),
  dead_letter_queue_urls: mapOf(queueNames, url),
  function_names: mapOf(stageNames, text),
  alarm_names: z.array(text),
  alarm_topic_arn: z.nullish(text),
  dashboard_name: z.nullish(text),
});

/** As Terraform wraps each of them. */
const wrapped = z.record(z.string(), z.object({ value: z.unknown() }));

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
  const { data: named } = wrapped.safeParse(found);
  if (named === undefined) {
    throw new UsageError(`--stack: expected the JSON of terraform output -json in ${from}, found other JSON`);
  }
  if (Object.keys(named).length === 0) {
    throw new UsageError(`--stack: expected the outputs of a deployment in ${from}, found none; was it applied?`);
  }
  const values = Object.fromEntries(Object.entries(named).map(([name, { value }]) => [name, value]));
  const { data, error } = outputs.safeParse(values);
  if (error !== undefined) {
    const missing = new Set(error.issues.map(({ path }) => path.slice(0, 2).join('.')));
    throw new UsageError(
      `--stack: expected every output of the deployment in ${from}, found these missing or of another kind: ${[...missing].join(', ')}; apply the Terraform of this version, or name another deployment`,
    );
  }
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
