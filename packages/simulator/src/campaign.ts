import type { ScenarioName } from './scenario.ts';
import type { Knobs } from './workload.ts';
import type { Kill } from './world.ts';

/** What one simulation is a function of. */
export type Run = {
  readonly seed: number;
  readonly knobs: Knobs;
  readonly scenario: ScenarioName;
  readonly kills: readonly Kill[];
};

/** Simulations that belong together, in an order that does not depend on who runs them. */
export type Campaign =
  | {
      readonly kind: 'seeds';
      readonly from: number;
      readonly count: number;
      readonly scenario: ScenarioName;
      readonly knobs?: Knobs;
    }
  /** One process dies, at each of `calls` port calls of the small scenario, before the call's effect and after it. */
  | { readonly kind: 'kills'; readonly calls: number }
  /**
   * The same with a second death at each later call. `calls` says how many calls the run with the n-th single death made: those
   * after it are part of what a second one can strike.
   */
  | { readonly kind: 'pairs of kills'; readonly calls: readonly number[] };

export const phases: readonly Kill['phase'][] = ['before', 'after'];

const small = (kills: readonly Kill[]): Run => ({ seed: 1, knobs: {}, scenario: 'small', kills });

/** The n-th single death, from 0. */
const killAt = (index: number, firstCall = 1): Kill => ({
  call: firstCall + Math.floor(index / phases.length),
  phase: phases[index % phases.length] as Kill['phase'],
});

/** How many runs a campaign has, and each of them by its number, from 0. */
export const openCampaign = (campaign: Campaign): { readonly runs: number; at(index: number): Run } => {
  if (campaign.kind === 'seeds') {
    const { from, count, scenario, knobs = {} } = campaign;
    return { runs: count, at: (index) => ({ seed: from + index, knobs, scenario, kills: [] }) };
  }
  if (campaign.kind === 'kills') {
    return { runs: campaign.calls * phases.length, at: (index) => small([killAt(index)]) };
  }
  const ends: number[] = [];
  let runs = 0;
  campaign.calls.forEach((calls, index) => {
    runs += Math.max(0, calls - killAt(index).call) * phases.length;
    ends.push(runs);
  });
  return {
    runs,
    at(index) {
      let low = 0;
      for (let high = ends.length - 1; low < high; ) {
        const middle = (low + high) >> 1;
        if ((ends[middle] ?? 0) > index) high = middle;
        else low = middle + 1;
      }
      const first = killAt(low);
      return small([first, killAt(index - (ends[low - 1] ?? 0), first.call + 1)]);
    },
  };
};
