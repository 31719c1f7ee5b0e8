/**
 * Promise.all for calls that are under way at once, but one that rejects only when none is under way any more: what outlived its
 * invocation would go on into the next one. Rejects with the first failure, in their order.
 */
export const waitForAll = async <Value>(calls: readonly Promise<Value>[]): Promise<Value[]> =>
  (await Promise.allSettled(calls)).map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  });
