import * as z from 'zod/mini';
import { packsPerInvocationMax } from './pack.ts';
import { queueNames } from './ports/queue.ts';

/** The seven stages, in flow order. One string per Lambda everywhere: folder, package, service name, function suffix. */
export const stageNames = [
  'split-file',
  'clean-rows',
  'store-rows',
  'relay-rows',
  'process-rows',
  'finish-rows',
  'audit-job',
] as const;
export type StageName = (typeof stageNames)[number];

const positive = z.number().check(z.positive());
const notNegative = z.number().check(z.nonnegative());
const whole = z.int().check(z.positive());

const stageSettings = z.strictObject({
  /** The queue that feeds the stage; the relay has none, it is fed by the rows table's stream. */
  queue: z.optional(z.enum(queueNames)),
  /** Records an invocation takes at most. */
  batchSize: whole,
  /** How long the mapping waits to fill a batch. */
  windowSeconds: notNegative,
  timeoutSeconds: positive,
  memoryMegabytes: whole,
  /** Invocations at once. */
  maximumConcurrency: z.optional(whole),
  /** Deliveries of a message before its queue sets it aside. */
  maxReceiveCount: z.optional(whole),
  /** Stream only: invocations at once per shard. */
  parallelizationFactor: z.optional(whole),
  /** Stream only: age at which a record is given up. */
  maximumRecordAgeSeconds: z.optional(whole),
  /** Stream only: retries of a batch before it is given up. */
  maximumRetryAttempts: z.optional(whole),
});

const pipelineSettings = z.strictObject({
  /** Rows of a message; 0 fills messages by bytes. */
  rowsPerMessage: z.int().check(z.nonnegative()),
  /** Write units per second the table is asked for at most; 0 for no budget. */
  writeUnitsPerSecond: notNegative,
  /** Waits after the first, second, and every later failed delivery. */
  retryDelaysSeconds: z.array(notNegative).check(z.minLength(1)),
  /** The same while the processor is out as a whole. */
  outageDelaysSeconds: z.array(notNegative).check(z.minLength(1)),
  /** Time before the first, second and third repair of a job; there is no fourth. */
  repairDelaysSeconds: z.array(notNegative).check(z.minLength(1)),
  /** Time between two audits of a job; 0 audits when every queue is idle. */
  auditEverySeconds: notNegative,
  /** How long one call of an async processor may take. */
  rowTimeoutSeconds: positive,
  /** Calls of an async processor at once in one invocation. */
  rowsInFlightMax: whole,
});

const stages = z.strictObject(
  Object.fromEntries(stageNames.map((name) => [name, stageSettings])) as Record<StageName, typeof stageSettings>,
);

const wiringFile = z.strictObject({
  stages,
  pipeline: pipelineSettings,
  local: z.strictObject({
    stages: z.partialRecord(z.enum(stageNames), z.partial(stageSettings)),
    pipeline: z.partial(pipelineSettings),
  }),
});

export type StageSettings = z.infer<typeof stageSettings>;
export type PipelineSettings = z.infer<typeof pipelineSettings>;
export type Wiring = {
  readonly stages: Readonly<Record<StageName, StageSettings>>;
  readonly pipeline: PipelineSettings;
};

/**
 * Reads `infra/wiring.json` (already parsed as JSON). With `local`, its local section overrides what waiting is for on AWS.
 * Throws an Error that names the first setting that is wrong.
 */
export const parseWiring = (json: unknown, binding: 'aws' | 'local'): Wiring => {
  const parsed = z.safeParse(wiringFile, json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const unknown = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
    const path = [...(issue?.path ?? []), ...unknown].join('.');
    throw new Error(`wiring.json: ${path}: ${unknown.length > 0 ? 'Unknown setting' : (issue?.message ?? 'invalid')}`);
  }
  const file = parsed.data;
  const overrides = binding === 'local' ? file.local.stages : {};
  const stages = Object.fromEntries(
    stageNames.map((name) => [name, { ...file.stages[name], ...overrides[name] }]),
  ) as Record<StageName, StageSettings>;
  for (const [name, { queue, batchSize }] of Object.entries(stages)) {
    if (queue !== undefined && batchSize > packsPerInvocationMax) {
      const found = `expected at most ${packsPerInvocationMax} messages, found ${batchSize}`;
      throw new Error(`wiring.json: stages.${name}.batchSize: ${found}`);
    }
  }
  if (binding === 'aws') return { stages, pipeline: file.pipeline };
  return { stages, pipeline: { ...file.pipeline, ...file.local.pipeline } as PipelineSettings };
};

/** Write units per second that one invocation of a writing stage is meant to use, so that few of them make up the budget. */
const unitsPerWriter = 250;

/**
 * Invocations at once of each of the two writing stages, for a write budget that they share half and half. An SQS mapping
 * takes no fewer than 2. Source: Lambda, ScalingConfig.
 */
export const writerConcurrency = (writeUnitsPerSecond: number): number =>
  Math.max(2, Math.ceil(writeUnitsPerSecond / 2 / unitsPerWriter));

/** SQS to Lambda: visibility that outlives the retries of a throttled invocation. Source: AWS, "Using Lambda with SQS". */
export const visibilitySeconds = (stage: StageSettings): number => 6 * stage.timeoutSeconds + stage.windowSeconds;
