import { openCampaign } from './campaign.ts';
import type { Mutation } from './mutations.ts';
import { runCampaign } from './run-campaign.ts';

/** Seeds after which a deliberate bug counts as one that is not caught. */
export const mutationSeedsMax = 3_000;

export type MutationResult = {
  readonly mutation: Mutation;
  /** Undefined when every seed passed. */
  readonly caughtBy: string | undefined;
  readonly message: string;
  /** Seeds it took, from 1 on. */
  readonly seeds: number;
  readonly seconds: number;
};

/** Runs seeds 1, 2, 3 and so on with a deliberate bug until an invariant catches it. */
export const tryMutation = async (mutation: Mutation, seedsMax = mutationSeedsMax): Promise<MutationResult> => {
  const campaign = { kind: 'seeds', from: 1, count: seedsMax, scenario: mutation.scenario ?? 'swarm' } as const;
  const begunAt = performance.now();
  const { broken } = await runCampaign(campaign, { workers: 1, mutation: mutation.id });
  return {
    mutation,
    caughtBy: broken?.outcome.violation?.invariant,
    message: broken?.outcome.violation?.message ?? '',
    seeds: broken?.run.seed ?? openCampaign(campaign).runs,
    seconds: (performance.now() - begunAt) / 1000,
  };
};

/** As many at once as there are cores, each on a thread of its own. Results come in the order of the table. */
export const tryMutations = async (
  mutations: readonly Mutation[],
  atOnce: number,
  seedsMax: number,
  onResult: (result: MutationResult) => void,
): Promise<readonly MutationResult[]> => {
  const results: MutationResult[] = [];
  let next = 0;
  const tryNext = async (): Promise<void> => {
    for (let index = next++; index < mutations.length; index = next++) {
      const result = await tryMutation(mutations[index] as Mutation, seedsMax);
      results[index] = result;
      onResult(result);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, tryNext));
  return results;
};
