import type { SQSRecord } from 'aws-lambda';
import type { ErrorCode } from './errors.ts';
import type { DeadMark, JobStore } from './ports/job-store.ts';
import type { Queue } from './ports/queue.ts';
import { batchEntriesMax } from './ports/queue.ts';
import type { Unsent } from './send.ts';
import { sendAll } from './send.ts';
import type { Seams } from './stage.ts';
import type { StageName } from './wiring.ts';

/**
 * What became of one item of a message in this invocation.
 * `permanent`: trying again cannot mend it; it is marked and counts as handled. `transient`: it failed and is tried again,
 * alone when it came in a pack. `untried`: it was not tried here, and is sent again alone without counting as a try.
 * `later`: its whole message goes back and comes again (throttling, an outage, no time left).
 */
export type Fate =
  | { readonly kind: 'done' }
  | {
      readonly kind: 'permanent' | 'transient' | 'untried' | 'later';
      readonly code: ErrorCode | (string & {});
      readonly message: string;
    };

export const done: Fate = { kind: 'done' };

/** What an item is until its stage says otherwise: an item that was forgotten is never acknowledged. */
export const notReached: Fate = {
  kind: 'later',
  code: 'OUT_OF_TIME',
  message: 'expected time for every row of the batch, found too little left',
};

/** One delivered message: its items (the rows of a pack; one for a message that is not a pack) and their fates. */
export type Delivery<Message, Item> = {
  readonly record: SQSRecord;
  /** How often the queue has delivered it, this time included. */
  readonly receives: number;
  /** Undefined when it could not be read. */
  readonly message: Message | undefined;
  readonly items: readonly Item[];
  readonly fates: Fate[];
};

/** What settlement must know of a stage's messages. */
export type Settlement<Message, Item> = {
  readonly stage: StageName;
  readonly maxReceiveCount: number;
  /** A message of one item alone, tried `tried` times before. Only packs need it. */
  readonly single?: (message: Message, item: Item, tried: number) => string;
  /** A message of one item is a pack too when it first comes: its item gets as many tries as one of a larger pack. */
  readonly hasPacksOfOne?: true;
  /** Tries before this message was sent. */
  readonly tried: (message: Message) => number;
  /** What a dead mark on the item names. */
  readonly place: (message: Message, item: Item) => Pick<DeadMark, 'jobId' | 'chunk' | 'row'> | undefined;
  /** The job of a message that cannot be read. */
  readonly jobOf: (body: string) => string | undefined;
  /** Rows that an item stands for. */
  readonly rowsOf: (item: Item) => number;
};

type SettlePorts = Pick<Seams, 'clock' | 'random' | 'logger'> & {
  readonly queue: Queue;
  readonly jobs: Pick<JobStore, 'putMarks'>;
};

export type Settled =
  | { readonly status: 'fulfilled'; readonly value: undefined }
  | { readonly status: 'rejected'; readonly reason: string };

const acknowledged: Settled = { status: 'fulfilled', value: undefined };

const invalidFate: Fate = {
  kind: 'later',
  code: 'MESSAGE_INVALID',
  message: 'expected a message of a version this stage reads, found another',
};

/** Spreads retries over +-25 % of their delay. */
const withJitter = (seconds: number, random: number): number => seconds * (0.75 + random / 2);

const delayAfter = (receives: number, delaysSeconds: readonly number[]): number =>
  delaysSeconds[Math.min(receives, delaysSeconds.length) - 1] ?? 0;

/**
 * Decides every message of a batch: acknowledged, or reported failed so that it comes back.
 *
 * - Rows of a pack that failed are sent again alone and the pack is acknowledged; if that send is not confirmed, the pack
 *   comes back whole. A pack with a row that must come `later` comes back whole.
 * - On a message's last delivery the rows it still holds get dead marks before it is reported failed.
 * - A permanent failure is acknowledged once its mark is written.
 * - What comes back does so after a delay by receive count, with jitter, not after the queue's whole timeout.
 *
 * The answer has one entry per delivery, in their order: the middleware maps it to records by index.
 * Returns also the rows that got a mark.
 */
export const settle = async <Message, Item>(
  batch: readonly Delivery<Message, Item>[],
  settlement: Settlement<Message, Item>,
  ports: SettlePorts,
  delaysSeconds: readonly number[],
): Promise<{ readonly settled: Settled[]; readonly dead: number }> => {
  const comesBack: (Fate | undefined)[] = batch.map((delivery) =>
    delivery.message === undefined ? invalidFate : delivery.fates.find((fate) => fate.kind === 'later'),
  );
  await resendAlone(batch, settlement, ports, delaysSeconds, comesBack);

  const marks: { readonly index: number; readonly mark: DeadMark; readonly rows: number }[] = [];
  batch.forEach((delivery, index) => {
    const last = comesBack[index] !== undefined && delivery.receives >= settlement.maxReceiveCount;
    const { message } = delivery;
    if (message === undefined) {
      const jobId = last ? settlement.jobOf(delivery.record.body) : undefined;
      const { code, message: text } = { code: 'MESSAGE_INVALID', message: describe(invalidFate) };
      if (jobId !== undefined) {
        const mark = { jobId, stage: settlement.stage, code, message: text, attempts: delivery.receives };
        marks.push({ index, mark, rows: 0 });
      }
      return;
    }
    delivery.fates.forEach((fate, position) => {
      if (fate.kind === 'done' || !(last || fate.kind === 'permanent')) return;
      const item = delivery.items[position] as Item;
      const place = settlement.place(message, item);
      if (place === undefined) return;
      const mark: DeadMark = {
        ...place,
        stage: settlement.stage,
        code: fate.code,
        message: fate.message,
        attempts: settlement.tried(message) + delivery.receives,
        ...(fate.kind === 'permanent' ? { permanent: true } : {}),
      };
      marks.push({ index, mark, rows: settlement.rowsOf(item) });
    });
  });
  let dead = 0;
  if (marks.length > 0) {
    // The same row can stand twice in a batch: it is marked and counted once.
    const distinct = [
      ...new Map(marks.map(({ mark, rows }) => [`${mark.jobId}#${mark.chunk}#${mark.row}`, { mark, rows }])).values(),
    ];
    try {
      await ports.jobs.putMarks(distinct.map(({ mark }) => mark));
      for (const { rows } of distinct) dead += rows;
      ports.logger.error('rows are dead', { marks: distinct.length, rows: dead, code: marks[0]?.mark.code ?? '' });
    } catch {
      // Without its mark a permanent failure must not be acknowledged. A last delivery goes to the dead-letter queue
      // all the same; its rows are then open, and the audit repairs them.
      for (const { index, mark } of marks)
        comesBack[index] ??= { kind: 'later', code: mark.code, message: mark.message };
      ports.logger.error('dead marks could not be written', { marks: marks.length });
    }
  }

  await delay(batch, ports, delaysSeconds, comesBack);
  const settled = comesBack.map(
    (fate): Settled => (fate === undefined ? acknowledged : { status: 'rejected', reason: codeOf(fate) }),
  );
  return { settled, dead };
};

const describe = (fate: Fate): string => (fate.kind === 'done' ? '' : fate.message);
const codeOf = (fate: Fate): string => (fate.kind === 'done' ? '' : fate.code);

const isFailed = (fate: Fate): boolean => fate.kind === 'transient' || fate.kind === 'untried';

const resendAlone = async <Message, Item>(
  batch: readonly Delivery<Message, Item>[],
  settlement: Settlement<Message, Item>,
  ports: SettlePorts,
  delaysSeconds: readonly number[],
  comesBack: (Fate | undefined)[],
): Promise<void> => {
  const singles: { readonly body: string; readonly delaySeconds: number; readonly index: number }[] = [];
  batch.forEach((delivery, index) => {
    const { message, items, fates, receives } = delivery;
    if (message === undefined || comesBack[index] !== undefined) return;
    const failed = fates.find(isFailed);
    if (failed === undefined) return;
    const before = settlement.tried(message);
    const isFirstTry = before === 0 && receives === 1 && failed.kind === 'transient';
    const isAlone = items.length === 1 && !(settlement.hasPacksOfOne === true && isFirstTry);
    if (isAlone || settlement.single === undefined) {
      comesBack[index] = failed;
      return;
    }
    fates.forEach((fate, position) => {
      if (!isFailed(fate) || settlement.single === undefined) return;
      const tried = before + (fate.kind === 'untried' ? receives - 1 : receives);
      const body = settlement.single(message, items[position] as Item, tried);
      singles.push({ body, delaySeconds: withJitter(delayAfter(1, delaysSeconds), ports.random()), index });
    });
  });
  if (singles.length === 0) return;
  const unsent: readonly Unsent[] = await sendAll(ports.queue, singles, ports);
  for (const { index, code } of unsent) {
    const single = singles[index];
    if (single !== undefined) {
      comesBack[single.index] = {
        kind: 'later',
        code,
        message: 'expected the queue to take a row alone, found it refused',
      };
    }
  }
};

/** A delivered message and how long it is to stay away. */
export type Hidden = { readonly receiptHandle: string; readonly timeoutSeconds: number };

/** Sets when delivered messages come back if nobody deletes them. Where that fails they come back after the queue's own time: later, but they come back. */
export const hideAll = async (
  queue: Pick<Queue, 'changeVisibilityBatch'>,
  hidden: readonly Hidden[],
  logger: Seams['logger'],
): Promise<void> => {
  const entries = hidden.map((message, index) => ({ id: String(index), ...message }));
  for (let from = 0; from < entries.length; from += batchEntriesMax) {
    try {
      await queue.changeVisibilityBatch(entries.slice(from, from + batchEntriesMax));
    } catch {
      logger.warn('visibility could not be changed', { records: entries.length - from });
      return;
    }
  }
};

const delay = <Message, Item>(
  batch: readonly Delivery<Message, Item>[],
  ports: SettlePorts,
  delaysSeconds: readonly number[],
  comesBack: readonly (Fate | undefined)[],
): Promise<void> => {
  const hidden = batch.flatMap((delivery, index) => {
    if (comesBack[index] === undefined) return [];
    const timeoutSeconds = withJitter(delayAfter(delivery.receives, delaysSeconds), ports.random());
    return [{ receiptHandle: delivery.record.receiptHandle, timeoutSeconds }];
  });
  return hideAll(ports.queue, hidden, ports.logger);
};
