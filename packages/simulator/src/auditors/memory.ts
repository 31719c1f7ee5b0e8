import type { StageName } from '@sluice/core/wiring';
import type { Fact } from '../facts.ts';
import { violate } from './violate.ts';

// I14: memory per invocation is bounded. What a handler holds beside one message, one pack in the making and one chunk's rejects is
// what its port calls carry that wait for an answer.

/** Batches of a queue on their way at once (send.ts), each of at most 1 MiB (SQS). */
const sends = 4;
/** Calls of the rows table on their way at once (write-rows.ts), each of at most 25 rows and 1 MiB (DynamoDB). */
const writes = 4;
/** Ranges of an object on their way at once, 4 MiB each, when a whole file is read in order (read-object.ts). */
const readsAhead = 3;
/** Objects and files asked for at once, none of which brings more than a name (merge-rejects.ts, search-uploads.ts). */
const lookups = 16;

/** An audit asks for objects, then reads ahead what it merges and puts, and never sends meanwhile; clean-rows sends while its one range comes in. */
const callsMax: Readonly<Record<StageName, number>> = {
  'split-file': readsAhead + sends,
  'clean-rows': 1 + sends,
  'store-rows': writes,
  'relay-rows': sends,
  'process-rows': sends,
  'finish-rows': writes,
  'audit-job': Math.max(lookups, readsAhead + sends + 1),
};

const mebibyte = 1024 * 1024;
/** Of all calls of an invocation: four full batches, and three ranges. */
const bytesMax = sends * mebibyte + readsAhead * 4 * mebibyte;

export const checkCalled = (fact: Extract<Fact, { kind: 'called' }>): void => {
  const { by, inFlight, bytes } = fact;
  const most = callsMax[by.stage as StageName] ?? Number.POSITIVE_INFINITY;
  if (inFlight > most) violate('I14', `expected at most ${most} port calls under way, found ${inFlight}`, {}, fact);
  if (bytes > bytesMax) violate('I14', `expected at most ${bytesMax} bytes under way, found ${bytes}`, {}, fact);
};
