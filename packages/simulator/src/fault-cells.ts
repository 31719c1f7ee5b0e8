import type { StageName } from '@sluice/core/wiring';
import { stageNames } from '@sluice/core/wiring';
import type { FaultClass } from './fault-classes.ts';

/** Where a fault strikes: a stage's own doing, or a service or the user by themselves. */
export type Place = StageName | 'service';
export const places: readonly Place[] = ['service', ...stageNames];

/** The places a fault class can strike at, and why not at others. */
export type Cells = { readonly at: readonly Place[]; readonly because: string };

const byItself: Cells = { at: ['service'], because: 'no stage takes part in it' };
const everyStage: Cells = {
  at: stageNames,
  because: 'every stage runs in a process, calls ports, and is told the time',
};
const readers: Cells = {
  at: ['split-file', 'clean-rows', 'audit-job'],
  because: 'the others read and write no objects',
};
const writers: Cells = { at: ['store-rows', 'finish-rows'], because: 'the others write no rows' };
const processor: Cells = { at: ['process-rows'], because: "it alone runs the user's code" };

/** Of every fault class the cells of the matrix that it can hit; the rest is empty for a reason. */
export const faultCells: Readonly<Record<FaultClass, Cells>> = {
  'event-duplicated': byItself,
  'event-delayed': byItself,
  'event-lost': byItself,
  'object-overwritten': byItself,
  'object-deleted': byItself,
  'read-short': readers,
  'read-reset': readers,
  'read-stalled': readers,
  'slow-down': readers,
  'message-duplicated': byItself,
  'message-reordered': byItself,
  'message-delayed': byItself,
  'visibility-expired': byItself,
  'send-refused': everyStage,
  'send-sender-fault': everyStage,
  'send-lost': everyStage,
  'send-reply-lost': everyStage,
  'delete-failed': byItself,
  'redrive-early': byItself,
  'messages-lost': byItself,
  crash: everyStage,
  timeout: everyStage,
  'out-of-memory': everyStage,
  throttled: everyStage,
  zombie: everyStage,
  deploy: byItself,
  'write-reply-lost': everyStage,
  'write-lost': everyStage,
  'throttle-burst': everyStage,
  'throttle-key': writers,
  'throttle-long': writers,
  'statement-failed': writers,
  'read-failed': {
    at: ['split-file', 'clean-rows', 'relay-rows', 'process-rows', 'audit-job'],
    because: 'the others read neither tables nor queue depths',
  },
  'index-stale': { at: ['audit-job'], because: 'it alone asks an index' },
  'stream-redelivered': byItself,
  'shard-split': byItself,
  'record-poisoned': { at: ['relay-rows'], because: 'it alone reads the stream' },
  'mapping-off': byItself,
  'clock-skew': everyStage,
  'file-twice': byItself,
  'key-reused': byItself,
  'csv-dirty': byItself,
  'processor-fails': processor,
  'processor-hangs': processor,
  'processor-kills': processor,
  'processor-wavers': processor,
  'processor-outage': { at: ['service', 'process-rows'], because: 'it begins by itself, and then meets calls' },
  'job-cancelled': byItself,
};
