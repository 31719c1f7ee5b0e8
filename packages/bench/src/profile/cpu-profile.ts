// CPU profiles as V8 writes them: which function was running, asked every millisecond or so.
// Source: Chrome DevTools Protocol, domain Profiler, type Profile.

export type Frame = {
  /** Empty for native code and for V8 itself, whose names stand in parentheses. */
  readonly functionName: string;
  readonly url: string;
  /** From 0. */
  readonly lineNumber: number;
  readonly columnNumber: number;
};

export type CpuProfile = {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: Frame;
    readonly children?: readonly number[];
  }[];
  /** Microseconds. */
  readonly startTime: number;
  readonly endTime: number;
  /** Ids of nodes. */
  readonly samples: readonly number[];
  /** Microseconds from the sample before, or from the start. */
  readonly timeDeltas: readonly number[];
};

/** Time of one function under one chain of callers, without what it called. */
export type SelfTime = {
  /** The function first, then its callers, without the root. */
  readonly frames: readonly Frame[];
  readonly microseconds: number;
};

/**
 * What a profile's time went to. A sample counts for the time up to the next one, the last one for what is left; so the sum
 * is the profile's whole length but for what lies before its first sample.
 */
export const selfTimesOf = ({ nodes, samples, timeDeltas, startTime, endTime }: CpuProfile): readonly SelfTime[] => {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const microseconds = new Map<number, number>();
  let at = startTime;
  samples.forEach((id, index) => {
    at += timeDeltas[index] ?? 0;
    const until = index + 1 === samples.length ? endTime : at + (timeDeltas[index + 1] ?? 0);
    microseconds.set(id, (microseconds.get(id) ?? 0) + Math.max(0, until - at));
  });
  const framesOf = (leaf: number): readonly Frame[] => {
    const frames: Frame[] = [];
    for (let id: number | undefined = leaf; id !== undefined; id = parents.get(id)) {
      const frame = byId.get(id)?.callFrame;
      if (frame !== undefined && frame.functionName !== '(root)') frames.push(frame);
    }
    return frames;
  };
  return [...microseconds].map(([id, time]) => ({ frames: framesOf(id), microseconds: time }));
};
