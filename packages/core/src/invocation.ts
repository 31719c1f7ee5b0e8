import type { Context } from 'aws-lambda';

/** Least time that is kept back for settling, and the share of the whole (P8). */
const reserveMilliseconds = 2_000;
const reserveShare = 0.2;

/** What a stage knows of the invocation it runs in. */
export type Invocation = {
  readonly id: string;
  remainingMilliseconds(): number;
  /** True once no new work may be taken: what is left of the time is for handing back what was done. */
  isShort(): boolean;
};

export const startInvocation = (context: Context): Invocation => {
  const reserve = Math.max(reserveMilliseconds, context.getRemainingTimeInMillis() * reserveShare);
  return {
    id: context.awsRequestId,
    remainingMilliseconds: () => context.getRemainingTimeInMillis(),
    isShort: () => context.getRemainingTimeInMillis() < reserve,
  };
};
