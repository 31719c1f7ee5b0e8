import { countOf } from '../../terminal-text.ts';

/** Why letters stay where they are. */
const reasons = {
  notSelected: 'do not fit the filters',
  otherRows: 'hold other rows as well, and a letter goes as a whole or not at all',
  sinceStart: 'came after this began',
  over: 'are of a job that is complete or cancelled, and would change nothing (sluice dlq drop removes them)',
  forgotten: 'are of a job whose rows were deleted (sluice dlq drop removes them)',
} as const;

export type LeftReason = keyof typeof reasons;
export type Left = Record<LeftReason, number>;

export const createLeft = (): Left => ({ notSelected: 0, otherRows: 0, sinceStart: 0, over: 0, forgotten: 0 });

export const countLeft = (left: Left): number => Object.values(left).reduce((sum, count) => sum + count, 0);

/** A line for each reason that there is, but for those that the filters alone leave. */
export const leftLines = (left: Left): readonly string[] =>
  (Object.keys(reasons) as LeftReason[])
    .filter((reason) => reason !== 'notSelected' && left[reason] > 0)
    .map((reason) => `  ${countOf(left[reason], 'letter')} left: they ${reasons[reason]}`);
