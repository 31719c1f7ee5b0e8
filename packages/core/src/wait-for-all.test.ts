import { describe, expect, test } from 'vitest';
import { waitForAll } from './wait-for-all.ts';

describe('waitForAll', () => {
  test('has the values in the order of the calls', async () => {
    const calls = [new Promise<number>((resolve) => setTimeout(() => resolve(1), 5)), Promise.resolve(2)];
    expect(await waitForAll(calls)).toEqual([1, 2]);
  });

  test('rejects with the first failure, and not before every call is through', async () => {
    let isThrough = false;
    const slow = new Promise<void>((resolve) =>
      setTimeout(() => {
        isThrough = true;
        resolve();
      }, 10),
    );
    await expect(
      waitForAll([Promise.reject(new Error('first')), slow, Promise.reject(new Error('second'))]),
    ).rejects.toThrow('first');
    expect(isThrough).toBe(true);
  });
});
