import type { Clock } from '@sluice/core/ports/clock';
import type { StageName, StageSettings } from '@sluice/core/wiring';
import type { DynamoDBStreamEvent, SQSEvent } from 'aws-lambda';
import type { InvocationResult } from './function.ts';
import type { LocalQueue } from './queue.ts';
import { acknowledgedRecords, streamCheckpoint } from './response.ts';
import type { Change, Image, LocalStream, Shard } from './stream.ts';
import { toStreamRecord } from './stream.ts';

// Event source mappings: what takes records from a queue or a stream to a function.
//
// Models: batch size and window, payload, partial batch responses, deletion of what was acknowledged; for a stream order per
// shard, the INSERT filter, checkpoints, bisection of a batch whose function failed, bounded attempts and age, and the
// destination for what is given up. Does not model: scaling of pollers, throttled invocations (who attaches a function may), provisioned mode.

/** Calls the function behind the mapping. */
export type Invoke = (event: unknown) => Promise<InvocationResult>;

export type Mapping = {
  /** When a batch can be had: now (or earlier), later, or not before something changes. */
  readyAt(): number | undefined;
  /** Takes a batch and carries it through; undefined when there was none after all. */
  start(invoke: Invoke): Promise<void> | undefined;
};

export const createQueueMapping = (
  queue: LocalQueue,
  settings: StageSettings,
  returnAfterSeconds?: () => number,
): Mapping => ({
  readyAt() {
    const since = queue.visibleSince();
    if (since === undefined) return queue.nextVisibleAt();
    return queue.visible() >= settings.batchSize ? since : since + settings.windowSeconds * 1000;
  },
  start(invoke) {
    const records = queue.receive(settings.batchSize);
    if (records.length === 0) return undefined;
    return invoke({ Records: records } satisfies SQSEvent).then((result) => {
      if (result.status === 'failed') {
        if (returnAfterSeconds === undefined) return;
        for (const { receiptHandle } of records) queue.hide(receiptHandle, returnAfterSeconds());
        return;
      }
      queue.delete(acknowledgedRecords(records, result.response).map(({ receiptHandle }) => receiptHandle));
    });
  },
});

/** What is written when records are given up. */
export type GivenUp = {
  readonly stage: StageName;
  readonly shard: number;
  readonly records: DynamoDBStreamEvent['Records'];
};

type ShardState = {
  readonly shard: Shard;
  readonly index: number;
  isBusy: boolean;
  attempts: number;
  /** Records of the next batch at most: halved by every failure of the function. */
  batchSize: number;
  retryAt: number;
};

/** Wait before a stream's batch is tried again, doubling up to a minute. */
const retryMilliseconds = 100;
const retryMillisecondsMax = 60_000;

const isWanted = ({ eventName, status }: Change): boolean => eventName === 'INSERT' && status === 'PENDING';

export const createStreamMapping = (
  stage: StageName,
  stream: LocalStream,
  settings: StageSettings,
  clock: Clock,
  readImage: (change: Change) => Image,
  giveUp: (lost: GivenUp) => Promise<void>,
): Mapping => {
  const states: ShardState[] = [];
  /** Those of shards that a split added too. */
  const allStates = (): readonly ShardState[] => {
    for (let index = states.length; index < stream.shards.length; index++) {
      const shard = stream.shards[index] as Shard;
      states.push({ shard, index, isBusy: false, attempts: 0, batchSize: settings.batchSize, retryAt: 0 });
    }
    return states;
  };

  const readyAt = (state: ShardState): number | undefined => {
    if (state.isBusy || state.shard.waiting() === 0 || (state.shard.parent?.waiting() ?? 0) > 0) return undefined;
    const first = state.shard.read(1)[0]?.at ?? 0;
    const isFull = state.shard.waiting() >= state.batchSize;
    return Math.max(state.retryAt, isFull ? first : first + settings.windowSeconds * 1000);
  };

  const fail = (state: ShardState, didThrow: boolean, size: number): void => {
    state.attempts++;
    if (didThrow && size > 1) state.batchSize = Math.ceil(size / 2);
    state.retryAt = clock.now() + Math.min(retryMillisecondsMax, retryMilliseconds * 2 ** (state.attempts - 1));
  };

  const succeed = (state: ShardState, changes: number): void => {
    state.shard.advance(changes);
    state.attempts = 0;
    state.batchSize = settings.batchSize;
    state.retryAt = 0;
  };

  const carry = async (state: ShardState, invoke: Invoke): Promise<void> => {
    const changes = state.shard.read(state.batchSize);
    const wanted: number[] = [];
    changes.forEach((change, distance) => {
      if (isWanted(change)) wanted.push(distance);
    });
    const records = wanted.map((distance) => {
      const change = changes[distance] as Change;
      return toStreamRecord(change, change.image ?? readImage(change), state.shard.sequenceNumber(distance), clock);
    });
    if (records.length === 0) {
      succeed(state, changes.length);
      return;
    }
    const oldestSeconds = (clock.now() - (changes[0]?.at ?? 0)) / 1000;
    const isTooOld = oldestSeconds > (settings.maximumRecordAgeSeconds ?? Number.POSITIVE_INFINITY);
    if (isTooOld || state.attempts > (settings.maximumRetryAttempts ?? Number.POSITIVE_INFINITY)) {
      await giveUp({ stage, shard: state.index, records });
      succeed(state, changes.length);
      return;
    }
    const result = await invoke({ Records: records } satisfies DynamoDBStreamEvent);
    const checkpoint = result.status === 'failed' ? 0 : streamCheckpoint(records, result.response);
    if (checkpoint === records.length) succeed(state, changes.length);
    else if (checkpoint > 0) {
      succeed(state, wanted[checkpoint] ?? 0);
      fail(state, false, 0);
    } else fail(state, result.status === 'failed', changes.length);
  };

  return {
    readyAt() {
      const times = allStates()
        .map(readyAt)
        .filter((at) => at !== undefined);
      return times.length === 0 ? undefined : Math.min(...times);
    },
    start(invoke) {
      const state = allStates().find((candidate) => (readyAt(candidate) ?? Number.POSITIVE_INFINITY) <= clock.now());
      if (state === undefined) return undefined;
      state.isBusy = true;
      return carry(state, invoke).finally(() => {
        state.isBusy = false;
      });
    },
  };
};
