import type { WorkerModule } from './function-worker.ts';

// Functions for worker-function.test.ts. The event says what to do.

type Event = { readonly do: string; readonly text?: string };

let invocations = 0;

const workerModule: WorkerModule = async (services, metrics, data) => {
  if (data === 'throw') throw new Error('expected a processor, found none');
  if (data === 'exit') process.exit(3);
  return {
    'process-rows': async (event, context) => {
      const { do: what, text = '' } = event as Event;
      const { queues, jobs, objects } = services('process-rows');
      invocations++;
      switch (what) {
        case 'answer':
          return { text, data, invocations, functionName: context.functionName, requestId: context.awsRequestId };
        case 'remaining':
          return context.getRemainingTimeInMillis();
        case 'throw':
          throw new Error('broken');
        case 'loop':
          // Counts where the test can see whether it still runs.
          for (const counter = (data as Int32Array | null) ?? new Int32Array(1); ; ) {
            Atomics.add(counter, 0, 1);
            Atomics.notify(counter, 0);
          }
        case 'hang':
          return new Promise(() => undefined);
        case 'exit':
          return process.exit(7);
        case 'crash':
          setImmediate(() => {
            throw new Error('crash');
          });
          return new Promise(() => undefined);
        case 'forget':
          void Promise.reject(new Error('forgotten'));
          return new Promise(() => undefined);
        case 'answer with a function':
          return () => text;
        case 'count':
          metrics({ stage: 'process-rows', rowsIn: 1, rowsOut: 2, retried: 3, dead: 4, messagesFailed: 5 });
          return undefined;
        case 'send':
          return queues.finished.sendBatch([{ id: '0', body: text }]);
        case 'get job':
          return jobs.getJob(text);
        case 'note file':
          await jobs.noteFile({ bucket: 'inbox', key: text, etag: 'etag' });
          return jobs.hasFile({ bucket: 'inbox', key: text, etag: 'etag' });
        case 'list chunks': {
          const pages: unknown[] = [];
          for await (const page of jobs.listChunks(text)) pages.push(page);
          return pages;
        }
        case 'catch': {
          const thrown: unknown = await jobs.getJob(text).then(
            () => undefined,
            (error: unknown) => error,
          );
          const { name, code, permanent, message } = thrown as Error & { code?: string; permanent?: boolean };
          return { name, code, permanent, message };
        }
        case 'put':
          return objects.put('work', 'from-worker.txt', text);
        case 'print':
          process.stdout.write(`${text}\n`);
          return undefined;
        default:
          throw new Error('expected something to do, found nothing');
      }
    },
    'finish-rows': async () => 'finished',
  };
};

export default workerModule;
