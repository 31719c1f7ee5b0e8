import { waitForAll } from '../wait-for-all.ts';

/** Calls for every one, a few at once; after a failure no further ones are begun. */
export const callAll = async <One>(
  all: readonly One[],
  inFlightMax: number,
  call: (one: One, index: number) => Promise<unknown>,
): Promise<void> => {
  const entries = all.entries();
  let hasFailed = false;
  const callOn = async (): Promise<void> => {
    for (const [index, one] of entries) {
      if (hasFailed) return;
      try {
        await call(one, index);
      } catch (thrown) {
        hasFailed = true;
        throw thrown;
      }
    }
  };
  await waitForAll(Array.from({ length: Math.min(inFlightMax, all.length) }, callOn));
};
