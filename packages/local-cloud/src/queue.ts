import { SluiceError } from '@sluice/core/errors';
import type { Clock } from '@sluice/core/ports/clock';
import type { BatchAnswer, Queue, QueueDepth, QueueEntry, QueueName, VisibilityEntry } from '@sluice/core/ports/queue';
import {
  batchBytesMax,
  batchEntriesMax,
  delaySecondsMax,
  holdsRefusedCharacter,
  messageBytesMax,
  visibilitySecondsMax,
} from '@sluice/core/ports/queue';
import type { SQSRecord } from 'aws-lambda';

// One standard SQS queue.
//
// Models: batch sends and their limits, delays, visibility, receive counts, receipt handles that a later delivery makes
// stale, redrive to a dead-letter queue on the receive after the last delivery, the record Lambda hands to a function.
// Does not model: message attributes, FIFO, retention, long polling, encryption. Delivery is once and in order unless a
// disturbance says otherwise. `md5OfBody` is empty: nothing here reads it. Delays may be fractions of a second.

/** Lambda: payload of one synchronous invocation. Source: Lambda quotas. */
export const payloadBytesMax = 6 * 1024 * 1024;

type Message = {
  readonly id: string;
  /** Empty once the message is deleted: places that still know of it must not keep it in memory. */
  body: string;
  readonly bytes: number;
  readonly sentAt: number;
  firstReceivedAt: number;
  receives: number;
  receiptHandle: string;
  /** When it becomes visible; in the past for one that is. */
  visibleAt: number;
  isWaiting: boolean;
  /** Counts changes of `visibleAt`, so that an older wake-up is known to be stale. */
  change: number;
};

/** What of a message can be looked at. */
export type PeekedMessage = Pick<Message, 'id' | 'body' | 'receives'>;

export type LocalQueue = {
  readonly name: string;
  /** The queue as stages use it. */
  readonly port: Queue;
  /** Up to `max` visible messages within a payload, as Lambda's poller takes them. */
  receive(max: number): SQSRecord[];
  /** Deletes by receipt handle; a stale handle deletes nothing. */
  delete(receiptHandles: readonly string[]): void;
  /** Makes a message in flight visible again after this time; false for a stale handle. */
  hide(receiptHandle: string, seconds: number): boolean;
  /** Messages of every kind, and their bytes. */
  size(): { readonly messages: number; readonly bytes: number };
  /** Visible now. */
  visible(): number;
  /** When the oldest visible message became so; undefined when none is. */
  visibleSince(): number | undefined;
  /** When the next message becomes visible; undefined when none waits for that. */
  nextVisibleAt(): number | undefined;
  depth(): QueueDepth;
  peek(): readonly PeekedMessage[];
};

type AnyQueueName = QueueName | `${QueueName}-dlq`;

/** What a standard queue may do to its messages, though it mostly does not. */
export type QueueDisturbance = {
  /** Seconds before a message that was sent can be seen, beyond its delay. */
  lateSeconds(queue: AnyQueueName): number;
  /** Which of so many messages is taken next. */
  pick(queue: AnyQueueName, messages: number): number;
  /** How long a message that is received stays hidden. */
  visibilitySeconds(queue: AnyQueueName, usual: number): number;
  /** What deleting comes to: the message is gone, it stays, or it is gone and delivered once more after so many seconds. */
  deletion(queue: AnyQueueName): 'gone' | 'kept' | number;
};

/** Is told what becomes of messages, at the moment it does. */
export type QueueWatch = {
  sent(queue: AnyQueueName, messages: readonly PeekedMessage[]): void;
  received(queue: AnyQueueName, messages: readonly PeekedMessage[]): void;
  deleted(queue: AnyQueueName, message: PeekedMessage): void;
  setAside(queue: AnyQueueName, message: PeekedMessage): void;
};

export type LocalQueueOptions = {
  readonly name: AnyQueueName;
  readonly clock: Clock;
  readonly disturbance?: QueueDisturbance | undefined;
  readonly watch?: QueueWatch | undefined;
  readonly visibilitySeconds: number;
  readonly redrive?: { readonly to: LocalDeadLetters; readonly maxReceiveCount: number };
  /** Called when a message may have become visible, now or later. */
  readonly onChange?: () => void;
};

type Moved = PeekedMessage & { readonly sentAt: number };

/** Takes messages that were moved from another queue: receives are counted anew. */
export type LocalDeadLetters = {
  take(message: Moved): void;
  /** Hands over every message, and is empty then. */
  giveAll(): readonly Moved[];
};

const refuse = (expected: string): never => {
  throw new SluiceError('SERVICE_REFUSED', expected);
};

const checkBatch = (entries: readonly { readonly id: string }[]): void => {
  if (entries.length === 0 || entries.length > batchEntriesMax) {
    refuse(`expected 1 to ${batchEntriesMax} entries in a batch, found ${entries.length}`);
  }
  if (new Set(entries.map(({ id }) => id)).size !== entries.length)
    refuse('expected distinct ids in a batch, found one twice');
};

const checkSeconds = (seconds: number, most: number): void => {
  if (!(seconds >= 0 && seconds <= most)) refuse(`expected 0 to ${most} seconds, found ${seconds}`);
};

type WakeUp = { readonly at: number; readonly order: number; readonly change: number; readonly message: Message };

const isBefore = (a: WakeUp, b: WakeUp): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

/** Wake-ups below which those that no longer hold are not cleared away. */
const wakeUpsMin = 1024;

/**
 * A binary heap of wake-ups, earliest first; of those at the same time, the one pushed first. A message has at most one that
 * holds; `messages` tells how many there can be.
 */
const createHeap = (messages: () => number) => {
  let heap: WakeUp[] = [];
  let pushed = 0;
  const up = (index: number): void => {
    for (let i = index; i > 0; ) {
      const parent = (i - 1) >> 1;
      const [a, b] = [heap[parent], heap[i]];
      if (a === undefined || b === undefined || isBefore(a, b)) return;
      heap[parent] = b;
      heap[i] = a;
      i = parent;
    }
  };
  const down = (): void => {
    for (let i = 0; ; ) {
      let least = i;
      for (const child of [2 * i + 1, 2 * i + 2]) {
        const [a, b] = [heap[child], heap[least]];
        if (a !== undefined && b !== undefined && isBefore(a, b)) least = child;
      }
      const [a, b] = [heap[i], heap[least]];
      if (least === i || a === undefined || b === undefined) return;
      heap[i] = b;
      heap[least] = a;
      i = least;
    }
  };
  const holds = ({ change, message }: WakeUp): boolean => change === message.change;
  return {
    push(message: Message): void {
      // Most wake-ups of messages in flight never come to hold. In order, the rest is a heap again.
      if (heap.length >= wakeUpsMin && heap.length > 2 * messages()) {
        heap = heap.filter(holds).sort((a, b) => (isBefore(a, b) ? -1 : 1));
      }
      heap.push({ at: message.visibleAt, order: pushed++, change: message.change, message });
      up(heap.length - 1);
    },
    /** The earliest wake-up that still holds. */
    first(): { readonly at: number; readonly message: Message } | undefined {
      for (let first = heap[0]; first !== undefined; first = heap[0]) {
        if (holds(first)) return first;
        this.drop();
      }
      return undefined;
    },
    drop(): void {
      const last = heap.pop();
      if (last === undefined || heap.length === 0) return;
      heap[0] = last;
      down();
    },
  };
};

export const createLocalQueue = (options: LocalQueueOptions): LocalQueue & LocalDeadLetters => {
  const { name, clock, redrive, disturbance, watch } = options;
  const onChange = options.onChange ?? (() => undefined);
  // In the order they were sent, so that the first is the oldest.
  const messages = new Map<string, Message>();
  const byHandle = new Map<string, Message>();
  const asleep = createHeap(() => messages.size);
  // Visible messages, oldest first, and such as were deleted since; what lies before `head` has been taken.
  let visible: Message[] = [];
  let head = 0;
  let waiting = 0;
  let bytes = 0;
  let sent = 0;

  const show = (message: Message): void => {
    message.isWaiting = true;
    waiting++;
    visible.push(message);
  };

  const unshow = (message: Message): void => {
    if (message.isWaiting) waiting--;
    message.isWaiting = false;
  };

  const swap = (a: number, b: number): void => {
    [visible[a], visible[b]] = [visible[b] as Message, visible[a] as Message];
  };

  const wake = (): void => {
    const now = clock.now();
    for (let first = asleep.first(); first !== undefined && first.at <= now; first = asleep.first()) {
      asleep.drop();
      show(first.message);
    }
  };

  const sleepUntil = (message: Message, visibleAt: number): void => {
    message.visibleAt = visibleAt;
    message.change++;
    unshow(message);
    asleep.push(message);
  };

  const add = (body: string, delaySeconds: number, sentAt: number, id?: string, receives = 0): Message => {
    // Whatever became visible before it stands before it.
    wake();
    const now = clock.now();
    const message: Message = {
      id: id ?? `00000000-0000-4000-8000-${(++sent).toString(16).padStart(12, '0')}`,
      body,
      bytes: Buffer.byteLength(body),
      sentAt,
      firstReceivedAt: 0,
      receives,
      receiptHandle: '',
      visibleAt: now + delaySeconds * 1000,
      isWaiting: false,
      change: 0,
    };
    messages.set(message.id, message);
    bytes += message.bytes;
    if (delaySeconds === 0) show(message);
    else asleep.push(message);
    return message;
  };

  const remove = (message: Message): void => {
    messages.delete(message.id);
    byHandle.delete(message.receiptHandle);
    message.change++;
    unshow(message);
    message.body = '';
    bytes -= message.bytes;
  };

  const toRecord = (message: Message): SQSRecord => ({
    messageId: message.id,
    receiptHandle: message.receiptHandle,
    body: message.body,
    attributes: {
      ApproximateReceiveCount: String(message.receives),
      SentTimestamp: String(message.sentAt),
      SenderId: 'AIDALOCAL',
      ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt),
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: `arn:aws:sqs:local:000000000000:${name}`,
    awsRegion: 'local',
  });

  const sendBatch = async (entries: readonly QueueEntry[]): Promise<BatchAnswer> => {
    checkBatch(entries);
    let total = 0;
    for (const { body, delaySeconds = 0 } of entries) {
      const size = Buffer.byteLength(body);
      if (size === 0 || size > messageBytesMax)
        refuse(`expected a message of 1 to ${messageBytesMax} bytes, found ${size}`);
      if (holdsRefusedCharacter(body)) refuse('expected only characters that SQS takes in a message, found another');
      checkSeconds(delaySeconds, delaySecondsMax);
      total += size;
    }
    if (total > batchBytesMax) refuse(`expected at most ${batchBytesMax} bytes in a batch, found ${total}`);
    const now = clock.now();
    const added = entries.map(({ body, delaySeconds = 0 }) =>
      add(body, delaySeconds + (disturbance?.lateSeconds(name) ?? 0), now),
    );
    watch?.sent(name, added);
    onChange();
    return { sent: entries.map(({ id }) => id), failed: [] };
  };

  const hide = (receiptHandle: string, seconds: number): boolean => {
    wake();
    const message = byHandle.get(receiptHandle);
    if (message === undefined || message.isWaiting) return false;
    sleepUntil(message, clock.now() + seconds * 1000);
    return true;
  };

  const changeVisibilityBatch = async (entries: readonly VisibilityEntry[]): Promise<BatchAnswer> => {
    checkBatch(entries);
    for (const { timeoutSeconds } of entries) checkSeconds(timeoutSeconds, visibilitySecondsMax);
    const done: string[] = [];
    const failed: { id: string; code: string; senderFault: boolean }[] = [];
    for (const { id, receiptHandle, timeoutSeconds } of entries) {
      if (hide(receiptHandle, timeoutSeconds)) done.push(id);
      else failed.push({ id, code: 'ReceiptHandleIsInvalid', senderFault: true });
    }
    onChange();
    return { sent: done, failed };
  };

  const depth = (): QueueDepth => {
    wake();
    let inFlight = 0;
    let delayed = 0;
    for (const message of messages.values()) {
      if (message.isWaiting) continue;
      if (message.receives > 0) inFlight++;
      else delayed++;
    }
    const oldest = messages.values().next();
    const oldestAgeSeconds = oldest.done ? 0 : (clock.now() - oldest.value.sentAt) / 1000;
    return { visible: messages.size - inFlight - delayed, inFlight, delayed, oldestAgeSeconds };
  };

  return {
    name,
    port: { sendBatch, changeVisibilityBatch, depth: async () => depth() },
    receive(max) {
      wake();
      const now = clock.now();
      const records: SQSRecord[] = [];
      const received: Message[] = [];
      let payload = 0;
      while (records.length < max && head < visible.length) {
        if (disturbance !== undefined) swap(head, head + disturbance.pick(name, visible.length - head));
        const message = visible[head] as Message;
        if (!message.isWaiting) {
          head++;
          continue;
        }
        if (redrive !== undefined && message.receives >= redrive.maxReceiveCount) {
          head++;
          watch?.setAside(name, message);
          redrive.to.take(message);
          remove(message);
          continue;
        }
        if (records.length > 0 && payload + message.bytes > payloadBytesMax) break;
        head++;
        payload += message.bytes;
        byHandle.delete(message.receiptHandle);
        message.receives++;
        if (message.receives === 1) message.firstReceivedAt = now;
        message.receiptHandle = `${message.id}:${message.receives}`;
        byHandle.set(message.receiptHandle, message);
        const { visibilitySeconds } = options;
        sleepUntil(
          message,
          now + (disturbance?.visibilitySeconds(name, visibilitySeconds) ?? visibilitySeconds) * 1000,
        );
        records.push(toRecord(message));
        received.push(message);
      }
      if (received.length > 0) watch?.received(name, received);
      if (head > 1024 && head * 2 > visible.length) {
        visible = visible.slice(head);
        head = 0;
      }
      return records;
    },
    delete(receiptHandles) {
      for (const receiptHandle of receiptHandles) {
        const message = byHandle.get(receiptHandle);
        if (message === undefined) continue;
        const deletion = disturbance?.deletion(name) ?? 'gone';
        if (deletion === 'kept') continue;
        const { id, body, sentAt, receives } = message;
        remove(message);
        watch?.deleted(name, { id, body, receives });
        if (deletion !== 'gone') add(body, deletion, sentAt, id, receives);
      }
    },
    hide,
    size: () => ({ messages: messages.size, bytes }),
    visible() {
      wake();
      return waiting;
    },
    visibleSince() {
      wake();
      while (visible[head]?.isWaiting === false) head++;
      return visible[head]?.visibleAt;
    },
    nextVisibleAt: () => asleep.first()?.at,
    depth,
    peek: () => [...messages.values()].map(({ id, body, receives }) => ({ id, body, receives })),
    take: ({ id, body, sentAt }) => {
      add(body, 0, sentAt, id);
    },
    giveAll() {
      const all = [...messages.values()].map(({ id, body, receives, sentAt }) => ({ id, body, receives, sentAt }));
      for (const message of messages.values()) remove(message);
      return all;
    },
  };
};
