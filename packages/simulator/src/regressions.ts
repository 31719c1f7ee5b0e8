import type { Run } from './campaign.ts';

/** A run that once broke an invariant: what it was, and where it was put right. */
export type Regression = Pick<Run, 'seed' | 'knobs'> &
  Partial<Pick<Run, 'scenario' | 'kills'>> & { readonly found: string; readonly fixed: string };

/** `make test` runs them all. A seed draws other faults once the draws themselves change; the knobs say what it needed. */
export const regressions: readonly Regression[] = [];
