import type { QueueName } from '@sluice/core/ports/queue';
import type { Fact } from '../facts.ts';
import { readMessage } from './read-message.ts';
import type { Shadow, ShadowMessage } from './shadow.ts';

// Which messages there are, and which rows are in them. A message is live from when it was sent until it is deleted; in the
// dead-letter queue it is live too, and what is moved back from there keeps its id. A copy that is delivered after it was deleted
// is not live: nobody may count on it.

type FactOf<Kind extends Fact['kind']> = Extract<Fact, { kind: Kind }>;

const countCopies = (shadow: Shadow, queue: QueueName, body: string, by: 1 | -1): void => {
  const name = `${queue} ${body}`;
  const copies = (shadow.copies.get(name) ?? 0) + by;
  if (copies > 0) shadow.copies.set(name, copies);
  else shadow.copies.delete(name);
};

/** True when a message of the same body is live. */
export const hasLiveCopy = (shadow: Shadow, queue: QueueName, body: string): boolean =>
  shadow.copies.has(`${queue} ${body}`);

const count = (message: ShadowMessage, by: 1 | -1): void => {
  if (message.kind !== 'rows' && message.kind !== 'finished') return;
  const { queue, rows } = message;
  for (const row of rows) row.live[queue] += by;
  const [only] = rows;
  if (rows.length === 1 && only !== undefined) only.alone[queue] += by;
};

export const noteSent = (shadow: Shadow, fact: FactOf<'sent'>): readonly ShadowMessage[] => {
  const { queue, messageIds, bodies } = fact;
  return messageIds.map((id, index) => {
    const message = readMessage(shadow, queue, id, bodies[index] ?? '', fact);
    shadow.messages[queue].set(id, message);
    count(message, 1);
    countCopies(shadow, queue, bodies[index] ?? '', 1);
    if (message.kind === 'uploads') {
      for (const version of message.versions) {
        const file = shadow.files.get(version);
        if (file !== undefined) file.isTold = true;
      }
    }
    if (message.kind === 'chunk' && message.ranges === undefined) {
      const chunk = message.job.chunks.get(message.plan.chunk);
      if (chunk !== undefined) chunk.isSent = true;
    }
    return message;
  });
};

export const findReceived = (shadow: Shadow, { queue, messageIds }: FactOf<'received'>): readonly ShadowMessage[] => {
  const messages = shadow.messages[queue];
  return messageIds.map((id) => messages.get(id)).filter((message) => message !== undefined);
};

/** The message, which is no longer live. Undefined for one that was never sent. */
export const noteDeleted = (
  shadow: Shadow,
  { queue, messageId, body }: FactOf<'deleted'>,
): ShadowMessage | undefined => {
  const message = shadow.messages[queue].get(messageId);
  if (message?.isLive === true) {
    message.isLive = false;
    count(message, -1);
    countCopies(shadow, queue, body, -1);
  }
  return message;
};
