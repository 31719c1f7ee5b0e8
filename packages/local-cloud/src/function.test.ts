import type { StageSettings } from '@sluice/core/wiring';
import type { Context } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { createManualClock } from './clock.ts';
import type { LocalFunction } from './function.ts';
import { invoke } from './function.ts';

const settings: StageSettings = { batchSize: 10, windowSeconds: 0, timeoutSeconds: 60, memoryMegabytes: 1769 };

const setUp = () => {
  const clock = createManualClock(1_000);
  const call = (run: LocalFunction, event: unknown = {}) =>
    invoke(run, 'process-rows', settings, event, 'request-7', clock);
  return { clock, call };
};

describe('an invocation', () => {
  it('hands the event over and the response back', async () => {
    const { call } = setUp();
    const result = await call(async (event) => ({ echo: event }), { Records: [] });
    expect(result).toEqual({ status: 'answered', response: { echo: { Records: [] } } });
  });

  it('takes no response for an answer', async () => {
    const { call } = setUp();
    expect(await call(async () => undefined)).toEqual({ status: 'answered', response: undefined });
  });

  it('tells the function who it is', async () => {
    const { call } = setUp();
    const contexts: Context[] = [];
    await call(async (_, context) => {
      contexts.push(context);
    });
    expect(contexts).toEqual([
      expect.objectContaining({
        functionName: 'process-rows',
        functionVersion: '$LATEST',
        invokedFunctionArn: 'arn:aws:lambda:local:000000000000:function:process-rows',
        memoryLimitInMB: '1769',
        awsRequestId: 'request-7',
        logGroupName: '/aws/lambda/process-rows',
      }),
    ]);
  });

  it('counts the remaining time down to nothing, and no further', async () => {
    const { clock, call } = setUp();
    const remaining: number[] = [];
    const result = call(async (_, context) => {
      const look = (): void => void remaining.push(context.getRemainingTimeInMillis());
      look();
      await clock.sleep(59_000);
      look();
      await clock.sleep(1_500);
      look();
    });
    await clock.advance(100_000);
    await result;
    expect(remaining).toEqual([60_000, 1_000, 0]);
  });

  it('fails when the function throws', async () => {
    const { call } = setUp();
    const result = await call(async () => {
      throw new Error('broken');
    });
    expect(result).toEqual({ status: 'failed' });
  });

  it('fails when the function throws before it returns a promise', async () => {
    const { call } = setUp();
    const result = await call(() => {
      throw new Error('broken');
    });
    expect(result).toEqual({ status: 'failed' });
  });

  it('fails when the time-out comes first, and not before', async () => {
    const { clock, call } = setUp();
    const results: unknown[] = [];
    void call(() => new Promise(() => undefined)).then((result) => results.push(result));
    await clock.advance(59_999);
    expect(results).toEqual([]);
    await clock.advance(1);
    expect(results).toEqual([{ status: 'failed' }]);
  });

  it.each([
    ['answer', (): unknown => ({})],
    [
      'throw',
      (): unknown => {
        throw new Error('late');
      },
    ],
  ])('ignores a late %s', async (_, end) => {
    const { clock, call } = setUp();
    let hasEnded = false;
    const result = call(async () => {
      await clock.sleep(60_001);
      hasEnded = true;
      return end();
    });
    await clock.advance(60_001);
    expect(hasEnded).toBe(true);
    expect(await result).toEqual({ status: 'failed' });
  });

  it('answers in the last millisecond', async () => {
    const { clock, call } = setUp();
    const result = call(async () => {
      await clock.sleep(59_999);
      return 'in time';
    });
    await clock.advance(60_000);
    expect(await result).toEqual({ status: 'answered', response: 'in time' });
  });

  it('leaves no timer behind', async () => {
    const manual = createManualClock();
    const open = new Set<AbortSignal>();
    const clock = {
      now: manual.now,
      sleep: (milliseconds: number, signal = new AbortController().signal) => {
        open.add(signal);
        signal.addEventListener('abort', () => open.delete(signal));
        return manual.sleep(milliseconds, signal);
      },
    };
    await invoke(async () => undefined, 'process-rows', settings, {}, 'request', clock);
    await invoke(() => Promise.reject(new Error('broken')), 'process-rows', settings, {}, 'request', clock);
    expect(open.size).toBe(0);
  });
});
