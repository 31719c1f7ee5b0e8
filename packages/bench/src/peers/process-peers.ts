import type { Contender } from '../experiment.ts';

export const processPeers: readonly Contender[] = [];
