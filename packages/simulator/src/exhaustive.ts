import { openCampaign } from './campaign.ts';
import type { Broken, CampaignOptions } from './run-campaign.ts';
import { runCampaign } from './run-campaign.ts';
import { simulate } from './simulate.ts';

export type ExhaustiveReport = {
  /** Port calls of the small scenario when nobody dies. */
  readonly calls: number;
  /** Runs with one death, and with two. */
  readonly single: number;
  readonly pairs: number;
  readonly broken?: Broken;
};

/** Kills a process at every port call of the small scenario, before the call's effect and after it. Returns how many calls each such run made. */
export const killOnce = async (
  onProgress: (done: number, runs: number) => void = () => undefined,
): Promise<ExhaustiveReport & { readonly lengths: readonly number[] }> => {
  const { violation, calls } = await simulate(1, {}, { scenario: 'small' });
  if (violation !== undefined) throw new Error(`the small scenario: ${violation.invariant}: ${violation.message}`);
  const { runs, at } = openCampaign({ kind: 'kills', calls });
  const lengths: number[] = [];
  for (let index = 0; index < runs; index++) {
    const run = at(index);
    const outcome = await simulate(run.seed, run.knobs, { scenario: run.scenario, kills: run.kills });
    if (outcome.violation !== undefined)
      return { calls, single: index + 1, pairs: 0, lengths, broken: { run, outcome } };
    lengths.push(outcome.calls);
    onProgress(index + 1, runs);
  }
  return { calls, single: runs, pairs: 0, lengths };
};

/** The same, and then a second time at every later call of each of those runs. */
export const killTwice = async (onProgress: CampaignOptions['onProgress']): Promise<ExhaustiveReport> => {
  const { lengths, ...once } = await killOnce();
  if (once.broken !== undefined) return once;
  const { sums, broken } = await runCampaign(
    { kind: 'pairs of kills', calls: lengths },
    onProgress === undefined ? {} : { onProgress },
  );
  return { ...once, pairs: sums.runs, ...(broken === undefined ? {} : { broken }) };
};
