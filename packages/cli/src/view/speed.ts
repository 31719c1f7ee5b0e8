/** How fast a count grows, smoothed. */
export type Speed = {
  /** Notes the count at a time in milliseconds; a count below the one before begins anew. */
  note(at: number, count: number): void;
  /** Per second over the window, 0 while it does not grow; undefined before enough time has passed to say. */
  perSecond(): number | undefined;
};

/**
 * Looks back over `windowMilliseconds`. Nothing is said of less than a third of that: counts that come in bursts would show as
 * anything.
 */
export const createSpeed = (windowMilliseconds: number): Speed => {
  const notes: { readonly at: number; readonly count: number }[] = [];
  return {
    note(at, count) {
      if (count < (notes.at(-1)?.count ?? 0)) notes.length = 0;
      notes.push({ at, count });
      // One that is older stays, so that the window is covered.
      while ((notes[1]?.at ?? at) <= at - windowMilliseconds) notes.shift();
    },
    perSecond() {
      const [first] = notes;
      const last = notes.at(-1);
      if (first === undefined || last === undefined) return undefined;
      const milliseconds = last.at - first.at;
      if (milliseconds < windowMilliseconds / 3) return undefined;
      return ((last.count - first.count) / milliseconds) * 1000;
    },
  };
};
