import { parentPort, workerData } from 'node:worker_threads';
import type { ErrorCode } from '@sluice/core/errors';
import { errorCatalogue, SluiceError } from '@sluice/core/errors';
import type { Metrics } from '@sluice/core/ports/metrics';
import type { QueueName } from '@sluice/core/ports/queue';
import { queueNames } from '@sluice/core/ports/queue';
import type { Services } from '@sluice/core/stage';
import type { StageName } from '@sluice/core/wiring';
import type { Context } from 'aws-lambda';
import type { LocalFunction } from './function.ts';
import { createLocalObjects } from './object-store.ts';
import type { RemoteService, ToMain, ToWorker, WorkerStart } from './worker-protocol.ts';

// The worker's side of worker-function.ts: ports that call the main thread, and the loop that answers invocations.

/** The services a function in a worker can reach: objects directly, queues and jobs over the channel. */
export type WorkerServices = Pick<Services, 'objects' | 'queues' | 'jobs'>;

/** A module that makes functions in a worker. */
export type WorkerModule = (
  services: (caller: StageName) => WorkerServices,
  metrics: Metrics,
  data: unknown,
) => Promise<Partial<Record<StageName, LocalFunction>>>;

type Waiting = { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void };

const jobMethods = [
  'createJob',
  'getJob',
  'changeJob',
  'takeLease',
  'releaseLease',
  'putChunks',
  'putCounts',
  'closeChunk',
  'putMarks',
  'noteFile',
  'hasFile',
] as const;
/** Their pages come over the channel all at once. */
const jobLists = ['listChunks', 'listMarks', 'listDueJobs'] as const;
const queueMethods = ['sendBatch', 'changeVisibilityBatch', 'depth'] as const;

const isErrorCode = (code: string | undefined): code is ErrorCode => code !== undefined && code in errorCatalogue;

const port = parentPort;
if (port !== null) {
  const start = workerData as WorkerStart;
  const waiting = new Map<number, Waiting>();
  let calls = 0;

  const say = (message: ToMain): void => port.postMessage(message);

  type Call = (...args: readonly unknown[]) => Promise<unknown>;
  const remote = (caller: StageName, service: RemoteService, methods: readonly string[]) =>
    Object.fromEntries(
      methods.map((method): [string, Call] => [
        method,
        (...args) =>
          new Promise((resolve, reject) => {
            const id = ++calls;
            waiting.set(id, { resolve, reject });
            say({ kind: 'call', id, caller, service, method, arguments: args });
          }),
      ]),
    );

  const inPages = (list: Call) =>
    async function* (...args: readonly unknown[]): AsyncGenerator<unknown> {
      yield* (await list(...args)) as readonly unknown[];
    };

  const remoteJobs = (caller: StageName): Services['jobs'] => {
    const lists = Object.entries(remote(caller, 'jobs', jobLists)).map(([method, list]) => [method, inPages(list)]);
    return { ...remote(caller, 'jobs', jobMethods), ...Object.fromEntries(lists) } as unknown as Services['jobs'];
  };

  const objects = createLocalObjects(start.buckets, () => say({ kind: 'disk full' }));
  const services = (caller: StageName): WorkerServices => ({
    objects,
    jobs: remoteJobs(caller),
    queues: Object.fromEntries(
      queueNames.map((name: QueueName) => [name, remote(caller, name, queueMethods)]),
    ) as unknown as Services['queues'],
  });

  const module = (await import(start.module)) as { readonly default: WorkerModule };
  const functions = await module.default(services, (counts) => say({ kind: 'metrics', counts }), start.data);

  const invoke = async (message: Extract<ToWorker, { kind: 'invoke' }>): Promise<void> => {
    const { id, stage, event, context } = message;
    const before = performance.eventLoopUtilization();
    // The active time of the thread while the invocation was under way: its own, unless two run at once.
    const busyMilliseconds = (): number => performance.eventLoopUtilization(before).active;
    try {
      const run = functions[stage];
      if (run === undefined) throw new Error(`expected a function for ${stage} in this worker, found none`);
      const response = await run(event, {
        ...context,
        getRemainingTimeInMillis: () => Math.max(0, context.endsAt - Date.now()),
      } as unknown as Context);
      say({ kind: 'answer', id, response, busyMilliseconds: busyMilliseconds() });
    } catch {
      say({ kind: 'thrown', id, busyMilliseconds: busyMilliseconds() });
    }
  };

  say({ kind: 'ready' });
  port.on('message', (message: ToWorker) => {
    if (message.kind === 'invoke') {
      void invoke(message);
      return;
    }
    const call = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.kind === 'reply') call?.resolve(message.value);
    else
      call?.reject(
        isErrorCode(message.code) ? new SluiceError(message.code, message.message) : new Error(message.message),
      );
  });
}
