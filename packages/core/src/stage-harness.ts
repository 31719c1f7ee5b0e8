import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import wiringJson from '../../../infra/wiring.json' with { type: 'json' };
import { createLogger } from './logger.ts';
import type { Random } from './ports/clock.ts';
import type { DeadMark, Job } from './ports/job-store.ts';
import type { StageCounts } from './ports/metrics.ts';
import type { QueueName } from './ports/queue.ts';
import { createScriptedQueue, type ScriptedQueue } from './scripted-queue.ts';
import type { Seams } from './stage.ts';
import { createVirtualClock } from './virtual-clock.ts';
import { type PipelineSettings, parseWiring, type StageName } from './wiring.ts';

/** A message as Lambda delivers it, sent at 0. Its receipt handle is `handle of` its id. */
export const recordOf = (messageId: string, body: string, receives = 1, firstReceivedAt = 0): SQSRecord => ({
  messageId,
  receiptHandle: `handle of ${messageId}`,
  body,
  attributes: {
    ApproximateReceiveCount: String(receives),
    SentTimestamp: '0',
    SenderId: 'sender',
    ApproximateFirstReceiveTimestamp: String(firstReceivedAt),
  },
  messageAttributes: {},
  md5OfBody: '',
  eventSource: 'aws:sqs',
  eventSourceARN: 'arn:aws:sqs:eu-central-1:000000000000:queue',
  awsRegion: 'eu-central-1',
});

export type StageHarnessSettings = {
  readonly stage: StageName;
  /** Those not given take everything. */
  readonly queues?: Partial<Record<QueueName, ScriptedQueue>>;
  /** Overrides the pipeline's settings on AWS. */
  readonly pipeline?: Partial<PipelineSettings>;
  /** Runs before marks are kept; those it throws for are not. */
  readonly putMarks?: (marks: readonly DeadMark[]) => Promise<void>;
  /** What the ledger says of a job; that there is none, when it is not given. */
  readonly findJob?: (jobId: string) => Promise<Job | undefined>;
  readonly random?: Random;
  readonly startAt?: number;
  /** Time of an invocation; the stage's by default. */
  readonly timeoutMilliseconds?: number;
};

/** Seams, scripted queues and a place for marks, to deliver events to one stage as Lambda would. For tests. */
export const createStageHarness = ({
  stage,
  queues: given = {},
  pipeline = {},
  putMarks = async () => undefined,
  findJob = async () => undefined,
  random = () => 0.5,
  startAt = 0,
  timeoutMilliseconds,
}: StageHarnessSettings) => {
  const aws = parseWiring(wiringJson, 'aws');
  const wiring = { stages: aws.stages, pipeline: { ...aws.pipeline, ...pipeline } };
  const clock = createVirtualClock(startAt);
  const marks: DeadMark[] = [];
  const counts: StageCounts[] = [];
  const queues: Readonly<Record<QueueName, ScriptedQueue>> = {
    uploads: createScriptedQueue(),
    chunks: createScriptedQueue(),
    rows: createScriptedQueue(),
    work: createScriptedQueue(),
    finished: createScriptedQueue(),
    audits: createScriptedQueue(),
    ...given,
  };
  const seams: Seams = {
    clock,
    random,
    wiring,
    logger: createLogger(stage, 'DEBUG'),
    metrics: (line) => counts.push(line),
  };
  const ports = {
    ...seams,
    queues,
    jobs: {
      getJob: findJob,
      async putMarks(written: readonly DeadMark[]): Promise<void> {
        await putMarks(written);
        marks.push(...written);
      },
    },
  };

  /** A context whose time runs from now. */
  const startContext = (awsRequestId = 'invocation'): Context => {
    const endsAt = clock.now() + (timeoutMilliseconds ?? wiring.stages[stage].timeoutSeconds * 1000);
    return { awsRequestId, functionName: stage, getRemainingTimeInMillis: () => endsAt - clock.now() } as Context;
  };

  /** One invocation: ids of the messages that come back. */
  const deliver = async (
    handler: (event: SQSEvent, context: Context) => Promise<SQSBatchResponse>,
    ...records: readonly SQSRecord[]
  ): Promise<string[]> => {
    const { batchItemFailures } = await clock.run(handler({ Records: [...records] }, startContext()));
    return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  };

  return { ports, clock, queues, marks, counts, startContext, deliver };
};

/** What comes back when, in seconds: by message id. */
export const visibilitiesOf = (queue: ScriptedQueue): Readonly<Record<string, number>> =>
  Object.fromEntries(
    queue.visibilities
      .flat()
      .map(({ receiptHandle, timeoutSeconds }) => [receiptHandle.replace('handle of ', ''), timeoutSeconds]),
  );
