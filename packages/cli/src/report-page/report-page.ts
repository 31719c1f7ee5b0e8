import type { QueueName } from '@sluice/core/ports/queue';
import type { StageName } from '@sluice/core/wiring';
import type { CostEstimate } from '../cost.ts';

/** Rows by where they stand; `missing` are those that are in none of the other places. */
export type PageLedger = {
  readonly rows: number;
  readonly done: number;
  readonly failed: number;
  readonly rejected: number;
  readonly dead: number;
  readonly missing: number;
};

/** One row that shows what a code stands for. */
export type Example = {
  readonly row: number;
  readonly line?: number;
  readonly column?: string;
  readonly message: string;
  /** The row's bytes as text, or as base64 where they are none. */
  readonly raw?: string;
};

export type CodeCount = { readonly code: string; readonly rows: number; readonly examples: readonly Example[] };

/** Rows by code, most first. `others` had further codes, which are not told apart. */
export type Codes = {
  readonly counts: readonly CodeCount[];
  readonly others: number;
  /** What of the job was looked at, where it was not every row. */
  readonly note?: string;
};

/** Dead rows by the stage that gave them up and why, most first; `others` had further codes. */
export type DeadRows = {
  readonly counts: readonly { readonly stage: string; readonly code: string; readonly rows: number }[];
  readonly others: number;
  readonly note?: string;
};

/**
 * What went on over time, in intervals that follow each other. `times` are their beginnings and the end of the last one, in
 * seconds since `beganAt`; every list has a number for each interval: rows a second, and the most messages seen.
 */
export type Timeline = {
  readonly times: readonly number[];
  readonly rates: ReadonlyMap<StageName, readonly number[]>;
  readonly messages: ReadonlyMap<QueueName, readonly number[]>;
};

/** Counts are rows; `busySeconds` is how long its functions worked, where that is known. */
export type StageRow = {
  readonly name: StageName;
  readonly rowsIn: number;
  readonly rowsOut: number;
  readonly retried: number;
  readonly dead: number;
  readonly busySeconds?: number;
};

/** Everything that the page of a job tells. Texts from outside stand in it as they are. Times in milliseconds since the Unix epoch. */
export type ReportPage = {
  readonly file: { readonly name: string; readonly bytes: number };
  readonly jobId: string;
  readonly verdict: string;
  /** One sentence. */
  readonly meaning: string;
  /** Why it ended so, where the ledger does not tell. */
  readonly reason?: string;
  readonly ledger: PageLedger;
  /** What the ledger does not know, where it is not all counted. */
  readonly ledgerNote?: string;
  /** What rows in no other place are called: a run that is over misses them, a job that goes on has them open. */
  readonly missingName: 'missing' | 'open';
  readonly times: {
    readonly beganAt: number;
    readonly endedAt?: number;
    readonly seconds?: number;
    readonly rowsPerSecond?: number;
    readonly peakRssBytes?: number;
  };
  readonly timeline?: Timeline;
  /** Where the timeline is from, or why there is none. */
  readonly timelineNote: string;
  readonly rejects: Codes;
  readonly failed: Codes;
  readonly dead: DeadRows;
  readonly stages: readonly StageRow[];
  /** Whose the stages' counts are, and what the busy times are. */
  readonly stagesNote: string;
  readonly settings: readonly (readonly [name: string, value: string])[];
  readonly cost: CostEstimate;
  /** When the page was written, and by which version. */
  readonly writtenAt: number;
  readonly version: string;
};
