import type { SQSRecord } from 'aws-lambda';
import type { ErrorCode } from './errors.ts';
import type { DeadMark, JobStore } from './ports/job-store.ts';
import type { Queue } from './ports/queue.ts';
import { batchEntriesMax, delaySecondsMax } from './ports/queue.ts';
import type { Outgoing, Unsent } from './send.ts';
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
    }
  /** Its message is to stay away this long, whatever else is said of delays. */
  | {
      readonly kind: 'later';
      readonly code: ErrorCode;
      readonly message: string;
      readonly delaySeconds: number;
    };

export const done: Fate = { kind: 'done' };

/** Of an item that nobody wants any more: it is acknowledged untried, and says nothing of what it would have met. */
export const unwanted: Fate = { kind: 'done' };

/** What an item is until its stage says otherwise: an item that was forgotten is never acknowledged. */
export const notReached: Fate = {
  kind: 'later',
  code: 'OUT_OF_TIME',
  message: 'expected time for every row of the batch, found too little left',
};

/** True for what is never to be tried again. */
export const isAnswered = (fate: Fate | undefined): boolean => fate?.kind === 'done' || fate?.kind === 'permanent';

/** One delivered message: its items (the rows of a pack; one for a message that is not a pack) and their fates. */
export type Delivery<Message, Item> = {
  readonly record: SQSRecord;
  /** How often the queue has delivered it, this time included. */
  readonly receives: number;
  /** Its first delivery came before its time and only waited: it was no try. */
  readonly waits?: 1;
  /** Undefined when it could not be read. */
  readonly message: Message | undefined;
  readonly items: readonly Item[];
  readonly fates: Fate[];
};

/** How often what it holds was tried since it was sent, this time included. */
export const triesOf = ({ receives, waits }: Pick<Delivery<unknown, unknown>, 'receives' | 'waits'>): number =>
  receives - (waits ?? 0);

/** What settlement must know of a stage's messages. */
export type Settlement<Message, Item> = {
  readonly stage: StageName;
  readonly maxReceiveCount: number;
  /** A message of one item alone, tried `tried` times before. Only packs need it. */
  readonly single?: (message: Message, item: Item, tried: number) => string;
  /**
   * A message of some of the items, tried `tried` times before. A stage that splits a pack which comes a second time needs it:
   * in an outage its packs are sent again, so that they come as new ones.
   */
  readonly pack?: (message: Message, items: readonly Item[], tried: number) => string;
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

/** When what failed comes back, by the number of tries, and whether what failed met an outage. */
export type Pause = {
  readonly retryDelaysSeconds: readonly number[];
  readonly outageDelaysSeconds: readonly number[];
  readonly isOutage: boolean;
};

/** Spreads retries over +-25 % of their delay. */
const withJitter = (seconds: number, random: number): number => seconds * (0.75 + random / 2);

/** Spreads over +25 %: the delays of an outage together must not fall short of what they say. */
const withLateness = (seconds: number, random: number): number => seconds * (1 + random / 4);

/** A delay by the number of tries, from 1. */
export const delayAfter = (receives: number, delaysSeconds: readonly number[]): number =>
  delaysSeconds[Math.min(receives, delaysSeconds.length) - 1] ?? 0;

/**
 * Decides every message of a batch: acknowledged, or reported failed so that it comes back.
 *
 * - Rows of a pack that failed are sent again alone and the pack is acknowledged; if that send is not confirmed, the pack
 *   comes back whole. A pack with a row that must come `later` comes back whole.
 * - In an outage nothing is split: packs come back as packs, and after much longer delays.
 * - What a table throttles, or the time did not suffice for, is never dead because of it: where that was the last delivery of a
 *   message it is sent again as it is. What was throttled several times comes back as late as in an outage's beginning.
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
  pause: Pause,
): Promise<{ readonly settled: Settled[]; readonly dead: number }> => {
  const comesBack: (Fate | undefined)[] = batch.map((delivery) =>
    delivery.message === undefined ? invalidFate : delivery.fates.find((fate) => fate.kind === 'later'),
  );
  await sendBlamelessAgain(batch, settlement, ports, pause, comesBack);
  const alreadySent = await putAway(batch, settlement, ports, pause, comesBack);
  await resendAlone(batch, settlement, ports, pause, comesBack, alreadySent);

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
        attempts: settlement.tried(message) + triesOf(delivery),
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

  await delay(batch, settlement, ports, pause, comesBack);
  const settled = comesBack.map(
    (fate): Settled => (fate === undefined ? acknowledged : { status: 'rejected', reason: codeOf(fate) }),
  );
  return { settled, dead };
};

const describe = (fate: Fate): string => (fate.kind === 'done' ? '' : fate.message);
const codeOf = (fate: Fate): string => (fate.kind === 'done' ? '' : fate.code);

const isFailed = (fate: Fate): boolean => fate.kind === 'transient' || fate.kind === 'untried';

type Resent = Outgoing & { readonly index: number };

/** What the queue does not confirm comes back as it was. */
const resend = async (
  messages: readonly Resent[],
  ports: SettlePorts,
  comesBack: (Fate | undefined)[],
): Promise<void> => {
  if (messages.length === 0) return;
  const unsent: readonly Unsent[] = await sendAll(ports.queue, messages, ports);
  for (const { index, code } of unsent) {
    const message = messages[index];
    if (message === undefined) continue;
    comesBack[message.index] = {
      kind: 'later',
      code,
      message: 'expected the queue to take rows again, found them refused',
    };
  }
};

/** Failed for no fault of its own, and is not nearer to success by being tried again and again. */
const isBlameless = (fate: Fate): boolean =>
  fate.kind === 'later' && (fate.code === 'THROTTLED' || fate.code === 'OUT_OF_TIME');

/** Waiting for its turn costs a message deliveries all the same. Where the last one went that way, a copy of it gets new ones. */
const sendBlamelessAgain = async <Message, Item>(
  batch: readonly Delivery<Message, Item>[],
  { maxReceiveCount }: Settlement<Message, Item>,
  ports: SettlePorts,
  pause: Pause,
  comesBack: (Fate | undefined)[],
): Promise<void> => {
  const sent: Resent[] = [];
  batch.forEach(({ record, receives, message, fates }, index) => {
    if (message === undefined || comesBack[index] === undefined || receives < maxReceiveCount) return;
    if (!fates.every((fate) => isAnswered(fate) || isBlameless(fate))) return;
    comesBack[index] = undefined;
    const seconds = withLateness(delayAfter(1, pause.outageDelaysSeconds), ports.random());
    sent.push({ index, body: record.body, delaySeconds: Math.min(seconds, delaySecondsMax) });
  });
  await resend(sent, ports, comesBack);
};

/** True for an item alone that was in a pack until all delays of an outage were used up: it is not put away again. */
const isSpent = <Message, Item>(
  { message, items }: Delivery<Message, Item>,
  { pack, tried }: Settlement<Message, Item>,
  { outageDelaysSeconds }: Pause,
): boolean =>
  pack !== undefined &&
  message !== undefined &&
  items.length === 1 &&
  tried(message) === outageDelaysSeconds.length + 1;

/**
 * In an outage nothing is split. Of a pack what is not done is sent again as a pack, since it could not be told from one over
 * which the process died; as often as there are delays, after that its items go on alone. An item alone comes back as it is;
 * on its last delivery it is sent again, once, unless it has been through the outage. Returns which were sent.
 */
const putAway = async <Message, Item>(
  batch: readonly Delivery<Message, Item>[],
  settlement: Settlement<Message, Item>,
  ports: SettlePorts,
  pause: Pause,
  comesBack: (Fate | undefined)[],
): Promise<ReadonlySet<number>> => {
  const sent: Resent[] = [];
  if (!pause.isOutage) return new Set();
  const { outageDelaysSeconds } = pause;
  const { pack, single, maxReceiveCount } = settlement;
  const send = (index: number, body: string, tried: number): void => {
    comesBack[index] = undefined;
    const seconds = withLateness(delayAfter(tried, outageDelaysSeconds), ports.random());
    sent.push({ index, body, delaySeconds: Math.min(seconds, delaySecondsMax) });
  };
  batch.forEach((delivery, index) => {
    const { message, items, fates, receives, record } = delivery;
    const fate = comesBack[index] ?? fates.find(({ kind }) => kind === 'transient');
    if (message === undefined || fate === undefined || 'delaySeconds' in fate) return;
    comesBack[index] = fate;
    if (pack === undefined || single === undefined) return;
    const tried = settlement.tried(message) + triesOf(delivery);
    if (items.length > 1) {
      const rest = items.filter((_, position) => !isAnswered(fates[position]));
      if (tried <= outageDelaysSeconds.length) send(index, pack(message, rest, tried), tried);
      else if (fate.kind === 'transient') comesBack[index] = undefined;
      return;
    }
    const age = ports.clock.now() - Number(record.attributes.ApproximateFirstReceiveTimestamp);
    const isYoung = age < delayAfter(1, outageDelaysSeconds) * 1_000;
    const isFirst = settlement.tried(message) < maxReceiveCount;
    if (receives >= maxReceiveCount && fate.kind === 'transient' && isYoung && isFirst) {
      send(index, single(message, items[0] as Item, tried), 1);
    }
  });
  await resend(sent, ports, comesBack);
  return new Set(sent.map(({ index }) => index));
};

const resendAlone = async <Message, Item>(
  batch: readonly Delivery<Message, Item>[],
  settlement: Settlement<Message, Item>,
  ports: SettlePorts,
  { retryDelaysSeconds }: Pause,
  comesBack: (Fate | undefined)[],
  alreadySent: ReadonlySet<number>,
): Promise<void> => {
  const singles: Resent[] = [];
  batch.forEach((delivery, index) => {
    const { message, items, fates } = delivery;
    if (message === undefined || comesBack[index] !== undefined || alreadySent.has(index)) return;
    const failed = fates.find(isFailed);
    if (failed === undefined) return;
    const before = settlement.tried(message);
    const tries = triesOf(delivery);
    const isFirstTry = before === 0 && tries === 1 && failed.kind === 'transient';
    const isAlone = items.length === 1 && !(settlement.hasPacksOfOne === true && isFirstTry);
    if (isAlone || settlement.single === undefined) {
      comesBack[index] = failed;
      return;
    }
    fates.forEach((fate, position) => {
      if (!isFailed(fate) || settlement.single === undefined) return;
      const tried = before + (fate.kind === 'untried' ? tries - 1 : tries);
      const body = settlement.single(message, items[position] as Item, tried);
      singles.push({ body, delaySeconds: withJitter(delayAfter(1, retryDelaysSeconds), ports.random()), index });
    });
  });
  await resend(singles, ports, comesBack);
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
  settlement: Settlement<Message, Item>,
  ports: SettlePorts,
  pause: Pause,
  comesBack: readonly (Fate | undefined)[],
): Promise<void> => {
  const { retryDelaysSeconds, outageDelaysSeconds, isOutage } = pause;
  const throttleDelaysSeconds = [...retryDelaysSeconds, ...outageDelaysSeconds.slice(0, 1)];
  const secondsOf = (delivery: Delivery<Message, Item>, fate: Fate): number => {
    const random = ports.random();
    if ('delaySeconds' in fate) return withLateness(fate.delaySeconds, random);
    const tries = triesOf(delivery);
    if (fate.kind === 'later' && fate.code === 'THROTTLED')
      return withJitter(delayAfter(tries, throttleDelaysSeconds), random);
    if (!isOutage || isSpent(delivery, settlement, pause))
      return withJitter(delayAfter(tries, retryDelaysSeconds), random);
    return withLateness(delayAfter(tries, outageDelaysSeconds), random);
  };
  const hidden = batch.flatMap((delivery, index) => {
    const fate = comesBack[index];
    if (fate === undefined) return [];
    return [{ receiptHandle: delivery.record.receiptHandle, timeoutSeconds: secondsOf(delivery, fate) }];
  });
  return hideAll(ports.queue, hidden, ports.logger);
};
