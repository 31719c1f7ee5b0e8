import type { Contender } from '../experiment.ts';

export const storePeers: readonly Contender[] = [];
