import type { SQSClient } from '@aws-sdk/client-sqs';
import type { Processor } from '@sluice/core/processor';
import { readPermanent } from '@sluice/core/processor';
import type { SQSEvent } from 'aws-lambda';
import { idOf, type OutcomeMessage, type RowMessage } from './row-message.ts';
import { batchesOf, sendBatch } from './send-batch.ts';

/** What a processor has for the rows of an event. */
const timeoutMilliseconds = 30_000;

const outcomeOf = async (processor: Processor, body: string, signal: AbortSignal): Promise<OutcomeMessage> => {
  const { jobId, row, line, data } = JSON.parse(body) as RowMessage;
  const context = { jobId, rowId: idOf({ jobId, row }), attempt: 1, signal };
  try {
    return { jobId, row, status: 'DONE', result: (await processor.process({ row, line, data }, context)) ?? null };
  } catch (thrown) {
    const error = readPermanent(thrown);
    if (error === undefined) throw thrown;
    return { jobId, row, status: 'FAILED', error };
  }
};

/** What the processor makes of each row, as a message of its own. */
export const createProcess =
  (client: SQSClient, queueUrl: string, processor: Processor) =>
  async ({ Records }: SQSEvent): Promise<number> => {
    // One for all of them: a timer for each row would cost more than most processors.
    const signal = AbortSignal.timeout(timeoutMilliseconds);
    const outcomes = await Promise.all(Records.map(({ body }) => outcomeOf(processor, body, signal)));
    const bodies = outcomes.map((outcome) => JSON.stringify(outcome));
    await Promise.all([...batchesOf(bodies)].map((batch) => sendBatch(client, queueUrl, batch)));
    return bodies.length;
  };
