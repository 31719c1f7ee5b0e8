// What a deployment's services say of themselves, in our words and units: what the doctor looks at.

export type QueueSettings = {
  readonly arn: string;
  readonly visibilitySeconds: number;
  readonly retentionSeconds: number;
  /** Those that wait and those in flight. */
  readonly messages: number;
  readonly redrive?: { readonly to: string; readonly maxReceiveCount: number };
  /** Parsed; undefined when there is none, or none that is JSON. */
  readonly policy: unknown;
};

export type MappingSettings = {
  readonly uuid: string;
  readonly sourceArn: string;
  /** As Lambda names it: Enabled, Disabled, Creating, ... */
  readonly state: string;
  readonly lastResult?: string;
  readonly batchSize?: number;
  readonly windowSeconds: number;
  readonly responses: readonly string[];
  /** Patterns, as JSON text. */
  readonly filters: readonly string[];
  readonly maximumConcurrency?: number;
  /** Of a stream: invocations at once per shard. */
  readonly parallelizationFactor?: number;
  readonly bisects: boolean;
  /** -1 is no bound. */
  readonly maximumRecordAgeSeconds?: number;
  /** -1 is no bound. */
  readonly maximumRetryAttempts?: number;
  readonly failureArn?: string;
  readonly startingPosition?: string;
};

export type FunctionSettings = {
  readonly state: string;
  readonly lastUpdate: string;
  readonly runtime: string;
  readonly timeoutSeconds: number;
  readonly memoryMegabytes: number;
  /** What it is told of the table's budget; only the stages that write rows are. */
  readonly writeUnitsPerSecond?: number;
  readonly logFormat?: string;
  readonly applicationLogLevel?: string;
  readonly systemLogLevel?: string;
};

export type ConcurrencySettings = { readonly limit: number; readonly unreserved: number };

export type TableSettings = {
  readonly status: string;
  readonly billing: string;
  /** Write units a second that it takes at once; undefined where it does not say. */
  readonly warmWriteUnitsPerSecond?: number;
  readonly isProtected: boolean;
  /** What the stream shows of a change; undefined without one. */
  readonly streamView?: string;
  /** Status by name. */
  readonly indexes: Readonly<Record<string, string>>;
};

export type NotificationSettings = {
  readonly queueArn: string;
  readonly events: readonly string[];
  readonly isFiltered: boolean;
};

export type AlarmSettings = {
  readonly name: string;
  readonly state: string;
  readonly description: string;
  readonly hasActionsEnabled: boolean;
  readonly actions: readonly string[];
};

export type SubscriptionSettings = { readonly confirmed: number; readonly pending: number };
