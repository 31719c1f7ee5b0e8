import type { DeadLetter } from '@sluice/core/ports/dead-letters';
import { batchEntriesMax, type QueueName } from '@sluice/core/ports/queue';
import type { Session } from '../session.ts';
import { retried } from './retried.ts';

/** How long a letter that was received is kept from others. It comes back by itself after that. */
export const hiddenSeconds = 600;
/**
 * Letters of one queue that one command looks at: their ids and handles are in memory, about 60 MB. SQS gives no more
 * than 120,000 messages at a time. Source: SQS quotas, messages in flight.
 */
export const lettersMax = 100_000;
/** Receives in a row that bring nothing new, after which a queue is through when as many were seen as it counted. */
const idleReceives = 3;
/** The same when it counted more: others may have received those, or the count is late. */
const idleReceivesMax = 10;
/** Time between two receives when one brought nothing new; where the queue is empty, SQS waits besides. */
const idleMilliseconds = 100;
/** Calls that release letters at once. */
const releasesInFlightMax = 4;

/** What the reading of a queue came to. */
export type Reading = {
  /** Distinct letters. */
  readonly seen: number;
  /** Letters that the queue counted and that were not seen, though nobody ended the reading; approximate. */
  readonly unseen: number;
};

/** What was received and is kept from others meanwhile. */
export type Held = {
  /** Deletes letters. Answers the ids of those whose deletion was confirmed; the others stay. */
  remove(ids: readonly string[]): Promise<ReadonlySet<string>>;
};

/** `enough` ends the reading, and so does the session's signal. */
export type Take = (fresh: readonly DeadLetter[], held: Held) => Promise<'enough' | undefined>;

/**
 * Goes through a dead-letter queue: hands each letter to `take` once, in the batches they come in, ten at most, and releases at
 * the end what is still there, also when something throws or somebody interrupts. Of a letter that comes twice the newest handle
 * is kept. Memory holds ids and handles, of `lettersMax` letters at most, and the bodies of one batch.
 */
export const readLetters = async (
  { operator, output, signal }: Session,
  queue: QueueName,
  take: Take,
): Promise<Reading> => {
  const { clock } = operator;
  const letters = operator.deadLetters[queue];
  const handles = new Map<string, string>();
  const gone = new Set<string>();
  let isEnough = false;

  const removeTen = async (ids: readonly string[], confirmed: Set<string>): Promise<void> => {
    let waiting = ids;
    await retried(operator, async () => {
      const answers = await letters.remove(waiting.map((id) => handles.get(id) ?? ''));
      waiting.forEach((id, index) => {
        if (answers[index] === true) confirmed.add(id);
      });
      waiting = waiting.filter((id) => !confirmed.has(id));
      if (waiting.length > 0) throw new Error('expected every letter to be deleted, found some left');
    }).catch(() => undefined);
  };

  const held: Held = {
    async remove(ids) {
      const confirmed = new Set<string>();
      for (let from = 0; from < ids.length; from += batchEntriesMax) {
        await removeTen(ids.slice(from, from + batchEntriesMax), confirmed);
      }
      for (const id of confirmed) {
        gone.add(id);
        handles.delete(id);
      }
      return confirmed;
    },
  };

  const release = async (): Promise<void> => {
    const all = [...handles.values()];
    let isFailed = false;
    let next = 0;
    const releaseNext = async (): Promise<void> => {
      while (next < all.length && !isFailed) {
        const batch = all.slice(next, next + batchEntriesMax);
        next += batchEntriesMax;
        await retried(operator, () => letters.release(batch)).catch(() => {
          isFailed = true;
        });
      }
    };
    await Promise.all(Array.from({ length: releasesInFlightMax }, releaseNext));
    if (isFailed) {
      output.note(
        `letters of ${queue} could not be shown to others again: they come back within ${hiddenSeconds / 60} minutes`,
      );
    }
  };

  /** Letters that were not received before. */
  const receive = async (): Promise<readonly DeadLetter[]> => {
    const fresh = new Map<string, DeadLetter>();
    const returned: string[] = [];
    for (const letter of await retried(operator, () => letters.receive(hiddenSeconds))) {
      const { id, receiptHandle } = letter;
      if (gone.has(id)) returned.push(id);
      else if (!handles.has(id) || fresh.has(id)) fresh.set(id, letter);
      handles.set(id, receiptHandle);
    }
    // SQS may bring what was deleted once more.
    if (returned.length > 0) {
      const confirmed = await held.remove(returned);
      for (const id of returned) if (!confirmed.has(id)) gone.delete(id);
    }
    return [...fresh.values()];
  };

  const seen = (): number => handles.size + gone.size;
  const counted = await retried(operator, () => letters.count());
  try {
    for (let idle = 0; !isEnough && !signal.aborted && seen() < lettersMax; ) {
      const fresh = await receive();
      if (fresh.length > 0) {
        idle = 0;
        isEnough = (await take(fresh, held)) === 'enough';
        continue;
      }
      idle++;
      if (idle >= idleReceivesMax || (idle >= idleReceives && seen() >= counted)) break;
      // It rejects for the interrupt alone.
      await clock.sleep(idleMilliseconds, signal).catch(() => undefined);
    }
  } finally {
    await release();
  }
  const isEnded = isEnough || signal.aborted;
  return { seen: seen(), unseen: isEnded ? 0 : Math.max(0, counted - seen()) };
};
