import { Worker } from 'node:worker_threads';
import { SluiceError } from '@sluice/core/errors';
import type { Metrics } from '@sluice/core/ports/metrics';
import type { QueueName } from '@sluice/core/ports/queue';
import type { Services } from '@sluice/core/stage';
import type { StageName } from '@sluice/core/wiring';
import type { OnDiskFull } from './database.ts';
import type { LocalFunction } from './function.ts';
import type { ToMain, ToWorker, WorkerStart } from './worker-protocol.ts';

// Functions in a worker thread, for the local run: real time only.
//
// Models: a process of its own that can be stopped. At its time-out, or when it exits or crashes, everything it was doing has
// failed and the next invocation finds a new one. Does not model: a process per concurrent invocation.

export type WorkerFunctionsOptions = WorkerStart & {
  readonly services: (caller: StageName) => Pick<Services, 'jobs' | 'queues'>;
  readonly metrics: Metrics;
  /** Called when a worker that was ready ended by itself or had to be stopped, with the reason. */
  readonly onCrash?: (reason: string) => void;
  readonly onDiskFull?: OnDiskFull;
};

export type WorkerFunctions = {
  /** Starts the worker ahead of its first invocation. Rejects with what its module throws when it cannot start. */
  start(): Promise<void>;
  function(stage: StageName): LocalFunction;
  /** Time the worker's thread was at work for this stage so far. */
  busyMilliseconds(stage: StageName): number;
  /**
   * Ends the worker as a crash would: what it was doing has failed, what it still says is not heard, and the next invocation finds
   * a new one. `onCrash` is not called.
   */
  end(): void;
  close(): Promise<void>;
};

type Running = {
  readonly stage: StageName;
  readonly resolve: (response: unknown) => void;
  readonly reject: (error: Error) => void;
};

type Method = (...args: readonly unknown[]) => Promise<unknown> | AsyncIterable<unknown>;

const isPaged = (answer: unknown): answer is AsyncIterable<unknown> =>
  typeof answer === 'object' && answer !== null && Symbol.asyncIterator in answer;

const ignore = (): void => undefined;

const closed = (): Error => new Error('expected the functions to be open, found them closed');

const entry = new URL('./function-worker.ts', import.meta.url);

export const createWorkerFunctions = (options: WorkerFunctionsOptions): WorkerFunctions => {
  const { module, buckets, data, services, metrics, onCrash = ignore, onDiskFull = ignore } = options;
  const running = new Map<number, Running>();
  const busy = new Map<StageName, number>();
  const silenced = new WeakSet<Worker>();
  let worker: Worker | undefined;
  let isClosed = false;
  let ready: Promise<void> = Promise.resolve();
  let invocations = 0;

  const answerCall = async (from: Worker, message: Extract<ToMain, { kind: 'call' }>): Promise<void> => {
    const { id, caller, service, method } = message;
    const say = (reply: ToWorker): void => from.postMessage(reply);
    try {
      const { jobs, queues } = services(caller);
      const target = (service === 'jobs' ? jobs : queues[service as QueueName]) as unknown as Readonly<
        Record<string, Method>
      >;
      const answer = target[method]?.(...message.arguments);
      say({ kind: 'reply', id, value: isPaged(answer) ? await Array.fromAsync(answer) : await answer });
    } catch (thrown) {
      const code = thrown instanceof SluiceError ? thrown.code : undefined;
      say({ kind: 'error', id, code, message: thrown instanceof Error ? thrown.message : String(thrown) });
    }
  };

  const failAll = (error: Error): void => {
    for (const { reject } of running.values()) reject(error);
    running.clear();
  };

  /** Everything a worker was doing has failed, and the next invocation finds a new one. */
  const retire = (ended: Worker): void => {
    if (worker !== ended) return;
    worker = undefined;
    failAll(new Error('expected the worker to go on, found it ended'));
  };

  const launch = (): Worker => {
    let onReady: () => void = ignore;
    let onBroken: (error: Error) => void = ignore;
    ready = new Promise((resolve, reject) => {
      onReady = resolve;
      onBroken = reject;
    });
    ready.catch(ignore);
    let isReady = false;
    const started = new Worker(entry, {
      workerData: { module, buckets, data } satisfies WorkerStart,
      execArgv: ['--disable-warning=ExperimentalWarning'],
      resourceLimits: { maxYoungGenerationSizeMb: 32 },
      stdout: true,
      stderr: true,
    });
    // What the user's code prints is for the user, and never mixes with what the command prints on standard output.
    started.stdout.pipe(process.stderr, { end: false });
    started.stderr.pipe(process.stderr, { end: false });
    started.on('message', (message: ToMain) => {
      if (silenced.has(started)) return;
      if (message.kind === 'ready') {
        isReady = true;
        onReady();
      } else if (message.kind === 'disk full') onDiskFull();
      else if (message.kind === 'metrics') metrics(message.counts);
      else if (message.kind === 'call') void answerCall(started, message);
      else {
        const invocation = running.get(message.id);
        running.delete(message.id);
        if (invocation === undefined) return;
        busy.set(invocation.stage, (busy.get(invocation.stage) ?? 0) + message.busyMilliseconds);
        if (message.kind === 'answer') invocation.resolve(message.response);
        else invocation.reject(new Error('expected the function to answer, found it throwing'));
      }
    });
    let reason: string | undefined;
    started.on('error', (thrown: unknown) => {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      reason = error.message;
      onBroken(error);
    });
    started.on('exit', (status) => {
      onBroken(new Error('expected the worker to start, found it ended'));
      if (isReady && worker === started) onCrash(reason ?? `exit status ${status}`);
      retire(started);
    });
    return started;
  };

  return {
    start() {
      worker ??= launch();
      return ready;
    },
    function: (stage) => (event, context) =>
      new Promise((resolve, reject) => {
        if (isClosed) {
          reject(closed());
          return;
        }
        worker ??= launch();
        const from = worker;
        const id = ++invocations;
        const remaining = context.getRemainingTimeInMillis();
        const timer = setTimeout(() => {
          onCrash(`no answer in ${remaining / 1000} s`);
          retire(from);
          void from.terminate();
        }, remaining);
        const finish =
          <Value>(settle: (value: Value) => void) =>
          (value: Value): void => {
            clearTimeout(timer);
            settle(value);
          };
        running.set(id, { stage, resolve: finish(resolve), reject: finish(reject) });
        const { awsRequestId, functionName } = context;
        const endsAt = Date.now() + remaining;
        const message: ToWorker = { kind: 'invoke', id, stage, event, context: { awsRequestId, functionName, endsAt } };
        worker.postMessage(message);
      }),
    busyMilliseconds: (stage) => busy.get(stage) ?? 0,
    end() {
      if (worker === undefined) return;
      const ended = worker;
      silenced.add(ended);
      retire(ended);
      void ended.terminate();
    },
    async close() {
      isClosed = true;
      const last = worker;
      worker = undefined;
      failAll(closed());
      await last?.terminate();
    },
  };
};
