import type { DynamoDBRecord, SQSRecord } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { acknowledgedRecords, streamCheckpoint } from './response.ts';

const messages = ['a', 'b', 'c', 'd'].map((messageId) => ({ messageId }) as SQSRecord);
const changes = ['101', '102', '103', '104'].map(
  (SequenceNumber) => ({ dynamodb: { SequenceNumber } }) as DynamoDBRecord,
);

const failing = (...ids: readonly unknown[]) => ({
  batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })),
});

/** Answers that both kinds of mapping take as a complete success. */
const successes: readonly unknown[] = [
  undefined,
  null,
  {},
  { batchItemFailures: [] },
  { batchItemFailures: null },
  { batchItemFailures: [], statusCode: 500 },
];

/** Answers that both kinds of mapping take as a complete failure. */
const failures: readonly unknown[] = [
  failing('unknown'),
  failing(''),
  failing(null),
  failing(undefined),
  failing(103),
  { batchItemFailures: [{}] },
  { batchItemFailures: [{ itemidentifier: 'c', id: '103' }] },
  { batchItemFailures: [null] },
  { batchItemFailures: ['c', '103'] },
  { batchItemFailures: {} },
  { batchItemFailures: 'c' },
  { batchitemfailures: [] },
  { statusCode: 200 },
  'done',
  '',
  '{"batchItemFailures":[]}',
  0,
  false,
  true,
];

const idsOf = (records: readonly SQSRecord[]): string[] => records.map(({ messageId }) => messageId);

describe('the answer of a function behind a queue', () => {
  it.each(successes)('%j acknowledges every record', (response) => {
    expect(acknowledgedRecords(messages, response)).toEqual(messages);
  });

  it.each(failures)('%j acknowledges nothing', (response) => {
    expect(acknowledgedRecords(messages, response)).toEqual([]);
  });

  it('acknowledges what it does not name, in the order of the batch', () => {
    expect(idsOf(acknowledgedRecords(messages, failing('d', 'b')))).toEqual(['a', 'c']);
  });

  it('acknowledges nothing when it names every record', () => {
    expect(acknowledgedRecords(messages, failing('a', 'b', 'c', 'd'))).toEqual([]);
  });

  it.each(['unknown', '', null])('acknowledges nothing when %j stands among records that are there', (id) => {
    expect(acknowledgedRecords(messages, failing('a', id))).toEqual([]);
    expect(acknowledgedRecords(messages, failing(id, 'a'))).toEqual([]);
  });

  it('may name a record twice', () => {
    expect(idsOf(acknowledgedRecords(messages, failing('b', 'b')))).toEqual(['a', 'c', 'd']);
  });

  it('keeps every copy of a message that stands twice in the batch and is named', () => {
    const twice = [...messages, { messageId: 'b' } as SQSRecord];
    expect(idsOf(acknowledgedRecords(twice, failing('b')))).toEqual(['a', 'c', 'd']);
  });

  it('counts also where it holds other keys', () => {
    expect(idsOf(acknowledgedRecords(messages, { ...failing('c'), statusCode: 200 }))).toEqual(['a', 'b', 'd']);
  });
});

describe('the answer of a function behind a stream', () => {
  it.each(successes)('%j is done with every record', (response) => {
    expect(streamCheckpoint(changes, response)).toBe(4);
  });

  it.each(failures)('%j brings the whole batch back', (response) => {
    expect(streamCheckpoint(changes, response)).toBe(0);
  });

  it.each([
    [['101'], 0],
    [['103'], 2],
    [['104'], 3],
    [['104', '102', '103'], 1],
    [['102', '102'], 1],
  ])('that names %j brings back what begins with the lowest', (ids, checkpoint) => {
    expect(streamCheckpoint(changes, failing(...ids))).toBe(checkpoint);
  });

  it.each(['unknown', '', null])('brings the whole batch back when %j stands among records that are there', (id) => {
    expect(streamCheckpoint(changes, failing('103', id))).toBe(0);
    expect(streamCheckpoint(changes, failing(id, '103'))).toBe(0);
  });

  it.each([
    ['an empty', ''],
    ['no', undefined],
  ])('brings the whole batch back when it repeats %s sequence number of a record', (_, SequenceNumber) => {
    const records = [...changes, { dynamodb: { SequenceNumber } } as DynamoDBRecord];
    expect(streamCheckpoint(records, failing(SequenceNumber))).toBe(0);
  });
});
