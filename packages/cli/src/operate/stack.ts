import type { QueueName } from '@sluice/core/ports/queue';
import type { StageName } from '@sluice/core/wiring';

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
