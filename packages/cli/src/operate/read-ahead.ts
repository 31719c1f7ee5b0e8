/** What is read ahead. `close` ends the reading of what nobody wants any more. */
export type ReadAhead<Item> = { readonly items: AsyncIterable<Item>; close(): void };

/** A turn that is waited for until somebody gives it. */
const createTurn = (): { wait(): Promise<void>; give(): void } => {
  let give: (() => void) | undefined;
  return {
    wait: () =>
      new Promise((resolve) => {
        give = resolve;
      }),
    give() {
      give?.();
      give = undefined;
    },
  };
};

/**
 * Begins to read `source` at once, and goes on while less than `weightMax` lies ready, by `weightOf`. The items come as they would
 * without, and so does what the source throws, after the items before it. `items` can be gone through once.
 */
export const readAhead = <Item>(
  source: AsyncIterable<Item>,
  weightOf: (item: Item) => number,
  weightMax: number,
): ReadAhead<Item> => {
  const ready: Item[] = [];
  const reader = createTurn();
  const consumer = createTurn();
  let weight = 0;
  let isClosed = false;
  let end: { readonly thrown?: unknown } | undefined;

  const read = async (): Promise<void> => {
    for await (const item of source) {
      ready.push(item);
      weight += weightOf(item);
      consumer.give();
      while (weight >= weightMax && !isClosed) await reader.wait();
      if (isClosed) return;
    }
  };
  read().then(
    () => {
      end = {};
      consumer.give();
    },
    (thrown: unknown) => {
      end = { thrown };
      consumer.give();
    },
  );

  const close = (): void => {
    isClosed = true;
    ready.length = 0;
    reader.give();
  };

  async function* give(): AsyncGenerator<Item> {
    try {
      for (;;) {
        for (let item = ready.shift(); item !== undefined; item = ready.shift()) {
          weight -= weightOf(item);
          reader.give();
          yield item;
        }
        if (end !== undefined) break;
        await consumer.wait();
      }
    } finally {
      close();
    }
    if (end !== undefined && 'thrown' in end) throw end.thrown;
  }
  return { items: give(), close };
};
