import type { Contender } from '../experiment.ts';

export const relayPeers: readonly Contender[] = [];
