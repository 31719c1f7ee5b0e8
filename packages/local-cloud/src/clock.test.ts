import { describe, expect, it } from 'vitest';
import { createManualClock } from './clock.ts';

describe('the manual clock', () => {
  it('stands still at its start', async () => {
    const clock = createManualClock(500);
    await clock.advance(0);
    expect(clock.now()).toBe(500);
  });

  it('wakes sleepers in the order of their times, each at its time', async () => {
    const clock = createManualClock(1_000);
    const woken: [name: string, at: number][] = [];
    for (const [name, milliseconds] of [
      ['late', 300],
      ['early', 100],
      ['later', 301],
    ] as const) {
      void clock.sleep(milliseconds).then(() => woken.push([name, clock.now()]));
    }
    await clock.advance(300);
    expect(woken).toEqual([
      ['early', 1_100],
      ['late', 1_300],
    ]);
    expect(clock.now()).toBe(1_300);
  });

  it('lets a sleeper sleep again on the way', async () => {
    const clock = createManualClock();
    const woken: number[] = [];
    const tick = async (): Promise<void> => {
      for (;;) {
        await clock.sleep(40);
        woken.push(clock.now());
      }
    };
    void tick();
    await clock.advance(100);
    expect(woken).toEqual([40, 80]);
  });

  it('wakes who sleeps for no time as soon as it is moved', async () => {
    const clock = createManualClock(7);
    let isAwake = false;
    void clock.sleep(0).then(() => {
      isAwake = true;
    });
    await clock.advance(0);
    expect(isAwake).toBe(true);
    expect(clock.now()).toBe(7);
  });

  it('rejects with the reason when a sleep is broken off', async () => {
    const clock = createManualClock();
    const controller = new AbortController();
    const sleep = clock.sleep(100, controller.signal);
    controller.abort(new Error('enough'));
    await expect(sleep).rejects.toThrow('enough');
    await expect(clock.sleep(100, controller.signal)).rejects.toThrow('enough');
  });
});
