/**
 * Has `call` take every item, at most `max` of them at a time. Rejects with the first error, after which no further item is taken.
 */
export const forEachInFlight = async <Item>(
  items: AsyncIterable<Item> | Iterable<Item>,
  max: number,
  call: (item: Item) => Promise<void>,
): Promise<void> => {
  const iterator =
    Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : (items as Iterable<Item>)[Symbol.iterator]();
  let isFailed = false;
  const take = async (): Promise<void> => {
    while (!isFailed) {
      const next = await iterator.next();
      if (next.done === true) return;
      await call(next.value);
    }
  };
  const lanes = Array.from({ length: max }, async () => {
    try {
      await take();
    } catch (thrown) {
      isFailed = true;
      throw thrown;
    }
  });
  await Promise.all(lanes);
};
