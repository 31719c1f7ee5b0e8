import type { SQSClient } from '@aws-sdk/client-sqs';
import type { Clock } from '@sluice/core/ports/clock';

/**
 * Looks at the Date header of every answer that a client gets. What it returns tells this machine's clock less the service's, in
 * milliseconds, with the answer's way in it; undefined as long as no answer bore a date.
 */
export const watchDates = (client: SQSClient, clock: Pick<Clock, 'now'>): (() => number | undefined) => {
  let difference: number | undefined;
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { headers } = result.response as { readonly headers?: Readonly<Record<string, string>> };
      const at = Date.parse(headers?.['date'] ?? '');
      if (!Number.isNaN(at)) difference = clock.now() - at;
      return result;
    },
    { step: 'deserialize', priority: 'low', name: 'watchDates', override: true },
  );
  return () => difference;
};
