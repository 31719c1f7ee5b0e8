import { describe, expect, it } from 'vitest';
import { readAhead } from './read-ahead.ts';

const turns = async (count = 20): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
};

/** Gives 1, 2, 3, ...; `given` tells how far it was asked. */
const createNumbers = (last: number, failure?: Error) => {
  const state = { given: 0, isClosed: false };
  async function* numbers(): AsyncGenerator<number> {
    try {
      while (state.given < last) yield ++state.given;
      if (failure !== undefined) throw failure;
    } finally {
      state.isClosed = true;
    }
  }
  return { state, numbers: numbers() };
};

const collect = async <Item>(items: AsyncIterable<Item>): Promise<Item[]> => {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
};

describe('readAhead', () => {
  it('gives everything in order', async () => {
    const { numbers } = createNumbers(100);
    expect(await collect(readAhead(numbers, () => 1, 3).items)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
  });

  it('reads before it is asked, and no further than the weight', async () => {
    const { state, numbers } = createNumbers(100);
    const { items } = readAhead(numbers, (number) => number, 6);
    await turns();
    expect(state.given).toBe(3);
    const iterator = items[Symbol.asyncIterator]();
    expect(await iterator.next()).toEqual({ value: 1, done: false });
    await turns();
    expect(state.given).toBe(4);
  });

  it('throws what the source throws, behind what came before it', async () => {
    const { numbers } = createNumbers(2, new Error('broken'));
    const { items } = readAhead(numbers, () => 1, 10);
    await turns();
    const seen: number[] = [];
    const reading = (async () => {
      for await (const item of items) seen.push(item);
    })();
    await expect(reading).rejects.toThrow('broken');
    expect(seen).toEqual([1, 2]);
  });

  it('ends the source when nobody wants more', async () => {
    const { state, numbers } = createNumbers(100);
    for await (const item of readAhead(numbers, () => 1, 3).items) if (item === 2) break;
    await turns();
    expect(state.isClosed).toBe(true);
    expect(state.given).toBeLessThan(10);
  });

  it('ends a source that nobody began to go through', async () => {
    const { state, numbers } = createNumbers(100);
    const { close } = readAhead(numbers, () => 1, 3);
    await turns();
    close();
    await turns();
    expect(state).toEqual({ given: 3, isClosed: true });
  });
});
