import { createAuditJob } from '@sluice/audit-job/audit-job';
import { createCleanRows } from '@sluice/clean-rows/clean-rows';
import { partitionKeyOf } from '@sluice/core/identity';
import { sweepBody } from '@sluice/core/messages';
import type { Queue, QueueName } from '@sluice/core/ports/queue';
import { queueNames } from '@sluice/core/ports/queue';
import type { RowStore } from '@sluice/core/ports/row-store';
import { defineProcessor } from '@sluice/core/processor';
import type { Services, StagePorts } from '@sluice/core/stage';
import type { StageName } from '@sluice/core/wiring';
import { stageNames } from '@sluice/core/wiring';
import { createFinishRows } from '@sluice/finish-rows/finish-rows';
import { openDatabase } from '@sluice/local-cloud/database';
import type { LocalFunction } from '@sluice/local-cloud/function';
import { createLocalCloud } from '@sluice/local-cloud/local-cloud';
import { createProcessRows } from '@sluice/process-rows/process-rows';
import { createRelayRows } from '@sluice/relay-rows/relay-rows';
import type { Capacity } from '@sluice/simulator/capacity';
import { createCapacity, unlimited } from '@sluice/simulator/capacity';
import { createDraws } from '@sluice/simulator/random';
import { createScheduler } from '@sluice/simulator/scheduler';
import { createTellingLogger } from '@sluice/simulator/telling-logger';
import { createVersionedObjects } from '@sluice/simulator/versioned-objects';
import { createSplitFile } from '@sluice/split-file/split-file';
import { createStoreRows } from '@sluice/store-rows/store-rows';
import type { PlanSettings } from './plan.ts';
import { callMilliseconds } from './stage-speeds.ts';
import { writeUnitsOf } from './unit-rules.ts';

// For tests: the stages themselves over the local cloud, in virtual time, with calls that take as long as the model says. What is
// measured there a plan has to have predicted. Functions compute in no time here, start at once and are never cold.

/** A file of so many rows of `columns` texts of `width` characters. */
export const csvOf = (rows: number, columns: number, width: number): Buffer => {
  const lines = [Array.from({ length: columns }, (_, column) => `column_${column}`).join(',')];
  for (let row = 0; row < rows; row++) {
    lines.push(Array.from({ length: columns }, (_, column) => `${row * 31 + column}`.padStart(width, 'x')).join(','));
  }
  return Buffer.from(`${lines.join('\n')}\n`);
};

export type Simulated = {
  /** From the upload to the last row that is final, and to COMPLETE. */
  readonly finishedSeconds: number;
  readonly completeSeconds: number;
  readonly messages: Readonly<Record<QueueName, number>>;
  readonly invocations: Readonly<Record<StageName, number>>;
  readonly chunks: number;
  readonly stored: number;
  readonly finished: number;
  readonly writeUnits: number;
};

const startAt = 1_767_225_600_000;
const secondsMax = 24 * 3600;

export type SimulateFileOptions = {
  readonly settings: PlanSettings;
  /** Write units a second that the table takes; it has five minutes of them saved up. Unlimited where it is not given. */
  readonly tableUnits?: number;
};

/** Carries a file through the stages in virtual time. */
export const simulateFile = async (
  bytes: Buffer,
  { settings, tableUnits }: SimulateFileOptions,
): Promise<Simulated> => {
  const { wiring } = settings;
  const scheduler = createScheduler(createDraws(1, 'ties'), startAt);
  const draws = createDraws(1, 'chance');
  const database = openDatabase(':memory:');
  const objects = createVersionedObjects({ isVersioned: true, now: () => scheduler.now() });
  const messages = Object.fromEntries(queueNames.map((name) => [name, 0])) as Record<QueueName, number>;
  const capacity: Capacity = tableUnits === undefined ? unlimited : createCapacity(scheduler, tableUnits);
  const cloud = createLocalCloud({
    wiring,
    clock: scheduler,
    database,
    buckets: {},
    objects,
    shards: 4,
    defer: (next) => void scheduler.after(0, next),
    stopwatch: () => 0,
    watch: {
      sent(queue, sent) {
        if (!queue.endsWith('-dlq')) messages[queue as QueueName] += sent.length;
      },
      received: () => undefined,
      deleted: () => undefined,
      setAside: () => undefined,
    },
  });
  const rowBytes = bytes.length / bytes.toString().split('\n').length;
  let writeUnits = 0;
  let finishedAt = startAt;
  const counts = { stored: 0, finished: 0 };
  const slowly =
    <Given extends readonly unknown[], Answer>(milliseconds: number, call: (...given: Given) => Promise<Answer>) =>
    async (...given: Given): Promise<Answer> => {
      await scheduler.sleep(milliseconds);
      return call(...given);
    };
  const writing =
    <Tuple extends readonly [number, number, ...unknown[]], Outcome extends string>(
      weigh: (tuple: Tuple) => number,
      write: (jobId: string, tuples: readonly Tuple[]) => Promise<readonly Outcome[]>,
      done: (rows: number) => void,
    ) =>
    async (jobId: string, tuples: readonly Tuple[]): Promise<(Outcome | 'throttled')[]> => {
      await scheduler.sleep(callMilliseconds.write);
      const units = new Map<string, number>();
      for (const tuple of tuples) {
        const key = partitionKeyOf(jobId, tuple[0], tuple[1]);
        units.set(key, (units.get(key) ?? 0) + writeUnitsOf(weigh(tuple)));
      }
      if (!capacity.take(units)) return tuples.map(() => 'throttled');
      for (const taken of units.values()) writeUnits += taken;
      done(tuples.length);
      return [...(await write(jobId, tuples))];
    };
  const { services } = cloud;
  const itemBytes = (value: unknown): number => 100 + JSON.stringify(value).length;
  let completeAt: number | undefined;
  let chunks = 0;
  const ported: Services = {
    ...services,
    jobs: {
      ...services.jobs,
      changeJob: (jobId, states, change) => {
        if (change.plan !== undefined) chunks = change.plan.chunks;
        if (change.state === 'COMPLETE') completeAt = scheduler.now();
        return services.jobs.changeJob(jobId, states, change);
      },
    },
    rows: {
      ...services.rows,
      insert: writing(
        (tuple) => itemBytes(tuple[3]),
        (jobId, tuples: Parameters<RowStore['insert']>[1]) => services.rows.insert(jobId, tuples),
        (rows) => {
          counts.stored += rows;
        },
      ),
      finish: writing(
        // What the row itself weighs is not in an outcome.
        (tuple) => itemBytes(tuple[3]) + rowBytes,
        (jobId, tuples: Parameters<RowStore['finish']>[1]) => services.rows.finish(jobId, tuples),
        (rows) => {
          counts.finished += rows;
          finishedAt = scheduler.now();
        },
      ),
    },
    queues: Object.fromEntries(
      queueNames.map((name): [QueueName, Queue] => [
        name,
        {
          sendBatch: slowly(callMilliseconds.send, (entries) => services.queues[name].sendBatch(entries)),
          changeVisibilityBatch: (entries) => services.queues[name].changeVisibilityBatch(entries),
          depth: () => services.queues[name].depth(),
        },
      ]),
    ) as Services['queues'],
  };
  const ports: StagePorts = {
    ...ported,
    clock: scheduler,
    random: () => draws.next(),
    logger: createTellingLogger('stage', () => undefined),
    metrics: () => undefined,
    wiring,
  };
  const wait = settings.processorWaitMilliseconds;
  const result = { text: 'r'.repeat(Math.max(0, settings.resultBytes - 11)) };
  const processor = defineProcessor({
    name: 'planned',
    process: async () => {
      await scheduler.sleep(wait);
      return result;
    },
  });
  const functions: Readonly<Record<StageName, LocalFunction>> = {
    'split-file': createSplitFile(ports, {
      profiles: [{ prefix: '' }],
      bucket: 'work',
      codeVersion: '1.0.0',
    }) as unknown as LocalFunction,
    'clean-rows': createCleanRows(ports, { bucket: 'work' }) as unknown as LocalFunction,
    'store-rows': createStoreRows(ports) as unknown as LocalFunction,
    'relay-rows': createRelayRows(ports) as unknown as LocalFunction,
    'process-rows': createProcessRows(ports, { processor }) as unknown as LocalFunction,
    'finish-rows': createFinishRows(ports) as unknown as LocalFunction,
    'audit-job': createAuditJob(ports, { bucket: 'work' }) as unknown as LocalFunction,
  };
  for (const stage of stageNames) cloud.attach(stage, functions[stage]);

  try {
    const { key, etag, versionId } = objects.upload('inbox', 'planned.csv', bytes, startAt);
    const object = { key, size: bytes.length, eTag: etag, versionId };
    const record = {
      eventSource: 'aws:s3',
      eventName: 'ObjectCreated:Put',
      s3: { bucket: { name: 'inbox' }, object },
    };
    await services.queues.uploads.sendBatch([{ id: '0', body: JSON.stringify({ Records: [record] }) }]);
    const sweep = (): void => {
      void services.queues.audits.sendBatch([{ id: '0', body: sweepBody }]);
      scheduler.after(60_000, sweep);
    };
    scheduler.after(30_000, sweep);
    await scheduler.run(startAt + secondsMax * 1000, () => completeAt !== undefined);
  } finally {
    cloud.close();
    database.close();
  }
  if (completeAt === undefined) throw new Error('expected the job to complete within a day, found it open');
  const stats = cloud.stats();
  return {
    finishedSeconds: (finishedAt - startAt) / 1000,
    completeSeconds: (completeAt - startAt) / 1000,
    messages,
    invocations: Object.fromEntries(
      stageNames.map((stage) => [stage, stats[stage].invocations]),
    ) as Simulated['invocations'],
    chunks,
    ...counts,
    writeUnits,
  };
};
