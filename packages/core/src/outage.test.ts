import { describe, expect, it } from 'vitest';
import { createOutageWatch, outageMemoryMilliseconds, secondsEarly } from './outage.ts';
import type { Delivery, Fate } from './settle.ts';
import { unwanted } from './settle.ts';
import { recordOf } from './stage-harness.ts';

type Message = { readonly tried: number };
type Batch = Delivery<Message, number>[];

const memory = 310_000;
const done: Fate = { kind: 'done' };
const [failed, refused, untried, later] = (['transient', 'permanent', 'untried', 'later'] as const).map(
  (kind): Fate => ({ kind, code: 'PROCESSOR_ERROR', message: 'expected an answer, found none' }),
) as [Fate, Fate, Fate, Fate];

type Settings = {
  readonly tried?: number;
  readonly receives?: number;
  readonly firstReceivedAt?: number;
  readonly fate?: Fate;
};

/** A message of these rows, which all met the same fate. */
const deliveryOf = (
  rows: readonly number[],
  { tried = 0, receives = 1, firstReceivedAt = 0, fate = failed }: Settings = {},
): Batch[number] => ({
  record: recordOf('a', '', receives, firstReceivedAt),
  receives,
  message: { tried },
  items: rows,
  fates: rows.map(() => fate),
});

const setUp = () => {
  const watch = createOutageWatch<Message, number>(
    { place: (_, row) => ({ jobId: 'job', chunk: 0, row }), tried: ({ tried }) => tried, maxReceiveCount: 4 },
    memory,
  );
  return (at: number, ...batch: Batch) => watch(batch, at, at);
};

describe('an outage', () => {
  it.each<[string, boolean, Batch]>([
    ['five rows failing', true, [deliveryOf([1, 2, 3]), deliveryOf([4, 5])]],
    ['four rows failing', false, [deliveryOf([1, 2, 3, 4])]],
    [
      'five rows failing after one that succeeded',
      true,
      [deliveryOf([1], { fate: done }), deliveryOf([2, 3, 4, 5, 6])],
    ],
    ['four rows failing after one that succeeded', false, [deliveryOf([1], { fate: done }), deliveryOf([2, 3, 4, 5])]],
    [
      'ten rows failing before one that succeeded',
      false,
      [deliveryOf([1, 2, 3, 4, 5, 6, 7, 8, 9]), deliveryOf([10], { fate: done })],
    ],
    [
      'ten rows failing before one that was refused',
      false,
      [deliveryOf([1, 2, 3, 4, 5, 6, 7, 8, 9]), deliveryOf([10], { fate: refused })],
    ],
    [
      'five rows failing before some that were not tried',
      true,
      [deliveryOf([1, 2, 3, 4, 5]), deliveryOf([6], { fate: untried }), deliveryOf([7], { fate: later })],
    ],
    [
      'five rows failing before some that nobody wants',
      true,
      [deliveryOf([1, 2, 3, 4, 5]), deliveryOf([6, 7], { fate: unwanted })],
    ],
    ['rows that nobody wants alone', false, [deliveryOf([1, 2, 3, 4, 5], { fate: unwanted })]],
    ['rows that were not tried alone', false, [deliveryOf([1, 2, 3, 4, 5], { fate: untried })]],
    [
      'two rows failing the third time',
      true,
      [deliveryOf([1], { tried: 1, receives: 2 }), deliveryOf([2], { tried: 1, receives: 2 })],
    ],
    ['one row failing the fifth time', false, [deliveryOf([1], { tried: 1, receives: 4 })]],
    ['two rows of a pack that was put away before', true, [deliveryOf([1, 2], { tried: 1 })]],
    [
      'a row alone that came first longer ago than retries take',
      true,
      [deliveryOf([1], { receives: 2, firstReceivedAt: 1_000_000 - memory })],
    ],
    [
      'a row alone that came first as long ago as retries take',
      false,
      [deliveryOf([1], { receives: 4, firstReceivedAt: 1_000_001 - memory })],
    ],
    ['a row that was kept alive in an outage', true, [deliveryOf([1], { tried: 5, firstReceivedAt: 1_000_000 })]],
  ])('in one invocation: %s: %s', (_, expected, batch) => {
    const fresh = batch.map((delivery) =>
      delivery.record.attributes.ApproximateFirstReceiveTimestamp === '0'
        ? { ...delivery, record: recordOf('a', '', delivery.receives, 1_000_000) }
        : delivery,
    );
    expect(setUp()(1_000_000, ...fresh)).toBe(expected);
  });

  it('is seen over several invocations, and until a row succeeds', () => {
    const watch = setUp();
    expect(watch(0, deliveryOf([1, 2]))).toBe(false);
    expect(watch(1, deliveryOf([3, 4]))).toBe(false);
    expect(watch(2, deliveryOf([5]))).toBe(true);
    expect(watch(3, deliveryOf([6]))).toBe(true);
    expect(watch(4, deliveryOf([7], { fate: done }))).toBe(false);
    expect(watch(5, deliveryOf([8]))).toBe(false);
  });

  it('is not seen in one row that fails again and again, nor in a few while the processor was seen to work lately', () => {
    const watch = setUp();
    for (const receives of [1, 2, 3, 4]) expect(watch(receives, deliveryOf([1], { tried: 1, receives }))).toBe(false);
    expect(watch(5, deliveryOf([9], { fate: done }))).toBe(false);
    for (const receives of [1, 2, 3, 4]) {
      for (const row of [1, 2, 3, 4])
        expect(watch(receives * 1_000, deliveryOf([row], { tried: 1, receives }))).toBe(false);
    }
    expect(watch(5_000, deliveryOf([5], { tried: 1 }))).toBe(true);
  });

  it('is forgotten when nothing failed for as long as the memory goes', () => {
    const watch = setUp();
    expect(watch(0, deliveryOf([1, 2, 3, 4], { firstReceivedAt: 0 }))).toBe(false);
    expect(watch(memory + 1, deliveryOf([5], { firstReceivedAt: memory }))).toBe(false);
  });

  it('counts a row that failed twice once', () => {
    const watch = setUp();
    watch(0, deliveryOf([9], { fate: done }));
    for (let time = 1; time <= 5; time++) expect(watch(time, deliveryOf([1, 2]))).toBe(false);
  });
});

describe('the memory of an outage', () => {
  it('is longer than all retries of a row and shorter than the first delay of an outage, on AWS', () => {
    expect(outageMemoryMilliseconds([5, 30, 120])).toBe(memory);
  });
});

describe('a pack that an outage put away', () => {
  const delays = [600, 3_600, 21_600];
  it.each([
    ['was never put away', 0, 0, 0],
    ['is due', 1, 600, 0],
    ['is overdue', 1, 700, -100],
    ['was tried twice', 2, 900, 2_700],
    ['was tried three times', 3, 900, 20_700],
  ])('is early by what is left of its delay at its first delivery: %s', (_, tried, age, seconds) => {
    expect(secondsEarly(recordOf('a', '', 2, age * 1_000), tried, delays)).toBe(seconds);
  });
});
