import type { StageName } from '@sluice/core/wiring';
import { durationText } from '../terminal-text.ts';
import type { Limit, Plan } from './plan.ts';
import type { Relaxed } from './rates.ts';

/** What a limit is called in a sentence about a stage. */
const meaning: Readonly<Record<Limit, string>> = {
  reading: 'one function cannot read faster',
  cpu: 'its functions compute all the time',
  calls: 'its functions wait for the services that they call',
  concurrency: 'no more of its functions may run at once',
  ramp: 'Lambda adds only 300 of its functions a minute',
  'write-budget': 'the write budget (write_units_per_second) lets it write no faster',
  'table-units': 'the table takes no more write units a second, nor does the write budget ask for more',
  shards: "the shards of the table's stream bring no more",
  input: 'it waits for the stage before it',
  schedule: 'the job is audited only so often, and an audit closes only so many chunks',
};

/** Limits whose taking away is tried. The table and the budget for it hold both stages that write. */
export const candidates: readonly Relaxed[] = [
  { stage: 'store-rows', limit: 'write-budget' },
  { stage: 'store-rows', limit: 'table-units' },
  { stage: 'split-file', limit: 'reading' },
  { stage: 'split-file', limit: 'cpu' },
  { stage: 'clean-rows', limit: 'cpu' },
  { stage: 'clean-rows', limit: 'concurrency' },
  { stage: 'clean-rows', limit: 'ramp' },
  { stage: 'store-rows', limit: 'cpu' },
  { stage: 'store-rows', limit: 'calls' },
  { stage: 'store-rows', limit: 'ramp' },
  { stage: 'relay-rows', limit: 'shards' },
  { stage: 'process-rows', limit: 'concurrency' },
  { stage: 'process-rows', limit: 'ramp' },
  { stage: 'finish-rows', limit: 'cpu' },
  { stage: 'finish-rows', limit: 'calls' },
  { stage: 'finish-rows', limit: 'ramp' },
  { stage: 'audit-job', limit: 'schedule' },
];

/** A gain that is this share of another counts as much: of two limits that hold the same, the simpler to lift is named. */
const alike = 0.95;

/** The limit without which the end would come earliest. `secondsWithout` is when it would come then. */
export const findBottleneck = (seconds: number, secondsWithout: (relaxed: Relaxed) => number): Plan['bottleneck'] => {
  let best: { readonly relaxed: Relaxed; readonly gain: number } | undefined;
  for (const relaxed of candidates) {
    const gain = seconds - secondsWithout(relaxed);
    // The first of those that are alike: the budget alone comes before the table.
    if (best === undefined || gain * alike > Math.max(0, best.gain)) best = { relaxed, gain };
  }
  const { stage, limit }: { stage: StageName; limit: Limit } =
    best === undefined || best.gain <= 0 ? { stage: 'audit-job', limit: 'schedule' } : best.relaxed;
  const gain = Math.max(0, best?.gain ?? 0);
  const text = `${stage}: ${meaning[limit]}; without that the end would come ${durationText(gain)} earlier, after ${durationText(seconds - gain)}`;
  return { stage, limit, text };
};
