import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import type { Request } from '@middy/core';
import middy from '@middy/core';
import sqsPartialBatchFailure from '@middy/sqs-partial-batch-failure';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { describeError, SluiceError } from './errors.ts';
import type { Invocation } from './invocation.ts';
import { startInvocation } from './invocation.ts';
import type { JobStore } from './ports/job-store.ts';
import type { JobsWaiting } from './ports/metrics.ts';
import type { Queue, QueueName } from './ports/queue.ts';
import type { Delivery, Fate, Settled, Settlement } from './settle.ts';
import { notReached, settle } from './settle.ts';
import type { Seams } from './stage.ts';
import type { StageName } from './wiring.ts';

/** An item whose stage calls something outside must fail at least this often in one invocation to count as an outage. */
const outageCallsMin = 5;

/** What an invocation counted; `retried` and `rowsIn` are filled from the deliveries unless the stage does it. */
export type RowCounts = { rowsIn: number; rowsOut: number; retried: number; jobs?: JobsWaiting };

/** What a queue-fed stage is made of. */
export type QueueStage<Message, Item> = Omit<Settlement<Message, Item>, 'maxReceiveCount' | 'stage'> & {
  readonly stage: StageName;
  /** Throws SluiceError MESSAGE_INVALID. */
  readonly parse: (body: string) => Message;
  readonly itemsOf: (message: Message) => readonly Item[];
  /**
   * Does the work and writes every item's fate. What it leaves alone comes back later; what it throws is taken as
   * the whole batch failing for a reason that is no row's fault.
   */
  readonly work: (
    batch: readonly Delivery<Message, Item>[],
    invocation: Invocation,
    counts: RowCounts,
  ) => Promise<void>;
};

/** A stage has the queue that feeds it, to settle messages, and those it sends to; so its type says which. */
export type QueueStagePorts<Name extends QueueName = never> = Seams & {
  readonly queues: Readonly<Partial<Record<QueueName, Queue>> & Record<Name, Queue>>;
  readonly jobs: Pick<JobStore, 'putMarks'>;
};

export type QueueHandler = (event: SQSEvent, context: Context) => Promise<SQSBatchResponse>;

const isFailure = (fate: Fate): boolean => fate.kind === 'transient';

/**
 * When every item that was tried failed transiently, and there were several, something behind the stage is out: no row is
 * to blame, nothing is split, and everything comes back much later.
 */
const isOutage = <M, I>(batch: readonly Delivery<M, I>[]): boolean => {
  let failures = 0;
  for (const { fates } of batch) {
    for (const fate of fates) {
      if (fate.kind === 'done' || fate.kind === 'permanent') return false;
      if (isFailure(fate)) failures++;
    }
  }
  return failures >= outageCallsMin;
};

const readBatch = <M, I>(stage: QueueStage<M, I>, event: SQSEvent): Delivery<M, I>[] =>
  event.Records.map((record) => {
    const receives = Number(record.attributes.ApproximateReceiveCount);
    try {
      const message = stage.parse(record.body);
      const items = stage.itemsOf(message);
      return { record, receives, message, items, fates: items.map(() => notReached) };
    } catch {
      // Whatever it was, only this message is to blame: its neighbours go on.
      return { record, receives, message: undefined, items: [], fates: [] };
    }
  });

const countDeliveries = <M, I>(stage: QueueStage<M, I>, batch: readonly Delivery<M, I>[], counts: RowCounts): void => {
  for (const { message, items, receives } of batch) {
    if (message === undefined) continue;
    let rows = 0;
    for (const item of items) rows += stage.rowsOf(item);
    if (stage.tried(message) + receives > 1) counts.retried += rows;
    else counts.rowsIn += rows;
  }
};

// An event without Records would count as a success even when the handler threw: the error is put back. With
// Records the whole batch comes back, and nothing else would tell why.
const settleErrors = (stage: StageName, { logger, metrics }: Pick<Seams, 'logger' | 'metrics'>) => ({
  onError: (request: Request): void => {
    if (!Array.isArray(request.event?.Records)) {
      Object.assign(request, { response: undefined });
      return;
    }
    metrics({ stage, rowsIn: 0, rowsOut: 0, retried: 0, dead: 0, messagesFailed: request.event.Records.length });
    const { code, message } = describeError(request.error);
    logger.error('the batch could not be settled', { code, reason: message });
  },
});

/**
 * The handler of a queue-fed stage: takes the SQS event Lambda delivers, never throws for a row or a message, and answers
 * with the messages that are to come back. Throws only for an event that is no SQS event.
 */
export const createQueueStage = <Message, Item>(
  stage: QueueStage<Message, Item>,
  ports: QueueStagePorts,
): QueueHandler => {
  const { wiring, logger, metrics } = ports;
  const settings = wiring.stages[stage.stage];
  if (settings.queue === undefined || settings.maxReceiveCount === undefined) {
    throw new Error(`wiring.json: stages.${stage.stage}: expected queue and maxReceiveCount`);
  }
  const settlement = { ...stage, maxReceiveCount: settings.maxReceiveCount };
  const queue = ports.queues[settings.queue];
  if (queue === undefined) {
    throw new Error(
      `${stage.stage}: expected the queue ${settings.queue}, which feeds it, among its ports, found none`,
    );
  }
  const settlePorts = { ...ports, queue };

  const handler = async (event: SQSEvent, context: Context): Promise<Settled[]> => {
    if (!Array.isArray(event.Records)) {
      throw new SluiceError('MESSAGE_INVALID', 'expected an SQS event, found one without Records');
    }
    const batch = readBatch(stage, event);
    const counts: RowCounts = { rowsIn: 0, rowsOut: 0, retried: 0 };
    countDeliveries(stage, batch, counts);
    const readable = batch.filter((delivery) => delivery.message !== undefined);
    try {
      if (readable.length > 0) await stage.work(readable, startInvocation(context), counts);
    } catch (thrown) {
      const { code, message } = describeError(thrown);
      for (const { fates } of readable) {
        fates.forEach((fate, index) => {
          if (fate === notReached) fates[index] = { kind: 'later', code, message };
          else if (fate.kind === 'transient' || fate.kind === 'untried') fates[index] = { ...fate, kind: 'later' };
        });
      }
      logger.warn('the batch failed as a whole', { code, reason: message });
    }
    let delays = wiring.pipeline.retryDelaysSeconds;
    if (isOutage(readable)) {
      delays = wiring.pipeline.outageDelaysSeconds;
      for (const { fates } of readable) {
        fates.forEach((fate, index) => {
          if (fate.kind === 'transient') fates[index] = { ...fate, kind: 'later' };
        });
      }
    }
    const { settled, dead } = await settle(batch, settlement, settlePorts, delays);
    if (settled.length !== event.Records.length) {
      throw new Error(`expected ${event.Records.length} settled records, found ${settled.length}`);
    }
    const messagesFailed = settled.filter(({ status }) => status === 'rejected').length;
    metrics({ stage: stage.stage, ...counts, dead, messagesFailed });
    logger.debug('the batch is settled', { messages: settled.length, ...counts, dead, messagesFailed });
    return settled;
  };

  return (
    middy<SQSEvent, Settled[]>(handler, { timeoutEarlyInMillis: 0 })
      // Said here, the environment cannot switch the printing of events on.
      .use(injectLambdaContext(logger, { logEvent: false }))
      .use(settleErrors(stage.stage, ports))
      .use(sqsPartialBatchFailure({ logger: () => undefined })) as unknown as QueueHandler
  );
};
