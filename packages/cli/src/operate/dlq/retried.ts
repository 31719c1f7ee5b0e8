import { SluiceError } from '@sluice/core/errors';
import type { Operator } from '../operator.ts';

/** Tries of a call that fails, the first included. */
const triesMax = 3;
/** Longest wait before the second try; doubles with each. Full jitter. */
const retryMilliseconds = 200;

/** Calls a service, and again when that fails for no good reason. Throws what the last try threw. */
export const retried = async <Answer>(
  { clock, random }: Pick<Operator, 'clock' | 'random'>,
  call: () => Promise<Answer>,
): Promise<Answer> => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (thrown) {
      if (attempt === triesMax || (thrown instanceof SluiceError && thrown.permanent)) throw thrown;
    }
    await clock.sleep(random() * retryMilliseconds * 2 ** (attempt - 1));
  }
};
