import { describe, expect, test } from 'vitest';
import { createDraws } from './random.ts';
import { createScheduler } from './scheduler.ts';

const setUp = (seed = 1) => createScheduler(createDraws(seed, 'ties'), 1_000);

describe('virtual time', () => {
  test('takes events in the order of their times and stands at the time that was asked for', async () => {
    const scheduler = setUp();
    const seen: string[] = [];
    for (const at of [30, 10, 20]) scheduler.after(at, () => seen.push(`${at} at ${scheduler.now()}`));
    scheduler.after(100, () => seen.push('too late'));
    await scheduler.run(1_050);
    expect(seen).toEqual(['10 at 1010', '20 at 1020', '30 at 1030']);
    expect(scheduler.now()).toBe(1_050);
  });

  test('lets everything go on that waits for promises alone before the next event', async () => {
    const scheduler = setUp();
    const seen: string[] = [];
    const chain = async (): Promise<void> => {
      for (let i = 0; i < 500; i++) await Promise.resolve();
      seen.push(`chain at ${scheduler.now()}`);
      await scheduler.sleep(1);
      seen.push(`slept at ${scheduler.now()}`);
    };
    scheduler.after(10, () => void chain());
    scheduler.after(20, () => seen.push('next'));
    await scheduler.run(2_000);
    expect(seen).toEqual(['chain at 1010', 'slept at 1011', 'next']);
  });

  test('draws the order of events at the same time, the same for the same seed', async () => {
    const orderOf = async (seed: number): Promise<string> => {
      const scheduler = setUp(seed);
      let order = '';
      for (const name of 'abcdefgh') {
        scheduler.after(5, () => {
          order += name;
        });
      }
      await scheduler.run(2_000);
      return order;
    };
    const orders = await Promise.all([1, 2, 3, 4, 5].map(orderOf));
    expect(new Set(orders).size).toBeGreaterThan(3);
    expect(await orderOf(3)).toBe(orders[2]);
    expect(orders.map((order) => [...order].sort().join(''))).toEqual(orders.map(() => 'abcdefgh'));
  });

  test('a sleep that is broken off rejects with the reason and wakes nobody', async () => {
    const scheduler = setUp();
    const controller = new AbortController();
    const slept = scheduler.sleep(10, controller.signal);
    scheduler.after(5, () => controller.abort('enough'));
    const outcome = slept.catch((reason: unknown) => reason);
    await scheduler.run(2_000);
    expect(await outcome).toBe('enough');
  });

  test('ends as soon as it is done, and with what an event throws', async () => {
    const scheduler = setUp();
    let events = 0;
    for (let i = 1; i <= 5; i++) scheduler.after(i, () => events++);
    await scheduler.run(2_000, () => events === 3);
    expect([events, scheduler.now()]).toEqual([3, 1_003]);
    scheduler.after(100, () => {
      throw new Error('broken');
    });
    await expect(scheduler.run(2_000)).rejects.toThrow('broken');
  });

  test('an event that is cancelled does not come', async () => {
    const scheduler = setUp();
    const seen: string[] = [];
    const cancel = scheduler.after(5, () => seen.push('cancelled'));
    scheduler.after(6, () => seen.push('kept'));
    cancel();
    await scheduler.run(2_000);
    expect(seen).toEqual(['kept']);
  });
});
