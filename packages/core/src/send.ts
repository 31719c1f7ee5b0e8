import type { ErrorCode } from './errors.ts';
import { SluiceError } from './errors.ts';
import type { Clock, Random } from './ports/clock.ts';
import type { Queue, QueueEntry } from './ports/queue.ts';
import { batchBytesMax, batchEntriesMax } from './ports/queue.ts';

/** Batch calls under way at once: bounds memory and sockets. */
const batchesInFlightMax = 4;
/** Tries of a batch, the first included. */
const triesMax = 5;
/** Longest wait before the first retry; doubles with each. Full jitter. */
const retryMilliseconds = 50;

export type Outgoing = { readonly body: string; readonly delaySeconds?: number };

/** A message that the queue did not confirm. */
export type Unsent = { readonly index: number; readonly code: ErrorCode | string };

/** Cuts into batches that respect both limits of one call, keeping each message's index. */
const toBatches = (messages: readonly Outgoing[]): QueueEntry[][] => {
  const batches: QueueEntry[][] = [];
  let batch: QueueEntry[] = [];
  let bytes = 0;
  messages.forEach(({ body, delaySeconds }, index) => {
    const bodyBytes = Buffer.byteLength(body);
    if (batch.length === batchEntriesMax || (batch.length > 0 && bytes + bodyBytes > batchBytesMax)) {
      batches.push(batch);
      batch = [];
      bytes = 0;
    }
    batch.push({ id: String(index), body, ...(delaySeconds === undefined ? {} : { delaySeconds }) });
    bytes += bodyBytes;
  });
  if (batch.length > 0) batches.push(batch);
  return batches;
};

const sendBatch = async (
  queue: Queue,
  batch: readonly QueueEntry[],
  seams: { readonly clock: Clock; readonly random: Random },
  unsent: Unsent[],
): Promise<void> => {
  let waiting = batch;
  for (let attempt = 1; ; attempt++) {
    let failed: ReadonlyMap<string, { readonly code: string; readonly senderFault: boolean }>;
    try {
      const answer = await queue.sendBatch(waiting);
      // Only what the answer confirms counts as sent: an entry it does not mention was not.
      const confirmed = new Set(answer.sent);
      const reasons = new Map(answer.failed.map((failure) => [failure.id, failure]));
      failed = new Map(
        waiting
          .filter(({ id }) => !confirmed.has(id))
          .map(({ id }) => [id, reasons.get(id) ?? { code: 'SEND_FAILED', senderFault: false }]),
      );
    } catch (thrown) {
      // The batch may have been taken and only the answer lost; sending it again makes duplicates, which are harmless.
      const code = thrown instanceof SluiceError ? thrown.code : 'SEND_FAILED';
      const senderFault = thrown instanceof SluiceError && thrown.permanent;
      failed = new Map(waiting.map(({ id }) => [id, { code, senderFault }]));
    }
    const givenUp = attempt >= triesMax;
    for (const [id, { code, senderFault }] of failed) {
      if (senderFault || givenUp) unsent.push({ index: Number(id), code });
    }
    waiting = waiting.filter(({ id }) => failed.get(id)?.senderFault === false);
    if (waiting.length === 0 || givenUp) return;
    await seams.clock.sleep(seams.random() * retryMilliseconds * 2 ** (attempt - 1));
  }
};

/**
 * Sends every message, in batches, and tries again what the service refused through no fault of the message.
 * Returns those that were not confirmed, by index; empty when all are durable. Never throws for a message.
 * The one place that calls `Queue.sendBatch`.
 */
export const sendAll = async (
  queue: Queue,
  messages: readonly Outgoing[],
  seams: { readonly clock: Clock; readonly random: Random },
): Promise<readonly Unsent[]> => {
  const batches = toBatches(messages);
  const unsent: Unsent[] = [];
  let next = 0;
  const sendNext = async (): Promise<void> => {
    for (let batch = batches[next++]; batch !== undefined; batch = batches[next++]) {
      await sendBatch(queue, batch, seams, unsent);
    }
  };
  await Promise.all(Array.from({ length: Math.min(batchesInFlightMax, batches.length) }, sendNext));
  return unsent.sort((a, b) => a.index - b.index);
};

/** The same for messages that are nothing without one another: throws SluiceError SEND_FAILED unless all are durable. */
export const sendOrThrow = async (
  queue: Queue,
  bodies: readonly string[],
  seams: { readonly clock: Clock; readonly random: Random },
): Promise<void> => {
  const unsent = await sendAll(
    queue,
    bodies.map((body) => ({ body })),
    seams,
  );
  if (unsent.length > 0) {
    throw new SluiceError(
      'SEND_FAILED',
      `expected the queue to confirm ${bodies.length} messages, found ${unsent.length} unconfirmed (${unsent[0]?.code})`,
    );
  }
};
