/** A message of a dead-letter queue, as one receive showed it. Times in milliseconds since the Unix epoch. */
export type DeadLetter = {
  readonly id: string;
  /** Good for this receive alone. */
  readonly receiptHandle: string;
  readonly body: string;
  /** When it was first sent, to whichever queue. */
  readonly sentAt: number;
};

/**
 * One dead-letter queue, as whoever operates the pipeline uses it. No stage does: nothing reads a dead-letter queue to count.
 * Handles are given and answered for in order; at most 10 a call.
 */
export type DeadLetters = {
  /** Up to 10 messages, kept from others for `hiddenSeconds`. None does not say that the queue is empty. */
  receive(hiddenSeconds: number): Promise<readonly DeadLetter[]>;
  /** Shows messages to others again. One whose handle is no longer good is passed over. */
  release(receiptHandles: readonly string[]): Promise<void>;
  /** Deletes messages; true for each whose deletion was confirmed. */
  remove(receiptHandles: readonly string[]): Promise<readonly boolean[]>;
  /** Messages that lie there, hidden ones too. Approximate on AWS. */
  count(): Promise<number>;
};
