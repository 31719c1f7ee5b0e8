import type { Contender } from '../experiment.ts';

export const cleanAndEnqueuePeers: readonly Contender[] = [];
