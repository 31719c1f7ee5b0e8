import type { Limit } from './plan.ts';
import type { Capacity, CarryingStage } from './rates.ts';

/** Where a stage is in the flow. */
export type State = {
  readonly stage: CarryingStage;
  carried: number;
  beganAt: number | undefined;
  endedAt: number;
  rate: number;
  capacity: Capacity;
  limit: Limit;
  /** Seconds for which each limit held. */
  readonly limits: Map<Limit, number>;
  rowsPerSecondMax: number;
  concurrency: number;
  messagesIn: number;
  messagesOut: number;
  invocations: number;
  busy: number;
  /** Seconds of the last invocation with work waiting behind it: what the last of them may come late. */
  lateSeconds: number;
};

export const begin = (stage: CarryingStage): State => ({
  stage,
  carried: 0,
  beganAt: undefined,
  endedAt: 0,
  rate: 0,
  capacity: { rowsPerSecond: 0, limit: 'input', lanes: 1, isRamping: false, rowsMax: 1 },
  limit: 'input',
  limits: new Map(),
  rowsPerSecondMax: 0,
  concurrency: 0,
  messagesIn: 0,
  messagesOut: 0,
  invocations: 0,
  busy: 0,
  lateSeconds: 0,
});
