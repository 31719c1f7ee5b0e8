/** SQS: entries of one batch call. Source: SendMessageBatch API reference. */
export const batchEntriesMax = 10;
/** SQS: bytes of one message, as the Terraform provider 5.100 caps it (the service allows 1,048,576 since August 2025). */
export const messageBytesMax = 262_144;
/** SQS: bytes of all messages of one SendMessageBatch call. Source: SQS quotas. */
export const batchBytesMax = 1_048_576;
/** SQS: longest DelaySeconds of a message. Source: SendMessage API reference. */
export const delaySecondsMax = 900;
/** SQS: longest visibility timeout. Source: SQS quotas. */
export const visibilitySecondsMax = 43_200;

/** Units that no character of a message may have; surrogates are looked at in pairs. Source: SQS, SendMessageBatch API reference. */
const refusedUnit = /[^\t\n\r\u0020-\uFFFD]/;

/** Whether SQS refuses a message for a character of it. Unit by unit: an expression with the flag `u` takes several times as long. */
export const holdsRefusedCharacter = (body: string): boolean => refusedUnit.test(body) || !body.isWellFormed();

/** The pipeline's queues, in flow order. Each has a dead-letter queue of its own. */
export const queueNames = ['uploads', 'chunks', 'rows', 'work', 'finished', 'audits'] as const;
export type QueueName = (typeof queueNames)[number];

/**
 * `id` is the entry's position in the call, as text: message ids can repeat within a batch. Seconds, here and below, may have a
 * fraction; where the service knows whole ones alone, it counts as one more.
 */
export type QueueEntry = { readonly id: string; readonly body: string; readonly delaySeconds?: number };

export type VisibilityEntry = {
  readonly id: string;
  readonly receiptHandle: string;
  readonly timeoutSeconds: number;
};

/** An entry the service did not take, though the call as a whole succeeded. `senderFault`: sending it again is useless. */
export type QueueFailure = { readonly id: string; readonly code: string; readonly senderFault: boolean };

export type BatchAnswer = { readonly sent: readonly string[]; readonly failed: readonly QueueFailure[] };

/** Messages of a queue by state, and the age of the oldest one that waits. Approximate on AWS. */
export type QueueDepth = {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
  readonly oldestAgeSeconds: number;
};

/**
 * One standard SQS queue. At least once, in any order. A call that breaks a limit above, or holds a character that SQS
 * refuses, throws SluiceError SERVICE_REFUSED as a whole; a call whose answer never came throws too, though it may have
 * taken effect. What policy stands above it is `send.ts` and `settle.ts`.
 */
export type Queue = {
  /** 1 to 10 entries with distinct ids. Only ids in `sent` are durable. */
  sendBatch(entries: readonly QueueEntry[]): Promise<BatchAnswer>;
  /** 1 to 10 entries. Counts from now. */
  changeVisibilityBatch(entries: readonly VisibilityEntry[]): Promise<BatchAnswer>;
  depth(): Promise<QueueDepth>;
};
