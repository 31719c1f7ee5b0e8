import type { Contender } from '../experiment.ts';

export const finishPeers: readonly Contender[] = [];
