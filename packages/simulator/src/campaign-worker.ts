import { parentPort, workerData } from 'node:worker_threads';
import { type Campaign, openCampaign } from './campaign.ts';
import { applyMutation } from './mutation-loader.ts';
import type { Outcome } from './simulate.ts';
import { addOutcome, noSums, type Sums } from './sums.ts';

/** A worker takes every `step`th run of a campaign, from `first` on. */
export type CampaignShare = {
  readonly campaign: Campaign;
  readonly first: number;
  readonly step: number;
  /** [0]: no run of this number or above need be begun. */
  readonly stop: Int32Array;
  /** [0]: the number of the run under way. */
  readonly current: Int32Array;
  /** Id of the deliberate bug to put into the product. */
  readonly mutation?: string;
};

export type WorkerSays =
  | { readonly kind: 'ran'; readonly sums: Sums; readonly isLast: boolean }
  | { readonly kind: 'broke'; readonly index: number; readonly outcome: Outcome };

/** Time between two messages of progress. */
const tellMilliseconds = 500;

const share = workerData as CampaignShare;
const { first, step, stop, current } = share;

const say = (message: WorkerSays): void => parentPort?.postMessage(message);

/** Everybody goes on with the runs before the first one that broke, so that it does not depend on who was faster. */
const stopAt = (index: number): void => {
  for (let last = Atomics.load(stop, 0); index < last; ) last = Atomics.compareExchange(stop, 0, last, index);
};

const { runs, at } = openCampaign(share.campaign);
if (share.mutation !== undefined) applyMutation(share.mutation);
const { simulate } = await import('./simulate.ts');

let sums = noSums();
let toldAt = performance.now();
for (let index = first; index < Math.min(runs, Atomics.load(stop, 0)); index += step) {
  Atomics.store(current, 0, index);
  const { seed, knobs, scenario, kills } = at(index);
  const begunAt = performance.now();
  const outcome = await simulate(seed, knobs, { scenario, kills });
  const endedAt = performance.now();
  addOutcome(sums, outcome, endedAt - begunAt);
  if (outcome.violation !== undefined) {
    stopAt(index);
    say({ kind: 'broke', index, outcome });
  }
  if (endedAt - toldAt < tellMilliseconds) continue;
  say({ kind: 'ran', sums, isLast: false });
  sums = noSums();
  toldAt = endedAt;
}
say({ kind: 'ran', sums, isLast: true });
