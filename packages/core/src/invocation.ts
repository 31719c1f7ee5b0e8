import type { Context } from 'aws-lambda';

/** Least time that is kept back for settling, and the share of the whole. */
const reserveMilliseconds = 2_000;
const reserveShare = 0.2;

/** What a stage knows of the invocation it runs in. */
export type Invocation = {
  readonly id: string;
  remainingMilliseconds(): number;
  /** What is left of the time without what is kept back for settling; below 0 when that has begun. */
  spareMilliseconds(): number;
  /** True once no new work may be taken: what is left of the time is for handing back what was done. */
  isShort(): boolean;
};

export const startInvocation = (context: Context): Invocation => {
  const reserve = Math.max(reserveMilliseconds, context.getRemainingTimeInMillis() * reserveShare);
  const spareMilliseconds = (): number => context.getRemainingTimeInMillis() - reserve;
  return {
    id: context.awsRequestId,
    remainingMilliseconds: () => context.getRemainingTimeInMillis(),
    spareMilliseconds,
    isShort: () => spareMilliseconds() < 0,
  };
};
