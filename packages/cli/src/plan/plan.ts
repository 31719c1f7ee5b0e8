import type { StageName, Wiring } from '@sluice/core/wiring';

// What a plan is made of and what it says. Times are seconds since the upload, counts are rows, money is US dollars.

/** What is to be carried. */
export type PlannedFile = {
  readonly rows: number;
  /** Of its text, unpacked. */
  readonly bytes: number;
  readonly columns: number;
  /** Share of its rows that can be cleaned, 0 to 1. */
  readonly acceptedShare: number;
  /** How these are known: `given`, `counted` in the whole file, `sampled` from parts of it. */
  readonly known: 'given' | 'counted' | 'sampled';
};

/** The deployment and the user's code. */
export type PlanSettings = {
  /** A region of the price table. */
  readonly region: string;
  /** With whatever was said otherwise (memory, concurrency, rows of a message, write budget) put into it. */
  readonly wiring: Wiring;
  /** Write units a second that the table takes from the beginning: 4,000 when it is new, more when it was warmed. */
  readonly tableUnitsPerSecond: number;
  /** Time that the processor waits for a row, and time it computes on a whole vCPU. */
  readonly processorWaitMilliseconds: number;
  readonly processorCpuMicroseconds: number;
  /** Bytes of a row's result as JSON. */
  readonly resultBytes: number;
  /** Functions that the account lets run at once. */
  readonly accountConcurrency: number;
};

/** What holds a stage back while it works. */
export type Limit =
  | 'reading'
  | 'cpu'
  | 'calls'
  | 'concurrency'
  | 'ramp'
  | 'write-budget'
  | 'table-units'
  | 'shards'
  | 'input'
  | 'schedule';

export type StagePlan = {
  readonly stage: StageName;
  readonly startsAtSeconds: number;
  readonly endsAtSeconds: number;
  /** What it could carry, all its functions together, and what kept it from more for most of its time. */
  readonly rowsPerSecondMax: number;
  readonly limit: Limit;
  readonly concurrencyMax: number;
  /** Of the queue that feeds it; none for relay-rows, which the stream feeds. */
  readonly messages: number;
  readonly invocations: number;
  /** That are paid for: waits, pacing and cold starts are in them. */
  readonly gigabyteSeconds: number;
};

export type PlannedCost = {
  readonly service: 'DynamoDB' | 'SQS' | 'Lambda' | 'S3' | 'CloudWatch';
  readonly what: string;
  /** How the units were come by, ending with how many they are. */
  readonly arithmetic: string;
  readonly units: number;
  readonly dollars: number;
};

/** One thing to change, and what it buys. */
export type PlannedChange = {
  readonly change: string;
  /** What a user does for it: a Terraform variable, an option, a command. */
  readonly how: string;
  readonly seconds: number;
  readonly secondsSaved: number;
  /** Of the job, more or, below zero, less; and once. */
  readonly dollarsMore: number;
  readonly dollarsOnce: number;
};

export type Plan = {
  readonly file: PlannedFile;
  readonly settings: Omit<PlanSettings, 'wiring'> & {
    readonly rowsPerMessage: number;
    readonly writeUnitsPerSecond: number;
  };
  /** From the upload to COMPLETE. */
  readonly seconds: number;
  readonly rowsPerSecond: number;
  readonly stages: readonly StagePlan[];
  readonly bottleneck: { readonly stage: StageName; readonly limit: Limit; readonly text: string };
  /** Rows that each stage has carried by then; the same times for all. */
  readonly timeline: readonly { readonly atSeconds: number; readonly carried: Readonly<Record<StageName, number>> }[];
  readonly cost: readonly PlannedCost[];
  readonly dollars: number;
  readonly dollarsPerMillionRows: number;
  readonly changes: readonly PlannedChange[];
  readonly assumptions: readonly string[];
  /** What is beyond a limit, such as a quota of the account. */
  readonly warnings: readonly string[];
  readonly pricesAsOf: string;
};
