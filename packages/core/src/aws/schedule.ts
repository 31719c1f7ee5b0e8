import { DescribeRuleCommand, type EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { nameOf, toServiceError } from './service-error.ts';

const refusals: ReadonlySet<string> = new Set();

/** Asks whether a schedule of EventBridge is on: its state as EventBridge gives it (ENABLED, DISABLED); undefined when there is no such rule. */
export const createScheduleState =
  (client: EventBridgeClient): ((ruleName: string) => Promise<string | undefined>) =>
  async (ruleName) => {
    try {
      return (await client.send(new DescribeRuleCommand({ Name: ruleName }))).State ?? 'unknown';
    } catch (thrown) {
      if (nameOf(thrown) === 'ResourceNotFoundException') return undefined;
      throw toServiceError('DescribeRule', thrown, refusals);
    }
  };
