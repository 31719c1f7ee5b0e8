import { describe, expect, it } from 'vitest';
import { killOnce } from './exhaustive.ts';
import { tryMutation } from './mutation-runs.ts';
import { mutations } from './mutations.ts';
import { regressions } from './regressions.ts';
import { commandOf, describeHits } from './report.ts';
import { type Broken, runCampaign } from './run-campaign.ts';
import { simulate } from './simulate.ts';

/** Seeds of `make test`; `make sim SEEDS=...` goes through as many more as there is time for. */
const seeds = 300;
const millisecondsMax = 240_000;

const complaintOf = (broken: Broken | undefined): string | undefined => {
  if (broken === undefined) return undefined;
  const { violation } = broken.outcome;
  return `${violation?.invariant}: ${violation?.message}\n${commandOf(broken.run)}`;
};

describe('a simulation', () => {
  it.each([1, 2, 3, 17])('is the same when its seed is: %i', async (seed) => {
    const [first, second, other] = [await simulate(seed), await simulate(seed), await simulate(seed + 1)];
    expect(second).toEqual(first);
    expect(other.digest).not.toBe(first.digest);
  });

  it(`holds every invariant in seeds 1 to ${seeds}`, { timeout: millisecondsMax }, async () => {
    const { sums, broken } = await runCampaign({ kind: 'seeds', from: 1, count: seeds, scenario: 'swarm' });
    expect(complaintOf(broken)).toBeUndefined();
    expect(sums.runs).toBe(seeds);
    expect(describeHits(sums.hits).join('\n')).not.toContain('!');
  });

  it.each([
    ['outage', 20],
    ['bad-rows', 40],
    ['small-table', 1],
  ] as const)('is got over alone: %s', { timeout: millisecondsMax }, async (scenario, count) => {
    const { broken } = await runCampaign({ kind: 'seeds', from: 1, count, scenario });
    expect(complaintOf(broken)).toBeUndefined();
  });

  it('converges wherever a process dies', { timeout: millisecondsMax }, async () => {
    const { calls, single, broken } = await killOnce();
    expect(complaintOf(broken)).toBeUndefined();
    expect(single).toBe(2 * calls);
    expect(calls).toBeGreaterThan(50);
  });

  it('holds every invariant where it once did not', { timeout: millisecondsMax }, async () => {
    for (const { seed, knobs, scenario = 'swarm', kills = [], found } of regressions) {
      const outcome = await simulate(seed, knobs, { scenario, kills });
      const run = { seed, knobs, scenario, kills };
      expect(complaintOf(outcome.violation && { run, outcome }), found).toBeUndefined();
    }
  });

  it.each(['M1', 'M12'])('catches a deliberate bug: %s', { timeout: millisecondsMax }, async (id) => {
    const mutation = mutations.find((candidate) => candidate.id === id);
    if (mutation === undefined) throw new Error(`expected a mutation ${id}, found none`);
    const { caughtBy, seeds: taken } = await tryMutation(mutation, 500);
    expect(caughtBy).toBeDefined();
    expect(taken).toBeLessThanOrEqual(500);
  });
});
