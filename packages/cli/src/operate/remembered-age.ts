import type { Clock } from '@sluice/core/ports/clock';

/** SQS reports ages once a minute: asking more often tells nothing new, and is paid for. */
const rememberedMilliseconds = 60_000;

/** Asks at most once a minute, and gives the last answer meanwhile. What fails is asked again at the next call. */
export const rememberAge = (ask: () => Promise<number>, clock: Pick<Clock, 'now'>): (() => Promise<number>) => {
  let answer = 0;
  let askedAt = Number.NEGATIVE_INFINITY;
  return async () => {
    const now = clock.now();
    if (now - askedAt < rememberedMilliseconds) return answer;
    answer = await ask();
    askedAt = now;
    return answer;
  };
};
