import { countText } from '../terminal-text.ts';
import type { Load } from './load.ts';
import type { PlannedCost, StagePlan } from './plan.ts';
import { requestsOf } from './plan-cost.ts';
import type { Price, Prices } from './price-table.ts';
import { logBytesPerInvocation } from './stage-speeds.ts';

/** Messages of a batch, sent and received. Source: SQS quotas; Lambda's default. */
export const batchMessages = 10;

/** What the article's design costs, with how it was come by. */
export const articleCostOf = (
  { rows, storeUnits, finishUnits, tupleBytes, bytes }: Load,
  stages: readonly StagePlan[],
  prices: Prices,
): readonly PlannedCost[] => {
  const lineOf = (service: PlannedCost['service'], what: string, price: Price, units: number, how: string) => ({
    service,
    what,
    arithmetic: `${how} = ${countText(Math.round(units))} ${price.unit}`,
    units,
    dollars: (units / price.per) * price.dollars,
  });
  const stored = Math.ceil(rows / batchMessages);
  const { sends, receives, deletes } = requestsOf({
    messages: rows,
    messageBytes: tupleBytes,
    together: batchMessages,
    invocations: stored,
  });
  const invocations = stages.reduce((sum, stage) => sum + stage.invocations, 0);
  const gigabyteSeconds = stages.reduce((sum, stage) => sum + stage.gigabyteSeconds, 0);
  const logBytes = invocations * logBytesPerInvocation;
  return [
    lineOf(
      'DynamoDB',
      'rows stored and updated',
      prices.writeUnit,
      rows * (storeUnits + finishUnits),
      `${countText(rows)} rows x (${storeUnits} + ${finishUnits})`,
    ),
    lineOf(
      'SQS',
      'messages',
      prices.sqsRequest,
      sends + receives + deletes,
      `${countText(sends)} to send, ${countText(receives)} to receive, ${countText(deletes)} to delete, ten rows each`,
    ),
    lineOf(
      'Lambda',
      'time',
      prices.lambdaTime,
      gigabyteSeconds,
      'seconds of all stages x memory, those in which calls are throttled included',
    ),
    lineOf('Lambda', 'requests', prices.lambdaRequest, invocations, 'invocations of all stages'),
    lineOf('S3', 'objects written', prices.s3Put, 1, '1 upload'),
    lineOf('S3', 'ranges read', prices.s3Get, bytes > 0 ? 1 : 0, 'the file at once'),
    lineOf(
      'CloudWatch',
      'logs',
      prices.logs,
      logBytes / 1e9,
      `${countText(invocations)} invocations x ${logBytesPerInvocation} bytes`,
    ),
  ];
};
