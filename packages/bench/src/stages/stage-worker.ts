import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { peakKibibytes } from '../peak-kibibytes.ts';
import { startContext } from './lambda-events.ts';

// Runs in a process of its own, in the place of Lambda's runtime: imports the module named by its first argument, reads its events
// from the file named by the second, has its handler take one of them as one that is warm has, tells that it is ready, and
// once it is told to begin gives its handler every event, one after another, for so many rounds.

export type WorkerSaid =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'done';
      readonly failures: number;
      /** User and system, of all threads. */
      readonly cpuMicroseconds: number;
      readonly peakKibibytes: number;
    };

type Answer = { readonly batchItemFailures: readonly unknown[] };
type Handler = (event: unknown, context: unknown) => Promise<Answer>;

const [module = '', path = '', stage = '', timeoutSeconds = '', rounds = ''] = process.argv.slice(2);
const { handler } = (await import(module)) as { readonly handler: Handler };
let invocations = 0;
const invoke = async (event: unknown): Promise<number> => {
  const { batchItemFailures } = await handler(event, startContext(stage, Number(timeoutSeconds), ++invocations));
  return batchItemFailures.length;
};

const events: unknown[] = [];
for await (const line of createInterface({ input: createReadStream(path) })) events.push(JSON.parse(line));
let failures = events.length === 0 ? 0 : await invoke(events[0]);

process.once('message', async () => {
  const before = process.cpuUsage();
  for (let round = 0; round < Number(rounds); round++) {
    for (const event of events) failures += await invoke(event);
  }
  const { user, system } = process.cpuUsage(before);
  const done = { failures, cpuMicroseconds: user + system, peakKibibytes: peakKibibytes() };
  process.send?.({ kind: 'done', ...done } satisfies WorkerSaid, () => process.disconnect());
});
process.send?.({ kind: 'ready' } satisfies WorkerSaid);
