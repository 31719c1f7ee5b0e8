import { inspect } from 'node:util';
import { createAuditJob } from '@sluice/audit-job/audit-job';
import { createCleanRows } from '@sluice/clean-rows/clean-rows';
import { createEmfMetrics } from '@sluice/core/emf';
import { createLogger } from '@sluice/core/logger';
import { searchBody, sweepBody } from '@sluice/core/messages';
import type { Job, Profile } from '@sluice/core/ports/job-store';
import { isOpenJob } from '@sluice/core/ports/job-store';
import { type QueueName, queueNames } from '@sluice/core/ports/queue';
import type { Processor } from '@sluice/core/processor';
import type { Services, StagePorts } from '@sluice/core/stage';
import { parseWiring, type StageName, stageNames } from '@sluice/core/wiring';
import { createFinishRows } from '@sluice/finish-rows/finish-rows';
import { openDatabase } from '@sluice/local-cloud/database';
import type { LocalFunction } from '@sluice/local-cloud/function';
import { createLocalCloud } from '@sluice/local-cloud/local-cloud';
import { createProcessRows } from '@sluice/process-rows/process-rows';
import { createRelayRows } from '@sluice/relay-rows/relay-rows';
import { createSplitFile } from '@sluice/split-file/split-file';
import { createStoreRows } from '@sluice/store-rows/store-rows';
import wiringJson from '../../../../infra/wiring.json' with { type: 'json' };
import { inboxBucket, workBucket } from '../functions.ts';
import { createDraws } from '../random.ts';
import { createScheduler } from '../scheduler.ts';
import { createVersionedObjects } from '../versioned-objects.ts';

/** 1 January 2026. */
const startAt = 1_767_225_600_000;
/** What a call of a service takes, so that messages gather into batches meanwhile as they do on AWS. */
const callMilliseconds = 10;
/** Between two sweeps. Source: infra/wiring.json, auditEverySeconds. */
const sweepMilliseconds = 60_000;
const searchMilliseconds = 3600_000;
/** A run that takes longer hangs. */
const runMilliseconds = 72 * 3600_000;

export type LoggedRunOptions = {
  readonly files: Readonly<Record<string, Buffer>>;
  readonly profiles: readonly Profile[];
  readonly processor: Processor;
  readonly sampleRate: number;
  /** Messages that are put into the queues besides. */
  readonly strays?: Readonly<Partial<Record<QueueName, readonly string[]>>>;
  /** Share of the calls of services that fail, with an error that quotes all they were given, in the first `faultMinutes`. */
  readonly faultShare?: number;
  readonly faultMinutes?: number;
  readonly chunkBytes?: number;
  readonly rowsPerMessage?: number;
  /** Told of every event that a function is called with. */
  readonly onEvent?: (event: unknown) => void;
};

export type LoggedRun = {
  readonly jobs: readonly Job[];
  readonly deadLetters: Readonly<Record<QueueName, number>>;
  readonly invocations: Readonly<Record<StageName, number>>;
  /** Everything that the work bucket holds, as text. */
  readonly kept: string;
  readonly minutes: number;
};

/** An error as the SDK throws them: it has a name and a status, and quotes what it was given, in its text and beside it. */
const refusal = (given: readonly unknown[], isThrottle: boolean): Error => {
  const payload = inspect(given, {
    depth: null,
    maxStringLength: null,
    maxArrayLength: null,
    breakLength: Number.POSITIVE_INFINITY,
  });
  const error = new Error(`1 validation error detected: Value '${payload}' failed to satisfy constraint`, {
    cause: new Error(payload),
  });
  return Object.assign(error, {
    name: isThrottle ? 'ThrottlingException' : 'ValidationException',
    $fault: 'client',
    $metadata: { httpStatusCode: 400, requestId: 'request' },
    Item: given,
  });
};

const isPromise = (value: unknown): value is Promise<unknown> => value instanceof Promise;

/**
 * Takes files through all seven stages over the local cloud in virtual time, as AWS wires them, each with the logger and the
 * metrics that it has there: what they say goes to standard output. Ends when every job rests: at its end, or waiting for somebody.
 */
export const runLogged = async (options: LoggedRunOptions): Promise<LoggedRun> => {
  const { files, profiles, processor, sampleRate, strays = {}, faultShare = 0, faultMinutes = 0 } = options;
  const wiring = parseWiring(wiringJson, 'aws');
  const draws = createDraws(1, 'logged run');
  const scheduler = createScheduler(createDraws(1, 'ties'), startAt);
  const objects = createVersionedObjects({ isVersioned: true, now: () => scheduler.now() });
  const database = openDatabase(':memory:');
  const cloud = createLocalCloud({
    wiring,
    clock: scheduler,
    database,
    buckets: {},
    objects,
    defer: (next) => void scheduler.after(0, next),
    stopwatch: () => 0,
  });
  const { services } = cloud;

  const isBroken = (): boolean => scheduler.now() - startAt < faultMinutes * 60_000 && draws.happens(faultShare);
  const slow = <Port extends object>(port: Port): Port =>
    new Proxy(port, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return (...given: unknown[]) => {
          if (isBroken()) throw refusal(given, draws.happens(0.3));
          const answer: unknown = Reflect.apply(member, target, given);
          return isPromise(answer)
            ? answer.then((value) => scheduler.sleep(callMilliseconds).then(() => value))
            : answer;
        };
      },
    });
  const slowServices: Services = {
    objects: slow(services.objects),
    rows: slow(services.rows),
    jobs: slow(services.jobs),
    events: slow(services.events),
    queues: Object.fromEntries(queueNames.map((name) => [name, slow(services.queues[name])])) as Services['queues'],
  };
  const portsOf = (stage: StageName): StagePorts => ({
    ...slowServices,
    clock: scheduler,
    random: () => draws.next(),
    logger: createLogger(stage, 'INFO', sampleRate),
    metrics: createEmfMetrics({
      environment: 'prod',
      write: (line) => void process.stdout.write(line),
      clock: scheduler,
    }),
    wiring,
  });
  const create: Readonly<Record<StageName, (ports: StagePorts) => unknown>> = {
    'split-file': (ports) =>
      createSplitFile(ports, {
        profiles,
        bucket: workBucket,
        codeVersion: '1.0.0',
        ...(options.chunkBytes === undefined ? {} : { chunkBytes: options.chunkBytes }),
        ...(options.rowsPerMessage === undefined ? {} : { rowsPerMessage: options.rowsPerMessage }),
      }),
    'clean-rows': (ports) => createCleanRows(ports, { bucket: workBucket }),
    'store-rows': (ports) => createStoreRows(ports),
    'relay-rows': (ports) => createRelayRows(ports),
    'process-rows': (ports) => createProcessRows(ports, { processor }),
    'finish-rows': (ports) => createFinishRows(ports),
    'audit-job': (ports) => createAuditJob(ports, { bucket: workBucket, inbox: inboxBucket }),
  };
  for (const stage of stageNames) {
    const run = create[stage](portsOf(stage)) as LocalFunction;
    cloud.attach(stage, (event, context) => {
      options.onEvent?.(event);
      return run(event, context);
    });
  }

  const send = (queue: QueueName, body: string): void => {
    void services.queues[queue].sendBatch([{ id: '0', body }]);
  };
  for (const [key, bytes] of Object.entries(files)) {
    const { etag, versionId } = objects.upload(inboxBucket, key, bytes, scheduler.now());
    const object = { key: encodeURIComponent(key), size: bytes.length, eTag: etag, versionId };
    send(
      'uploads',
      JSON.stringify({ Records: [{ eventName: 'ObjectCreated:Put', s3: { bucket: { name: inboxBucket }, object } }] }),
    );
  }
  for (const [queue, bodies] of Object.entries(strays)) for (const body of bodies) send(queue as QueueName, body);
  const every = (milliseconds: number, body: string): void => {
    send('audits', body);
    scheduler.after(milliseconds, () => every(milliseconds, body));
  };
  every(sweepMilliseconds, sweepBody);
  every(searchMilliseconds, searchBody);

  const listJobs = async (): Promise<Job[]> => {
    const jobs: Job[] = [];
    for await (const page of services.jobs.listJobs()) jobs.push(...page);
    return jobs;
  };
  const isResting = (job: Job): boolean => !isOpenJob(job) || job.state === 'HELD' || job.state === 'STALLED';
  let jobs: Job[] = [];
  try {
    const isIdle = (): boolean =>
      queueNames.every((name) => name === 'audits' || cloud.queue(name).size().messages === 0);
    for (let minutes = 1; minutes * 60_000 <= runMilliseconds; minutes++) {
      await scheduler.run(startAt + minutes * 60_000);
      jobs = await listJobs();
      if (jobs.length >= Object.keys(files).length && jobs.every(isResting) && isIdle()) break;
    }
    return {
      jobs,
      deadLetters: Object.fromEntries(
        queueNames.map((name) => [name, cloud.deadLetters(name).size().messages]),
      ) as LoggedRun['deadLetters'],
      invocations: Object.fromEntries(
        stageNames.map((stage) => [stage, cloud.stats()[stage].invocations]),
      ) as LoggedRun['invocations'],
      kept: objects
        .objects(workBucket)
        .map((version) => objects.bytesOf(version)?.toString() ?? '')
        .join('\n'),
      minutes: (scheduler.now() - startAt) / 60_000,
    };
  } finally {
    cloud.close();
    database.close();
  }
};
