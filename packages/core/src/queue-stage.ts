import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import type { Request } from '@middy/core';
import middy from '@middy/core';
import sqsPartialBatchFailure from '@middy/sqs-partial-batch-failure';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { describeError, SluiceError } from './errors.ts';
import type { Invocation } from './invocation.ts';
import { startInvocation } from './invocation.ts';
import { createOutageWatch, isOutage, outageMemoryMilliseconds, secondsEarly } from './outage.ts';
import type { JobStore } from './ports/job-store.ts';
import type { JobsWaiting } from './ports/metrics.ts';
import type { Queue, QueueName } from './ports/queue.ts';
import type { Delivery, Fate, Settled, Settlement } from './settle.ts';
import { notReached, settle, triesOf } from './settle.ts';
import type { Seams } from './stage.ts';
import type { StageName } from './wiring.ts';

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

/** A pack whose time has not come: nothing of it is worked on. */
const early = (delaySeconds: number): Fate => ({
  kind: 'later',
  code: 'OUT_OF_TIME',
  message: 'expected the pack when it is due, found it earlier: no queue delays a message for longer',
  delaySeconds,
});

const readBatch = <M, I>(
  stage: QueueStage<M, I>,
  event: SQSEvent,
  outageDelaysSeconds: readonly number[],
): Delivery<M, I>[] =>
  event.Records.map((record) => {
    const receives = Number(record.attributes.ApproximateReceiveCount);
    try {
      const message = stage.parse(record.body);
      const items = stage.itemsOf(message);
      const tried = stage.pack !== undefined && items.length > 1 ? stage.tried(message) : 0;
      const seconds = secondsEarly(record, tried, outageDelaysSeconds);
      if (seconds <= 0) return { record, receives, message, items, fates: items.map(() => notReached) };
      const fate = receives > 1 ? notReached : early(seconds);
      return { record, receives, waits: 1, message, items, fates: items.map(() => fate) };
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
  const { clock, wiring, logger, metrics } = ports;
  const settings = wiring.stages[stage.stage];
  if (settings.queue === undefined || settings.maxReceiveCount === undefined) {
    throw new Error(`wiring.json: stages.${stage.stage}: expected queue and maxReceiveCount`);
  }
  const { retryDelaysSeconds, outageDelaysSeconds } = wiring.pipeline;
  const settlement = { ...stage, maxReceiveCount: settings.maxReceiveCount };
  const queue = ports.queues[settings.queue];
  if (queue === undefined) {
    throw new Error(
      `${stage.stage}: expected the queue ${settings.queue}, which feeds it, among its ports, found none`,
    );
  }
  const settlePorts = { ...ports, queue };
  // A stage whose packs an outage sends again can tell one when it lasts.
  const metOutage =
    stage.pack === undefined ? isOutage : createOutageWatch(settlement, outageMemoryMilliseconds(retryDelaysSeconds));

  const handler = async (event: SQSEvent, context: Context): Promise<Settled[]> => {
    if (!Array.isArray(event.Records)) {
      throw new SluiceError('MESSAGE_INVALID', 'expected an SQS event, found one without Records');
    }
    const startedAt = clock.now();
    const batch = readBatch(stage, event, outageDelaysSeconds);
    const counts: RowCounts = { rowsIn: 0, rowsOut: 0, retried: 0 };
    const readable = batch.filter((delivery) => delivery.message !== undefined && triesOf(delivery) > 0);
    countDeliveries(stage, readable, counts);
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
    const pause = { retryDelaysSeconds, outageDelaysSeconds, isOutage: metOutage(readable, startedAt, clock.now()) };
    if (pause.isOutage) logger.warn('what fails is taken for an outage', { messages: readable.length });
    const { settled, dead } = await settle(batch, settlement, settlePorts, pause);
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
