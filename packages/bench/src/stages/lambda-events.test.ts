import type { RowTuple } from '@sluice/core/messages';
import { describe, expect, it } from 'vitest';
import { startContext, toSqsEvents, toStreamEvents } from './lambda-events.ts';

const jobId = '0123456789abcdefghjkmnpqrs';

describe('toSqsEvents', () => {
  it('delivers every message once, in batches', () => {
    const events = toSqsEvents('rows', ['a', 'b', 'c'], 2);
    expect(events.map(({ Records }) => Records.map(({ body }) => body))).toEqual([['a', 'b'], ['c']]);
    expect(new Set(events.flatMap(({ Records }) => Records.map(({ messageId }) => messageId))).size).toBe(3);
  });

  it('has the digest of the body', () => {
    expect(toSqsEvents('rows', ['a'], 1)[0]?.Records[0]?.md5OfBody).toBe('0cc175b9c0f1b6a831c399e269772661');
  });
});

describe('toStreamEvents', () => {
  const rows: readonly RowTuple[] = [1, 2, 3].map((row) => [4, row, row + 1, ['é', null]]);

  it('brings every row as a new item, in batches, with sequence numbers that grow', () => {
    const events = toStreamEvents(jobId, rows, 2);
    expect(events.map(({ Records }) => Records.length)).toEqual([2, 1]);
    const records = events.flatMap(({ Records }) => Records);
    expect(records.map(({ dynamodb }) => dynamodb?.NewImage?.['pk']?.S)).toEqual(
      [1, 2, 3].map((row) => `${jobId}#4#${row}`),
    );
    expect(records.map(({ dynamodb }) => dynamodb?.NewImage?.['data']?.S)).toEqual(Array(3).fill('["é",null]'));
    const numbers = records.map(({ dynamodb }) => BigInt(dynamodb?.SequenceNumber ?? ''));
    expect(numbers).toEqual([...numbers].sort((a, b) => (a < b ? -1 : 1)));
    expect(new Set(records.map(({ eventName }) => eventName))).toEqual(new Set(['INSERT']));
  });
});

it('an invocation has its time', () => {
  const left = startContext('store-rows', 60, 1).getRemainingTimeInMillis();
  expect(left > 0 && left <= 60_000).toBe(true);
});
