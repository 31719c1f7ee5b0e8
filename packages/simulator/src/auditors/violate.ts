import type { Fact } from '../facts.ts';
import { Violation } from '../facts.ts';

export type Invariant =
  | `I${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14}`
  | 'announcements'
  | 'limits'
  | 'liveness';

/** Where to look: enough to find the row, and nothing of what it holds. */
export type Place = {
  readonly job?: string;
  readonly chunk?: number | undefined;
  readonly row?: number | undefined;
  readonly queue?: string;
  readonly message?: string;
  readonly key?: string;
};

const describePlace = (place: Place): string =>
  Object.entries(place)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');

// Said as a type of its own, so that whoever calls it knows that nothing comes after.
type Violate = (invariant: Invariant, what: string, place: Place, fact?: Fact) => never;

/** Throws a Violation. `what` says what was expected and what was found. */
export const violate: Violate = (invariant, what, place, fact) => {
  const when = fact === undefined ? 'at rest' : `at ${fact.at} by ${fact.by.stage} ${fact.by.invocation}`;
  throw new Violation(invariant, `${what} (${describePlace(place)}; ${when})`);
};
