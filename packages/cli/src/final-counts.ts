import type { RowStatus, RowStore } from '@sluice/core/ports/row-store';

/** Rows that became final since the process began. */
export type FinalCounts = Readonly<Record<Exclude<RowStatus, 'PENDING'>, number>>;

/** A rows table, and what became final through it: each row once, however often it is tried. */
export const watchFinals = (): {
  readonly finals: FinalCounts;
  watch(rows: RowStore): RowStore;
} => {
  const finals = { DONE: 0, FAILED: 0 };
  return {
    finals,
    watch: (rows) => ({
      ...rows,
      async finish(jobId, outcomes) {
        const answers = await rows.finish(jobId, outcomes);
        answers.forEach((answer, index) => {
          const status = outcomes[index]?.[2];
          if (answer === 'finished' && status !== undefined) finals[status]++;
        });
        return answers;
      },
    }),
  };
};
