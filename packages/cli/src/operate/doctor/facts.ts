import type { Job } from '@sluice/core/ports/job-store';
import type { QueueName } from '@sluice/core/ports/queue';
import type { StageName, Wiring } from '@sluice/core/wiring';
import type { Stack } from '../stack.ts';
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

/** What was asked for: read, not there, or not to be had for the reason given. */
export type Fact<Value> =
  | { readonly kind: 'read'; readonly value: Value }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unread'; readonly reason: string };

export const tableNames = ['rows', 'jobs'] as const;
export type TableName = (typeof tableNames)[number];
export const bucketNames = ['inbox', 'work'] as const;
export type BucketName = (typeof bucketNames)[number];
/** By the kind of message they send to `audits`. Source: infra/pipeline/queues.tf. */
export const scheduleNames = ['sweep', 'search'] as const;
export type ScheduleName = (typeof scheduleNames)[number];

export type OpenJob = Pick<Job, 'jobId' | 'state' | 'auditAt'>;

/** Everything the checks look at. */
export type Facts = {
  readonly stack: Stack;
  /** As this version of the command expects it. */
  readonly wiring: Wiring;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
  readonly queues: Readonly<Record<QueueName, Fact<QueueSettings>>>;
  readonly deadLetterQueues: Readonly<Record<QueueName, Fact<QueueSettings>>>;
  readonly functions: Readonly<Record<StageName, Fact<FunctionSettings>>>;
  readonly reserved: Readonly<Record<StageName, Fact<number | null>>>;
  /** All mappings of the stage's function. */
  readonly mappings: Readonly<Record<StageName, Fact<readonly MappingSettings[]>>>;
  readonly concurrency: Fact<ConcurrencySettings>;
  readonly tables: Readonly<Record<TableName, Fact<TableSettings>>>;
  readonly recovery: Readonly<Record<TableName, Fact<boolean>>>;
  readonly versioning: Readonly<Record<BucketName, Fact<string>>>;
  readonly publicAccess: Readonly<Record<BucketName, Fact<boolean>>>;
  readonly notifications: Fact<readonly NotificationSettings[]>;
  /** Those that there are. */
  readonly alarms: Fact<readonly AlarmSettings[]>;
  readonly subscriptions: Fact<SubscriptionSettings>;
  readonly schedules: Readonly<Record<ScheduleName, Fact<string>>>;
  /** Jobs that are not at their end, those whose audit is due first; `isCut` when there are more. */
  readonly openJobs: Fact<{ readonly jobs: readonly OpenJob[]; readonly isCut: boolean }>;
  /** This machine's clock less AWS's, in milliseconds. */
  readonly clockDifference: Fact<number>;
};

/** Both, when both were read. */
export const both = <One, Other>(one: Fact<One>, other: Fact<Other>): Fact<readonly [One, Other]> => {
  if (one.kind !== 'read') return one;
  if (other.kind !== 'read') return other;
  return { kind: 'read', value: [one.value, other.value] };
};

export const map = <From, To>(fact: Fact<From>, change: (value: From) => To): Fact<To> =>
  fact.kind === 'read' ? { kind: 'read', value: change(fact.value) } : fact;

/** What a URL or an ARN ends with: the name of a queue. */
export const lastPart = (text: string): string => text.split(/[/:]/).at(-1) ?? text;
