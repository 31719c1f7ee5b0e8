/** Chunks whose rows are read at once, by a request for each of their partitions: `services.ts` keeps connections for as many. */
export const chunksAtOnce = 2;
