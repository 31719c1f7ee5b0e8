import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { Context, DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { SluiceError } from './errors.ts';
import type { StageCounts } from './ports/metrics.ts';
import type { Seams } from './stage.ts';
import type { StageName } from './wiring.ts';

export type StreamHandler = (event: DynamoDBStreamEvent, context: Context) => Promise<DynamoDBBatchResponse>;

/** What an invocation came to; `failed` are positions of records that must come again. */
export type StreamOutcome = Pick<StageCounts, 'rowsIn' | 'rowsOut' | 'dead'> & { readonly failed: Iterable<number> };

/**
 * The handler of a stage fed by a table's stream: answers with the lowest failed sequence number, from which on the stream
 * comes again. The partial-batch middleware of SQS must not stand here: it answers with what fails a whole batch.
 */
export const createStreamStage = (
  stage: StageName,
  work: (records: readonly DynamoDBRecord[]) => Promise<StreamOutcome>,
  { logger, metrics }: Pick<Seams, 'logger' | 'metrics'>,
): StreamHandler => {
  const handler = async (event: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> => {
    if (!Array.isArray(event.Records)) {
      throw new SluiceError('MESSAGE_INVALID', 'expected a stream event, found one without Records');
    }
    const { failed, rowsIn, rowsOut, dead } = await work(event.Records);
    let lowest = event.Records.length;
    for (const position of failed) lowest = Math.min(lowest, position);
    const messagesFailed = event.Records.length - lowest;
    const counts = { rowsIn, rowsOut, retried: 0, dead, messagesFailed };
    metrics({ stage, ...counts });
    logger.debug('the batch is settled', { records: event.Records.length, ...counts });
    if (messagesFailed === 0) return { batchItemFailures: [] };
    logger.warn('stream records come back', { records: messagesFailed });
    return { batchItemFailures: [{ itemIdentifier: event.Records[lowest]?.dynamodb?.SequenceNumber ?? '' }] };
  };
  return middy<DynamoDBStreamEvent, DynamoDBBatchResponse>(handler, { timeoutEarlyInMillis: 0 }).use(
    // Said here, the environment cannot switch the printing of events on.
    injectLambdaContext(logger, { logEvent: false }),
  ) as unknown as StreamHandler;
};
