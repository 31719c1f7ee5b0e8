import type { Context } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { startInvocation } from './invocation.ts';

const start = (timeoutMilliseconds: number) => {
  let remaining = timeoutMilliseconds;
  const context = { awsRequestId: 'request', getRemainingTimeInMillis: () => remaining } as Context;
  return {
    invocation: startInvocation(context),
    leave: (milliseconds: number): void => {
      remaining = milliseconds;
    },
  };
};

describe('startInvocation', () => {
  it('takes its id from the request', () => {
    expect(start(1_000).invocation.id).toBe('request');
  });

  it('tells the time that is left now, not the time at the start', () => {
    const { invocation, leave } = start(60_000);
    leave(1_234);
    expect(invocation.remainingMilliseconds()).toBe(1_234);
  });

  it.each([
    ['a fifth of a long invocation', 60_000, 12_000],
    ['a fifth of the longest one', 900_000, 180_000],
    ['two seconds of a short one', 6_000, 2_000],
    ['the same two seconds at the border', 10_000, 2_000],
  ])('keeps back %s for settling', (_, timeout, reserve) => {
    const { invocation, leave } = start(timeout);
    expect(invocation.spareMilliseconds()).toBe(timeout - reserve);
    leave(reserve);
    expect(invocation.spareMilliseconds()).toBe(0);
    expect(invocation.isShort()).toBe(false);
    leave(reserve - 1);
    expect(invocation.spareMilliseconds()).toBe(-1);
    expect(invocation.isShort()).toBe(true);
  });

  it('is short from the start when less is left than it keeps back', () => {
    expect(start(1_999).invocation.isShort()).toBe(true);
  });
});
