import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { SluiceError } from '../errors.ts';
import type { Events } from '../ports/events.ts';
import { toServiceError } from './service-error.ts';

/** What rules match on. */
export const eventSource = 'sluice';
export const eventType = 'job completed';

/** What no further try can mend. Source: EventBridge API reference, PutEvents and its entries' error codes. */
const refusals: ReadonlySet<string> = new Set(['MalformedDetail', 'InvalidArgument', 'ValidationException']);

/** The account's default event bus. An entry may fail under a call that succeeds: what counts is what the answer says of it. */
export const createAwsEvents = (client: EventBridgeClient): Events => ({
  async send(event) {
    const entry = {
      Source: eventSource,
      DetailType: eventType,
      Time: new Date(event.at),
      Detail: JSON.stringify(event),
    };
    const { FailedEntryCount, Entries } = await client
      .send(new PutEventsCommand({ Entries: [entry] }))
      .catch((thrown: unknown) => {
        throw toServiceError('PutEvents', thrown, refusals);
      });
    const [answer] = Entries ?? [];
    if (FailedEntryCount === 0 && answer?.EventId !== undefined) return;
    const code = /^\w{1,80}$/.exec(answer?.ErrorCode ?? '')?.[0] ?? 'no reason';
    throw new SluiceError(
      refusals.has(code) ? 'SERVICE_REFUSED' : 'SEND_FAILED',
      `expected the event bus to take the event, found it refused with ${code}`,
    );
  },
});
