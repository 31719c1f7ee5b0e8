import type { StageName } from '@sluice/core/wiring';

/** A call of a port, as it arrives at a service. */
export type Call = {
  readonly caller: StageName | 'runner';
  readonly service: 'sqs' | 's3' | 'rows' | 'jobs';
  readonly operation: string;
};

/**
 * Stands between every port and its service: a call arrives, takes effect, is answered. What goes wrong, and when, is decided
 * here; a service itself is always right.
 */
export type Faults = {
  call<Answer>(call: Call, effect: () => Answer): Promise<Answer>;
};

export const noFaults: Faults = {
  async call(_, effect) {
    return effect();
  },
};
