import { places } from '@sluice/simulator/fault-cells';
import type { FaultClass } from '@sluice/simulator/fault-classes';
import { alignLeft, alignRight } from '@sluice/simulator/text-table';
import type { Hits } from '@sluice/simulator/world';
import { countText } from '../terminal-text.ts';
import type { Findings } from './verdict.ts';
import { invariants } from './verdict.ts';

/** What a run under faults came to. */
export type ChaosReport = {
  readonly seed: number;
  readonly calls: number;
  readonly rounds: number;
  readonly hits: Hits;
  /** Undefined for a run that was interrupted: nothing was looked at. */
  readonly findings: Findings | undefined;
};

export const strikesOf = ({ hits }: Pick<ChaosReport, 'hits'>): number =>
  Object.values(hits)
    .flatMap((byPlace) => Object.values(byPlace))
    .reduce((sum, count) => sum + count, 0);

/** Whether nothing was found broken. */
export const holds = ({ findings }: Pick<ChaosReport, 'findings'>): boolean =>
  findings !== undefined && [...findings.values()].every(({ isBroken }) => !isBroken);

const hitsTable = (hits: Hits): string[] => {
  const struck = places.filter((place) => Object.values(hits).some((byPlace) => (byPlace[place] ?? 0) > 0));
  const lines = (Object.keys(hits) as FaultClass[]).map((fault) => [
    fault,
    ...struck.map((place) => {
      const count = hits[fault]?.[place] ?? 0;
      return count === 0 ? '-' : countText(count);
    }),
  ]);
  return alignRight([['fault', ...struck], ...lines]);
};

/** The block as people read it; ends with a line end. */
export const renderChaos = (report: ChaosReport): string => {
  const { seed, calls, rounds, hits, findings } = report;
  const verdicts = invariants.map(([held, text]) => {
    const found = findings?.get(held);
    if (findings === undefined) return [held, 'not looked at', text];
    if (found === undefined) return [held, 'holds', text];
    return found.isBroken ? [held, 'BROKEN', found.text] : [held, '-', found.text];
  });
  const broken = verdicts.filter(([, verdict]) => verdict === 'BROKEN').map(([held]) => held);
  const indent = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);
  return [
    `chaos, seed ${seed}: ${countText(strikesOf(report))} faults struck ${countText(calls)} port calls; redriven and repaired ${rounds} times`,
    '',
    ...indent(hitsTable(hits)),
    '',
    ...indent(alignLeft(verdicts)),
    '',
    ...(broken.length === 0
      ? []
      : [`sluice: broken under faults: ${broken.join(', ')}; please report it with the seed and report.json`, '']),
    '',
  ].join('\n');
};
