import { readFileSync } from 'node:fs';
import type { Processor } from '@sluice/core/processor';
import { defaultProcessor } from '@sluice/core/processor';
import type { DynamoDBStreamEvent, SQSEvent } from 'aws-lambda';
import { createDynamoDb, createSqs } from './clients.ts';
import { createFinish } from './finish.ts';
import { forEachInFlight } from './in-flight.ts';
import { measured } from './measured.ts';
import { createProcess } from './process.ts';
import { createRelay } from './relay.ts';
import { createStore } from './store.ts';

// One process of a stage's peer: STAGE EVENTS TARGET [PROCESSOR], where TARGET is the table or the URL of the queue.

/** Calls under way at once: enough that none waits for the endpoint, and no more than the SDK's own limit of sockets. */
const callsMax = 50;
/** Records of an event, each with a call of its own or all in one, unless it is a stream's: see peer-events.ts. */
const recordsPerEvent = 10;
/** So many events at a time, as if as many functions ran in the process. */
const eventsAtOnce = callsMax / recordsPerEvent;

type Work = (event: SQSEvent & DynamoDBStreamEvent) => Promise<number>;

const [stage = '', path = '', target = '', processorModule] = process.argv.slice(2);

const createWork = async (): Promise<Work> => {
  switch (stage) {
    case 'store':
      return createStore(createDynamoDb(callsMax), target);
    case 'relay':
      return createRelay(createSqs(callsMax), target);
    case 'process': {
      const chosen = processorModule && ((await import(processorModule)) as { readonly default: Processor }).default;
      return createProcess(createSqs(callsMax), target, chosen || defaultProcessor);
    }
    case 'finish':
      return createFinish(createDynamoDb(callsMax), target);
    default:
      throw new Error(`expected a stage, found ${stage}`);
  }
};

const work = await createWork();
const lines = readFileSync(path, 'utf8').split('\n');
const events = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Parameters<Work>[0]);
let rows = 0;
// Connected, and as warm as a function is that has served before.
if (events[0] !== undefined) await work(events[0]);
await measured(async () => {
  await forEachInFlight(events, eventsAtOnce, async (event) => {
    const carried = await work(event);
    rows += carried;
  });
  return { rows, skipped: 0 };
});
// Connections that are kept alive would keep the process too.
process.exit();
