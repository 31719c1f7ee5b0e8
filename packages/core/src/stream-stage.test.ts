import type { Context, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { catchOutput } from './caught-output.ts';
import { createLogger } from './logger.ts';
import type { StageCounts } from './ports/metrics.ts';
import { createStreamStage } from './stream-stage.ts';

const secret = 'SECRET-CONTENT';
const numberOf = (position: number): string => String(100_000_000_000_000_000_000n + BigInt(position));

const recordsOf = (count: number): DynamoDBRecord[] =>
  Array.from({ length: count }, (_, position) => ({
    eventName: 'INSERT',
    dynamodb: { SequenceNumber: numberOf(position), NewImage: { data: { S: secret } } },
  }));

const context = { awsRequestId: 'invocation', getRemainingTimeInMillis: () => 60_000 } as Context;

const setUp = (failed: Iterable<number>) => {
  const counts: StageCounts[] = [];
  const handler = createStreamStage(
    'relay-rows',
    async (records) => ({ failed, rowsIn: records.length, rowsOut: 1, dead: 2 }),
    { logger: createLogger('relay-rows'), metrics: (line) => counts.push(line) },
  );
  return { handler: (event: DynamoDBStreamEvent) => handler(event, context), counts };
};

const lines = catchOutput();

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('a stream stage', () => {
  it('answers with an empty list when nothing failed', async () => {
    const { handler, counts } = setUp([]);
    expect(await handler({ Records: recordsOf(3) })).toEqual({ batchItemFailures: [] });
    expect(counts).toEqual([{ stage: 'relay-rows', rowsIn: 3, rowsOut: 1, dead: 2, retried: 0, messagesFailed: 0 }]);
  });

  it.each([
    [[4, 2, 7], 2],
    [[0], 0],
    [new Set([9, 8]), 8],
  ])('answers for the failed positions %o with the sequence number of the lowest alone', async (failed, lowest) => {
    const { handler, counts } = setUp(failed);
    expect(await handler({ Records: recordsOf(10) })).toEqual({
      batchItemFailures: [{ itemIdentifier: numberOf(lowest) }],
    });
    expect(counts).toMatchObject([{ messagesFailed: 10 - lowest }]);
  });

  it('fails the whole batch when the failed record has no sequence number', async () => {
    const { handler } = setUp([1]);
    const records = recordsOf(2).map((record) => ({ ...record, dynamodb: {} }));
    expect(await handler({ Records: records })).toEqual({ batchItemFailures: [{ itemIdentifier: '' }] });
  });

  it.each([{}, { Records: null }, { Records: {} }])('throws for %j, which is no stream event', async (event) => {
    const { handler, counts } = setUp([]);
    await expect(handler(event as DynamoDBStreamEvent)).rejects.toMatchObject({
      code: 'MESSAGE_INVALID',
      message: 'expected a stream event, found one without Records',
    });
    expect(counts).toEqual([]);
  });

  it('throws what its work throws, so that the stream comes again', async () => {
    const handler = createStreamStage(
      'relay-rows',
      async () => {
        throw new Error('no table');
      },
      { logger: createLogger('relay-rows'), metrics: () => undefined },
    );
    await expect(handler({ Records: recordsOf(1) }, context)).rejects.toThrow('no table');
  });

  it('logs counts and never a record, whatever the environment says', async () => {
    vi.stubEnv('POWERTOOLS_LOGGER_LOG_EVENT', 'true');
    const { handler } = setUp([3]);
    await handler({ Records: recordsOf(5) });
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ message: 'stream records come back', records: 2 });
    expect(lines.join('')).not.toContain(secret);
  });
});
