import type { SQSRecord } from 'aws-lambda';
import type { Delivery, Fate, Settlement } from './settle.ts';
import { delayAfter, isAnswered, triesOf, unwanted } from './settle.ts';

/** Rows that fail in a row before it is what the processor calls that is out, and not they that are bad. */
const rowsMin = 5;
/** The same in tries of at least two rows, while nothing shows that the processor works. */
const triesMin = 5;

/** How long what was seen of the processor counts: twice what the retries of a row take together. */
export const outageMemoryMilliseconds = (retryDelaysSeconds: readonly number[]): number =>
  2_000 * retryDelaysSeconds.reduce((sum, seconds) => sum + seconds, 0);

/**
 * Seconds that a pack which an outage put away had still to stay away when it was first delivered; 0 or less for one that was due.
 * An outage lasts longer than a queue can delay a message. Goes by the queue's clock alone, so every delivery finds the same.
 */
export const secondsEarly = (
  { attributes }: Pick<SQSRecord, 'attributes'>,
  tried: number,
  outageDelaysSeconds: readonly number[],
): number => {
  if (tried === 0) return 0;
  const age = Number(attributes.ApproximateFirstReceiveTimestamp) - Number(attributes.SentTimestamp);
  return delayAfter(tried, outageDelaysSeconds) - age / 1_000;
};

type Failed<Message, Item> = { readonly delivery: Delivery<Message, Item>; readonly position: number };

/** True for an item that shows what it met to be working. */
const showsWork = (fate: Fate | undefined): boolean => fate !== unwanted && isAnswered(fate);

/** True when an invocation tried items, several of them, and all failed for now. */
export const isOutage = (batch: readonly Delivery<unknown, unknown>[]): boolean => {
  let failures = 0;
  for (const { fates } of batch) {
    for (const fate of fates) {
      if (showsWork(fate)) return false;
      if (fate.kind === 'transient') failures++;
    }
  }
  return failures >= rowsMin;
};

/**
 * The same over all invocations of this process: a queue hands over as few messages at a time as it likes. Given the deliveries
 * of an invocation with their fates, in the order they were tried, answers whether they met an outage. What counts is what
 * failed in a row, with no success and no permanent failure after it. It is an outage if it is
 *
 * - five rows or more; or
 * - when the processor was not seen to work within the memory, five tries or more of at least two rows, or a message that an
 *   outage had put away before.
 *
 * So a row alone is no outage however often it fails, nor are fewer than five while others succeed.
 */
export const createOutageWatch = <Message, Item>(
  { place, tried, maxReceiveCount }: Pick<Settlement<Message, Item>, 'place' | 'tried' | 'maxReceiveCount'>,
  memoryMilliseconds: number,
) => {
  let workedAt = Number.NEGATIVE_INFINITY;
  let failedAt = Number.NEGATIVE_INFINITY;
  let tries = 0;
  const rows = new Set<string>();

  const note = ({ delivery, position }: Failed<Message, Item>): void => {
    if (delivery.message === undefined) return;
    const at = place(delivery.message, delivery.items[position] as Item);
    rows.add(`${at?.jobId}#${at?.chunk}#${at?.row}`);
    tries += tried(delivery.message) + triesOf(delivery);
  };

  const wasPutAway = ({ record, message, items }: Delivery<Message, Item>, startedAt: number): boolean => {
    if (message === undefined) return false;
    if (items.length > 1) return tried(message) > 0;
    const age = startedAt - Number(record.attributes.ApproximateFirstReceiveTimestamp);
    return tried(message) > maxReceiveCount || age >= memoryMilliseconds;
  };

  return (batch: readonly Delivery<Message, Item>[], startedAt: number, now: number): boolean => {
    // From the end, and no further than needed: an invocation whose last row succeeded costs nothing.
    const failed: Failed<Message, Item>[] = [];
    let hasWorked = false;
    for (let index = batch.length - 1; index >= 0 && !hasWorked; index--) {
      const delivery = batch[index] as Delivery<Message, Item>;
      for (let position = delivery.fates.length - 1; position >= 0 && failed.length < rowsMin; position--) {
        hasWorked = showsWork(delivery.fates[position]);
        if (hasWorked) break;
        if (delivery.fates[position]?.kind === 'transient') failed.push({ delivery, position });
      }
    }
    if (hasWorked) workedAt = now;
    if (hasWorked || now - failedAt > memoryMilliseconds) {
      rows.clear();
      tries = 0;
    }
    if (failed.length === 0) return false;
    failedAt = now;
    if (rows.size < rowsMin) failed.forEach(note);
    if (failed.length >= rowsMin || rows.size >= rowsMin) return true;
    if (now - workedAt < memoryMilliseconds) return false;
    return (rows.size > 1 && tries >= triesMin) || failed.some(({ delivery }) => wasPutAway(delivery, startedAt));
  };
};
