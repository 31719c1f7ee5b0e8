import type { FaultClass } from './fault-classes.ts';
import { faultClasses } from './fault-classes.ts';
import type { Draws } from './random.ts';

/** How often each class strikes where it can: a probability per call, message, invocation, file or row; 0 for one that is off. */
export type FaultRates = Readonly<Record<FaultClass, number>>;

/** The highest rates that a pipeline can be asked to get through within a few virtual hours, for classes that strike often. */
const ceilings: Partial<Record<FaultClass, number>> = {
  'event-lost': 0.5,
  'object-overwritten': 0.3,
  'object-deleted': 0.3,
  'read-short': 0.4,
  'read-reset': 0.4,
  'read-stalled': 0.1,
  'slow-down': 0.3,
  'message-duplicated': 0.5,
  'message-delayed': 0.5,
  'message-reordered': 1,
  'visibility-expired': 0.3,
  'send-refused': 0.4,
  'send-sender-fault': 0.05,
  'send-lost': 0.3,
  'send-reply-lost': 0.3,
  'delete-failed': 0.3,
  crash: 0.05,
  timeout: 0.02,
  'out-of-memory': 0.1,
  throttled: 0.2,
  zombie: 0.2,
  'write-reply-lost': 0.3,
  'write-lost': 0.3,
  'throttle-burst': 0.5,
  'throttle-key': 0.5,
  'statement-failed': 0.3,
  'read-failed': 0.2,
  'index-stale': 0.5,
  'record-poisoned': 0.05,
  'processor-fails': 0.3,
  'processor-hangs': 0.1,
  'processor-kills': 0.1,
  'processor-wavers': 0.5,
};

/**
 * Swarm testing: each seed leaves whole classes out, so that those that are in get their turn undisturbed by the others, and draws wild
 * rates for the rest. Source: Groce et al., "Swarm Testing", ISSTA 2012.
 */
export const drawFaults = (draws: Draws, without: readonly FaultClass[] = []): FaultRates => {
  // Few classes in some runs, nearly all in others.
  const share = draws.pick([0.05, 0.15, 0.3, 0.6, 0.9]);
  // Mostly rare in some runs, mostly as bad as it gets in others.
  const mildness = draws.pick([0.5, 2, 4]);
  const rates = {} as Record<FaultClass, number>;
  for (const fault of faultClasses) {
    const isOn = draws.happens(share);
    const ceiling = ceilings[fault] ?? 1;
    const rate = ceiling * draws.next() ** mildness;
    rates[fault] = isOn && !without.includes(fault) ? rate : 0;
  }
  return rates;
};

/** The rates, one line each, for a person to read. */
export const describeFaults = (rates: FaultRates): string[] =>
  faultClasses.filter((fault) => rates[fault] > 0).map((fault) => `${fault} ${rates[fault].toFixed(3)}`);
