import type { Clock } from '@sluice/core/ports/clock';
import type { ObjectStore } from '@sluice/core/ports/object-store';
import type { QueueName } from '@sluice/core/ports/queue';
import { queueNames } from '@sluice/core/ports/queue';
import type { Services } from '@sluice/core/stage';
import type { StageName, Wiring } from '@sluice/core/wiring';
import { stageNames, visibilitySeconds } from '@sluice/core/wiring';
import type { LocalDatabase } from './database.ts';
import type { LocalFunction } from './function.ts';
import { invoke } from './function.ts';
import { createLocalJobs } from './job-store.ts';
import type { Mapping } from './mapping.ts';
import { createQueueMapping, createStreamMapping } from './mapping.ts';
import { createLocalObjects } from './object-store.ts';
import type { LocalDeadLetters, LocalQueue, QueueDisturbance, QueueWatch } from './queue.ts';
import { createLocalQueue } from './queue.ts';
import { createLocalRows } from './row-store.ts';
import type { Change, LocalStream } from './stream.ts';
import { createLocalStream } from './stream.ts';

/** Bytes that may wait downstream of a stage before it is given more to do: keeps memory flat however large the file is. */
const backlogBytesMax = 24 * 1024 * 1024;
/** Bucket that takes what the stream's mapping gives up. */
const failuresBucket = 'work';

/** Said to an alarm that another takes the place of. */
const isReplaced = 'another alarm is set';

/** Most downstream first: what is nearly through goes on before anything new is begun. */
const servingOrder: readonly StageName[] = [...stageNames].reverse();

export type StageStats = {
  readonly invocations: number;
  readonly failedInvocations: number;
  readonly busySeconds: number;
};

export type LocalCloud = {
  readonly services: Services;
  /**
   * Puts a function behind its stage's mapping. Functions with the same `thread` run one at a time. `busyMilliseconds` tells what
   * the function has used so far where the cloud cannot see it (in a worker).
   */
  attach(stage: StageName, run: LocalFunction, options?: { thread?: string; busyMilliseconds?: () => number }): void;
  /** Resolves when nothing runs and every queue and stream is empty, delayed messages included. Rejects when aborted. */
  runUntilIdle(signal?: AbortSignal): Promise<void>;
  queue(name: QueueName): LocalQueue;
  deadLetters(name: QueueName): LocalQueue;
  readonly stream: LocalStream;
  /** Moves what lies in a dead-letter queue back to where it came from. Returns how many messages that were. */
  redrive(name: QueueName): number;
  /** Switches a stage's mapping off, and on again: it goes on where it stopped. */
  pause(stage: StageName): void;
  resume(stage: StageName): void;
  stats(): Readonly<Record<StageName, StageStats>>;
  /** Stops serving; what runs is not waited for. */
  close(): void;
};

export type LocalCloudOptions = {
  readonly wiring: Wiring;
  readonly clock: Clock;
  readonly database: LocalDatabase;
  /** Bucket name -> folder. One is called `work`. */
  readonly buckets: Readonly<Record<string, string>>;
  /** In the place of the folders in `buckets`. */
  readonly objects?: ObjectStore;
  readonly disturbance?: QueueDisturbance;
  readonly watch?: QueueWatch;
  /** May damage a change on its way into the table's stream. */
  readonly spoil?: (change: Change) => Change;
  /** Told of changes that the stream's mapping is through with. */
  readonly passed?: (changes: readonly Change[]) => void;
  readonly shards?: number;
  /** When a message comes back whose function failed; after its visibility timeout, as on AWS, where it is not given. */
  readonly returnAfterSeconds?: () => number;
  /** Lets others run before the next invocation starts; the simulator hands in its own. */
  readonly defer?: (next: () => void) => void;
  /** Milliseconds, for busy times only. */
  readonly stopwatch?: () => number;
};

type Served = {
  readonly stage: StageName;
  readonly mapping: Mapping;
  readonly run: LocalFunction;
  readonly thread: string | undefined;
  readonly busy: (() => number) | undefined;
  readonly concurrency: number;
  running: number;
  invocations: number;
  failed: number;
  busyMilliseconds: number;
};

export const createLocalCloud = (options: LocalCloudOptions): LocalCloud => {
  const { wiring, clock, database } = options;
  const defer = options.defer ?? ((next: () => void) => void setImmediate(next));
  const stopwatch = options.stopwatch ?? (() => performance.now());
  const served = new Map<StageName, Served>();
  const busyThreads = new Set<string>();
  const paused = new Set<StageName>();
  let waiters: { readonly resolve: () => void; readonly reject: (reason: unknown) => void }[] = [];
  let isPumpDue = false;
  let isClosed = false;
  let alarm: AbortController | undefined;
  let invocations = 0;

  const wakeUp = (): void => {
    if (isPumpDue || isClosed) return;
    isPumpDue = true;
    defer(() => {
      isPumpDue = false;
      if (isClosed) return;
      try {
        pump();
      } catch (thrown) {
        fail(thrown);
      }
    });
  };

  type OwnQueue = LocalQueue & LocalDeadLetters;
  const queues = new Map<QueueName, { readonly queue: OwnQueue; readonly dead: OwnQueue }>();
  for (const name of queueNames) {
    const settings = Object.values(wiring.stages).find(({ queue }) => queue === name);
    if (settings?.maxReceiveCount === undefined)
      throw new Error(`wiring.json: expected a stage fed by the queue ${name}`);
    const { disturbance, watch } = options;
    const seams = { clock, disturbance, watch, visibilitySeconds: visibilitySeconds(settings) };
    const dead = createLocalQueue({ ...seams, name: `${name}-dlq` });
    const redrive = { to: dead, maxReceiveCount: settings.maxReceiveCount };
    queues.set(name, { queue: createLocalQueue({ ...seams, name, redrive, onChange: wakeUp }), dead });
  }
  const queueOf = (name: QueueName) => queues.get(name) as NonNullable<ReturnType<typeof queues.get>>;

  const stream = createLocalStream(options.shards ?? 1, wakeUp, options.spoil, options.passed);
  const objects = options.objects ?? createLocalObjects(options.buckets);
  const { port: rows, readImage } = createLocalRows(database, stream, clock);

  const services: Services = {
    objects,
    rows,
    jobs: createLocalJobs(database),
    // Nobody listens: who runs the cloud sees the job itself.
    events: { send: async () => undefined },
    queues: Object.fromEntries(queueNames.map((name) => [name, queueOf(name).queue.port])) as Services['queues'],
  };

  /** Bytes that wait between a stage and the end of the flow. */
  const backlogBehind = (stage: StageName): number => {
    let bytes = 0;
    for (const name of stageNames.slice(stageNames.indexOf(stage) + 1)) {
      const { queue } = wiring.stages[name];
      bytes += queue === undefined ? stream.bytes() : queueOf(queue).queue.size().bytes;
    }
    return bytes;
  };

  const createMapping = (stage: StageName): Mapping => {
    const settings = wiring.stages[stage];
    if (settings.queue !== undefined) {
      return createQueueMapping(queueOf(settings.queue).queue, settings, options.returnAfterSeconds);
    }
    return createStreamMapping(stage, stream, settings, clock, readImage, async ({ shard, records }) => {
      const first = records[0]?.dynamodb?.SequenceNumber ?? '';
      await objects.put(failuresBucket, `failures/${stage}/${shard}-${first}.json`, JSON.stringify({ records }));
    });
  };

  /** The cloud itself is broken (a full disk): whoever waits for it is told. */
  const fail = (thrown: unknown): void => {
    const waiting = waiters;
    waiters = [];
    for (const { reject } of waiting) reject(thrown);
  };

  const start = (entry: Served): boolean => {
    const { stage, run, thread, mapping } = entry;
    const startedAt = stopwatch();
    const busyBefore = entry.busy?.() ?? 0;
    const carried = mapping.start(async (event) => {
      const requestId = `local-${++invocations}`;
      entry.invocations++;
      const result = await invoke(run, stage, wiring.stages[stage], event, requestId, clock);
      if (result.status === 'failed') entry.failed++;
      return result;
    });
    if (carried === undefined) return false;
    entry.running++;
    if (thread !== undefined) busyThreads.add(thread);
    carried.catch(fail).finally(() => {
      entry.running--;
      if (thread !== undefined) busyThreads.delete(thread);
      entry.busyMilliseconds += entry.busy === undefined ? stopwatch() - startedAt : entry.busy() - busyBefore;
      wakeUp();
    });
    return true;
  };

  const isIdle = (): boolean => {
    for (const entry of served.values()) if (entry.running > 0) return false;
    for (const { queue } of queues.values()) if (queue.size().messages > 0) return false;
    return stream.shards.every((shard) => shard.waiting() === 0);
  };

  const setAlarm = (at: number): void => {
    alarm?.abort(isReplaced);
    const controller = new AbortController();
    alarm = controller;
    clock.sleep(Math.max(0, at - clock.now()), controller.signal).then(wakeUp, () => undefined);
  };

  const pump = (): void => {
    const now = clock.now();
    let earliest = Number.POSITIVE_INFINITY;
    for (const stage of servingOrder) {
      const entry = served.get(stage);
      if (entry === undefined || paused.has(stage)) continue;
      while (entry.running < entry.concurrency) {
        if (entry.thread !== undefined && busyThreads.has(entry.thread)) break;
        const readyAt = entry.mapping.readyAt();
        if (readyAt === undefined) break;
        if (readyAt > now) {
          earliest = Math.min(earliest, readyAt);
          break;
        }
        if (backlogBehind(stage) > backlogBytesMax) break;
        if (!start(entry)) {
          // What was ready has been set aside; what comes after it is still waited for.
          earliest = Math.min(earliest, entry.mapping.readyAt() ?? Number.POSITIVE_INFINITY);
          break;
        }
      }
    }
    if (Number.isFinite(earliest)) setAlarm(earliest);
    if (waiters.length > 0 && isIdle()) {
      database.commit();
      const idle = waiters;
      waiters = [];
      for (const { resolve } of idle) resolve();
    }
  };

  return {
    services,
    attach(stage, run, { thread, busyMilliseconds } = {}) {
      const concurrency = wiring.stages[stage].maximumConcurrency ?? wiring.stages[stage].parallelizationFactor ?? 1;
      served.set(stage, {
        stage,
        mapping: createMapping(stage),
        run,
        thread,
        busy: busyMilliseconds,
        concurrency,
        running: 0,
        invocations: 0,
        failed: 0,
        busyMilliseconds: 0,
      });
    },
    runUntilIdle: (signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason);
          return;
        }
        const waiter = { resolve, reject };
        waiters.push(waiter);
        signal?.addEventListener('abort', () => {
          waiters = waiters.filter((other) => other !== waiter);
          reject(signal.reason);
        });
        wakeUp();
      }),
    queue: (name) => queueOf(name).queue,
    deadLetters: (name) => queueOf(name).dead,
    stream,
    redrive(name) {
      const { queue, dead } = queueOf(name);
      const moved = dead.giveAll();
      for (const message of moved) queue.take(message);
      if (moved.length > 0) wakeUp();
      return moved.length;
    },
    pause: (stage) => void paused.add(stage),
    resume(stage) {
      if (paused.delete(stage)) wakeUp();
    },
    stats: () =>
      Object.fromEntries(
        stageNames.map((stage) => {
          const entry = served.get(stage);
          const stats: StageStats = {
            invocations: entry?.invocations ?? 0,
            failedInvocations: entry?.failed ?? 0,
            busySeconds: (entry?.busyMilliseconds ?? 0) / 1000,
          };
          return [stage, stats];
        }),
      ) as Readonly<Record<StageName, StageStats>>,
    close() {
      isClosed = true;
      alarm?.abort();
    },
  };
};
