import type { Metrics, StageCounts } from '@sluice/core/ports/metrics';
import type { StageName } from '@sluice/core/wiring';

/** The counts of every stage so far, added up. */
export const createStageCounts = (): {
  readonly take: Metrics;
  readonly totals: ReadonlyMap<StageName, StageCounts>;
} => {
  const totals = new Map<StageName, StageCounts>();
  return {
    totals,
    take(counts) {
      const { stage } = counts;
      const { rowsIn = 0, rowsOut = 0, retried = 0, dead = 0, messagesFailed = 0 } = totals.get(stage) ?? {};
      totals.set(stage, {
        stage,
        rowsIn: rowsIn + counts.rowsIn,
        rowsOut: rowsOut + counts.rowsOut,
        retried: retried + counts.retried,
        dead: dead + counts.dead,
        messagesFailed: messagesFailed + counts.messagesFailed,
      });
    },
  };
};
