import { describe, expect, it } from 'vitest';
import { realClock } from './real-clock.ts';

describe('the real clock', () => {
  it('wakes who sleeps', async () => {
    await expect(realClock.sleep(0)).resolves.toBeUndefined();
  });

  it('rejects when a sleep is broken off', async () => {
    const controller = new AbortController();
    const sleep = realClock.sleep(60_000, controller.signal);
    controller.abort();
    await expect(sleep).rejects.toThrow();
    await expect(realClock.sleep(60_000, controller.signal)).rejects.toThrow();
  });
});
