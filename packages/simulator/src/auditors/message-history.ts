import type { Fact } from '../facts.ts';
import { readMessage } from './read-message.ts';
import type { Shadow, ShadowMessage } from './shadow.ts';

// Which messages there are, and which rows are in them. A message is live from when it was sent until it is deleted; in the
// dead-letter queue it is live too, and what is moved back from there keeps its id. A copy that is delivered after it was deleted
// is not live: nobody may count on it.

type FactOf<Kind extends Fact['kind']> = Extract<Fact, { kind: Kind }>;

const count = (shadow: Shadow, message: ShadowMessage, by: 1 | -1): void => {
  const { isAgain, body } = message;
  if (message.kind === 'rows' || message.kind === 'finished') {
    const { queue } = message;
    for (const row of message.rows) {
      row.live[queue] += by;
      if (isAgain) row.again[queue] += by;
    }
  } else if (isAgain) shadow.again.set(body, (shadow.again.get(body) ?? 0) + by);
};

export const noteSent = (shadow: Shadow, fact: FactOf<'sent'>): readonly ShadowMessage[] => {
  const { queue, messageIds, bodies } = fact;
  return messageIds.map((id, index) => {
    const message = readMessage(shadow, queue, id, bodies[index] ?? '', fact);
    shadow.messages[queue].set(id, message);
    count(shadow, message, 1);
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
export const noteDeleted = (shadow: Shadow, { queue, messageId }: FactOf<'deleted'>): ShadowMessage | undefined => {
  const message = shadow.messages[queue].get(messageId);
  if (message?.isLive === true) {
    message.isLive = false;
    count(shadow, message, -1);
  }
  return message;
};
