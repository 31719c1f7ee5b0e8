import { describe, expect, it, onTestFinished } from 'vitest';
import { createSharedState } from './shared-state.ts';
import { createSkippingTimers, hurried } from './skipping-timers.ts';

const hour = 3_600_000;

const setUp = (isBusy = () => false) => {
  const shared = createSharedState();
  const timers = createSkippingTimers(shared, isBusy);
  onTestFinished(timers.close);
  return { shared, timers };
};

describe('time that skips what nobody fills', () => {
  it('skips a wait while nothing is at work, and is ahead by it', async () => {
    const { shared, timers } = setUp();
    const before = timers.now();
    await timers.sleep(hour);
    expect(timers.now() - before).toBeGreaterThanOrEqual(hour);
    expect(shared.skipped()).toBeGreaterThan(hour / 2);
  });

  it('skips nothing while something is at work', async () => {
    let isBusy = true;
    const { shared, timers } = setUp(() => isBusy);
    const order: string[] = [];
    const long = timers.sleep(hour).then(() => order.push('long'));
    await timers.sleep(10).then(() => order.push('short'));
    expect(shared.skipped()).toBe(0);
    isBusy = false;
    await long;
    expect(order).toEqual(['short', 'long']);
  });

  it('calls back in the order of time, whatever the order of asking', async () => {
    const { timers } = setUp();
    const order: number[] = [];
    await Promise.all([3, 1, 2].map((hours) => timers.sleep(hours * hour).then(() => order.push(hours))));
    expect(order).toEqual([1, 2, 3]);
  });

  it('calls back at once, within the same turn, where there is no wait', async () => {
    const { timers } = setUp();
    let isCalled = false;
    timers.after(0, () => {
      isCalled = true;
    });
    expect(isCalled).toBe(false);
    await Promise.resolve();
    expect(isCalled).toBe(true);
  });

  it('calls nothing back that was called off', async () => {
    const { timers } = setUp();
    const calls: string[] = [];
    timers.after(0, () => calls.push('at once'))();
    timers.after(hour, () => calls.push('later'))();
    await timers.sleep(2 * hour);
    expect(calls).toEqual([]);
  });

  it('breaks a wait off when its signal aborts, or has', async () => {
    const { timers } = setUp(() => true);
    const controller = new AbortController();
    const waiting = timers.sleep(hour, controller.signal);
    controller.abort('enough');
    await expect(waiting).rejects.toBe('enough');
    await expect(timers.sleep(hour, controller.signal)).rejects.toBe('enough');
  });

  it('lets time pass that is asked for', async () => {
    const { timers } = setUp(() => true);
    const waiting = timers.sleep(hour);
    timers.skip(hour);
    await waiting;
  });

  it('is the same for another thread that sees the state', () => {
    const { shared, timers } = setUp();
    const other = createSkippingTimers(createSharedState(shared.buffer), () => true);
    timers.skip(hour);
    expect(Math.abs(other.now() - timers.now())).toBeLessThan(hour / 2);
  });

  it('makes a stage wait a tenth', async () => {
    const waits: number[] = [];
    const clock = hurried({ now: () => 7, sleep: async (milliseconds) => void waits.push(milliseconds) });
    await clock.sleep(10_000);
    expect(waits).toEqual([1_000]);
    expect(clock.now()).toBe(7);
  });
});
