import type { StageName } from '@sluice/core/wiring';
import type { FaultRates } from '@sluice/simulator/draw-faults';
import type { FaultClass } from '@sluice/simulator/fault-classes';
import { faultClasses } from '@sluice/simulator/fault-classes';
import type { Draws } from '@sluice/simulator/random';

/**
 * The rate of each class on a large file, on average, and the highest on a small one: a probability per call, message, invocation or row,
 * or, of what happens now and then (`perCall`), per port call of the whole run. A class that is not here is no fault of a service:
 * the user's file and code are left as they are.
 */
type Rate = { readonly usual: number; readonly most: number };

const usual: Partial<Record<FaultClass, Rate>> = {
  'event-duplicated': { usual: 0.000_05, most: 0.002 },
  'read-short': { usual: 0.15, most: 0.3 },
  'read-reset': { usual: 0.15, most: 0.3 },
  'read-stalled': { usual: 0.03, most: 0.05 },
  'slow-down': { usual: 0.1, most: 0.2 },
  'message-duplicated': { usual: 0.01, most: 0.03 },
  'message-reordered': { usual: 0.1, most: 0.5 },
  'message-delayed': { usual: 0.02, most: 0.05 },
  'visibility-expired': { usual: 0.01, most: 0.03 },
  'send-refused': { usual: 0.02, most: 0.05 },
  'send-sender-fault': { usual: 0.001, most: 0.003 },
  'send-lost': { usual: 0.02, most: 0.05 },
  'send-reply-lost': { usual: 0.02, most: 0.05 },
  'delete-failed': { usual: 0.01, most: 0.03 },
  'redrive-early': { usual: 0.000_1, most: 0.003 },
  crash: { usual: 0.005, most: 0.01 },
  timeout: { usual: 0.001, most: 0.002 },
  'out-of-memory': { usual: 0.02, most: 0.05 },
  throttled: { usual: 0.05, most: 0.1 },
  zombie: { usual: 0.02, most: 0.1 },
  'write-reply-lost': { usual: 0.03, most: 0.05 },
  'write-lost': { usual: 0.03, most: 0.05 },
  'throttle-burst': { usual: 0.05, most: 0.1 },
  'throttle-key': { usual: 0.01, most: 0.05 },
  'statement-failed': { usual: 0.002, most: 0.01 },
  'read-failed': { usual: 0.02, most: 0.1 },
  'index-stale': { usual: 0.2, most: 0.3 },
  'stream-redelivered': { usual: 0.000_3, most: 0.01 },
  'shard-split': { usual: 0.000_1, most: 0.003 },
  'record-poisoned': { usual: 0.000_01, most: 0.002 },
  'mapping-off': { usual: 0.000_3, most: 0.01 },
  'clock-skew': { usual: 0.3, most: 0.3 },
};

/** What happens by itself, now and then. */
export const perCall = [
  'event-duplicated',
  'redrive-early',
  'stream-redelivered',
  'shard-split',
  'mapping-off',
] as const;

/** A file of this size meets the usual rates; one that is smaller meets higher ones, so that it meets any. */
const usualBytes = 4 * 1024 * 1024;
/** Share of the classes that are in; the rest leaves them room. */
const shareOn = 0.85;

export const drawChaosRates = (draws: Draws, fileBytes: number): FaultRates => {
  const factor = Math.max(1, usualBytes / Math.max(1, fileBytes));
  const rates = {} as Record<FaultClass, number>;
  for (const fault of faultClasses) {
    const isOn = draws.happens(shareOn);
    const wild = 0.5 + draws.next();
    const rate = usual[fault];
    rates[fault] = isOn && rate !== undefined ? Math.min(rate.most, rate.usual * factor * wild) : 0;
  }
  return rates;
};

/** The writing stages make a call for every 25 rows, the others a few for a chunk: a process of any stage is to get through mostly. */
const writingShare: Partial<Record<FaultClass, number>> = {
  crash: 0.05,
  timeout: 0.05,
  'write-lost': 0.2,
  'write-reply-lost': 0.2,
};
/** A batch whose process dies comes again row by row, each row a message: that takes long where every row is in a batch. */
const processingShare: Partial<Record<FaultClass, number>> = {
  crash: 0.2,
  timeout: 0.2,
  'out-of-memory': 0.2,
  throttled: 0.1,
  zombie: 0.2,
};

/** What of a class's rate a stage meets. */
export const shareOf = (fault: FaultClass, stage: StageName | 'service'): number => {
  if (stage === 'store-rows' || stage === 'finish-rows') return writingShare[fault] ?? 1;
  return stage === 'process-rows' ? (processingShare[fault] ?? 1) : 1;
};
