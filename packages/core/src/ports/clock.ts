/** Time, as everything in the pipeline sees it. Handed in, so that tests and the simulator own it. */
export type Clock = {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Resolves after `milliseconds`; rejects with the signal's reason when it aborts first. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
};

/** A number in [0, 1), for jitter. Handed in for the same reason. */
export type Random = () => number;
