import type { StageName } from '@sluice/core/wiring';

// How fast things are. Every figure that is measured or assumed stands here and nowhere else.

/**
 * CPU microseconds that a row costs on a whole core, through the AWS adapters. Source: `make bench`, docs/performance.md, on a
 * slow machine: a vCPU of Lambda (arm64) is taken to need no longer. Rows of `referenceRowBytes`. Where splitting is concerned bytes count, not rows.
 */
export const cpuMicrosecondsPerRow: Readonly<Record<Exclude<StageName, 'split-file' | 'audit-job'>, number>> = {
  'clean-rows': 12,
  'store-rows': 54,
  'relay-rows': 15,
  'process-rows': 13,
  'finish-rows': 50,
};

/** Bytes of CSV of a row of the benchmark. */
export const referenceRowBytes = 90;
/** Share of a row's CPU time that goes with its bytes. Assumed. */
export const shareByBytes = 0.5;

/** A function of this memory has one vCPU. Source: Lambda, "Configure function memory". */
const megabytesPerCpu = 1769;

/** Share of a vCPU that one thread of Node has. */
export const cpuShare = (memoryMegabytes: number): number => Math.min(1, memoryMegabytes / megabytesPerCpu);

/** Bytes a second that the scan for record boundaries takes on a whole core, decrypting the transfer included. Assumed; the scan alone is several times faster. */
export const scanBytesPerSecond = 200e6;
/** Bytes a second that one function reads from S3. Source: third-party measurements of a function's network, about 0.6 Gbit/s. */
export const networkBytesPerSecond = 75e6;

/** Milliseconds of one call as the function sees it. Assumed, from AWS's "single-digit milliseconds" and common third-party measurements in one region. */
export const callMilliseconds = {
  /** SendMessageBatch, without the transfer of what it carries. */
  send: 10,
  /** BatchExecuteStatement of 25 rows. */
  write: 10,
  /** PutItem, GetItem, UpdateItem on the ledger. */
  ledger: 6,
  /** First byte of a GetObject; a PutObject. */
  object: 40,
  /** A page of a Query. */
  query: 20,
} as const;

/** Bytes a second at which the body of a call is taken. Assumed: 600 KB, which ten packs are, in another 10 ms. */
export const sentBytesPerSecond = 60e6;

/** Milliseconds of an invocation besides its work: parsing the event, the runtime's round, settling. Assumed. */
export const invocationMilliseconds = 5;
/** Milliseconds of a cold start, which are billed. Source: `make bench`, cold start of the bundles, with the runtime's own added. Assumed. */
export const initMilliseconds = 400;
/** Seconds from a message's being sent to its being in a function. Assumed. */
export const hopSeconds = 0.1;
/** Seconds from an upload's end to its event in the queue. Assumed; mostly about one. */
export const eventSeconds = 1;

/** An SQS mapping begins with so many invocations at once, and takes up so many more a second. Source: Lambda, "Scaling behavior for SQS". */
export const rampStart = 5;
export const rampPerSecond = 300 / 60;
/** Invocations at once that it ends with where nobody limits it. Source: as above. */
export const mappingConcurrencyMax = 1_250;

/** How often Lambda polls a shard, and records of one poll. Source: Lambda, "Using Lambda with DynamoDB"; DynamoDB Streams, GetRecords. */
export const pollsPerSecond = 4;
export const recordsPerPoll = 1000;
/** Bytes of records of one invocation. Source: Lambda quotas, synchronous payload. */
export const payloadBytesMax = 6_000_000;

/** Shards of a new table's stream: one for each partition. Source: DynamoDB, "Partitions and data distribution" and what 4,000 units need. */
export const partitionUnits = 1000;
export const partitionsMin = 4;
/** An on-demand table takes twice its peak half an hour later. Source: DynamoDB, "On-demand capacity mode". */
export const doublingSeconds = 30 * 60;
/** Default quota of a table. Source: DynamoDB quotas. */
export const tableUnitsMax = 40_000;

/** What is logged where rows fail in every way, as `simulator/src/logs/log-budget.test.ts` has it; a plain run logs a fifth of it (docs/performance.md). */
export const logBytesPerRow = 12.1;
export const logBytesPerInvocation = 600;

/** The article's way, measured beside ours by `make bench`: CPU microseconds of a row, cleaned in Python and sent in batches of 10; and of one PutItem or UpdateItem. */
export const articleCpuMicroseconds = { clean: 268, write: 628 } as const;
