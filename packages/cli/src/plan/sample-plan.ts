import { type StageName, stageNames } from '@sluice/core/wiring';
import type { Limit, Plan, StagePlan } from './plan.ts';

// A plan of round numbers, for tests of what is made of plans.

const stage = (name: StageName, startsAtSeconds: number, endsAtSeconds: number, limit: Limit): StagePlan => ({
  stage: name,
  startsAtSeconds,
  endsAtSeconds,
  rowsPerSecondMax: 2_000,
  limit,
  concurrencyMax: 8,
  messages: 100,
  invocations: 50,
  gigabyteSeconds: 20,
});

const carriedAt = (share: number): Readonly<Record<StageName, number>> =>
  Object.fromEntries(
    stageNames.map((name, index) => [name, Math.round(558_000 * share ** (1 + index / 4))]),
  ) as Readonly<Record<StageName, number>>;

/** 558,000 rows that the write budget holds back, changed as told. */
export const samplePlan = (changes: Partial<Plan> = {}): Plan => ({
  file: { rows: 558_000, bytes: 50_220_000, columns: 8, acceptedShare: 0.999, known: 'given' },
  settings: {
    region: 'us-east-1',
    tableUnitsPerSecond: 4_000,
    processorWaitMilliseconds: 0,
    processorCpuMicroseconds: 10,
    resultBytes: 45,
    accountConcurrency: 1_000,
    rowsPerMessage: 0,
    writeUnitsPerSecond: 4_000,
  },
  seconds: 320,
  rowsPerSecond: 1_743.75,
  stages: [
    stage('split-file', 1, 4.25, 'reading'),
    stage('clean-rows', 2, 10, 'cpu'),
    stage('store-rows', 3, 282, 'write-budget'),
    stage('relay-rows', 4, 284, 'input'),
    stage('process-rows', 4.5, 285, 'input'),
    stage('finish-rows', 5, 290, 'write-budget'),
    { ...stage('audit-job', 60, 320, 'schedule'), rowsPerSecondMax: Number.POSITIVE_INFINITY, concurrencyMax: 1 },
  ],
  bottleneck: {
    stage: 'store-rows',
    limit: 'write-budget',
    text: 'store-rows writes 2,000 rows a second, its half of the write budget of 4,000 write units a second.',
  },
  timeline: [0, 80, 160, 240, 320].map((atSeconds) => ({ atSeconds, carried: carriedAt(atSeconds / 320) })),
  cost: [
    { service: 'SQS', what: 'requests', arithmetic: '3 queues = 10,000 requests', units: 10_000, dollars: 0.004 },
    { service: 'DynamoDB', what: 'ledger', arithmetic: '32 chunks x 3 = 96', units: 96, dollars: 0.000_06 },
    {
      service: 'DynamoDB',
      what: 'rows stored and finished',
      arithmetic: '2 x 557,442',
      units: 1_114_884,
      dollars: 0.697,
    },
    { service: 'Lambda', what: 'time', arithmetic: '1,200 GB-s', units: 1_200, dollars: 0.016 },
  ],
  dollars: 0.71706,
  dollarsPerMillionRows: 1.285,
  changes: [
    {
      change: 'Warm the table to 40,000 write units a second, and let the stages use them',
      how: 'aws dynamodb update-table --table-name sluice-prod-rows --warm-throughput WriteUnitsPerSecond=40000; write_units_per_second = 40000',
      seconds: 64,
      secondsSaved: 256,
      dollarsMore: 0,
      dollarsOnce: 23.4,
    },
    {
      change: 'Half the memory of process-rows',
      how: 'stages.process-rows.memoryMegabytes in infra/wiring.json',
      seconds: 321,
      secondsSaved: -1,
      dollarsMore: -0.002,
      dollarsOnce: 0,
    },
  ],
  assumptions: ['Every row is as large as the average one.', 'No row is tried twice.'],
  warnings: ['The stages can use 181 functions at once, of 100 that the account lets run.'],
  pricesAsOf: '2026-11',
  ...changes,
});
