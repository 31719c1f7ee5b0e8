import type { StageName } from '../wiring.ts';

/** Jobs that an audit found in a state that waits for somebody. */
export type JobsWaiting = { readonly held: number; readonly stalled: number; readonly inconsistent: number };

/**
 * What one invocation did, in rows. `rowsIn` were delivered for the first time, `retried` again; `rowsOut` were handed on;
 * `dead` got a dead mark. At rest rowsIn = rowsOut + dead, but for rows that a stage ends itself (rejected, refused).
 * `messagesFailed` counts what was reported failed, so that it comes back: such an invocation is a success to Lambda, and no
 * error metric tells of it. `jobs` comes from audits alone.
 */
export type StageCounts = {
  readonly stage: StageName;
  readonly rowsIn: number;
  readonly rowsOut: number;
  readonly retried: number;
  readonly dead: number;
  readonly messagesFailed: number;
  readonly jobs?: JobsWaiting;
};

/** Takes one line of counts per invocation. */
export type Metrics = (counts: StageCounts) => void;
