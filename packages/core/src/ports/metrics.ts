import type { StageName } from '../wiring.ts';

/**
 * What one invocation did, in rows. `rowsIn` were delivered for the first time, `retried` again; `rowsOut` were handed on;
 * `dead` got a dead mark. At rest rowsIn = rowsOut + dead, but for rows that a stage ends itself (rejected, refused).
 */
export type StageCounts = {
  readonly stage: StageName;
  readonly rowsIn: number;
  readonly rowsOut: number;
  readonly retried: number;
  readonly dead: number;
};

/** Takes one line of counts per invocation. */
export type Metrics = (counts: StageCounts) => void;
